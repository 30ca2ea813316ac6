//! What is filled into a template.

use minijinja::Value;
use rekey_primitives::clock::Timestamp;

/// Markup that is finished: it is shown as it is.
#[derive(Debug, Clone)]
pub(crate) struct Html(String);

impl Html {
    pub(super) fn finished(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// Values by name. Texts are escaped where they are shown.
#[derive(Debug, Default)]
pub(crate) struct Values(Vec<(&'static str, Value)>);

impl Values {
    fn with(mut self, name: &'static str, value: Value) -> Self {
        self.0.push((name, value));
        self
    }

    pub(crate) fn text(self, name: &'static str, text: &str) -> Self {
        self.with(name, Value::from(text))
    }

    /// A text that may be missing: false to a condition.
    pub(crate) fn optional(self, name: &'static str, text: Option<impl AsRef<str>>) -> Self {
        let value = text.map_or_else(|| Value::from(false), |text| Value::from(text.as_ref()));
        self.with(name, value)
    }

    pub(crate) fn flag(self, name: &'static str, is_set: bool) -> Self {
        self.with(name, Value::from(is_set))
    }

    pub(crate) fn html(self, name: &'static str, markup: Html) -> Self {
        self.with(name, Value::from_safe_string(markup.0))
    }

    /// Markup that may be missing: false to a condition.
    pub(crate) fn optional_html(self, name: &'static str, markup: Option<Html>) -> Self {
        match markup {
            Some(markup) => self.html(name, markup),
            None => self.flag(name, false),
        }
    }

    /// Values of their own.
    pub(crate) fn part(self, name: &'static str, values: Values) -> Self {
        self.with(name, values.into())
    }

    pub(crate) fn list(self, name: &'static str, items: Vec<Self>) -> Self {
        self.with(name, items.into_iter().map(Value::from).collect())
    }

    pub(super) fn with_words(self, words: Value) -> Self {
        self.with("words", words)
    }
}

impl From<Values> for Value {
    fn from(values: Values) -> Self {
        Self::from_pairs(values.0)
    }
}

/// A time for programs, and for people until a script says it in their own clock. Day and minute: `2026-11-30 10:15 UTC`.
pub(crate) fn moment(at: Timestamp) -> Values {
    let machine = at.to_string();
    let human = match (machine.get(..10), machine.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => machine.clone(),
    };
    Values::default().text("machine", &machine).text("human", &human)
}

/// A time of today, to the second.
pub(crate) fn time_of_day(at: Timestamp) -> Values {
    let machine = at.to_string();
    let human = format!("{} UTC", machine.get(11..19).unwrap_or(&machine));
    Values::default().text("machine", &machine).text("human", &human)
}
