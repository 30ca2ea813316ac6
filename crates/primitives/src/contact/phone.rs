//! Phone numbers in the one form of ITU-T E.164: a plus sign, the country code, the number.
//!
//! National forms are turned into this one where they are typed, by whoever knows the country; guessing it here would
//! send codes to strangers. What a numbering plan writes into an international number without dialling it (`+44 (0)20`)
//! and what separates digits is dropped, by the metadata of Google's libphonenumber: one phone, one form, one budget.

use std::fmt;

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumberFormat, ValidationError};

use super::InvalidAddress;
use crate::text::is_blank;

/// Digits of a number with its country code: the shortest that a plan knows (Niue), and ITU-T E.164's most.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// How often a number is read for its form to come to rest.
const READINGS: usize = 4;

/// The country code that ITU-T keeps unassigned (E.164, annexed list). Decoys go there: no network carries them.
const NOBODYS_CODE: &str = "+999";

/// A number that can be dialled from anywhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads `+`, a country code and a number of a length that its plan knows. Blanks, dots, hyphens, slashes and
    /// parentheses between the digits are dropped.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let typed = text.trim_matches(is_blank).strip_prefix('+').ok_or(InvalidAddress::Malformed)?;
        let dialled: String = typed.chars().filter(|c| !is_separator(*c)).collect();
        if dialled.starts_with('0') || !dialled.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidAddress::Malformed);
        }
        let written = format!("+{dialled}");
        let number = if written.starts_with(NOBODYS_CODE) { written } else { canonical(&written)? };
        match number.len() - 1 {
            length if DIGITS.contains(&length) => Ok(Self(number)),
            length if length > *DIGITS.end() => Err(InvalidAddress::TooLong),
            _ => Err(InvalidAddress::Malformed),
        }
    }

    /// Takes a number that was stored, as it is.
    pub fn from_stored(number: String) -> Self {
        Self(number)
    }

    /// The number with its plus sign.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country in whose plan the number is, as ISO 3166 names it: `JM` and `US` are two, though both are dialled with
    /// `+1`. Where no country has it (satellite phones, numbers that nobody assigned), the country code without the plus.
    pub fn country(&self) -> String {
        let Ok(number) = PHONE_NUMBER_UTIL.parse(&self.0, None) else {
            return self.0.chars().skip(1).take(3).collect();
        };
        let region = number.get_region_code().map(|region| region.to_string());
        region.filter(|region| is_iso_3166(region)).unwrap_or_else(|| number.country_code.to_string())
    }

    /// The country code and as many digits behind it, without the plus: what numbers of one range begin with.
    pub fn prefix(&self, digits: usize) -> String {
        let code = PHONE_NUMBER_UTIL.parse(&self.0, None).map(|number| number.country_code.to_string().len());
        self.0.chars().skip(1).take(code.unwrap_or(NOBODYS_CODE.len() - 1) + digits).collect()
    }

    /// Whether some number has this country: an ISO 3166 code, or a country code that belongs to no country.
    pub fn is_country(country: &str) -> bool {
        if is_iso_3166(country) {
            return PHONE_NUMBER_UTIL.get_supported_regions().any(|region| region.to_string() == country);
        }
        PHONE_NUMBER_UTIL.get_supported_global_network_calling_codes().any(|code| code.to_string() == country)
    }

    /// Whether no network carries it: the number of a decoy.
    pub fn is_nobodys(&self) -> bool {
        self.0.starts_with(NOBODYS_CODE)
    }

    /// A fixed number of bullets and the last two digits: `•••••••••42`.
    pub fn masked(&self) -> String {
        let mut last: Vec<char> = self.0.chars().rev().take(2).collect();
        last.resize(2, '•');
        format!("•••••••••{}{}", last[1], last[0])
    }
}

fn is_separator(c: char) -> bool {
    is_blank(c) || matches!(c, '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}')
}

