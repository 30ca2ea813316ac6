//! Which texts are looked for to write to a reader.
//!
//! A reader's language comes before the tenant's words: a text that cannot be read is worse than one that is worded
//! otherwise. So for each tag, from the reader's whole locale to its language (RFC 4647, lookup), the tenant's text is looked
//! for and then the built-in one; only then comes the default locale, in the same way. Nothing behind a built-in text is ever
//! reached, since that is always there.

use rekey_primitives::locale::Locale;

use super::{Renderer, built_in_tag};

/// The texts that are looked for, in their order: the tenant's of these tags, and then the built-in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The tags of a tenant's texts, nearest first.
    pub(crate) tags: Vec<String>,
    /// The language of the built-in text, which is that of the last tag.
    pub(crate) built_in: &'static str,
}

impl Renderer {
    /// What is looked for to write to a reader of that locale, if it is known.
    pub(crate) fn chain(&self, locale: Option<&Locale>) -> Chain {
        let mut tags = Vec::new();
        for tag in locale.into_iter().chain([&self.default_locale]).flat_map(Locale::fallbacks) {
            if !tags.iter().any(|earlier| earlier == tag) {
                tags.push(tag.to_owned());
            }
            if let Some(built_in) = built_in_tag(tag) {
                return Chain { tags, built_in };
            }
        }
        // A renderer has no default locale without texts.
        Chain { tags, built_in: self.default_language }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(default: &str, reader: Option<&str>) -> (Vec<String>, &'static str) {
        let reader = reader.map(|tag| Locale::parse(tag).unwrap());
        let Chain { tags, built_in } = Renderer::new(default, None).unwrap().chain(reader.as_ref());
        (tags, built_in)
    }

    fn tags(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|tag| (*tag).to_owned()).collect()
    }

    #[test]
    fn a_readers_language_comes_before_the_tenants_words() {
        assert_eq!(chain("en", Some("de-AT")), (tags(&["de-AT", "de"]), "de"));
        assert_eq!(chain("en", Some("de")), (tags(&["de"]), "de"));
        assert_eq!(chain("en", Some("zh-Hant-TW")), (tags(&["zh-Hant-TW", "zh-Hant", "zh", "en"]), "en"));
    }

    #[test]
    fn a_reader_whose_language_is_not_known_is_written_to_in_the_default_locale() {
        assert_eq!(chain("de-CH", None), (tags(&["de-CH", "de"]), "de"));
        assert_eq!(chain("de-CH", Some("pt")), (tags(&["pt", "de-CH", "de"]), "de"));
        assert_eq!(chain("en", Some("en-GB")), (tags(&["en-GB", "en"]), "en"));
    }
}
