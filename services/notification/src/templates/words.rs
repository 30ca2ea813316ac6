//! The words of a locale, and how variables read with them.
//!
//! Identity does not know in which language a notice will be read, so it sends words and not sentences: what happened
//! to a method, of which kind it is, from which program. Anything else in these variables is data (a masked address, a
//! network, the name of a browser) and stands as it was sent.

use std::borrow::Cow;
use std::collections::HashMap;

use rekey_primitives::method::{MethodChange, MethodKind};
use serde::Deserialize;

/// The direction in which a language is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Direction {
    #[serde(rename = "ltr")]
    LeftToRight,
    #[serde(rename = "rtl")]
    RightToLeft,
}

impl Direction {
    /// The value of HTML's `dir`.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// A `words.toml`: ours on the left, the reader's on the right.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub(super) direction: Direction,
    pub(super) change: HashMap<String, String>,
    pub(super) method: HashMap<String, String>,
    pub(super) program: HashMap<String, String>,
}

/// A program that has no name of its own.
const PROGRAMS: [&str; 2] = ["unknown", "other"];

impl Words {
    /// Reads a `words.toml`.
    pub(super) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// A word that is missing, as `table.word`.
    pub(super) fn missing(&self) -> Option<String> {
        let changes = MethodChange::ALL.iter().map(|change| ("change", &self.change, change.as_str()));
        let kinds = MethodKind::ALL.iter().map(|kind| ("method", &self.method, kind.as_str()));
        let programs = PROGRAMS.iter().map(|program| ("program", &self.program, *program));
        changes
            .chain(kinds)
            .chain(programs)
            .find(|(_, words, word)| !words.contains_key(*word))
            .map(|(table, _, word)| format!("{table}.{word}"))
    }

    /// A variable as it reads in this language.
    pub(super) fn translate<'a>(&'a self, variable: &str, value: &'a str) -> Cow<'a, str> {
        match variable {
            "change" => self.change.get(value).map_or(value.into(), |word| word.as_str().into()),
            // The kind, and behind it the masked address, if it has one.
            "method" => {
                let (kind, rest) = value.split_once(' ').unwrap_or((value, ""));
                match self.method.get(kind) {
                    Some(word) if rest.is_empty() => word.as_str().into(),
                    Some(word) => format!("{word} {rest}").into(),
                    None => value.into(),
                }
            }
            // The network, if it is known, and behind it the program.
            "place" => {
                let program = value.rsplit(", ").next().unwrap_or(value);
                match self.program.get(program) {
                    Some(word) => format!("{}{word}", &value[..value.len() - program.len()]).into(),
                    None => value.into(),
                }
            }
            _ => value.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::locales::LOCALES;

    fn words(tag: &str) -> Words {
        let files = LOCALES.iter().find(|files| files.tag == tag).unwrap();
        Words::parse(files.words).unwrap()
    }

    #[test]
    fn every_word_is_said_in_every_language_and_none_is_left_in_english() {
        let english = words("en");
        for files in LOCALES {
            let own = words(files.tag);

            assert_eq!(own.missing(), None, "{}", files.tag);
            let tables = [
                (&own.change, &english.change),
                (&own.method, &english.method),
                (&own.program, &english.program),
            ];
            for (own, english) in tables {
                assert_eq!(own.len(), english.len(), "{}", files.tag);
                for (word, text) in own {
                    assert!(!text.is_empty(), "{word} in {}", files.tag);
                    // French writes e-mail as English does.
                    let is_english = *text == english[word] && text != "e-mail";
                    assert!(files.tag == "en" || !is_english, "{word} in {}", files.tag);
                    assert!(
                        !["ja", "ar"].contains(&files.tag) || !text.is_ascii(),
                        "{word} in {}",
                        files.tag
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_no_word_of_ours_stands_as_it_was_sent() {
        let translate = |variable, value, tag| words(tag).translate(variable, value).into_owned();

        assert_eq!(translate("method", "email a***@mail.example", "de"), "E-Mail a***@mail.example");
        assert_eq!(translate("method", "recovery_code", "fr"), "codes de récupération");
        assert_eq!(translate("place", "192.0.2.0/24, Firefox", "ja"), "192.0.2.0/24, Firefox");
        assert_eq!(translate("place", "192.0.2.0/24, other", "es"), "192.0.2.0/24, otro programa");
        assert_eq!(translate("place", "unknown", "de"), "einem unbekannten Programm");
        assert_eq!(translate("change", "painted blue", "ar"), "painted blue");
        assert_eq!(translate("name", "removed", "de"), "removed");
    }

    #[test]
    fn a_word_that_is_missing_is_named() {
        let mut words = words("en");
        words.method.remove("phone");

        assert_eq!(words.missing().as_deref(), Some("method.phone"));
    }
}