/// The shape of a country's code; the library writes `001` for the world.
fn is_iso_3166(region: &str) -> bool {
    region.len() == 2 && region.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// One trunk prefix can stand behind another, so it is read until nothing changes.
fn canonical(written: &str) -> Result<String, InvalidAddress> {
    let mut text = written.to_owned();
    for _ in 0..READINGS {
        let number = PHONE_NUMBER_UTIL.parse(&text, None).map_err(|_| InvalidAddress::Malformed)?;
        let read = number.format_as(PhoneNumberFormat::E164).into_owned();
        if read == text {
            return match number.is_possible_with_reason() {
                Ok(NumberLengthType::IsPossible) => Ok(read),
                Err(ValidationError::TooLong) => Err(InvalidAddress::TooLong),
                _ => Err(InvalidAddress::Malformed),
            };
        }
        text = read;
    }
    Err(InvalidAddress::Malformed)
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, InvalidAddress> {
        PhoneNumber::parse(text).map(|number| number.as_str().to_owned())
    }

    #[test]
    fn spellings_of_one_number_are_one() {
        for spelling in [
            "+442071838750",
            "+4402071838750",
            "+44 (0)20 7183 8750",
            "\u{202a}+44\u{a0}20-7183.8750\u{202c}",
            " +44/20/7183‐8750",
        ] {
            assert_eq!(parse(spelling), Ok("+442071838750".to_owned()), "{spelling}");
        }
    }

    #[test]
    fn a_zero_that_belongs_to_the_number_stays() {
        assert_eq!(parse("+39 06 6982"), Ok("+39066982".to_owned()));
        assert_eq!(parse("+225 07 01 23 45 67"), Ok("+2250701234567".to_owned()));
    }

    #[test]
    fn only_the_international_form_is_read() {
        for wrong in [
            "",
            "+",
            "+4",
            "4915112345678",
            "+0151123",
            "+49 151x123",
            "+٤٩١٥١١٢٣٤٥٦٧٨",
            "00491511",
            "++4915112345678",
            "+4915112345678 ext. 1",
            "+12",
            "+1234567",
            "+290123",
            "+2111234567890123",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}: {:?}", parse(wrong));
        }
        assert_eq!(parse("+12345678901234567"), Err(InvalidAddress::TooLong));
        assert_eq!(parse("+2904567").map(|number| number.len()), Ok(8));
    }

    #[test]
    fn a_number_belongs_to_the_country_of_its_plan() {
        let country = |text| PhoneNumber::parse(text).unwrap().country();

        let countries = [
            "+12125550100",
            "+18765551234",
            "+16135550100",
            "+79161234567",
            "+77011234567",
            "+4915112345678",
            "+442071838750",
            "+441534456789",
            "+351912345678",
            "+80012345678",
            "+999123456789",
        ]
        .map(country);

        assert_eq!(countries, ["US", "JM", "CA", "RU", "KZ", "DE", "GB", "JE", "PT", "800", "999"]);
        assert_eq!(country("+19995550100"), "1");
    }

    #[test]
    fn a_prefix_is_the_country_code_and_some_digits() {
        let prefix = |text, digits| PhoneNumber::parse(text).unwrap().prefix(digits);

        assert_eq!(prefix("+4915112345678", 4), "491511");
        assert_eq!(prefix("+12125550100", 3), "1212");
        assert_eq!(prefix("+351912345678", 4), "3519123");
        assert_eq!(prefix("+999123456789", 4), "9991234");
        assert_eq!(prefix("+12125550100", 20), "12125550100");
    }

    #[test]
    fn countries_are_those_of_iso_3166_and_codes_of_none() {
        let known = ["DE", "US", "JM", "881"].map(PhoneNumber::is_country);
        let unknown = ["49", "1", "de", "XX", "", "001", "ZZ"].map(PhoneNumber::is_country);

        assert_eq!((known, unknown), ([true; 4], [false; 7]));
    }

    #[test]
    fn every_number_is_read_back_as_itself() {
        let mut read = 0;

        for code in 1..=999_u32 {
            for head in ["0", "00", "06", "1", "35", "8", "87", "9"] {
                for length in [5, 7, 8, 9] {
                    let tail = "2345678901234".get(..length).unwrap();
                    let written = format!("+{code}{head}{tail}");
                    if let Ok(number) = parse(&written) {
                        read += 1;
                        assert_eq!(parse(&number), Ok(number.clone()), "{written}");
                    }
                }
            }
        }

        assert!(read > 3_000, "{read}");
    }

    #[test]
    fn what_was_stored_is_not_judged_again() {
        for odd in ["+12", "+4402071838750", "", "1", "nonsense"] {
            let stored = PhoneNumber::from_stored(odd.to_owned());

            assert_eq!((stored.as_str(), stored.masked().chars().count()), (odd, 11), "{odd}");
            let _ = stored.country();
        }
    }

    #[test]
    fn a_mask_has_the_same_length_whatever_the_number() {
        let masks = ["+4915112345642", "+2904512"].map(|text| PhoneNumber::parse(text).unwrap().masked());

        assert_eq!(masks, ["•••••••••42", "•••••••••12"]);
    }
}
