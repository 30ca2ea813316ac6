//! What a text message takes up: its alphabet and its segments (3GPP TS 23.038 and 23.040).
//!
//! A message is written in septets of the GSM 7-bit default alphabet if every character is in it or in its extension table,
//! and in UCS-2 otherwise. One segment holds 160 septets or 70 code units; of several, each gives seven septets or three
//! code units to the header that joins them. What takes two units is never cut in two. The national tables are left alone:
//! gateways do not use them unless told.

/// The basic table (TS 23.038, 6.2.1), by code. The escape at 0x1b is no character.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The extension table (6.2.1.1): each of these is written as an escape and one more septet.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// The alphabet of a text message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SmsEncoding {
    Gsm7,
    Ucs2,
}

impl SmsEncoding {
    /// The units of a message of one segment, and of each of several.
    const fn capacity(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }

    /// The name that the trade uses.
    #[cfg(test)]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        }
    }
}

/// What a text message takes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SmsSize {
    pub(crate) encoding: SmsEncoding,
    /// Septets or code units.
    pub(crate) units: usize,
    pub(crate) segments: usize,
    /// Units left in the last segment.
    pub(crate) units_left: usize,
}

impl SmsSize {
    /// What this text takes up; an empty one is a segment all the same.
    pub(crate) fn of(text: &str) -> Self {
        let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
        match septets {
            Some(costs) => Self::packed(SmsEncoding::Gsm7, &costs),
            None => {
                let costs: Vec<usize> = text.chars().map(char::len_utf16).collect();
                Self::packed(SmsEncoding::Ucs2, &costs)
            }
        }
    }

    fn packed(encoding: SmsEncoding, costs: &[usize]) -> Self {
        let (alone, joined) = encoding.capacity();
        let units = costs.iter().sum();
        if units <= alone {
            return Self { encoding, units, segments: 1, units_left: alone - units };
        }
        let (mut segments, mut filled) = (1, 0);
        for cost in costs {
            if filled + cost > joined {
                segments += 1;
                filled = 0;
            }
            filled += cost;
        }
        Self { encoding, units, segments, units_left: joined - filled }
    }
}

/// How many septets a character takes; none if neither table has it.
fn septets(c: char) -> Option<usize> {
    if BASIC.contains(c) {
        Some(1)
    } else if EXTENSION.contains(c) {
        Some(2)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(text: &str) -> (SmsEncoding, usize, usize, usize) {
        let SmsSize { encoding, units, segments, units_left } = SmsSize::of(text);
        (encoding, units, segments, units_left)
    }

    #[test]
    fn the_basic_table_has_its_128_places_less_the_escape() {
        let places: Vec<char> = BASIC.chars().collect();
        let at = |code: usize| places[if code > 0x1b { code - 1 } else { code }];

        assert_eq!(places.len(), 127);
        // Some places of TS 23.038, 6.2.1, row by row.
        for (code, c) in [
            (0x00, '@'),
            (0x02, '$'),
            (0x09, 'Ç'),
            (0x0a, '\n'),
            (0x0d, '\r'),
            (0x10, 'Δ'),
            (0x11, '_'),
            (0x1a, 'Ξ'),
            (0x1c, 'Æ'),
            (0x1f, 'É'),
            (0x20, ' '),
            (0x24, '¤'),
            (0x30, '0'),
            (0x40, '¡'),
            (0x41, 'A'),
            (0x5a, 'Z'),
            (0x5b, 'Ä'),
            (0x5f, '§'),
            (0x60, '¿'),
            (0x61, 'a'),
            (0x7a, 'z'),
            (0x7b, 'ä'),
            (0x7f, 'à'),
        ] {
            assert_eq!(at(code), c, "{code:#x}");
        }
    }

    #[test]
    fn one_segment_holds_160_septets_and_each_of_several_153() {
        assert_eq!(size(""), (SmsEncoding::Gsm7, 0, 1, 160));
        assert_eq!(size(&"a".repeat(160)), (SmsEncoding::Gsm7, 160, 1, 0));
        assert_eq!(size(&"a".repeat(161)), (SmsEncoding::Gsm7, 161, 2, 145));
        assert_eq!(size(&"a".repeat(306)), (SmsEncoding::Gsm7, 306, 2, 0));
        assert_eq!(size(&"a".repeat(307)), (SmsEncoding::Gsm7, 307, 3, 152));
    }

    #[test]
    fn what_the_extension_table_has_takes_two_septets_and_is_never_cut() {
        assert_eq!(size(&"€".repeat(80)), (SmsEncoding::Gsm7, 160, 1, 0));
        assert_eq!(size("{[~^\\|]}\u{c}"), (SmsEncoding::Gsm7, 18, 1, 142));
        // The 153rd septet of the first segment stays empty.
        let straddling = format!("{}€{}", "a".repeat(152), "a".repeat(10));
        assert_eq!(size(&straddling), (SmsEncoding::Gsm7, 164, 2, 141));
    }

    #[test]
    fn one_character_beyond_both_tables_makes_the_whole_text_ucs_2() {
        assert_eq!(size("ê"), (SmsEncoding::Ucs2, 1, 1, 69));
        assert_eq!(size(&"я".repeat(70)), (SmsEncoding::Ucs2, 70, 1, 0));
        assert_eq!(size(&"я".repeat(71)), (SmsEncoding::Ucs2, 71, 2, 63));
        assert_eq!(size(&"я".repeat(134)), (SmsEncoding::Ucs2, 134, 2, 0));
        assert_eq!(size(&"я".repeat(135)), (SmsEncoding::Ucs2, 135, 3, 66));
    }

    #[test]
    fn a_pair_of_surrogates_is_never_cut() {
        assert_eq!(size("😀"), (SmsEncoding::Ucs2, 2, 1, 68));
        let straddling = format!("{}😀{}", "я".repeat(66), "я".repeat(10));
        assert_eq!(size(&straddling), (SmsEncoding::Ucs2, 78, 2, 55));
    }
}
