//! What a contract must not forget. Each check names every offender, so that one build shows them all.

use prost_reflect::{DescriptorPool, Kind, MessageDescriptor, Value};

/// Field names that mean a secret wherever they stand. A field that is named so and is not marked would be
/// printed by `Debug`.
const SECRET_NAMES: [&str; 10] = [
    "code",
    "password",
    "token",
    "grant",
    "secret",
    "email_address",
    "phone_number",
    "email_addresses",
    "phone_numbers",
    "variables",
];

/// Fields that only sound secret.
const NOT_SECRET: [&str; 2] = ["page_token", "next_page_token"];

pub(crate) fn refuse_incomplete(pool: &DescriptorPool) -> Result<(), String> {
    let access =
        pool.get_extension_by_name("rekey.options.v1.access").ok_or("no access option in the contract")?;
    let mut offenders = Vec::new();
    for service in pool.services().filter(|service| service.full_name().starts_with("rekey.")) {
        for method in service.methods() {
            if !method.options().has_extension(&access) {
                offenders.push(format!("{} has no rekey.options.v1.access", method.full_name()));
            }
        }
    }
    for message in pool.all_messages().filter(|message| message.full_name().starts_with("rekey.")) {
        for field in message.fields() {
            if sounds_secret(field.name(), &field.kind()) && !is_secret(pool, &field) {
                offenders.push(format!("{} sounds secret and is not marked", field.full_name()));
            }
        }
    }
    if offenders.is_empty() { Ok(()) } else { Err(offenders.join("\n")) }
}

pub(crate) fn is_secret(pool: &DescriptorPool, field: &prost_reflect::FieldDescriptor) -> bool {
    let Some(secret) = pool.get_extension_by_name("rekey.options.v1.secret") else { return false };
    matches!(field.options().get_extension(&secret).as_ref(), Value::Bool(true))
}

fn sounds_secret(name: &str, kind: &Kind) -> bool {
    let text = matches!(kind, Kind::String | Kind::Bytes) || is_text_map(kind);
    text && !NOT_SECRET.contains(&name)
        && SECRET_NAMES.iter().any(|word| name == *word || name.ends_with(&format!("_{word}")))
}

fn is_text_map(kind: &Kind) -> bool {
    let Kind::Message(entry) = kind else { return false };
    MessageDescriptor::is_map_entry(entry)
}
