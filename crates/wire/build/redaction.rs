//! A `Debug` for every message that holds a secret, directly or in a oneof: the secret fields print as
//! `[redacted]`, all others as usual. prost's own `Debug` is switched off for the message, and with it for the
//! oneofs inside, which get one here as well.

use std::fmt::Write as _;

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};

use crate::checks::is_secret;

pub(crate) fn messages_with_secrets(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    pool.all_messages()
        .filter(|message| message.full_name().starts_with("rekey.") && !message.is_map_entry())
        .filter(|message| message.fields().any(|field| is_secret(pool, &field)))
        .collect()
}

pub(crate) fn debug_impls(messages: &[MessageDescriptor]) -> String {
    let mut text = String::new();
    for message in messages {
        let pool = message.parent_pool();
        write_struct(&mut text, pool, message);
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            let fields: Vec<_> = oneof.fields().collect();
            write_oneof(&mut text, pool, message, oneof.name(), &fields);
        }
    }
    text
}

fn write_struct(text: &mut String, pool: &DescriptorPool, message: &MessageDescriptor) {
    let path = rust_path(message);
    let _ = writeln!(text, "impl ::core::fmt::Debug for {path} {{");
    let _ = writeln!(text, "fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{");
    let _ = writeln!(text, "f.debug_struct(\"{}\")", message.name());
    for field in
        message.fields().filter(|field| field.containing_oneof().is_none_or(|one| one.is_synthetic()))
    {
        let name = field.name();
        if is_secret(pool, &field) {
            let _ = writeln!(text, ".field(\"{name}\", &\"[redacted]\")");
        } else if matches!(field.kind(), Kind::Enum(_)) {
            let _ = writeln!(text, ".field(\"{name}\", &{})", enum_text(&field));
        } else {
            let _ = writeln!(text, ".field(\"{name}\", &self.r#{name})");
        }
    }
    for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        let name = oneof.name();
        let _ = writeln!(text, ".field(\"{name}\", &self.r#{name})");
    }
    text.push_str(".finish()\n}\n}\n");
}

/// Enums are numbers in prost's structs; names read better.
fn enum_text(field: &FieldDescriptor) -> String {
    let name = field.name();
    if field.is_list() || field.supports_presence() {
        return format!("self.r#{name}");
    }
    format!("self.r#{name}().as_str_name()")
}

fn write_oneof(
    text: &mut String,
    pool: &DescriptorPool,
    message: &MessageDescriptor,
    oneof: &str,
    fields: &[FieldDescriptor],
) {
    let path = format!("{}::{}::{}", module_path(message), snake(message.name()), camel(oneof));
    let _ = writeln!(text, "impl ::core::fmt::Debug for {path} {{");
    let _ = writeln!(
        text,
        "fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{\nmatch self {{"
    );
    for field in fields {
        let variant = camel(field.name());
        if is_secret(pool, field) {
            let _ = writeln!(text, "Self::{variant}(_) => f.write_str(\"{variant}([redacted])\"),");
        } else {
            let _ = writeln!(
                text,
                "Self::{variant}(value) => f.debug_tuple(\"{variant}\").field(value).finish(),"
            );
        }
    }
    text.push_str("}\n}\n}\n");
}

fn module_path(message: &MessageDescriptor) -> String {
    format!("crate::{}", message.package_name().trim_start_matches("rekey.").replace('.', "::"))
}

fn rust_path(message: &MessageDescriptor) -> String {
    format!("{}::{}", module_path(message), message.name())
}

fn camel(snake: &str) -> String {
    snake.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

fn snake(camel: &str) -> String {
    let mut text = String::new();
    for letter in camel.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
