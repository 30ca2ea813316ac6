//! A tenant's text: what it has to pass when it is set, and how it is rendered.
//!
//! It is judged by its source and by what becomes of it with sample values on every channel. Once it passed it is taken as
//! it is: rules change, and a text must not stop being sent by an upgrade. What can still go wrong with the values of a
//! message is looked at when it is rendered, and whoever sends takes the built-in text then.

use rekey_primitives::locale::Locale;
use rekey_primitives::text::{character_count, reads_right_to_left};

use super::compiled::CompiledText;
use super::words::Direction;
use super::writing::{Style, Text};
use super::{RenderError, Renderer, language_of, source};
use crate::domain::content::Rendered;
use crate::domain::destination::Channel;
use crate::domain::message::Variables;
use crate::domain::sms::SmsSize;
use crate::domain::template::TemplateName;
use crate::domain::template_text::{
    Part, PartFault, SMS_SEGMENTS, SUBJECT_CHARACTERS, TemplateParts, TextKey,
};

/// A tenant's text that can be rendered.
pub(crate) struct TenantText {
    template: TemplateName,
    /// The tag of its language.
    locale: String,
    direction: Direction,
    /// The built-in language whose words values are said with: its own, or the default one where that has none.
    language: &'static str,
    compiled: CompiledText,
}

impl TenantText {
    /// The tag of the language that it is written in.
    pub(crate) fn locale(&self) -> &str {
        &self.locale
    }
}

impl Renderer {
    /// Compiles a text that passed when it was set.
    ///
    /// # Errors
    /// It does not read by the rules of today.
    pub(crate) fn compile(&self, key: &TextKey, parts: &TemplateParts) -> Result<TenantText, RenderError> {
        let compiled = CompiledText::compile(parts, &key.locale)
            .map_err(|error| RenderError::Template(key.template.as_str(), error))?;
        let language = Locale::parse(&key.locale).ok().and_then(|locale| language_of(&locale));
        // Of a language that is not built in, the text itself tells.
        let direction = match language {
            Some(language) => self.words(language).direction,
            None if reads_right_to_left(&spoken(&parts.text)) => Direction::RightToLeft,
            None => Direction::LeftToRight,
        };
        Ok(TenantText {
            template: key.template,
            locale: key.locale.clone(),
            direction,
            language: language.unwrap_or(self.default_language),
            compiled,
        })
    }

    /// Compiles a text that is about to be set, if it passes.
    ///
    /// # Errors
    /// All that is wrong with it, part by part.
    pub(crate) fn judge(&self, key: &TextKey, parts: &TemplateParts) -> Result<TenantText, Vec<PartFault>> {
        let of_part = |part| {
            source::faults(key.template, part, parts.part(part)).into_iter().map(move |what| (part, what))
        };
        let faults = Part::ALL.into_iter().flat_map(of_part);
        let faults: Vec<PartFault> = faults.map(|(part, what)| PartFault { part, what }).collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let unread = |_| vec![PartFault { part: Part::Text, what: "cannot be rendered" }];
        let text = self.compile(key, parts).map_err(unread)?;
        let faults = self.faults_when_rendered(&text);
        if faults.is_empty() { Ok(text) } else { Err(faults) }
    }

    /// The message in a tenant's words.
    ///
    /// # Errors
    /// It does not render, or it would link to where no message may link to.
    pub(crate) fn render_own(
        &self,
        own: &TenantText,
        variables: &Variables,
        channel: Channel,
    ) -> Result<Rendered, RenderError> {
        let style =
            Style { language: &own.locale, direction: own.direction, words: self.words(own.language) };
        let text = Text { template: own.template, compiled: &own.compiled, style };
        let rendered = self.write(&text, variables, channel)?;
        // The text and the values were looked at apart: `https:` may stand in one and the rest in the other.
        let links = match &rendered {
            Rendered::Email { subject, text, .. } => {
                self.link_hosts.allow_text(subject) && self.link_hosts.allow_text(text)
            }
            Rendered::Sms { text } => self.link_hosts.allow_text(text),
            Rendered::Event { .. } => true,
        };
        if links { Ok(rendered) } else { Err(RenderError::Link(own.template.as_str())) }
    }

    fn faults_when_rendered(&self, own: &TenantText) -> Vec<PartFault> {
        let samples = self.samples(own.template);
        let mut faults = Vec::new();
        let mut fault = |part, what| faults.push(PartFault { part, what });
        for (channel, part) in [(Channel::Email, Part::Text), (Channel::Sms, Part::Sms)] {
            match self.render_own(own, &samples, channel) {
                Err(RenderError::Link(_)) => fault(part, "links to a host that is not configured"),
                Err(_) => fault(part, "cannot be rendered"),
                Ok(Rendered::Email { subject, .. }) if character_count(&subject) > SUBJECT_CHARACTERS => {
                    fault(Part::Subject, "is longer than 200 characters");
                }
                Ok(Rendered::Sms { text }) => {
                    if SmsSize::of(&text).segments > SMS_SEGMENTS {
                        fault(part, "takes more than 4 segments");
                    }
                    if self.binds(&text) {
                        fault(
                            part,
                            "begins a line with @, as only the line does that binds a code to its host",
                        );
                    }
                }
                Ok(Rendered::Email { .. } | Rendered::Event { .. }) => {}
            }
        }
        faults
    }

    /// Whether a line other than our own reads as one that binds a code to a host.
    fn binds(&self, text: &str) -> bool {
        let begins = text.lines().filter(|line| line.starts_with('@')).count();
        let ours = self.origin_host.as_ref().is_some_and(|host| {
            let last = text.lines().last().unwrap_or_default();
            last.starts_with(&format!("@{host} #"))
        });
        begins > usize::from(ours)
    }
}

/// What of a source is said, without what stands between braces.
fn spoken(source: &str) -> String {
    let outside = |piece: &str| piece.split_once("}}").map_or("", |(_, said)| said).to_owned();
    let mut pieces = source.split("{{");
    let first = pieces.next().unwrap_or_default().to_owned();
    first + &pieces.map(outside).collect::<String>()
}

#[cfg(test)]
mod tests;
