//! Identities of Ory Kratos with their credentials, as its administrators' API lists them.

use serde_json::Value;

use super::super::record::{Record, RecordAddress};
use super::{flag, items, text};

pub(super) fn person(identity: &Value) -> Record {
    let traits = identity.get("traits").unwrap_or(&Value::Null);
    let mut record = Record {
        display_name: name(traits),
        external_id: text(identity, "/id").to_owned(),
        blocked: text(identity, "/state") == "inactive",
        password_hash: text(identity, "/credentials/password/config/hashed_password").to_owned(),
        ..Record::default()
    };
    for identifier in items(identity, "/credentials/password/identifiers").iter().filter_map(Value::as_str) {
        record.add_login(identifier);
    }
    for key in ["/username", "/email", "/phone"] {
        if record.logins.is_empty() || key != "/phone" {
            record.add_login(text(traits, key));
        }
    }
    for address in items(identity, "/verifiable_addresses") {
        let (value, verified) = (text(address, "/value"), flag(address, "/verified"));
        record.add_address(match text(address, "/via") {
            "email" => RecordAddress::email(value, verified),
            _ => RecordAddress::phone(value, verified),
        });
    }
    record.add_address(RecordAddress::email(text(traits, "/email"), false));
    record.add_address(RecordAddress::phone(text(traits, "/phone"), false));
    record
}

/// A name is a text, or has parts.
fn name(traits: &Value) -> String {
    match traits.get("name") {
        Some(Value::String(name)) => name.clone(),
        Some(parts) => [text(parts, "/first"), text(parts, "/last")].join(" ").trim().to_owned(),
        None => String::new(),
    }
}
