//! What messages say: the built-in texts and the one renderer for previews, tests and production.
//!
//! A text is written once, as paragraphs. The plain body is those paragraphs; the HTML body is the same paragraphs,
//! escaped and marked up, so the two can never say different things. Unknown variables are errors, headers cannot
//! carry a line break, and a text message with a code ends in the line that binds it to its host.

mod html;
mod locales;
mod words;

use std::collections::BTreeMap;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use rekey_primitives::contact::Channel;
use rekey_primitives::locale::{InvalidLocale, Locale};
use rekey_primitives::secret::Zeroizing;

use self::locales::{LOCALES, LocaleFiles};
use self::words::Words;
use crate::domain::content::Rendered;
use crate::domain::message::Variables;
use crate::domain::template::TemplateName;

/// Why nothing could be rendered. It quotes no value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenderError {
    #[error("the template {0} does not render")]
    Template(&'static str, #[source] minijinja::Error),
    #[error("the locale {0} lacks the template {1}")]
    TemplateMissing(&'static str, &'static str),
    #[error("the words of the locale {0} do not read")]
    Words(&'static str, #[source] toml::de::Error),
    #[error("the words of the locale {0} lack {1}")]
    WordMissing(&'static str, String),
    /// The subject came out with a line break or another control character.
    #[error("the subject of {0} is not one line")]
    Subject(&'static str),
    #[error("the default locale is no language tag")]
    Locale(#[from] InvalidLocale),
    #[error("no text is built in for the default locale")]
    LanguageNotBuiltIn,
    #[error("the origin host is no host name")]
    OriginHost,
}

/// Renders every message.
pub(crate) struct Renderer {
    templates: Environment<'static>,
    words: BTreeMap<&'static str, Words>,
    default_language: &'static str,
    origin_host: Option<String>,
}

/// The parts of a template.
const PARTS: [&str; 3] = ["subject", "text", "sms"];

impl Renderer {
    /// Reads the built-in texts.
    ///
    /// # Errors
    /// A text that does not read, a default locale without texts, an origin host that is none.
    pub(crate) fn new(default_locale: &str, origin_host: Option<&str>) -> Result<Self, RenderError> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        // Its errors would quote the variables.
        templates.set_debug(false);
        // The part decides, not a file name: only the markup of `html` is HTML, and it escapes by itself.
        templates.set_auto_escape_callback(|_| AutoEscape::None);
        let mut words = BTreeMap::new();
        for files in LOCALES {
            add_texts(&mut templates, files)?;
            words.insert(files.tag, read_words(files)?);
        }
        let default_language =
            language_of(&Locale::parse(default_locale)?).ok_or(RenderError::LanguageNotBuiltIn)?;
        if origin_host.is_some_and(|host| !is_host(host)) {
            return Err(RenderError::OriginHost);
        }
        Ok(Self { templates, words, default_language, origin_host: origin_host.map(str::to_owned) })
    }

    /// The message in the nearest language.
    ///
    /// # Errors
    /// A variable is missing, or the subject would not be one line.
    pub(crate) fn render(
        &self,
        template: TemplateName,
        locale: Option<&Locale>,
        variables: &Variables,
        channel: Channel,
    ) -> Result<Rendered, RenderError> {
        let language = locale.and_then(language_of).unwrap_or(self.default_language);
        let words = &self.words[language];
        let values = minijinja::Value::from_pairs(
            variables.iter().map(|(name, value)| (name, words.translate(name, value))),
        );
        let part = |part| self.part(template, language, part, &values);
        if channel == Channel::Sms {
            let text = self.bound(part("sms")?, variables);
            return Ok(Rendered::Sms { text });
        }
        let (subject, text) = (part("subject")?, part("text")?);
        if subject.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err(RenderError::Subject(template.as_str()));
        }
        let document = html::Document { language, direction: words.direction, subject: &subject };
        let html = document.render(&text, variables);
        Ok(Rendered::Email { subject, text, html, language })
    }

    fn part(
        &self,
        template: TemplateName,
        language: &str,
        part: &str,
        values: &minijinja::Value,
    ) -> Result<Zeroizing<String>, RenderError> {
        let failed = |error| RenderError::Template(template.as_str(), error);
        let source = self.templates.get_template(&key(template, language, part)).map_err(failed)?;
        source.render(values).map(Zeroizing::new).map_err(failed)
    }

    /// Adds the origin-bound last line (WICG, "Origin-bound one-time codes"): `@host #code` and nothing else on it.
    fn bound(&self, text: Zeroizing<String>, variables: &Variables) -> Zeroizing<String> {
        match (&self.origin_host, variables.get("code")) {
            (Some(host), Some(code)) => Zeroizing::new(format!("{}\n\n@{host} #{code}", text.as_str())),
            _ => text,
        }
    }
}

fn add_texts(templates: &mut Environment<'static>, files: &LocaleFiles) -> Result<(), RenderError> {
    for &template in TemplateName::ALL {
        let missing = RenderError::TemplateMissing(files.tag, template.as_str());
        let parts = files.parts(template).ok_or(missing)?;
        for (part, source) in PARTS.into_iter().zip([parts.subject, parts.text, parts.sms]) {
            templates
                .add_template_owned(key(template, files.tag, part), source)
                .map_err(|error| RenderError::Template(template.as_str(), error))?;
        }
    }
    Ok(())
}

fn read_words(files: &LocaleFiles) -> Result<Words, RenderError> {
    let words = Words::parse(files.words).map_err(|error| RenderError::Words(files.tag, error))?;
    match words.missing() {
        Some(word) => Err(RenderError::WordMissing(files.tag, word)),
        None => Ok(words),
    }
}

fn key(template: TemplateName, language: &str, part: &str) -> String {
    format!("{}/{language}/{part}", template.as_str())
}

/// The built-in language nearest to a locale (RFC 4647, lookup).
fn language_of(locale: &Locale) -> Option<&'static str> {
    locale.fallbacks().find_map(|tag| LOCALES.iter().map(|files| files.tag).find(|language| *language == tag))
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests;
