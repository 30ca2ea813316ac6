//! Each step of sections 7.1 and 7.2, with ciphers of straw: a signature is what it signs, a hash the first 32 bytes.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ciborium::Value;
use serde_json::json;

use super::*;

mod fuzz;

const ORIGIN: &str = "https://login.example.com";
const CHALLENGE: Challenge = [7; CHALLENGE_BYTES];
const WHO: UserHandle = [3; 32];
const CREDENTIAL: [u8; 16] = [9; 16];

const PRESENT_AND_VERIFIED: u8 = 0b101;
const MAY_BE_COPIED: u8 = 0b1000;
const COPIED: u8 = 0b1_0000;
const NEW: u8 = 0b100_0000;

fn straw() -> Ciphers {
    Ciphers {
        sha256: |bytes| {
            let mut hash = [0; 32];
            let length = bytes.len().min(32);
            hash[..length].copy_from_slice(&bytes[..length]);
            hash
        },
        verifies: |_, message, signature| message == signature,
    }
}

fn relying_party() -> RelyingParty {
    RelyingParty { id: "example.com".to_owned(), origins: vec![ORIGIN.to_owned()] }
}

fn base64(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn cbor(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn number(number: i64) -> Value {
    Value::from(number)
}

fn es256() -> Value {
    Value::Map(vec![
        (number(1), number(2)),
        (number(3), number(-7)),
        (number(-1), number(1)),
        (number(-2), Value::Bytes(vec![1; 32])),
        (number(-3), Value::Bytes(vec![2; 32])),
    ])
}

/// What a browser and an authenticator say, to be bent.
struct Said {
    client_data: serde_json::Value,
    domain: &'static str,
    flags: u8,
    counter: u32,
    key: Value,
    format: &'static str,
    statement: Vec<(Value, Value)>,
    credential_id: Vec<u8>,
    user_handle: Option<Vec<u8>>,
    signature: Option<Vec<u8>>,
    trailing: Vec<u8>,
}

impl Said {
    fn new(ceremony: &str, flags: u8) -> Self {
        Self {
            client_data: json!({
                "type": ceremony, "challenge": base64(&CHALLENGE), "origin": ORIGIN, "crossOrigin": false,
            }),
            domain: "example.com",
            flags,
            counter: 5,
            key: es256(),
            format: "none",
            statement: Vec::new(),
            credential_id: CREDENTIAL.to_vec(),
            user_handle: Some(WHO.to_vec()),
            signature: None,
            trailing: Vec::new(),
        }
    }

    fn at_registration() -> Self {
        Self::new("webauthn.create", PRESENT_AND_VERIFIED | NEW)
    }

    fn at_use() -> Self {
        Self::new("webauthn.get", PRESENT_AND_VERIFIED)
    }

    fn client_data(&self) -> Vec<u8> {
        self.client_data.to_string().into_bytes()
    }

    fn authenticator_data(&self) -> Vec<u8> {
        let mut data = (straw().sha256)(self.domain.as_bytes()).to_vec();
        data.push(self.flags);
        data.extend(self.counter.to_be_bytes());
        if self.flags & NEW != 0 {
            data.extend([0; 16]);
            data.extend(u16::try_from(self.credential_id.len()).unwrap().to_be_bytes());
            data.extend(&self.credential_id);
            data.extend(cbor(&self.key));
        }
        data.extend(&self.trailing);
        data
    }

    fn attestation_object(&self) -> Vec<u8> {
        cbor(&Value::Map(vec![
            (Value::from("fmt"), Value::from(self.format)),
            (Value::from("attStmt"), Value::Map(self.statement.clone())),
            (Value::from("authData"), Value::Bytes(self.authenticator_data())),
        ]))
    }

    fn registration(&self) -> String {
        self.registration_of(&self.attestation_object())
    }

    fn registration_of(&self, attestation_object: &[u8]) -> String {
        let response = json!({
            "clientDataJSON": base64(&self.client_data()),
            "attestationObject": base64(attestation_object),
            "transports": ["internal", "NOT A HINT"],
        });
        let id = base64(&self.credential_id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response }).to_string()
    }

    fn assertion(&self) -> String {
        let signed = [self.authenticator_data(), (straw().sha256)(&self.client_data()).to_vec()].concat();
        let response = json!({
            "clientDataJSON": base64(&self.client_data()),
            "authenticatorData": base64(&self.authenticator_data()),
            "signature": base64(self.signature.as_ref().unwrap_or(&signed)),
            "userHandle": self.user_handle.as_ref().map(|handle| base64(handle)),
        });
        let id = base64(&self.credential_id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response }).to_string()
    }

    fn registered(&self) -> Result<Passkey, PasskeyRefused> {
        let (ciphers, relying_party) = (straw(), relying_party());
        let basis = RegistrationBasis { ciphers, relying_party: &relying_party, challenge: &CHALLENGE };
        basis.judge(&RegistrationResponse::parse(&self.registration()).unwrap())
    }

    fn asserted(&self, passkey: &Passkey) -> Result<Asserted, PasskeyRefused> {
        let relying_party = relying_party();
        let basis = AssertionBasis {
            ciphers: straw(),
            relying_party: &relying_party,
            challenge: &CHALLENGE,
            user_handle: &WHO,
        };
        basis.judge(&AuthenticationResponse::parse(&self.assertion()).unwrap(), passkey)
    }
}

