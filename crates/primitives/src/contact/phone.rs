//! Phone numbers in the one form of ITU-T E.164: a plus sign, the country code, the number.
//!
//! National forms are turned into this one where they are typed, by whoever knows the country;
//! guessing it here would send codes to strangers.

use std::fmt;

use super::InvalidAddress;

/// The country codes of two digits (ITU-T E.164 annexed list). `1` and `7` have one digit, and
/// all others three.
const TWO_DIGIT_CODES: [&str; 44] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// A number that can be dialled from anywhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads `+` and 2 to 15 digits, the first not zero, and nothing between them.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let digits = text.strip_prefix('+').ok_or(InvalidAddress::Malformed)?;
        if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidAddress::Malformed);
        }
        match digits.len() {
            0..2 => Err(InvalidAddress::Malformed),
            2..=15 => Ok(Self(text.to_owned())),
            _ => Err(InvalidAddress::TooLong),
        }
    }

    /// The number with its plus sign.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ITU country code without the plus sign. Countries of one numbering plan share it:
    /// `1` is all of North America and much of the Caribbean.
    pub fn country_code(&self) -> &str {
        let digits = &self.0[1..];
        let length = match &digits[..1] {
            "1" | "7" => 1,
            _ if TWO_DIGIT_CODES.contains(&&digits[..2]) => 2,
            _ => 3,
        };
        &digits[..length.min(digits.len())]
    }

    /// A fixed number of bullets and the last two digits: `•••••••••42`.
    pub fn masked(&self) -> String {
        format!("•••••••••{}", &self.0[self.0.len() - 2..])
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_international_form_is_read() {
        assert_eq!(
            PhoneNumber::parse("+4915112345678").map(|n| n.as_str().to_owned()),
            Ok("+4915112345678".into())
        );
        for wrong in
            ["", "+", "+4", "4915112345678", "+0151123", "+49 151 123", "+49-151", "+٤٩١٥١", "00491511"]
        {
            assert_eq!(PhoneNumber::parse(wrong), Err(InvalidAddress::Malformed), "{wrong}");
        }
    }

    #[test]
    fn fifteen_digits_are_the_most() {
        assert!(PhoneNumber::parse("+123456789012345").is_ok());
        assert_eq!(PhoneNumber::parse("+1234567890123456"), Err(InvalidAddress::TooLong));
    }

    #[test]
    fn the_country_code_is_the_itu_prefix() {
        let codes =
            ["+12125550100", "+79161234567", "+4915112345678", "+989121234567", "+351912345678", "+99"]
                .map(|text| PhoneNumber::parse(text).unwrap().country_code().to_owned());

        assert_eq!(codes, ["1", "7", "49", "98", "351", "99"]);
    }

    #[test]
    fn a_mask_has_the_same_length_whatever_the_number() {
        let masks = ["+4915112345642", "+12"].map(|text| PhoneNumber::parse(text).unwrap().masked());

        assert_eq!(masks, ["•••••••••42", "•••••••••12"]);
    }
}
