//! What is bound to the parameters of a statement.

use std::borrow::Cow;
use std::fmt::Write as _;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id;
use sqlx::Arguments;
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use uuid::Uuid;

/// One value. `None` is null, of the type that the variant names: Postgres wants to know. Build a list of them with
/// [`values!`](crate::values).
///
/// A list is an array to Postgres. SQLite has none and gets a JSON text for `json_each`, in which ids and bytes stand
/// in hexadecimal digits, as `unhex` reads them.
#[derive(Clone)]
pub enum Value<'a> {
    /// 16 bytes to SQLite.
    Uuid(Option<Uuid>),
    /// `bigint`; also instants, in microseconds.
    Int(Option<i64>),
    /// `smallint`; an integer like others to SQLite.
    SmallInt(Option<i16>),
    /// 0 or 1 to SQLite.
    Bool(Option<bool>),
    /// `bytea`, `blob`.
    Bytes(Option<Cow<'a, [u8]>>),
    /// `text`.
    Text(Option<Cow<'a, str>>),
    /// `uuid[]`.
    Uuids(Vec<Uuid>),
    /// `bigint[]`.
    Ints(Vec<i64>),
    /// `smallint[]`.
    SmallInts(Vec<i16>),
    /// `boolean[]`.
    Bools(Vec<bool>),
    /// `bytea[]`.
    ByteStrings(Vec<&'a [u8]>),
    /// `text[]`.
    Texts(Vec<&'a str>),
}

/// Values for the parameters of a statement, each anything that makes a [`Value`]: `values![tenant_id, login, now]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*] };
}

pub(crate) fn for_postgres(values: &[Value<'_>]) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Uuid(value) => arguments.add(*value)?,
            Value::Int(value) => arguments.add(*value)?,
            Value::SmallInt(value) => arguments.add(*value)?,
            Value::Bool(value) => arguments.add(*value)?,
            Value::Bytes(value) => arguments.add(value.as_deref())?,
            Value::Text(value) => arguments.add(value.as_deref())?,
            Value::Uuids(values) => arguments.add(values)?,
            Value::Ints(values) => arguments.add(values)?,
            Value::SmallInts(values) => arguments.add(values)?,
            Value::Bools(values) => arguments.add(values)?,
            Value::ByteStrings(values) => arguments.add(values)?,
            Value::Texts(values) => arguments.add(values)?,
        }
    }
    Ok(arguments)
}

pub(crate) fn for_sqlite(values: &[Value<'_>]) -> Result<SqliteArguments, BoxDynError> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Uuid(value) => arguments.add(*value)?,
            Value::Int(value) => arguments.add(*value)?,
            Value::SmallInt(value) => arguments.add(value.map(i64::from))?,
            Value::Bool(value) => arguments.add(*value)?,
            Value::Bytes(value) => arguments.add(value.as_deref())?,
            Value::Text(value) => arguments.add(value.as_deref())?,
            Value::Uuids(values) => arguments.add(hexadecimal(values.iter().map(Uuid::as_bytes)))?,
            Value::Ints(values) => arguments.add(serde_json::to_string(values)?)?,
            Value::SmallInts(values) => arguments.add(serde_json::to_string(values)?)?,
            Value::Bools(values) => arguments.add(serde_json::to_string(values)?)?,
            Value::ByteStrings(values) => arguments.add(hexadecimal(values.iter()))?,
            Value::Texts(values) => arguments.add(serde_json::to_string(values)?)?,
        }
    }
    Ok(arguments)
}

/// A JSON list of byte strings.
fn hexadecimal(values: impl Iterator<Item = impl AsRef<[u8]>>) -> String {
    let mut json = String::from("[");
    for (position, value) in values.enumerate() {
        json.push_str(if position == 0 { "\"" } else { ",\"" });
        for byte in value.as_ref() {
            // Writing to a text cannot fail.
            let _ = write!(json, "{byte:02x}");
        }
        json.push('"');
    }
    json.push(']');
    json
}

