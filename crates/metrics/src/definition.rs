//! What an instrument is called, counts and is labelled with.

use opentelemetry::{KeyValue, StringValue};

/// What kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, and begins at zero with the process.
    Counter,
    /// It is what it is now.
    Gauge,
    /// How values are spread.
    Histogram,
}

impl Kind {
    /// As Prometheus calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What the values of a label may be.
#[derive(Debug, Clone, Copy)]
pub enum Values {
    /// These and no others.
    Of(&'static [&'static str]),
    /// The names of something that the contract, the settings or the code list: what that is.
    Names(&'static str),
}

/// A label of an instrument.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    /// Its name, with dots as in the semantic conventions.
    pub name: &'static str,
    /// What it may hold.
    pub values: Values,
}

impl Label {
    /// A label that holds one of these values.
    #[must_use]
    pub const fn of(name: &'static str, values: &'static [&'static str]) -> Self {
        Self { name, values: Values::Of(values) }
    }

    /// A label that holds a name of something.
    #[must_use]
    pub const fn names(name: &'static str, of: &'static str) -> Self {
        Self { name, values: Values::Names(of) }
    }

    /// Its name as Prometheus has it.
    #[must_use]
    pub fn prometheus_name(&self) -> String {
        self.name.replace('.', "_")
    }

    /// Whether the label may hold the value: one that is listed, or what looks like a name and like nothing of
    /// anybody's: no address, no id, no text.
    #[must_use]
    pub fn may_hold(&self, value: &str) -> bool {
        match self.values {
            Values::Of(listed) => listed.contains(&value),
            Values::Names(_) => is_a_name(value),
        }
    }
}

/// The longest name: no RPC of the contract has one that is half as long.
const LONGEST_NAME: usize = 120;

/// So many hexadecimal digits in a row are an id, a hash or a token.
const DIGITS_OF_AN_ID: usize = 12;

fn is_a_name(value: &str) -> bool {
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || "_-./ ".contains(c);
    let is_id = value
        .split(|c: char| !c.is_ascii_hexdigit())
        .any(|digits| digits.len() >= DIGITS_OF_AN_ID && digits.contains(|c: char| c.is_ascii_digit()));
    let is_network = value.parse::<std::net::IpAddr>().is_ok();
    value.len() <= LONGEST_NAME && value.chars().all(of_a_name) && !is_id && !is_network
}

/// An instrument.
#[derive(Debug)]
pub struct Definition {
    /// Its name, with dots.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// Its unit as UCUM writes it: `s`, or what is counted in braces.
    pub unit: &'static str,
    /// Its labels, in the order in which values are given.
    pub labels: &'static [Label],
    /// What it means.
    pub meaning: &'static str,
}

impl Definition {
    /// The name of its series in `/metrics`. A histogram has three, which end in `_bucket`, `_sum` and `_count`.
    #[must_use]
    pub fn prometheus_name(&self) -> String {
        let name = self.name.replace('.', "_");
        let unit = if self.unit == "s" { "_seconds" } else { "" };
        let total = if self.kind == Kind::Counter { "_total" } else { "" };
        format!("{name}{unit}{total}")
    }

    /// What it means, without the blanks of the comment that it was written in.
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        self.meaning.trim()
    }

    /// Values beside the names of their labels.
    ///
    /// # Panics
    /// In builds that test: a label must not hold the value.
    pub(crate) fn attributes<const N: usize, V: Into<StringValue>>(&self, values: [V; N]) -> [KeyValue; N] {
        let mut labels = self.labels.iter();
        values.map(|value| {
            let (value, label) = (value.into(), labels.next());
            debug_assert!(
                label.is_some_and(|label| label.may_hold(value.as_str())),
                "{}: {label:?} must not hold {value:?}",
                self.name
            );
            KeyValue::new(label.map_or("", |label| label.name), value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_what_is_somebodys() {
        let label = Label::names("rpc.method", "RPCs");
        let names = ["rekey.identity.v1.SessionService/SignIn", "_OTHER", "identity audit", "smtp-1", ""];
        let others = [
            "anna@example.com",
            "192.0.2.1",
            "018f3a5c-7b2e-7c4d-9a1b-2f3e4d5c6b7a",
            "0af7651916cd43dd8448eb211c80319c",
            "+4915112345642",
            "Grüße",
        ];

        assert!(names.iter().all(|name| label.may_hold(name)));
        for other in others {
            assert!(!label.may_hold(other), "{other}");
        }
    }

    #[test]
    fn series_are_named_as_the_exporter_names_them() {
        let named =
            |name, kind, unit| Definition { name, kind, unit, labels: &[], meaning: " x" }.prometheus_name();

        assert_eq!(named("rekey.checks", Kind::Counter, "{check}"), "rekey_checks_total");
        assert_eq!(named("rekey.queue.age", Kind::Gauge, "s"), "rekey_queue_age_seconds");
        assert_eq!(
            named("rpc.server.call.duration", Kind::Histogram, "s"),
            "rpc_server_call_duration_seconds"
        );
    }
}
