//! The event of a webhook: a CloudEvents 1.0 envelope in JSON, as its caller wrote it.
//!
//! It goes out byte for byte, so a receiver verifies what the caller made. What is checked is that it is an envelope. One of what has
//! not happened yet gets its time when it does, and nothing else of it changes.

use std::fmt;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::Zeroizing;
use serde_json::{Map, Value};

/// The longest event, in bytes: what Standard Webhooks advises.
pub(crate) const EVENT_BYTES: usize = 20_000;
/// The longest without its time: what a time takes, rounded up, is left free.
pub(crate) const UNTIMED_EVENT_BYTES: usize = EVENT_BYTES - 100;

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
        envelope(&json)?;
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

/// An event of what has not happened yet: all of it but its time.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct UntimedEvent(Zeroizing<String>);

impl UntimedEvent {
    /// Takes an envelope without a time.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(json: Zeroizing<String>) -> Result<Self, &'static str> {
        if json.len() > UNTIMED_EVENT_BYTES {
            return Err("is longer than 19,900 bytes");
        }
        if envelope(&json)?.contains_key("time") {
            return Err("holds a `time`, which it gets when it happens");
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

    /// The event, now that it has happened: the time stands before everything else, which stays byte for byte.
    pub(crate) fn at(&self, time: Timestamp) -> Event {
        // An envelope is never empty, so a comma follows.
        let (opening, members) = self.0.split_once('{').unwrap_or(("", self.as_str()));
        Event(Zeroizing::new([opening, "{\"time\":\"", time.to_string().as_str(), "\",", members].concat()))
    }
}

impl fmt::Debug for UntimedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UntimedEvent(..)")
    }
}

/// Reads an envelope, or says what is wrong with it.
fn envelope(json: &str) -> Result<Map<String, Value>, &'static str> {
    let Ok(Value::Object(envelope)) = serde_json::from_str(json) else {
        return Err("is no object of JSON");
    };
    let text = |name: &str| envelope.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if !ATTRIBUTES.iter().all(|name| text(name).is_some()) {
        return Err("lacks one of `id`, `source`, `specversion` and `type` of CloudEvents");
    }
    if text("specversion") != Some("1.0") {
        return Err("is no CloudEvent of version 1.0");
    }
    Ok(envelope)
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

    fn parse_untimed(json: &str) -> Result<UntimedEvent, &'static str> {
        UntimedEvent::parse(Zeroizing::new(json.to_owned()))
    }

    #[test]
    fn an_event_gets_its_time_and_is_what_it_was_otherwise() {
        let time = Timestamp::from_unix_micros(1_785_000_000_123_456);

        let event = parse_untimed(&format!(" {ENVELOPE}")).unwrap().at(time);

        let members = ENVELOPE.trim_start_matches('{');
        assert_eq!(event.as_str(), format!(" {{\"time\":\"2026-07-25T17:20:00.123456Z\",{members}"));
        assert_eq!(parse(event.as_str()), Ok(event));
    }

    #[test]
    fn the_longest_event_without_its_time_is_no_longer_than_an_event_with_it() {
        let longest = format!("{ENVELOPE}{}", " ".repeat(UNTIMED_EVENT_BYTES - ENVELOPE.len()));

        let event = parse_untimed(&longest).unwrap().at(Timestamp::EPOCH);

        assert_eq!(parse(event.as_str()), Ok(event));
        assert_eq!(parse_untimed(&format!("{longest} ")), Err("is longer than 19,900 bytes"));
        let timed = ENVELOPE.replacen('{', "{\"time\":\"2026-07-25T17:20:00Z\",", 1);
        assert_eq!(parse_untimed(&timed), Err("holds a `time`, which it gets when it happens"));
        assert_eq!(parse_untimed("[]"), Err("is no object of JSON"));
    }
}
