//! What browsers and authenticators say.

use super::*;

#[test]
fn a_registration_is_judged_whatever_it_holds() {
    let said = [Said::at_registration().registration(), Said::at_use().assertion()];
    rekey_testing::fuzz(&said.each_ref().map(String::as_bytes), |bytes: &[u8]| {
        let json = String::from_utf8_lossy(bytes);
        let _ = (RegistrationResponse::parse(&json), AuthenticationResponse::parse(&json));
    });
}

#[test]
fn what_an_authenticator_attests_is_judged_whatever_it_holds() {
    let said = Said::at_registration();
    let (relying_party, object) = (relying_party(), said.attestation_object());
    let basis = RegistrationBasis { ciphers: straw(), relying_party: &relying_party, challenge: &CHALLENGE };
    rekey_testing::fuzz(&[object.as_slice()], |bytes: &[u8]| {
        let sent = RegistrationResponse::parse(&said.registration_of(bytes)).unwrap();
        if let Ok(passkey) = basis.judge(&sent) {
            assert_eq!(passkey.credential_id, CREDENTIAL);
        }
    });
}

#[test]
fn whoever_is_let_in_was_present_and_verified_and_is_no_copy() {
    let (said, relying_party, known) = (Said::at_use(), relying_party(), passkey());
    let basis = AssertionBasis {
        ciphers: straw(),
        relying_party: &relying_party,
        challenge: &CHALLENGE,
        user_handle: &WHO,
    };
    let client_data = said.client_data();
    rekey_testing::fuzz(&[said.authenticator_data().as_slice()], |bytes: &[u8]| {
        // Signed, whatever it holds.
        let signed = [bytes, &(straw().sha256)(&client_data)[..]].concat();
        let response = json!({
            "clientDataJSON": base64(&client_data),
            "authenticatorData": base64(bytes),
            "signature": base64(&signed),
            "userHandle": base64(&WHO),
        });
        let id = base64(&CREDENTIAL);
        let sent = json!({ "id": id, "rawId": id, "type": "public-key", "response": response }).to_string();
        let Some(sent) = AuthenticationResponse::parse(&sent) else { return };
        if let Ok(asserted) = basis.judge(&sent, &known) {
            assert_eq!(bytes[32] & PRESENT_AND_VERIFIED, PRESENT_AND_VERIFIED);
            assert!(asserted.counter > known.counter);
        }
    });
}
