//! Files of other products.

use super::products::{HashConfig, Reading};
use super::table::Head;
use crate::arguments::ImportFormat;

const KEYCLOAK: &[u8] = br#"{"username": "anna", "email": "a@x.example", "createdTimestamp": 1900000000000,
    "credentials": [{"type": "password", "secretData": "{\"value\":\"dmFsdWU=\",\"salt\":\"c2FsdA==\"}",
    "credentialData": "{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}"}]}"#;
const FIREBASE: &[u8] =
    br#"{"localId": "1", "email": "a@x.example", "passwordHash": "aGFzaA==", "salt": "c2FsdA==",
    "createdAt": "1900000000000", "mfaInfo": [{"phoneInfo": "+15005550100"}]}"#;
const AUTH0: &[u8] = br#"{"email": "a@x.example", "passwordHash": "$2b$10$abc", "_id": {"$oid": "1"}}"#;
const KRATOS: &[u8] =
    br#"{"id": "1", "traits": {"email": "a@x.example"}, "credentials": {"password": {"config": {}}}}"#;

#[test]
fn a_person_of_another_product_is_read_or_refused() {
    let reading = Reading { firebase: None, with_groups: true, without_passwords: false };
    let formats = [ImportFormat::Keycloak, ImportFormat::Firebase, ImportFormat::Auth0, ImportFormat::Kratos];
    rekey_testing::fuzz(&[KEYCLOAK, FIREBASE, AUTH0, KRATOS], |bytes: &[u8]| {
        let Ok(object) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
        for format in formats {
            if let Ok(record) = reading.person(format, object.clone()) {
                let _ = record.wire(Vec::new());
            }
        }
    });
}

#[test]
fn a_table_and_the_hashes_of_firebase_are_read_or_refused() {
    const TABLE: &[u8] =
        b"login,email,email_confirmed,password_time,groups\nanna;a,a@x.example,yes,2026-01-31T12:00:00Z,g\n";
    const CONFIG: &[u8] = b"hash_config {\n  algorithm: SCRYPT,\n  base64_signer_key: a2V5,\n  base64_salt_separator: Bw==,\n  rounds: 8,\n  mem_cost: 14,\n}";
    rekey_testing::fuzz(&[TABLE, CONFIG], |bytes: &[u8]| {
        let _ = HashConfig::parse(&String::from_utf8_lossy(bytes));
        let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let Ok(Ok(head)) = rows.headers().map(Head::read) else { return };
        for row in rows.records().flatten() {
            if let Ok(record) = head.record(&row) {
                let _ = record.wire(Vec::new());
            }
        }
    });
}