/// The same conversion of a type, of what may be missing, and of what may be borrowed.
macro_rules! from {
    ($($from:ty => $variant:ident($value:ident => $into:expr);)+) => {$(
        impl<'a> From<$from> for Value<'a> {
            fn from($value: $from) -> Self {
                Self::$variant(Some($into))
            }
        }

        impl<'a> From<Option<$from>> for Value<'a> {
            fn from(value: Option<$from>) -> Self {
                Self::$variant(value.map(|$value| $into))
            }
        }
    )+};
}

from! {
    Uuid => Uuid(value => value);
    i64 => Int(value => value);
    i32 => Int(value => i64::from(value));
    u32 => Int(value => i64::from(value));
    Timestamp => Int(value => value.unix_micros());
    i16 => SmallInt(value => value);
    bool => Bool(value => value);
    &'a [u8] => Bytes(value => Cow::Borrowed(value));
    Vec<u8> => Bytes(value => Cow::Owned(value));
    &'a Vec<u8> => Bytes(value => Cow::Borrowed(value.as_slice()));
    &'a str => Text(value => Cow::Borrowed(value));
    String => Text(value => Cow::Owned(value));
    &'a String => Text(value => Cow::Borrowed(value.as_str()));
    id::TenantId => Uuid(value => value.as_uuid());
    id::AccountId => Uuid(value => value.as_uuid());
    id::SecurityInfoId => Uuid(value => value.as_uuid());
    id::SessionId => Uuid(value => value.as_uuid());
    id::ResetId => Uuid(value => value.as_uuid());
    id::VerificationId => Uuid(value => value.as_uuid());
    id::NotificationId => Uuid(value => value.as_uuid());
    id::EventId => Uuid(value => value.as_uuid());
    id::AuditWebhookId => Uuid(value => value.as_uuid());
    id::HelpRequestId => Uuid(value => value.as_uuid());
    id::RequestId => Uuid(value => value.as_uuid());
}

impl<'a, const LENGTH: usize> From<&'a [u8; LENGTH]> for Value<'a> {
    fn from(value: &'a [u8; LENGTH]) -> Self {
        Self::Bytes(Some(Cow::Borrowed(value)))
    }
}

impl<'a, const LENGTH: usize> From<Option<&'a [u8; LENGTH]>> for Value<'a> {
    fn from(value: Option<&'a [u8; LENGTH]>) -> Self {
        Self::Bytes(value.map(|value| Cow::Borrowed(value.as_slice())))
    }
}

impl From<Vec<Uuid>> for Value<'_> {
    fn from(values: Vec<Uuid>) -> Self {
        Self::Uuids(values)
    }
}

impl From<Vec<i64>> for Value<'_> {
    fn from(values: Vec<i64>) -> Self {
        Self::Ints(values)
    }
}

impl From<Vec<i16>> for Value<'_> {
    fn from(values: Vec<i16>) -> Self {
        Self::SmallInts(values)
    }
}

impl From<Vec<bool>> for Value<'_> {
    fn from(values: Vec<bool>) -> Self {
        Self::Bools(values)
    }
}

impl<'a> From<Vec<&'a [u8]>> for Value<'a> {
    fn from(values: Vec<&'a [u8]>) -> Self {
        Self::ByteStrings(values)
    }
}

impl<'a> From<Vec<&'a str>> for Value<'a> {
    fn from(values: Vec<&'a str>) -> Self {
        Self::Texts(values)
    }
}

/// Values are people's data: only the kind shows.
impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Uuid(_) => "Uuid",
            Self::Int(_) => "Int",
            Self::SmallInt(_) => "SmallInt",
            Self::Bool(_) => "Bool",
            Self::Bytes(_) => "Bytes",
            Self::Text(_) => "Text",
            Self::Uuids(_) => "Uuids",
            Self::Ints(_) => "Ints",
            Self::SmallInts(_) => "SmallInts",
            Self::Bools(_) => "Bools",
            Self::ByteStrings(_) => "ByteStrings",
            Self::Texts(_) => "Texts",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_a_list_are_hexadecimal_digits() {
        let list = hexadecimal([&[0, 255][..], &[], &[16]].iter());

        assert_eq!(list, r#"["00ff","","10"]"#);
    }

    #[test]
    fn no_value_shows_itself() {
        assert_eq!(format!("{:?}", values!["anna", 7]), "[Text, Int]");
    }
}
