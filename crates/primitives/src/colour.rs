//! Colours of pages, and how well one can be read on another.
//!
//! Contrast is that of WCAG 2.2: from 1, where both are the same, to 21, black and white. Text needs 4.5 (success criterion 1.4.3).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The text is no colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a colour such as #0b57a4")]
pub struct InvalidColour;

/// An sRGB colour without transparency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour([u8; 3]);

impl Colour {
    /// White.
    pub const WHITE: Self = Self([255; 3]);

    /// The colour of these channels: red, green, blue.
    #[must_use]
    pub const fn of(channels: [u8; 3]) -> Self {
        Self(channels)
    }

    /// Reads `#rrggbb`, in either case.
    ///
    /// # Errors
    /// It is written in another way.
    pub fn parse(text: &str) -> Result<Self, InvalidColour> {
        let digits = text.strip_prefix('#').ok_or(InvalidColour)?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidColour);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| InvalidColour)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }

    /// Red, green and blue.
    #[must_use]
    pub const fn channels(self) -> [u8; 3] {
        self.0
    }

    /// The contrast ratio of two colours, whichever of them is the text.
    #[must_use]
    pub fn contrast_with(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Relative luminance, from 0 of black to 1 of white.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl TryFrom<String> for Colour {
    type Error = InvalidColour;

    fn try_from(text: String) -> Result<Self, InvalidColour> {
        Self::parse(&text)
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_white(text: &str) -> f64 {
        Colour::parse(text).unwrap().contrast_with(Colour::WHITE)
    }

    #[test]
    fn a_colour_has_one_spelling() {
        assert_eq!(Colour::parse("#0B57a4").unwrap().to_string(), "#0b57a4");
        assert_eq!(Colour::parse("#0b57a4"), Ok(Colour::of([0x0b, 0x57, 0xa4])));

        for wrong in
            ["", "#", "0b57a4", "#0b57a", "#0b57a44", "#0b57ag", "#+b57a4", "#0b5 a4", "#äb57", "red"]
        {
            assert_eq!(Colour::parse(wrong), Err(InvalidColour), "{wrong}");
        }
    }

    /// The values that checkers of contrast show.
    #[test]
    fn contrast_is_that_of_wcag() {
        for (colour, expected) in
            [("#000000", 21.0), ("#ffffff", 1.0), ("#767676", 4.54), ("#777777", 4.48), ("#ff0000", 4.0)]
        {
            let contrast = on_white(colour);

            assert!((contrast - expected).abs() < 0.005, "{colour}: {contrast}");
        }
    }

    #[test]
    fn contrast_is_the_same_both_ways() {
        let (one, other) = (Colour::parse("#0b57a4").unwrap(), Colour::parse("#171d24").unwrap());

        assert!((one.contrast_with(other) - other.contrast_with(one)).abs() < 1e-9);
    }
}
