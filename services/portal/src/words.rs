//! What the portal says, in each of its languages: an area of pages has its texts in `words/AREA/LANGUAGE.toml`, all with the same
//! keys.
//!
//! A text is a field, so that one that is missing or misspelt does not read or does not build. In braces stands what is filled in.

mod account;
mod accounts;
mod administration;
mod audit;
mod bulk;
mod diagnosis;
mod general;
mod groups;
mod locale;
mod messages;
mod policy;
mod reasons;
mod requests;
mod signing_in;
mod templates;

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::de::Error as _;

pub(crate) use self::account::AccountWords;
pub(crate) use self::accounts::AccountsWords;
pub(crate) use self::administration::AdministrationWords;
pub(crate) use self::audit::AuditWords;
pub(crate) use self::bulk::BulkWords;
pub(crate) use self::diagnosis::DiagnosisWords;
pub(crate) use self::general::Words;
pub(crate) use self::locale::UiLocale;
pub(crate) use self::messages::MessageWords;
pub(crate) use self::policy::PolicyWords;
pub(crate) use self::requests::RequestWords;
pub(crate) use self::signing_in::SigningInWords;
pub(crate) use self::templates::TemplateWords;

/// The texts of an area: a struct with a field a key. The fields are filled one by one, since what serde derives for two hundred of
/// them is one function over which an optimising compiler sits for minutes.
macro_rules! words {
    ($name:ident: $($key:ident)+) => {
        /// The texts of the area in one language.
        #[derive(Debug)]
        pub(crate) struct $name {
            $(pub(crate) $key: String,)+
        }

        impl $name {
            pub(super) fn read(source: &str) -> Result<Self, toml::de::Error> {
                let mut source = crate::words::Source::read(source)?;
                let words = Self { $($key: source.take(stringify!($key))?,)+ };
                source.finish()?;
                Ok(words)
            }

            /// Each text with its name, as templates know it.
            pub(crate) fn entries(&self) -> Vec<(&'static str, &str)> {
                vec![$((stringify!($key), self.$key.as_str()),)+]
            }
        }
    };
}
use words;

macro_rules! areas {
    ($($area:ident: $words:ident),+ $(,)?) => {
        /// The texts of one language, by area.
        #[derive(Debug)]
        pub(crate) struct Texts {
            $(pub(crate) $area: $area::$words,)+
        }

        impl Texts {
            fn load(locale: UiLocale) -> Result<Self, toml::de::Error> {
                Ok(Self { $($area: $area::$words::read(match locale {
                    UiLocale::En => include_str!(concat!("words/", stringify!($area), "/en.toml")),
                    UiLocale::De => include_str!(concat!("words/", stringify!($area), "/de.toml")),
                    UiLocale::Fr => include_str!(concat!("words/", stringify!($area), "/fr.toml")),
                    UiLocale::Es => include_str!(concat!("words/", stringify!($area), "/es.toml")),
                    UiLocale::Ja => include_str!(concat!("words/", stringify!($area), "/ja.toml")),
                    UiLocale::Ar => include_str!(concat!("words/", stringify!($area), "/ar.toml")),
                })?,)+ })
            }

            /// Each area with its texts, as templates know them.
            pub(crate) fn entries(&self) -> Vec<(&'static str, Vec<(&'static str, &str)>)> {
                vec![$((stringify!($area), self.$area.entries()),)+]
            }
        }
    };
}

areas! {
    general: Words,
    reasons: ReasonWords,
    administration: AdministrationWords,
    account: AccountWords,
    signing_in: SigningInWords,
    accounts: AccountsWords,
    diagnosis: DiagnosisWords,
    requests: RequestWords,
    bulk: BulkWords,
    groups: GroupWords,
    audit: AuditWords,
    messages: MessageWords,
    policy: PolicyWords,
    templates: TemplateWords,
}

/// The texts of a file that no field has taken yet.
struct Source(BTreeMap<String, String>);

