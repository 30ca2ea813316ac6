//! What a contract must not forget. Each check names every offender, so that one build shows them all.

use prost_reflect::{DescriptorPool, Kind, MessageDescriptor, MethodDescriptor, Value};

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
const NOT_SECRET: [&str; 4] = ["page_token", "next_page_token", "resume_token", "support_code"];

pub(crate) fn refuse_incomplete(pool: &DescriptorPool) -> Result<(), String> {
    let access =
        pool.get_extension_by_name("rekey.options.v1.access").ok_or("no access option in the contract")?;
    let mut offenders = Vec::new();
    for service in pool.services().filter(|service| service.full_name().starts_with("rekey.")) {
        for method in service.methods() {
            if !method.options().has_extension(&access) {
                offenders.push(format!("{} has no rekey.options.v1.access", method.full_name()));
            }
            if reads(method.name()) && !is_free_of_side_effects(&method) {
                offenders.push(format!("{} reads and does not say NO_SIDE_EFFECTS", method.full_name()));
            }
        }
    }
    for message in pool.all_messages().filter(|message| message.full_name().starts_with("rekey.")) {
        for field in message.fields() {
            if sounds_secret(field.name(), &field.kind()) && !is_secret(pool, &field) {
                offenders.push(format!("{} sounds secret and is not marked", field.full_name()));
            }
            if is_secret(pool, &field) != is_redacted(&field) {
                offenders.push(format!("{} is secret to us or to debug_redact alone", field.full_name()));
            }
        }
    }
    if offenders.is_empty() { Ok(()) } else { Err(offenders.join("\n")) }
}

pub(crate) fn is_secret(pool: &DescriptorPool, field: &prost_reflect::FieldDescriptor) -> bool {
    let Some(secret) = pool.get_extension_by_name("rekey.options.v1.secret") else { return false };
    matches!(field.options().get_extension(&secret).as_ref(), Value::Bool(true))
}

/// What code that knows nothing of our option goes by.
fn is_redacted(field: &prost_reflect::FieldDescriptor) -> bool {
    let set = field.options().get_field_by_name("debug_redact").map(|value| value.into_owned());
    set == Some(Value::Bool(true))
}

/// The verbs of AIP that read, and what this contract reads by another one.
fn reads(method: &str) -> bool {
    const OTHERS: [&str; 2] = ["CheckAccessToken", "EvaluatePassword"];
    ["Get", "List", "Lookup"].iter().any(|verb| method.starts_with(verb)) || OTHERS.contains(&method)
}

fn is_free_of_side_effects(method: &MethodDescriptor) -> bool {
    const NO_SIDE_EFFECTS: i32 = 1;
    let level = method.options().get_field_by_name("idempotency_level").map(|level| level.into_owned());
    level == Some(Value::EnumNumber(NO_SIDE_EFFECTS))
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
