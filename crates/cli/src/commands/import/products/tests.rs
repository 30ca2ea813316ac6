use serde_json::json;

use super::*;
use crate::commands::import::record::RecordAddress;

const READING: Reading = Reading { firebase: None, with_groups: false, without_passwords: false };

#[test]
fn a_user_of_keycloak_is_read_with_their_credential() {
    let user = json!({
        "id": "4bd4a9c1", "username": "anna", "email": "anna@x.example", "emailVerified": true,
        "firstName": "Anna", "lastName": "Blume", "enabled": false, "requiredActions": ["UPDATE_PASSWORD"],
        "groups": ["/staff/inner"], "attributes": {"phoneNumber": ["+15005550100"]},
        "credentials": [{"type": "otp"}, {
            "type": "password", "createdDate": 1_900_000_000_000_i64,
            "secretData": "{\"value\":\"dmFsdWU=\",\"salt\":\"c2FsdA==\",\"additionalParameters\":{}}",
            "credentialData": "{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}"
        }]
    });

    let record = READING.person(ImportFormat::Keycloak, user.clone()).unwrap();
    let grouped = Reading { with_groups: true, ..READING }.person(ImportFormat::Keycloak, user).unwrap();

    assert_eq!(record.logins, ["anna", "anna@x.example"]);
    assert_eq!((record.display_name.as_str(), record.external_id.as_str()), ("Anna Blume", "4bd4a9c1"));
    assert_eq!(record.password_hash, "$pbkdf2-sha256$i=27500$c2FsdA==$dmFsdWU=");
    assert!(
        record.blocked
            && record.must_change_password
            && record.password_time.starts_with("2030-03-17T17:46:40")
    );
    let number = RecordAddress::phone("+15005550100", false);
    assert_eq!(record.addresses, [RecordAddress::email("anna@x.example", true), number]);
    assert_eq!((record.groups, grouped.groups), (Vec::new(), vec!["inner".to_owned()]));
}

#[test]
fn argon2_of_keycloak_becomes_a_string() {
    let data = "{\"hashIterations\":5,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"32\"],\
        \"memory\":[\"7168\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}";
    let credential = json!({"type": "password", "secretData": "{\"value\":\"dmFsdWU=\",\"salt\":\"c2FsdA==\"}", "credentialData": data});
    let user = json!({"username": "anna", "credentials": [credential]});

    let record = READING.person(ImportFormat::Keycloak, user).unwrap();

    assert_eq!(record.password_hash, "$argon2id$v=19$m=7168,t=5,p=1$c2FsdA$dmFsdWU");
}

#[test]
fn what_keycloak_hashes_otherwise_is_said() {
    let credential =
        json!({"type": "password", "secretData": "{}", "credentialData": "{\"algorithm\":\"md5\"}"});
    let user = json!({"username": "anna", "credentials": [credential]});
    let without = Reading { without_passwords: true, ..READING };

    assert!(READING.person(ImportFormat::Keycloak, user.clone()).unwrap_err().contains("`md5`"));
    assert_eq!(without.person(ImportFormat::Keycloak, user).unwrap().password_hash, "");
    let client = json!({"username": "service-account-x", "serviceAccountClientId": "x"});
    assert!(READING.person(ImportFormat::Keycloak, client).unwrap_err().contains("no person"));
}

#[test]
fn an_identity_of_kratos_is_read() {
    let identity = json!({
        "id": "9f425a8d", "schema_id": "default", "state": "inactive",
        "traits": {"email": "anna@x.example", "name": {"first": "Anna", "last": "Blume"}},
        "credentials": {"password": {"type": "password", "identifiers": ["anna@x.example"],
            "config": {"hashed_password": "$2a$10$x"}}},
        "verifiable_addresses": [{"value": "anna@x.example", "verified": true, "via": "email"}]
    });

    let record = READING.person(ImportFormat::Kratos, identity).unwrap();

    assert_eq!(record.logins, ["anna@x.example"]);
    assert_eq!((record.display_name.as_str(), record.password_hash.as_str()), ("Anna Blume", "$2a$10$x"));
    assert_eq!(record.addresses, [RecordAddress::email("anna@x.example", true)]);
    assert!(record.blocked);
}

#[test]
fn both_exports_of_auth0_are_read() {
    let hashes = json!({
        "_id": {"$oid": "5dea9f9c82dd7c0e76e4ec93"}, "email_verified": true, "email": "anna@x.example",
        "passwordHash": "$2b$10$x", "password_set_date": {"$date": "2019-12-06T18:36:12.412Z"},
        "tenant": "t", "connection": "Username-Password-Authentication", "_tmp_is_unique": true
    });
    let users = json!({"user_id": "auth0|7", "email": "b@x.example", "name": "b@x.example", "blocked": true});

    let of_hashes = READING.person(ImportFormat::Auth0, hashes).unwrap();
    let of_users = READING.person(ImportFormat::Auth0, users).unwrap();

    assert_eq!(of_hashes.external_id, "auth0|5dea9f9c82dd7c0e76e4ec93");
    assert_eq!(
        (of_hashes.password_hash.as_str(), of_hashes.password_time.as_str()),
        ("$2b$10$x", "2019-12-06T18:36:12.412Z")
    );
    assert_eq!(of_hashes.addresses, [RecordAddress::email("anna@x.example", true)]);
    assert_eq!(
        (of_users.external_id.as_str(), of_users.display_name.as_str(), of_users.blocked),
        ("auth0|7", "", true)
    );
}

#[test]
fn a_user_of_firebase_needs_the_parameters_of_the_project() {
    let config = "hash_config {\n  algorithm: SCRYPT,\n  base64_signer_key: a2V5,\n  base64_salt_separator: Bw==,\n  \
        rounds: 8,\n  mem_cost: 14,\n}\n";
    let reading = Reading { firebase: Some(HashConfig::parse(config).unwrap()), ..READING };
    let user = json!({
        "localId": "uid1", "email": "anna@x.example", "emailVerified": false, "displayName": "Anna",
        "passwordHash": "aGFz-A==", "salt": "c2Fs_A==", "phoneNumber": "+15005550100", "disabled": false
    });

    let record = reading.person(ImportFormat::Firebase, user.clone()).unwrap();

    assert_eq!(record.password_hash, "$firescrypt$ln=14,r=8,p=1$c2Fs/A==$aGFz+A==$Bw==$a2V5");
    assert_eq!(record.logins, ["anna@x.example"]);
    let email = RecordAddress::email("anna@x.example", false);
    assert_eq!(record.addresses, [email, RecordAddress::phone("+15005550100", true)]);
    assert!(READING.person(ImportFormat::Firebase, user).unwrap_err().contains("--firebase-hash-config"));
    assert!(HashConfig::parse("rounds: 8").is_err());
}