fn passkey() -> Passkey {
    Passkey {
        credential_id: CREDENTIAL.to_vec(),
        public_key: cbor(&es256()),
        counter: 4,
        backup_eligible: false,
        backed_up: false,
        transports: Vec::new(),
        used_at: None,
    }
}

/// Both ceremonies with the same bend.
fn both(bend: impl Fn(&mut Said)) -> [PasskeyRefused; 2] {
    let (mut new, mut used) = (Said::at_registration(), Said::at_use());
    bend(&mut new);
    bend(&mut used);
    [new.registered().unwrap_err(), used.asserted(&passkey()).unwrap_err()]
}

#[test]
fn a_good_passkey_is_registered_with_what_it_says_of_itself() {
    let mut said = Said::at_registration();
    said.flags |= MAY_BE_COPIED | COPIED;

    let registered = said.registered().unwrap();

    let expected = Passkey {
        counter: 5,
        backup_eligible: true,
        backed_up: true,
        transports: vec!["internal".to_owned()],
        ..passkey()
    };
    assert_eq!(registered, expected);
}

#[test]
fn a_good_assertion_says_what_to_remember() {
    let said = Said::at_use();
    let mut named = Said::at_use();
    named.user_handle = None;

    let expected = Ok(Asserted { counter: 5, backed_up: false });
    assert_eq!(said.asserted(&passkey()), expected);
    assert_eq!(named.asserted(&passkey()), expected, "a credential that was named need not say whose it is");
}

#[test]
fn client_data_are_held_to_ceremony_challenge_and_origin() {
    use PasskeyRefused::{Ceremony, Challenge, ClientData, CrossOrigin, Origin};
    let bent = |member: &'static str, value: serde_json::Value| {
        both(move |said| said.client_data[member] = value.clone())
    };

    assert_eq!(bent("type", json!("payment.get")), [Ceremony; 2]);
    assert_eq!(bent("challenge", json!(base64(&[8; 32]))), [Challenge; 2]);
    assert_eq!(bent("origin", json!("https://login.example.com.evil.example")), [Origin; 2]);
    assert_eq!(bent("origin", json!("http://login.example.com")), [Origin; 2]);
    assert_eq!(bent("crossOrigin", json!(true)), [CrossOrigin; 2]);
    assert_eq!(bent("topOrigin", json!("https://evil.example")), [CrossOrigin; 2]);
    assert_eq!(both(|said| said.client_data = json!("text")), [ClientData; 2]);
}

#[test]
fn one_ceremony_is_not_the_other() {
    let mut used = Said::at_use();
    used.client_data["type"] = json!("webauthn.create");

    assert_eq!(used.asserted(&passkey()), Err(PasskeyRefused::Ceremony));
}

#[test]
fn authenticator_data_are_held_to_domain_presence_and_verification() {
    use PasskeyRefused::{AuthenticatorData, BackupState, RelyingParty, UserNotPresent, UserNotVerified};

    assert_eq!(both(|said| said.domain = "evil.example"), [RelyingParty; 2]);
    assert_eq!(both(|said| said.flags &= !1), [UserNotPresent; 2]);
    assert_eq!(both(|said| said.flags &= !4), [UserNotVerified; 2]);
    assert_eq!(both(|said| said.flags |= COPIED), [BackupState; 2]);
    assert_eq!(both(|said| said.trailing = vec![0]), [AuthenticatorData; 2]);
}

#[test]
fn extensions_that_nobody_asked_for_are_passed_over() {
    let mut said = Said::at_use();
    said.flags |= 0b1000_0000;
    said.trailing = cbor(&Value::Map(vec![(Value::from("credProps"), Value::Bool(true))]));

    assert!(said.asserted(&passkey()).is_ok());
    said.trailing = cbor(&Value::Bool(true));
    assert_eq!(said.asserted(&passkey()), Err(PasskeyRefused::AuthenticatorData));
}

#[test]
fn keys_of_other_kinds_are_refused() {
    let with = |key: Value| {
        let mut said = Said::at_registration();
        said.key = key;
        said.registered().map(drop)
    };
    let altered = |label: i64, value: Value| {
        let Value::Map(mut map) = es256() else { unreachable!("a key is a map") };
        map.iter_mut().filter(|(key, _)| *key == number(label)).for_each(|(_, held)| *held = value.clone());
        with(Value::Map(map))
    };
    let edwards = Value::Map(vec![
        (number(1), number(1)),
        (number(3), number(-8)),
        (number(-1), number(6)),
        (number(-2), Value::Bytes(vec![1; 32])),
    ]);

    assert_eq!(with(edwards), Ok(()));
    assert_eq!(altered(3, number(-35)), Err(PasskeyRefused::Algorithm));
    assert_eq!(altered(-1, number(2)), Err(PasskeyRefused::Algorithm));
    assert_eq!(altered(-2, Value::Bytes(vec![1; 31])), Err(PasskeyRefused::Algorithm));
    assert_eq!(with(Value::Bool(true)), Err(PasskeyRefused::AuthenticatorData));
}

