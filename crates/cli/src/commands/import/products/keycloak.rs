//! Users of a Keycloak realm, as `kc.sh export` writes them: credentials are JSON texts within the JSON.

use serde_json::Value;

use super::super::record::{Record, RecordAddress, of_millis};
use super::{flag, items, text};

pub(super) fn person(user: &Value, with_passwords: bool) -> Result<Record, String> {
    if !text(user, "/serviceAccountClientId").is_empty() {
        return Err("is the service account of a client, and no person".to_owned());
    }
    let mut record = Record {
        display_name: [text(user, "/firstName"), text(user, "/lastName")].join(" ").trim().to_owned(),
        external_id: text(user, "/id").to_owned(),
        blocked: user.get("enabled").and_then(Value::as_bool) == Some(false),
        must_change_password: items(user, "/requiredActions")
            .iter()
            .any(|action| action == "UPDATE_PASSWORD"),
        managed_elsewhere: !text(user, "/federationLink").is_empty(),
        ..Record::default()
    };
    record.add_login(text(user, "/username"));
    record.add_login(text(user, "/email"));
    record.add_address(RecordAddress::email(text(user, "/email"), flag(user, "/emailVerified")));
    let is_verified = items(user, "/attributes/phoneNumberVerified").iter().any(|flag| flag == "true");
    for number in items(user, "/attributes/phoneNumber").iter().filter_map(Value::as_str) {
        record.add_address(RecordAddress::phone(number, is_verified));
    }
    record.groups = items(user, "/groups")
        .iter()
        .filter_map(|path| path.as_str()?.rsplit('/').next().map(str::to_owned))
        .collect();
    let credential =
        items(user, "/credentials").iter().find(|credential| text(credential, "/type") == "password");
    if let Some(credential) = credential.filter(|_| with_passwords) {
        record.password_hash = hash(credential)?;
        record.must_change_password |= flag(credential, "/temporary");
        if let Some(at) = credential.get("createdDate").and_then(Value::as_i64) {
            record.password_time = of_millis(at);
        }
    }
    Ok(record)
}

fn hash(credential: &Value) -> Result<String, String> {
    if !text(credential, "/hashedSaltedValue").is_empty() {
        // Before Keycloak 8.
        let rounds = credential.get("hashIterations").and_then(Value::as_u64).unwrap_or_default();
        let algorithm = Some(text(credential, "/algorithm")).filter(|name| !name.is_empty());
        let (salt, value) = (text(credential, "/salt"), text(credential, "/hashedSaltedValue"));
        return pbkdf2(algorithm.unwrap_or("pbkdf2"), rounds, salt, value);
    }
    let within = |name: &str| -> Result<Value, String> {
        serde_json::from_str(text(credential, name))
            .map_err(|_| format!("the credential has no {}", &name[1..]))
    };
    let (secret, data) = (within("/secretData")?, within("/credentialData")?);
    let rounds = data.get("hashIterations").and_then(Value::as_u64).unwrap_or_default();
    let (salt, value) = (text(&secret, "/salt"), text(&secret, "/value"));
    match text(&data, "/algorithm") {
        "argon2" => argon2(&data, rounds, salt, value),
        algorithm => pbkdf2(algorithm, rounds, salt, value),
    }
}

fn pbkdf2(algorithm: &str, rounds: u64, salt: &str, value: &str) -> Result<String, String> {
    let name = match algorithm {
        "pbkdf2" => "pbkdf2-sha1",
        "pbkdf2-sha256" | "pbkdf2-sha512" => algorithm,
        _ => return Err(format!("the password is hashed by `{algorithm}`, which is not known here")),
    };
    Ok(format!("${name}$i={rounds}${salt}${value}"))
}

fn argon2(data: &Value, rounds: u64, salt: &str, value: &str) -> Result<String, String> {
    // A parameter is a list of one text.
    let parameter = |name: &str| text(data, &format!("/additionalParameters/{name}/0")).to_owned();
    let version = match parameter("version").as_str() {
        "1.3" => "v=19$",
        "1.0" => "v=16$",
        other => return Err(format!("Argon2 of version `{other}` is not known")),
    };
    let (kind, memory, lanes) = (parameter("type"), parameter("memory"), parameter("parallelism"));
    let unpadded = |base64: &str| base64.trim_end_matches('=').to_owned();
    let (salt, value) = (unpadded(salt), unpadded(value));
    Ok(format!("$argon2{kind}${version}m={memory},t={rounds},p={lanes}${salt}${value}"))
}
