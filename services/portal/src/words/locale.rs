//! The languages of the portal, and which one a browser asks for.

use rekey_primitives::locale::Locale;

/// So many wishes of a browser are read; more are no wishes.
const MAX_LANGUAGE_RANGES: usize = 20;

/// A language that the portal speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UiLocale {
    En,
    De,
    Fr,
    Es,
    Ja,
    Ar,
}

impl UiLocale {
    /// Every one of them, in the order of the catalogue.
    pub(crate) const ALL: [Self; 6] = [Self::En, Self::De, Self::Fr, Self::Es, Self::Ja, Self::Ar];

    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
            Self::Ja => "ja",
            Self::Ar => "ar",
        }
    }

    /// Its name in itself.
    pub(crate) const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
            Self::Fr => "Français",
            Self::Es => "Español",
            Self::Ja => "日本語",
            Self::Ar => "العربية",
        }
    }

    /// As HTML has it.
    pub(crate) const fn direction(self) -> &'static str {
        match self {
            Self::Ar => "rtl",
            Self::En | Self::De | Self::Fr | Self::Es | Self::Ja => "ltr",
        }
    }

    /// An address or a number as it is filled into a text of this language. It runs from left to right in each; the end of a number would
    /// stand before its beginning in a text from the right (Unicode Annex 9, LRI and PDI).
    pub(crate) fn isolated(self, text: &str) -> String {
        if self.direction() == "rtl" { format!("\u{2066}{text}\u{2069}") } else { text.to_owned() }
    }

    pub(crate) fn parse(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| locale.tag() == tag)
    }

    /// The one that `Accept-Language` likes best (RFC 9110, 12.5.4), by the lookup of RFC 4647.
    pub(crate) fn negotiate(accepted: &str) -> Option<Self> {
        let mut ranges: Vec<(u16, Self)> =
            accepted.split(',').take(MAX_LANGUAGE_RANGES).filter_map(weighted_locale).collect();
        // Stable: of equal wishes the first one counts.
        ranges.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        ranges.first().map(|(_, locale)| *locale)
    }
}

/// A language that we speak and its weight in thousandths; none for what is not wanted at all.
fn weighted_locale(text: &str) -> Option<(u16, UiLocale)> {
    let (tag, parameters) = text.split_once(';').unwrap_or((text, "q=1"));
    let weight: f32 = parameters.trim().strip_prefix("q=")?.trim().parse().ok()?;
    if !(0.001..=1.0).contains(&weight) {
        return None;
    }
    let tag = Locale::parse(tag.trim()).ok()?;
    let locale = tag.fallbacks().find_map(UiLocale::parse)?;
    Some(((weight * 1_000.0) as u16, locale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_the_language_it_likes_best_of_ours() {
        let cases = [
            ("de-AT,de;q=0.9,en;q=0.8", Some(UiLocale::De)),
            ("nl,fr;q=0.4,es;q=0.7", Some(UiLocale::Es)),
            ("en;q=0,ja", Some(UiLocale::Ja)),
            ("AR-eg", Some(UiLocale::Ar)),
            ("fr,de", Some(UiLocale::Fr)),
            ("nl", None),
            ("*", None),
            ("", None),
            ("de;q=nan,es;q=2", None),
        ];

        for (accepted, expected) in cases {
            assert_eq!(UiLocale::negotiate(accepted), expected, "{accepted}");
        }
    }

    #[test]
    fn a_number_is_kept_from_left_to_right_in_a_text_from_the_right() {
        assert_eq!(UiLocale::Ar.isolated("+1•••42"), "\u{2066}+1•••42\u{2069}");
        assert_eq!(UiLocale::De.isolated("+1•••42"), "+1•••42");
    }

    #[test]
    fn the_catalogue_is_in_the_order_of_the_list() {
        for (place, locale) in UiLocale::ALL.into_iter().enumerate() {
            assert_eq!((locale as usize, UiLocale::parse(locale.tag())), (place, Some(locale)));
        }
    }
}
