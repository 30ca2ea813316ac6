//! The plural of a number, by CLDR's rules for the language (UTS 35, part 3): `{{ minutes|plural(one="# minute", other="# minutes") }}`.
//!
//! The rules are ICU4X's, as all of Unicode here. They are looked up where they are needed: that is a search in a table that
//! is built in, and what it gives cannot go from thread to thread.

use icu_locale_core::LanguageIdentifier;
use icu_plurals::{PluralCategory, PluralRules, PluralRulesPreferences};
use minijinja::Error;
use minijinja::value::Kwargs;
use rekey_primitives::locale::Locale;

use super::source::CATEGORIES;

/// The plural rules of a language.
#[derive(Debug, Clone)]
pub(super) struct Plurals(LanguageIdentifier);

impl Plurals {
    /// Those of the tag, or of the longest part of it that names a language; a language without rules has one form.
    pub(super) fn of(tag: &str) -> Self {
        let locale = Locale::parse(tag).ok();
        let mut tags = locale.iter().flat_map(Locale::fallbacks);
        let language = tags.find_map(|tag| LanguageIdentifier::try_from_str(tag).ok());
        Self(language.unwrap_or(LanguageIdentifier::UNKNOWN))
    }

    /// The form for a number, with the number in the place of `#`. What is no number has the form of `other`.
    pub(super) fn form(&self, number: &str, forms: &Kwargs) -> Result<String, Error> {
        let category = number.parse().map_or("other", |number| self.category(number));
        let mut chosen: &str = forms.get("other")?;
        for name in CATEGORIES {
            let form: Option<&str> = forms.get(name)?;
            if name == category {
                chosen = form.unwrap_or(chosen);
            }
        }
        forms.assert_all_used()?;
        Ok(chosen.replace('#', number))
    }

    fn category(&self, number: u64) -> &'static str {
        let Ok(rules) = PluralRules::try_new_cardinal(PluralRulesPreferences::from(&self.0)) else {
            return "other";
        };
        match rules.category_for(number) {
            PluralCategory::Zero => "zero",
            PluralCategory::One => "one",
            PluralCategory::Two => "two",
            PluralCategory::Few => "few",
            PluralCategory::Many => "many",
            PluralCategory::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn categories(tag: &str, numbers: &[u64]) -> Vec<&'static str> {
        numbers.iter().map(|number| Plurals::of(tag).category(*number)).collect()
    }

    #[test]
    fn a_language_has_the_forms_that_cldr_gives_it() {
        assert_eq!(categories("en", &[0, 1, 2, 21]), ["other", "one", "other", "other"]);
        assert_eq!(categories("de-AT", &[1, 5]), ["one", "other"]);
        assert_eq!(categories("fr", &[0, 1, 2]), ["one", "one", "other"]);
        assert_eq!(categories("es", &[1, 10]), ["one", "other"]);
        assert_eq!(categories("ja", &[1, 10]), ["other", "other"]);
        assert_eq!(
            categories("ar", &[0, 1, 2, 3, 10, 11, 99, 100, 102, 103]),
            ["zero", "one", "two", "few", "few", "many", "many", "other", "other", "few"]
        );
        assert_eq!(categories("pl", &[1, 3, 5]), ["one", "few", "many"]);
    }

    #[test]
    fn a_tag_with_private_subtags_has_the_rules_of_its_language() {
        assert_eq!(categories("en-GB-x-acme", &[1, 2]), ["one", "other"]);
        assert_eq!(categories("qqq", &[1, 2]), ["other", "other"]);
    }
}
