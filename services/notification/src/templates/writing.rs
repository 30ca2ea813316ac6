//! From a text and values to a message.

use crate::domain::destination::Channel;
use minijinja::Value;
use rekey_primitives::secret::Zeroizing;
use rekey_primitives::text::breaks_line;

use super::compiled::CompiledText;
use super::words::{Direction, Words};
use super::{RenderError, Renderer, bidi, html};
use crate::domain::content::Rendered;
use crate::domain::message::Variables;
use crate::domain::template::TemplateName;
use crate::domain::template_text::Part;

/// A text about to be written.
pub(super) struct Text<'a> {
    pub(super) template: TemplateName,
    pub(super) compiled: &'a CompiledText,
    pub(super) style: Style<'a>,
}

/// How a text is written.
#[derive(Clone, Copy)]
pub(super) struct Style<'a> {
    /// The tag of its language.
    pub(super) language: &'a str,
    pub(super) direction: Direction,
    /// What values are said with.
    pub(super) words: &'a Words,
}

impl Style<'_> {
    fn values(&self, variables: &Variables, channel: Channel) -> Value {
        Value::from_pairs(variables.iter().map(|(name, value)| {
            let said = self.words.translate(name, value);
            if channel == Channel::Sms {
                // The dots of a masked address are in no alphabet of 160 characters.
                return (name, said.replace('•', "*").into());
            }
            let isolates = self.direction == Direction::RightToLeft;
            (name, if isolates { bidi::isolated(name, said) } else { said })
        }))
    }
}

impl Renderer {
    /// Writes a message.
    pub(super) fn write(
        &self,
        text: &Text<'_>,
        variables: &Variables,
        channel: Channel,
    ) -> Result<Rendered, RenderError> {
        let Text { template, compiled, style } = text;
        let values = style.values(variables, channel);
        let part = |part| {
            let rendered = compiled.render(part, &values);
            rendered.map_err(|error| RenderError::Template(template.as_str(), error))
        };
        if channel == Channel::Sms {
            return Ok(Rendered::Sms { text: self.bound(part(Part::Sms)?, variables) });
        }
        let (subject, text) = (part(Part::Subject)?, part(Part::Text)?);
        if subject.chars().any(breaks_line) {
            return Err(RenderError::Subject(template.as_str()));
        }
        let document =
            html::Document { language: style.language, direction: style.direction, subject: &subject };
        let html = document.render(&text, variables);
        Ok(Rendered::Email { subject, text, html, language: style.language.to_owned() })
    }

    /// Adds the origin-bound last line (WICG, "Origin-bound one-time codes"): `@host #code` and nothing else on it.
    fn bound(&self, text: Zeroizing<String>, variables: &Variables) -> Zeroizing<String> {
        match (&self.origin_host, variables.get("code")) {
            (Some(host), Some(code)) => Zeroizing::new(format!("{}\n\n@{host} #{code}", text.as_str())),
            _ => text,
        }
    }
}
