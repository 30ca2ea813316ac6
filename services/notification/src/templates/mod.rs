//! What messages say: the built-in texts, those of tenants, and the one renderer for previews, tests and production.
//!
//! A text is written once, as paragraphs. The plain body is those paragraphs; the HTML body is the same paragraphs,
//! escaped and marked up, so the two can never say different things. Unknown variables are errors, headers cannot
//! carry a line break, and a text message with a code ends in the line that binds it to its host.
//!
//! | File | Has |
//! |---|---|
//! | `locales`, `words` | the built-in texts, and the words of their languages |
//! | `source` | the language that texts are written in |
//! | `compiled`, `plurals` | one text in the hands of the engine, and its filter |
//! | `own` | a tenant's text, and what it has to pass |
//! | `chain` | which texts are looked for to write to a reader |
//! | `writing` | from a text and values to a message |
//! | `html`, `bidi` | markup, and values in lines from right to left |
//! | `samples` | values to show a template with |

mod bidi;
mod chain;
mod compiled;
mod html;
mod locales;
mod own;
mod plurals;
mod samples;
mod source;
mod words;
mod writing;

use std::collections::BTreeMap;

use minijinja::Error;
use rekey_primitives::locale::{InvalidLocale, Locale};

use self::compiled::CompiledText;
use self::locales::{LOCALES, LocaleFiles};
use self::words::Words;
use self::writing::{Style, Text};
use crate::domain::content::Rendered;
use crate::domain::destination::Channel;
use crate::domain::links::LinkHosts;
use crate::domain::message::Variables;
use crate::domain::template::TemplateName;
use crate::domain::template_text::TemplateParts;

pub(crate) use self::chain::Chain;
pub(crate) use self::own::TenantText;

/// Why nothing could be rendered. It quotes no value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenderError {
    #[error("the template {0} does not render")]
    Template(&'static str, #[source] Error),
    #[error("the locale {0} lacks the template {1}")]
    TemplateMissing(&'static str, &'static str),
    #[error("the words of the locale {0} do not read")]
    Words(&'static str, #[source] toml::de::Error),
    #[error("the words of the locale {0} lack {1}")]
    WordMissing(&'static str, String),
    /// The subject came out with a line break or another control character.
    #[error("the subject of {0} is not one line")]
    Subject(&'static str),
    /// A tenant's text and a value made a link together.
    #[error("{0} links to a host that is not configured")]
    Link(&'static str),
    #[error("the default locale is no language tag")]
    Locale(#[from] InvalidLocale),
    #[error("no text is built in for the default locale")]
    LanguageNotBuiltIn,
    #[error("the origin host is no host name")]
    OriginHost,
}

/// Renders every message.
pub(crate) struct Renderer {
    built_in: BTreeMap<&'static str, BuiltIn>,
    default_locale: Locale,
    default_language: &'static str,
    origin_host: Option<String>,
    link_hosts: LinkHosts,
}

/// The texts of one language.
struct BuiltIn {
    words: Words,
    texts: BTreeMap<TemplateName, (TemplateParts, CompiledText)>,
}

impl Renderer {
    /// Reads the built-in texts.
    ///
    /// # Errors
    /// A text that does not read, a default locale without texts, an origin host that is none.
    pub(crate) fn new(default_locale: &str, origin_host: Option<&str>) -> Result<Self, RenderError> {
        let mut built_in = BTreeMap::new();
        for files in LOCALES {
            built_in.insert(files.tag, BuiltIn::read(files)?);
        }
        let default_locale = Locale::parse(default_locale)?;
        let default_language = language_of(&default_locale).ok_or(RenderError::LanguageNotBuiltIn)?;
        if origin_host.is_some_and(|host| !is_host(host)) {
            return Err(RenderError::OriginHost);
        }
        let (origin_host, link_hosts) = (origin_host.map(str::to_owned), LinkHosts::default());
        Ok(Self { built_in, default_locale, default_language, origin_host, link_hosts })
    }

    /// The same, letting the texts of tenants link to these hosts.
    pub(crate) fn linking_to(self, link_hosts: LinkHosts) -> Self {
        Self { link_hosts, ..self }
    }

    /// The built-in message in the nearest language.
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
        let language = self.language(locale);
        let (_, compiled) = self.text_of(template, language)?;
        let words = self.words(language);
        let style = Style { language, direction: words.direction, words };
        self.write(&Text { template, compiled, style }, variables, channel)
    }

    /// The sources of the built-in text of a language.
    ///
    /// # Errors
    /// It is not there, which [`new`](Self::new) rules out.
    pub(crate) fn built_in_parts(
        &self,
        template: TemplateName,
        language: &'static str,
    ) -> Result<&TemplateParts, RenderError> {
        Ok(&self.text_of(template, language)?.0)
    }

    /// Values to show a template with.
    pub(crate) fn samples(&self, template: TemplateName) -> Variables {
        samples::of(template, &self.link_hosts)
    }

    /// The hosts that links may lead to.
    pub(crate) fn link_hosts(&self) -> &LinkHosts {
        &self.link_hosts
    }

    /// The built-in language nearest to a reader.
    fn language(&self, locale: Option<&Locale>) -> &'static str {
        locale.and_then(language_of).unwrap_or(self.default_language)
    }

    fn text_of(
        &self,
        template: TemplateName,
        language: &'static str,
    ) -> Result<&(TemplateParts, CompiledText), RenderError> {
        let missing = RenderError::TemplateMissing(language, template.as_str());
        self.built_in.get(language).and_then(|built_in| built_in.texts.get(&template)).ok_or(missing)
    }

    fn words(&self, language: &'static str) -> &Words {
        &self.built_in[language].words
    }
}

impl BuiltIn {
    fn read(files: &LocaleFiles) -> Result<Self, RenderError> {
        let mut texts = BTreeMap::new();
        for &template in TemplateName::ALL {
            let missing = RenderError::TemplateMissing(files.tag, template.as_str());
            let parts = files.parts(template).ok_or(missing)?;
            let compiled = CompiledText::compile(&parts, files.tag)
                .map_err(|error| RenderError::Template(template.as_str(), error))?;
            texts.insert(template, (parts, compiled));
        }
        Ok(Self { words: read_words(files)?, texts })
    }
}

fn read_words(files: &LocaleFiles) -> Result<Words, RenderError> {
    let words = Words::parse(files.words).map_err(|error| RenderError::Words(files.tag, error))?;
    match words.missing() {
        Some(word) => Err(RenderError::WordMissing(files.tag, word)),
        None => Ok(words),
    }
}

/// The built-in language nearest to a locale (RFC 4647, lookup).
fn language_of(locale: &Locale) -> Option<&'static str> {
    locale.fallbacks().find_map(built_in_tag)
}

/// The built-in language of exactly this tag.
fn built_in_tag(tag: &str) -> Option<&'static str> {
    LOCALES.iter().map(|files| files.tag).find(|language| *language == tag)
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
mod golden;

#[cfg(test)]
mod public_faults;

#[cfg(test)]
mod tests;
