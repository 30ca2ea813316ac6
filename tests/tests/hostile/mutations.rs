//! Wrong requests, derived from one right one and its descriptor.

use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage as _,
    Value,
};
use rekey_tests::person::request_id;
use rekey_wire::DESCRIPTORS;

/// The whole contract.
pub(crate) static CONTRACT: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).unwrap());

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
    /// More than anybody needs.
    TooMany,
    /// An instant outside of time, or past.
    NoInstant,
    /// A token of ours with one character exchanged.
    Forged,
    /// Text that is right and rare: marks of direction, nothing of any width, combined and beyond the first plane.
    Unusual,
}

/// One wrong request.
#[derive(Debug)]
pub(crate) struct Mutation {
    pub(crate) field: String,
    pub(crate) wrong: Wrong,
    pub(crate) body: Vec<u8>,
}

impl Mutation {
    /// Whether nothing is wrong with its form: only who knows the stores, the keys or the rules of passwords can tell.
    pub(crate) fn is_well_formed(&self) -> bool {
        let is_password = self.field.ends_with("password") && self.wrong == Wrong::Control;
        is_password || matches!(self.wrong, Wrong::OfSomethingElse | Wrong::Forged)
    }
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
    let values = wrong_values(field, message.get_field(field).as_ref(), strangers);
    let mut variants: Vec<Variant> = values
        .into_iter()
        .map(|(name, wrong, value)| {
            let mut changed = message.clone();
            changed.set_field(field, value);
            (name, wrong, changed)
        })
        .collect();
    if is_required(field) {
        let mut emptied = message.clone();
        emptied.clear_field(field);
        variants.push((field.name().to_owned(), Wrong::Missing, emptied));
    }
    variants
}

/// Values that a field should not have, with the name a refusal would give it.
fn wrong_values(field: &FieldDescriptor, value: &Value, strangers: &[String]) -> Vec<(String, Wrong, Value)> {
    let name = field.name().to_owned();
    let named = |(wrong, value)| (name.clone(), wrong, value);
    match value {
        Value::String(text) => {
            let texts = texts(field, strangers).into_iter().chain(forgeries(field, text));
            texts.map(|(wrong, text)| named((wrong, Value::String(text)))).collect()
        }
        Value::List(list) => {
            let texts = if let Kind::String = field.kind() { texts(field, strangers) } else { Vec::new() };
            let first = |(wrong, text)| (format!("{name}[0]"), wrong, Value::List(vec![Value::String(text)]));
            let too_many = named((Wrong::TooMany, Value::List(many(field, &list[0]))));
            texts.into_iter().map(first).chain([too_many]).collect()
        }
        Value::Bytes(_) => vec![named((Wrong::TooLong, Value::Bytes(vec![7; 300].into())))],
        Value::EnumNumber(_) => {
            [-1, 99].map(|number| named((Wrong::NoValue, Value::EnumNumber(number)))).into()
        }
        Value::I32(_) => vec![named((Wrong::Negative, Value::I32(-1)))],
        Value::Map(map) => {
            let mut more = map.clone();
            more.insert(MapKey::String("surprise".to_owned()), Value::String("x".to_owned()));
            vec![named((Wrong::NoValue, Value::Map(more)))]
        }
        Value::Message(inner) if inner.descriptor().full_name() == "google.protobuf.Timestamp" => {
            let instants =
                [(i64::MAX, 0), (i64::MIN, 0), (4_102_444_800, -1), (4_102_444_800, i32::MAX), (1, 0)];
            instants.map(|instant| named((Wrong::NoInstant, at(inner, instant)))).into()
        }
        Value::Message(inner) => {
            let inside = variants(inner, strangers).into_iter();
            inside
                .map(|(below, wrong, inner)| (format!("{name}.{below}"), wrong, Value::Message(inner)))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// 120 values like this one, no two alike where it is a text.
fn many(field: &FieldDescriptor, like: &Value) -> Vec<Value> {
    let one = |number: u32| match like {
        Value::String(_) if is_uuid(field) => Value::String(request_id()),
        Value::String(text) if text.starts_with('+') => {
            Value::String(format!("+1500555{:04}", 1000 + number))
        }
        Value::String(text) => Value::String(format!("n{number}{text}")),
        other => other.clone(),
    };
    (0..120).map(one).collect()
}

fn at(like: &DynamicMessage, (seconds, nanos): (i64, i32)) -> Value {
    let mut instant = like.clone();
    instant.set_field_by_name("seconds", Value::I64(seconds));
    instant.set_field_by_name("nanos", Value::I32(nanos));
    Value::Message(instant)
}

/// Texts that do not belong into a field.
fn texts(field: &FieldDescriptor, strangers: &[String]) -> Vec<(Wrong, String)> {
    let mut texts = vec![
        (Wrong::TooLong, "x".repeat(300)),
        (Wrong::Control, "a\0\u{7}\u{1b}b".to_owned()),
        (Wrong::Unusual, "\u{202e}\u{200b}e\u{301}\u{1f511}".to_owned()),
    ];
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

/// A token with another character at its beginning, at its end and between.
fn forgeries(field: &FieldDescriptor, token: &str) -> Vec<(Wrong, String)> {
    if !is_token(field) {
        return Vec::new();
    }
    let last = token.len() - 1;
    let places = [0, last / 4, last / 2, last / 4 * 3, last];
    let forged = places.map(|place| {
        let other = if token[place..].starts_with('A') { "B" } else { "A" };
        format!("{}{other}{}", &token[..place], &token[place + 1..])
    });
    forged.into_iter().map(|text| (Wrong::Forged, text)).collect()
}

/// Whether a field holds something of ours that gives a right, by its name.
pub(crate) fn is_token(field: &FieldDescriptor) -> bool {
    matches!(field.kind(), Kind::String) && (field.name().ends_with("_token") || field.name() == "grant")
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
