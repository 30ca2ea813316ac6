//! Forms that take a code or a passkey: in a reset and at sign-in.

use std::time::Duration;

use rekey_primitives::secret::SecretString;

use super::refusal_texts::whole_seconds;
use crate::domain::{CodeTimes, MethodKind, extract_code};
use crate::view::{Field, FieldKind, Html, Values, time_of_day};
use crate::web::{Fault, PageContext, PostedFields};
use crate::words::interpolate;

/// The field of a code.
pub(super) const CODE: &str = "code";

/// The field of what a passkey signed, which our script fills in.
pub(super) const CREDENTIAL: &str = "credential";

/// A way on from a page.
pub(super) struct Link<'a> {
    pub(super) path: String,
    pub(super) text: &'a str,
}

/// A form for a code.
pub(super) struct CodeForm<'a> {
    pub(super) lead: &'a str,
    pub(super) kind: MethodKind,
    /// Where it is sent.
    pub(super) action: &'a str,
    /// What it carries besides.
    pub(super) fields: &'a [(&'a str, &'a str)],
    /// Where another code is asked for, and when; none for a code that is not sent.
    pub(super) resend: Option<(&'a str, CodeTimes)>,
    pub(super) links: &'a [Link<'a>],
    pub(super) problem: Option<&'a str>,
}

/// A form for a passkey.
pub(super) struct PasskeyForm<'a> {
    pub(super) lead: &'a str,
    /// Where it is sent.
    pub(super) action: &'a str,
    /// What shows that it is ours.
    pub(super) hidden: Html,
    /// What it carries besides.
    pub(super) fields: &'a [(&'a str, &'a str)],
    /// What the passkey is asked with; none where none can be asked.
    pub(super) options: Option<&'a str>,
    pub(super) links: &'a [Link<'a>],
}

impl CodeForm<'_> {
    pub(super) fn body(&self, context: &PageContext) -> Result<Html, Fault> {
        let words = context.words();
        let is_saved = self.kind == MethodKind::RecoveryCode;
        let field = context.field(&Field {
            name: CODE,
            label: &words.code_label,
            hint: Some(&words.code_hint),
            kind: if is_saved { FieldKind::SavedCode } else { FieldKind::Code },
            value: "",
            problem: self.problem,
        })?;
        let (resend_action, times) = self.resend.unzip();
        let hidden_resend = resend_action.map(|action| context.hidden_fields(action)).transpose()?;
        let values = Values::default()
            .text("lead", self.lead)
            .text("action", self.action)
            .html("hidden", context.hidden_fields(self.action)?)
            .list("fields", self.fields.iter().map(hidden_field).collect())
            .html("field", field)
            .optional("resend_action", resend_action)
            .optional_html("hidden_resend", hidden_resend)
            .flag("is_late", times.is_some_and(|times| times.is_late(context.now)))
            .list("links", self.links.iter().map(Link::values).collect());
        context.body("code", with_resend(with_end(values, times, context), times, context))
    }
}

impl PasskeyForm<'_> {
    pub(super) fn body(self, context: &PageContext) -> Result<Html, Fault> {
        let values = Values::default()
            .text("lead", self.lead)
            .text("action", self.action)
            .html("hidden", self.hidden)
            .list("fields", self.fields.iter().map(hidden_field).collect())
            .optional("options", self.options)
            .list("links", self.links.iter().map(Link::values).collect());
        context.body("use_passkey", values)
    }
}

impl Link<'_> {
    fn values(&self) -> Values {
        Values::default().text("path", &self.path).text("text", self.text)
    }
}

fn hidden_field((name, value): &(&str, &str)) -> Values {
    Values::default().text("name", name).text("value", value)
}

/// Until when the code is good and how long that is, or that it was; nothing of it where that is not known.
fn with_end(values: Values, times: Option<CodeTimes>, context: &PageContext) -> Values {
    let end = times.and_then(|times| Some((times.expires_at?, times.minutes_left(context.now)?)));
    match end {
        Some((at, minutes)) if minutes > 0 => values
            .flag("is_dead", false)
            .part("good_until", time_of_day(at))
            .text("good_for", &interpolate(&context.words().code_minutes_left, "minutes", minutes)),
        dead => values.flag("is_dead", dead.is_some()).flag("good_until", false),
    }
}

/// Whether and when another code can be sent; nothing of it for one that was not sent.
fn with_resend(values: Values, times: Option<CodeTimes>, context: &PageContext) -> Values {
    let words = context.words();
    match times.map(|times| (times.resend_at, times.resend_after(context.now))) {
        None => values.text("resend", ""),
        Some((Some(at), Some(wait))) if wait > Duration::ZERO => values
            .text("resend", "later")
            .part("resend_at", time_of_day(at))
            .text("resend_in", &interpolate(&words.in_seconds, "seconds", whole_seconds(wait))),
        Some((Some(_), _)) => values.text("resend", "now"),
        Some((None, _)) => values.text("resend", "never"),
    }
}

/// The code that was typed. Digits are found in whatever was pasted with them; what was saved may be letters.
pub(super) fn typed_code(kind: MethodKind, fields: &PostedFields) -> SecretString {
    let text = fields.text(CODE);
    if kind == MethodKind::RecoveryCode { text.to_owned().into() } else { extract_code(text).into() }
}
