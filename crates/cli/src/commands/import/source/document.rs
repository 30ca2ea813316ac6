//! People in one large JSON document: a list of them, or an object that has them under `users` or `identities`. They are handed
//! on one by one while the document is read.

use std::fmt;
use std::io::{BufRead, Read};

use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Value};

/// Where products have their people.
const KEYS: [&str; 2] = ["users", "identities"];

/// What a document begins with, past blanks and a mark of its byte order.
pub(super) fn first_byte(file: &mut impl BufRead) -> std::io::Result<Option<u8>> {
    loop {
        let buffered = file.fill_buf()?;
        let mark = if buffered.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let blanks = buffered[mark..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let (first, passed) = (buffered.get(mark + blanks).copied(), mark + blanks);
        if passed == 0 || first.is_some() {
            file.consume(passed);
            return Ok(first);
        }
        file.consume(passed);
    }
}

/// Hands each person on, as long as that is wanted.
pub(super) fn each(file: impl Read, wanted: impl FnMut(Value) -> bool) -> serde_json::Result<()> {
    Deserializer::from_reader(file).deserialize_any(People(wanted))
}

struct People<F>(F);

impl<'de, F: FnMut(Value) -> bool> Visitor<'de> for People<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of people, or an object with `users` or `identities`")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(person) = list.next_element()? {
            if !(self.0)(person) {
                return Err(serde::de::Error::custom("nobody listens"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(key) = object.next_key::<String>()? {
            if KEYS.contains(&key.as_str()) {
                object.next_value_seed(List(&mut self.0))?;
                found = true;
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        if found {
            Ok(())
        } else {
            Err(serde::de::Error::custom("there are neither `users` nor `identities`"))
        }
    }
}

struct List<'a, F>(&'a mut F);

impl<'de, F: FnMut(Value) -> bool> DeserializeSeed<'de> for List<'_, F> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(People(self.0))
    }
}
