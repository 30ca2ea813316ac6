//! Users of Auth0: the export of users, the file for its own import, and the export of password hashes, a user a line.

use serde_json::Value;

use super::super::record::{Record, RecordAddress};
use super::{flag, items, text};

pub(super) fn person(user: &Value) -> Result<Record, String> {
    let email = text(user, "/email");
    let name = text(user, "/name");
    let mut record = Record {
        // Auth0 fills a missing name with the address.
        display_name: if name == email { String::new() } else { name.to_owned() },
        external_id: user_id(user),
        blocked: flag(user, "/blocked"),
        password_hash: hash(user)?,
        password_time: text(user, "/password_set_date/$date").to_owned(),
        ..Record::default()
    };
    record.add_login(text(user, "/username"));
    record.add_login(email);
    record.add_address(RecordAddress::email(email, flag(user, "/email_verified")));
    record.add_address(RecordAddress::phone(text(user, "/phone_number"), flag(user, "/phone_verified")));
    for identifier in items(user, "/identifiers") {
        let (value, verified) = (text(identifier, "/value"), flag(identifier, "/verified"));
        match text(identifier, "/type") {
            "email" => {
                record.add_login(value);
                record.add_address(RecordAddress::email(value, verified));
            }
            "phone_number" => record.add_address(RecordAddress::phone(value, verified)),
            _ => record.add_login(value),
        }
    }
    Ok(record)
}

/// An export of hashes has it in parts.
fn user_id(user: &Value) -> String {
    let whole = text(user, "/user_id");
    let bare = [text(user, "/alt_id"), text(user, "/_id/$oid")].into_iter().find(|id| !id.is_empty());
    match (whole, bare) {
        ("", Some(id)) => format!("auth0|{id}"),
        (whole, _) => whole.to_owned(),
    }
}

fn hash(user: &Value) -> Result<String, String> {
    let hash =
        [text(user, "/passwordHash"), text(user, "/password_hash")].into_iter().find(|hash| !hash.is_empty());
    if let Some(hash) = hash {
        return Ok(hash.to_owned());
    }
    match text(user, "/custom_password_hash/algorithm") {
        "" => Ok(String::new()),
        "bcrypt" | "argon2" | "pbkdf2" | "scrypt" => {
            Ok(text(user, "/custom_password_hash/hash/value").to_owned())
        }
        other => Err(format!("the password is hashed by `{other}`, which is not known here")),
    }
}
