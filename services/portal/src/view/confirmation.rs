//! What is asked before something is done that is felt: what will be done, to whom, and the way back.

use super::{Html, Values};

/// The field of the button behind a question, where the form before it is sent to the same address.
pub(crate) const CONFIRMED: (&str, &str) = ("sure", "on");

/// The question.
#[derive(Debug)]
pub(crate) struct Confirmation<'a> {
    /// What will happen, in a sentence or two.
    pub(crate) text: &'a str,
    /// Whom or what it will happen to, one a line.
    pub(crate) subjects: &'a [String],
    /// Where the form is sent.
    pub(crate) action: &'a str,
    /// The hidden fields of that form: those of `PageContext::hidden_fields` for the action.
    pub(crate) hidden: Html,
    /// What the form carries besides.
    pub(crate) fields: &'a [(&'a str, &'a str)],
    /// More to fill in; none where nothing is asked.
    pub(crate) extra_fields: Option<Html>,
    /// The button, which names what it does.
    pub(crate) button: &'a str,
    /// Whether something is lost by it: the button is red.
    pub(crate) is_loss: bool,
    /// Where "cancel" leads.
    pub(crate) back: &'a str,
}

impl Confirmation<'_> {
    pub(super) fn values(self) -> Values {
        let subject = |text: &String| Values::default().text("text", text);
        let field = |(name, value): &(&str, &str)| Values::default().text("name", name).text("value", value);
        Values::default()
            .text("text", self.text)
            .list("subjects", self.subjects.iter().map(subject).collect())
            .text("action", self.action)
            .html("hidden", self.hidden)
            .list("fields", self.fields.iter().map(field).collect())
            .optional_html("extra_fields", self.extra_fields)
            .text("button", self.button)
            .flag("is_loss", self.is_loss)
            .text("back", self.back)
    }
}
