//! Languages as BCP 47 tags, and what to fall back to.
//!
//! Only the shape is checked, and case is folded to the usual one, since tags compare without
//! case. Whether anybody has texts in that language is for whoever renders them.

use std::fmt;

/// RFC 5646, 4.4.1: 35 characters hold every tag that a registry can produce without extensions.
const CHARACTERS: usize = 35;

/// The text is no language tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a BCP 47 language tag")]
pub struct InvalidLocale;

/// A language tag such as `de-AT` or `zh-Hant-TW`, in its usual case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locale(String);

impl Locale {
    /// Reads a tag of at most 35 characters; the underscore of POSIX is not a hyphen.
    pub fn parse(text: &str) -> Result<Self, InvalidLocale> {
        if text.len() > CHARACTERS {
            return Err(InvalidLocale);
        }
        let mut tag = String::with_capacity(text.len());
        for (place, subtag) in text.split('-').enumerate() {
            if !(1..=8).contains(&subtag.len()) || !subtag.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(InvalidLocale);
            }
            if place == 0 {
                if subtag.len() < 2 || !subtag.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                    return Err(InvalidLocale);
                }
                tag.push_str(&subtag.to_ascii_lowercase());
            } else {
                push_folded(&mut tag, subtag);
            }
        }
        // A singleton announces what follows it (RFC 5646, 2.2.6), so it cannot be last.
        match tag.rsplit('-').next() {
            Some(last) if last.len() == 1 => Err(InvalidLocale),
            _ => Ok(Self(tag)),
        }
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag and its ever shorter prefixes, best first: the lookup of RFC 4647, 3.4.
    pub fn fallbacks(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.0.as_str()), |tag| {
            let shorter = tag.rsplit_once('-')?.0;
            match shorter.rsplit_once('-') {
                Some((rest, singleton)) if singleton.len() == 1 => Some(rest),
                _ => Some(shorter),
            }
        })
    }
}

/// Regions in capitals and scripts in title case (RFC 5646, 2.1.1), except behind a singleton.
fn push_folded(tag: &mut String, subtag: &str) {
    let behind_singleton = tag.split('-').any(|earlier| earlier.len() == 1);
    let folded = subtag.to_ascii_lowercase();
    tag.push('-');
    match folded.len() {
        2 if !behind_singleton => tag.push_str(&folded.to_ascii_uppercase()),
        4 if !behind_singleton => {
            tag.push_str(&folded[..1].to_ascii_uppercase());
            tag.push_str(&folded[1..]);
        }
        _ => tag.push_str(&folded),
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_folded_to_the_usual_one() {
        let tags = ["DE-at", "zh-hant-tw", "es-419", "en-a-BB-CCCC"]
            .map(|text| Locale::parse(text).unwrap().to_string());

        assert_eq!(tags, ["de-AT", "zh-Hant-TW", "es-419", "en-a-bb-cccc"]);
    }

    #[test]
    fn fallbacks_grow_shorter_and_never_end_in_a_singleton() {
        let of = |text| Locale::parse(text).unwrap().fallbacks().map(str::to_owned).collect::<Vec<_>>();

        assert_eq!(of("de-AT"), ["de-AT", "de"]);
        assert_eq!(of("zh-Hant-CN-x-private1"), ["zh-Hant-CN-x-private1", "zh-Hant-CN", "zh-Hant", "zh"]);
        assert_eq!(of("ja"), ["ja"]);
    }

    #[test]
    fn what_has_not_the_shape_is_refused() {
        let long = format!("en{}", "-abcdefgh".repeat(4));

        for wrong in ["", "d", "de_AT", "de-", "-de", "de--AT", "d3-AT", "de-ÄT", "abcdefghi", "en-x", &long]
        {
            assert_eq!(Locale::parse(wrong), Err(InvalidLocale), "{wrong}");
        }
    }
}