#[test]
fn of_attestations_none_and_ones_own_are_taken() {
    let mut own = Said::at_registration();
    own.format = "packed";
    let signed = [own.authenticator_data(), (straw().sha256)(&own.client_data()).to_vec()].concat();
    let statement = |algorithm: i64, signature: Vec<u8>| {
        vec![(Value::from("alg"), number(algorithm)), (Value::from("sig"), Value::Bytes(signature))]
    };
    let certificate = (Value::from("x5c"), Value::Array(vec![]));

    own.statement = statement(-7, signed.clone());
    assert!(own.registered().is_ok());
    own.statement = statement(-8, signed.clone());
    assert_eq!(own.registered(), Err(PasskeyRefused::Attestation));
    own.statement = statement(-7, vec![1]);
    assert_eq!(own.registered(), Err(PasskeyRefused::Attestation));
    own.statement = [statement(-7, signed), vec![certificate.clone()]].concat();
    assert_eq!(own.registered(), Err(PasskeyRefused::Attestation));
    let mut none = Said::at_registration();
    none.statement = vec![certificate];
    assert_eq!(none.registered(), Err(PasskeyRefused::Attestation));
    none.format = "tpm";
    assert_eq!(none.registered(), Err(PasskeyRefused::Attestation));
}

#[test]
fn ids_have_a_length() {
    let of_length = |length: usize| {
        let mut said = Said::at_registration();
        said.credential_id = vec![9; length];
        said.registered().map(|passkey| passkey.credential_id.len())
    };

    assert_eq!(of_length(1_023), Ok(1_023));
    assert_eq!(of_length(1_024), Err(PasskeyRefused::CredentialId));
    assert_eq!(of_length(0), Err(PasskeyRefused::CredentialId));
}

#[test]
fn a_passkey_of_somebody_else_is_refused() {
    let mut said = Said::at_use();
    said.user_handle = Some(vec![4; 32]);

    assert_eq!(said.asserted(&passkey()), Err(PasskeyRefused::UserHandle));
}

#[test]
fn what_its_key_did_not_sign_is_refused() {
    let mut said = Said::at_use();
    said.signature = Some(vec![1; 64]);

    assert_eq!(said.asserted(&passkey()), Err(PasskeyRefused::Signature));
}

#[test]
fn whether_it_may_be_copied_never_changes() {
    let mut said = Said::at_use();
    said.flags |= MAY_BE_COPIED;

    assert_eq!(said.asserted(&passkey()), Err(PasskeyRefused::BackupEligibilityChanged));
    assert!(said.asserted(&Passkey { backup_eligible: true, ..passkey() }).is_ok());
}

#[test]
fn a_counter_rises_unless_there_is_none() {
    let with = |before: u32, now: u32| {
        let mut said = Said::at_use();
        said.counter = now;
        said.asserted(&Passkey { counter: before, ..passkey() }).map(|asserted| asserted.counter)
    };

    assert_eq!(with(4, 5), Ok(5));
    assert_eq!(with(0, 0), Ok(0));
    assert_eq!(with(5, 5), Err(PasskeyRefused::CounterWentBack));
    assert_eq!(with(5, 4), Err(PasskeyRefused::CounterWentBack));
    assert_eq!(with(5, 0), Err(PasskeyRefused::CounterWentBack));
}

#[test]
fn what_is_no_response_is_none() {
    let good = Said::at_use().assertion();

    assert!(AuthenticationResponse::parse(&good).is_some());
    assert!(AuthenticationResponse::parse(&good.replace("public-key", "password")).is_none());
    assert!(AuthenticationResponse::parse(&good.replace("\"signature\"", "\"sig\"")).is_none());
    assert!(RegistrationResponse::parse(&good).is_none());
    assert!(AuthenticationResponse::parse("").is_none());
}

#[test]
fn options_ask_for_a_verified_discoverable_passkey_without_attestation() {
    let (relying_party, held) = (relying_party(), passkey());
    let creation = options::Creation {
        relying_party: &relying_party,
        challenge: &CHALLENGE,
        timeout: std::time::Duration::from_secs(600),
        organisation: "Acme",
        user_handle: &WHO,
        login: "ada",
        display_name: "Ada",
        registered: vec![&held],
    };

    let made: serde_json::Value = serde_json::from_str(&creation.to_json()).unwrap();
    let asked: serde_json::Value = serde_json::from_str(&options::request(
        &relying_party,
        &CHALLENGE,
        std::time::Duration::from_secs(60),
        &[],
    ))
    .unwrap();

    assert_eq!(made["attestation"], "none");
    assert_eq!(made["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(made["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(made["user"]["id"], base64(&WHO));
    assert_eq!(made["excludeCredentials"][0]["id"], base64(&CREDENTIAL));
    assert_eq!(asked["allowCredentials"], json!([]));
    assert_eq!((&asked["userVerification"], &asked["rpId"]), (&json!("required"), &json!("example.com")));
}
