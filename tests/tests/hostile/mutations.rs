//! Wrong requests, derived from one right one and its descriptor.

use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage as _,
    Value,
};
use rekey_tests::person::request_id;
use rekey_wire::access;

/// The whole contract.
pub(crate) static CONTRACT: LazyLock<DescriptorPool> = LazyLock::new(access::pool);

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// A required field is empty.
    Missing,
    /// A text of 300 characters, or as many bytes.
    TooLong,
    /// Control characters, NUL among them.
    Control,
    /// Not a UUID where one is due.
    NoUuid,
    /// A number that no value of the enum has.
    NoValue,
    /// Less than nothing.
    Negative,
    /// A well-formed id of something else.
    OfSomethingElse,
}

/// One wrong request.
#[derive(Debug)]
pub(crate) struct Mutation {
    pub(crate) field: String,
    pub(crate) wrong: Wrong,
    pub(crate) body: Vec<u8>,
}

/// Every single mistake in every field that the right request sets.
pub(crate) fn of(path: &str, body: &[u8], strangers: &[String]) -> Vec<Mutation> {
    let message = DynamicMessage::decode(input_of(path), body).unwrap();
    variants(&message, strangers)
        .into_iter()
        .map(|(field, wrong, mut changed)| {
            // Another call, or it would be refused for its id alone.
            if field != "request_id" && changed.has_field_by_name("request_id") {
                changed.set_field_by_name("request_id", Value::String(request_id()));
            }
            Mutation { field, wrong, body: changed.encode_to_vec() }
        })
        .collect()
}

/// What the RPC takes.
pub(crate) fn input_of(path: &str) -> MessageDescriptor {
    let (service, method) = path.trim_start_matches('/').split_once('/').unwrap();
    let service = CONTRACT.get_service_by_name(service).unwrap();
    service.methods().find(|candidate| candidate.name() == method).unwrap().input()
}

type Variant = (String, Wrong, DynamicMessage);

fn variants(message: &DynamicMessage, strangers: &[String]) -> Vec<Variant> {
    let fields: Vec<FieldDescriptor> =
        message.descriptor().fields().filter(|field| message.has_field(field)).collect();
    fields.iter().flat_map(|field| of_field(message, field, strangers)).collect()
}

fn of_field(message: &DynamicMessage, field: &FieldDescriptor, strangers: &[String]) -> Vec<Variant> {
    let name = field.name().to_owned();
    let with = |value: Value| {
        let mut changed = message.clone();
        changed.set_field(field, value);
        changed
    };
    let mut variants = Vec::new();
    if is_required(field) {
        let mut emptied = message.clone();
        emptied.clear_field(field);
        variants.push((name.clone(), Wrong::Missing, emptied));
    }
    match message.get_field(field).as_ref() {
        Value::String(_) => {
            let values = texts(field, strangers);
            variants.extend(
                values.into_iter().map(|(wrong, text)| (name.clone(), wrong, with(Value::String(text)))),
            );
        }
        Value::List(list) if matches!(list.first(), Some(Value::String(_))) => {
            let values = texts(field, strangers).into_iter();
            variants.extend(values.map(|(wrong, text)| {
                (format!("{name}[0]"), wrong, with(Value::List(vec![Value::String(text)])))
            }));
        }
        Value::Bytes(_) => {
            variants.push((name, Wrong::TooLong, with(Value::Bytes(vec![7; 300].into()))));
        }
        Value::EnumNumber(_) => {
            variants.extend(
                [-1, 99].map(|number| (name.clone(), Wrong::NoValue, with(Value::EnumNumber(number)))),
            );
        }
        Value::I32(_) => variants.push((name, Wrong::Negative, with(Value::I32(-1)))),
        Value::Message(inner) if inner.descriptor().full_name().starts_with("rekey.") => {
            variants.extend(self::variants(inner, strangers).into_iter().map(|(field, wrong, inner)| {
                (format!("{name}.{field}"), wrong, with(Value::Message(inner)))
            }));
        }
        Value::Map(map) => {
            let mut more = map.clone();
            more.insert(MapKey::String("surprise".to_owned()), Value::String("x".to_owned()));
            variants.push((name, Wrong::NoValue, with(Value::Map(more))));
        }
        _ => {}
    }
    variants
}

/// Texts that do not belong into a field.
fn texts(field: &FieldDescriptor, strangers: &[String]) -> Vec<(Wrong, String)> {
    let mut texts = vec![(Wrong::TooLong, "x".repeat(300)), (Wrong::Control, "a\0\u{7}\u{1b}b".to_owned())];
    if is_uuid(field) {
        let bad = [
            "7",
            "00000000000040008000000000000000",
            "{0000000-0000-4000-8000-00000000000}",
            "'; drop table",
        ];
        texts.extend(bad.map(|text| (Wrong::NoUuid, text.to_owned())));
    }
    if is_uuid(field) && field.name() != "request_id" {
        texts.extend(strangers.iter().map(|id| (Wrong::OfSomethingElse, id.clone())));
    }
    texts
}

fn is_uuid(field: &FieldDescriptor) -> bool {
    let name = field.name().trim_end_matches('s');
    matches!(field.kind(), Kind::String)
        && name.ends_with("_id")
        && !["external_id", "method_id"].contains(&name)
}

fn is_required(field: &FieldDescriptor) -> bool {
    const REQUIRED: i32 = 2;
    let behavior = field.parent_pool().get_extension_by_name("google.api.field_behavior").unwrap();
    let options = field.options();
    let value = options.get_extension(&behavior);
    value.as_list().is_some_and(|list| list.contains(&Value::EnumNumber(REQUIRED)))
}