impl Source {
    fn read(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text).map(Self)
    }

    #[inline(never)]
    fn take(&mut self, key: &'static str) -> Result<String, toml::de::Error> {
        self.0.remove(key).ok_or_else(|| toml::de::Error::missing_field(key))
    }

    fn finish(self) -> Result<(), toml::de::Error> {
        match self.0.into_keys().next() {
            Some(key) => Err(toml::de::Error::custom(format!("no page has a text called {key}"))),
            None => Ok(()),
        }
    }
}

/// All languages.
pub(crate) struct Catalogue(Vec<Texts>);

impl Catalogue {
    /// Reads the texts that are built in.
    ///
    /// # Errors
    /// A language lacks a text, or has one that nobody knows.
    pub(crate) fn load() -> Result<Self, toml::de::Error> {
        Ok(Self(UiLocale::ALL.into_iter().map(Texts::load).collect::<Result<_, _>>()?))
    }

    pub(crate) fn of(&self, locale: UiLocale) -> &Texts {
        &self.0[locale as usize]
    }
}

/// The text with something filled in.
pub(crate) fn interpolate(text: &str, name: &str, value: impl Display) -> String {
    text.replace(&format!("{{{name}}}"), &value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in braces, in its order.
    fn blanks(text: &str) -> Vec<&str> {
        let mut blanks: Vec<&str> =
            text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        blanks.sort_unstable();
        blanks
    }

    /// Every text of a language, under its area and key.
    fn all(catalogue: &Catalogue, locale: UiLocale) -> Vec<(String, &str)> {
        let areas = catalogue.of(locale).entries().into_iter();
        areas
            .flat_map(|(area, texts)| {
                texts.into_iter().map(move |(key, text)| (format!("{area}.{key}"), text))
            })
            .collect()
    }

    #[test]
    fn every_language_has_every_text_with_the_same_blanks() {
        let catalogue = Catalogue::load().unwrap();
        let english = all(&catalogue, UiLocale::En);

        for locale in UiLocale::ALL {
            for ((key, text), (_, model)) in all(&catalogue, locale).into_iter().zip(&english) {
                assert!(!text.trim().is_empty(), "{locale:?} {key}");
                assert_eq!(blanks(text), blanks(model), "{locale:?} {key}");
            }
        }
    }

    #[test]
    fn a_text_that_lacks_or_that_nobody_knows_is_named() {
        let source = "title = 'A'\nfoot = 'B'";
        let mut taken = Source::read(source).unwrap();

        let lacks = taken.take("lead").unwrap_err().to_string();
        let title = taken.take("title").unwrap();
        let unknown = taken.finish().unwrap_err().to_string();

        assert_eq!(title, "A");
        assert!(lacks.contains("lead") && unknown.contains("foot"), "{lacks} {unknown}");
    }

    #[test]
    fn no_text_is_left_in_english() {
        let catalogue = Catalogue::load().unwrap();
        let english = all(&catalogue, UiLocale::En);

        for locale in UiLocale::ALL.into_iter().filter(|locale| *locale != UiLocale::En) {
            let own = all(&catalogue, locale);
            let same = own.iter().zip(&english).filter(|(own, model)| own == model);
            let same: Vec<&str> = same.map(|((key, _), _)| key.as_str()).collect();
            // Some words are the same in two languages, such as "Status".
            assert!(same.len() * 20 <= own.len(), "{locale:?} {same:?}");
        }
    }

    #[test]
    fn the_words_that_administrators_hand_out_are_the_pages_words() {
        let catalogue = Catalogue::load().unwrap();
        let (english, signing_in) =
            (&catalogue.of(UiLocale::En).general, &catalogue.of(UiLocale::En).signing_in);

        assert_eq!(signing_in.options_title, "Sign-in options");
        assert_eq!(english.start_title, "Can't access your account?");
        assert_eq!(english.start_forgot, "I forgot my password");
        assert_eq!(english.get_code, "Get a verification code");
        assert_eq!(english.help_link, "Contact an administrator");
    }

    #[test]
    fn a_blank_is_filled_in() {
        assert_eq!(interpolate("in {seconds} s", "seconds", 30), "in 30 s");
    }
}
