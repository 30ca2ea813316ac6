//! Codes: drawn uniformly, and read leniently.
//!
//! A code is short because a person carries it in their head from one screen to another. What keeps it safe is the
//! number of attempts, not its length. So it is only compared inside the step that counts the attempt.

use std::fmt;

use rekey_primitives::code::{CROCKFORD, canonical, length};
use rekey_primitives::entropy::{Entropy, below};
use rekey_primitives::secret::{ExposeSecret as _, SecretString};

/// What codes are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Alphabet {
    /// `0` to `9`: typed on any keyboard, filled in by phones.
    Digits,
    /// Crockford base 32: five bits a character instead of three.
    Base32,
}

/// The alphabet and length of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodeFormat {
    pub(crate) alphabet: Alphabet,
    pub(crate) length: CodeLength,
}

/// How many characters a code has: 6 to 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodeLength(u32);

/// The length is outside 6 to 10: fewer is below NIST SP 800-63B 3.1.3.2, more is not typed without errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code has 6 to 10 characters")]
pub struct InvalidCodeLength;

impl CodeLength {
    pub(crate) fn new(length: u32) -> Result<Self, InvalidCodeLength> {
        if (6..=10).contains(&length) { Ok(Self(length)) } else { Err(InvalidCodeLength) }
    }
}

impl CodeFormat {
    /// A format of 6 to 10 characters.
    pub(crate) fn new(alphabet: Alphabet, length: u32) -> Result<Self, InvalidCodeLength> {
        Ok(Self { alphabet, length: CodeLength::new(length)? })
    }

    /// Draws a code; each is equally likely.
    pub(crate) fn draw(self, entropy: &dyn Entropy) -> Code {
        let characters: &[u8] = match self.alphabet {
            Alphabet::Digits => &CROCKFORD[..10],
            Alphabet::Base32 => CROCKFORD,
        };
        // Allocated once: a string that grows leaves copies of the code behind.
        let mut text = String::with_capacity(self.length.0 as usize);
        for _ in 0..self.length.0 {
            text.push(char::from(characters[below(entropy, characters.len() as u64) as usize]));
        }
        Code(SecretString::from(text))
    }
}

/// A code, drawn or typed, in its canonical form. Only [`Code::expose`] shows it.
#[derive(Clone)]
pub(crate) struct Code(SecretString);

/// The text is empty, longer than 32 characters, or nothing but separators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 32 characters")]
pub(crate) struct InvalidCode;

impl Code {
    /// Reads what somebody typed: drops spaces, hyphens and what does not show, and reads digits of other scripts, and the
    /// letters that Crockford's alphabet leaves out, as the digits they stand for.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidCode> {
        let canonical = canonical(text);
        let fits = (1..=32).contains(&length(&canonical));
        if fits { Ok(Self(canonical)) } else { Err(InvalidCode) }
    }

    /// The characters: for sealing, for the MAC and for the message, and for nothing else.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[code]")
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::entropy::SeededEntropy;

    use super::*;

    fn read(text: &str) -> String {
        Code::parse(text).unwrap().expose().to_owned()
    }

    #[test]
    fn a_code_has_the_length_and_alphabet_of_its_format() {
        let entropy = SeededEntropy::new(1);
        for length in 6..=10 {
            let digits = CodeFormat::new(Alphabet::Digits, length).unwrap().draw(&entropy);
            let letters = CodeFormat::new(Alphabet::Base32, length).unwrap().draw(&entropy);

            assert_eq!((digits.expose().len(), letters.expose().len()), (length as usize, length as usize));
            assert!(digits.expose().bytes().all(|byte| byte.is_ascii_digit()));
            assert!(letters.expose().bytes().all(|byte| CROCKFORD.contains(&byte)));
        }
    }

    #[test]
    fn every_digit_stands_in_every_position_about_equally_often() {
        let entropy = SeededEntropy::new(2);
        let format = CodeFormat::new(Alphabet::Digits, 6).unwrap();
        let mut seen = [[0_u32; 10]; 6];

        for _ in 0..20_000 {
            for (position, byte) in format.draw(&entropy).expose().bytes().enumerate() {
                seen[position][usize::from(byte - b'0')] += 1;
            }
        }

        // 2,000 expected each, standard deviation 42: five of them either way.
        assert!(seen.iter().flatten().all(|&count| (1_790..=2_210).contains(&count)), "{seen:?}");
    }

    #[test]
    fn lengths_outside_six_to_ten_are_refused() {
        assert_eq!(CodeFormat::new(Alphabet::Digits, 5), Err(InvalidCodeLength));
        assert_eq!(CodeFormat::new(Alphabet::Base32, 11), Err(InvalidCodeLength));
    }

    #[test]
    fn typed_codes_are_read_leniently() {
        assert_eq!(read(" 123-456 "), "123456");
        assert_eq!(read("٤٢٤٢٤٢"), "424242");
        assert_eq!(read("４２"), "42");
        assert_eq!(read("oil-abz"), "011ABZ");
        assert_eq!(read("\u{202a}12\u{200b}34\u{ad}56\u{202c}\u{feff}"), "123456");
        assert_eq!(read(&"\u{200e}1".repeat(32)), "1".repeat(32));
    }

    #[test]
    fn text_that_is_no_code_is_refused() {
        assert!(["", " - ", "\u{200b}", &"1".repeat(33)].iter().all(|text| Code::parse(text).is_err()));
    }

    #[test]
    fn a_drawn_code_reads_back_as_itself_and_never_prints() {
        let code = CodeFormat::new(Alphabet::Base32, 10).unwrap().draw(&SeededEntropy::new(3));

        assert_eq!(read(&code.expose().to_ascii_lowercase()), code.expose());
        assert_eq!(format!("{code:?}"), "[code]");
    }
}
