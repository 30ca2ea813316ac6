//! The event of a webhook: a CloudEvents 1.0 envelope in JSON, as its caller wrote it.
//!
//! It goes out byte for byte, so a receiver verifies what the caller made. What is checked is that it is an envelope.

use std::fmt;

use rekey_primitives::secret::Zeroizing;
use serde_json::Value;

/// The longest event, in bytes: what Standard Webhooks advises.
pub(crate) const EVENT_BYTES: usize = 20_000;

/// What every envelope says, in a text that is not empty (CloudEvents 1.0.2, "REQUIRED attributes").
const ATTRIBUTES: [&str; 4] = ["id", "source", "specversion", "type"];

/// An event. It may hold what is nobody else's business, so `Debug` shows nothing and its memory is wiped.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Event(Zeroizing<String>);

impl Event {
    /// Takes an envelope.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(json: Zeroizing<String>) -> Result<Self, &'static str> {
        if json.len() > EVENT_BYTES {
            return Err("is longer than 20,000 bytes");
        }
        let Ok(Value::Object(envelope)) = serde_json::from_str(&json) else {
            return Err("is no object of JSON");
        };
        let text = |name: &str| envelope.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if !ATTRIBUTES.iter().all(|name| text(name).is_some()) {
            return Err("lacks one of `id`, `source`, `specversion` and `type` of CloudEvents");
        }
        if text("specversion") != Some("1.0") {
            return Err("is no CloudEvent of version 1.0");
        }
        Ok(Self(json))
    }

    /// Takes one that was checked when it came in, as from a payload.
    pub(crate) fn trusted(json: Zeroizing<String>) -> Self {
        Self(json)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_json(self) -> Zeroizing<String> {
        self.0
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Event(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENVELOPE: &str =
        r#"{"specversion":"1.0","id":"7","source":"/shop","type":"order.paid","data":{"order":66}}"#;

    fn parse(json: &str) -> Result<Event, &'static str> {
        Event::parse(Zeroizing::new(json.to_owned()))
    }

    #[test]
    fn an_envelope_is_taken_as_it_is_written() {
        let spaced = format!(" {ENVELOPE}\n");

        assert_eq!(parse(&spaced).map(|event| event.as_str().to_owned()), Ok(spaced));
        assert_eq!(format!("{:?}", parse(ENVELOPE).unwrap()), "Event(..)");
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        let changed = |from: &str, to: &str| parse(&ENVELOPE.replace(from, to)).unwrap_err();

        assert_eq!(changed("1.0", "0.3"), "is no CloudEvent of version 1.0");
        for (from, to) in [("\"id\":\"7\",", ""), ("/shop", ""), ("\"order.paid\"", "7")] {
            assert!(changed(from, to).starts_with("lacks one of"), "{to}");
        }
        for wrong in ["[]", "{", ""] {
            assert_eq!(parse(wrong), Err("is no object of JSON"), "{wrong}");
        }
        let long = format!("{ENVELOPE}{}", " ".repeat(EVENT_BYTES));
        assert_eq!(parse(&long), Err("is longer than 20,000 bytes"));
    }
}
