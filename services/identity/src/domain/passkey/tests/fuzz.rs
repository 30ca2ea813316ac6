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
