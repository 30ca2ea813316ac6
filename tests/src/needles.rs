//! Secrets in every spelling they could have leaked in, looked for all at once.

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

/// Shorter ones would be found by chance.
const SHORTEST: usize = 8;

/// What is looked for.
#[derive(Default)]
pub struct Needles {
    names: Vec<String>,
    /// Spelling and the secret it spells.
    spellings: Vec<(Vec<u8>, usize)>,
}

/// A secret in a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The name it was added by.
    pub secret: String,
    /// The place by its name.
    pub place: String,
}

impl Needles {
    /// Adds a secret by a name that findings show.
    ///
    /// # Panics
    /// When it is so short that it would be found by chance.
    pub fn add(&mut self, name: &str, secret: impl AsRef<[u8]>) {
        let secret = secret.as_ref();
        assert!(secret.len() >= SHORTEST, "{name} is too short to be looked for");
        let number = self.names.len();
        self.names.push(name.to_owned());
        let mut texts = spellings(secret);
        texts.retain(|spelling| spelling.len() >= SHORTEST);
        texts.sort();
        texts.dedup();
        self.spellings.extend(texts.into_iter().map(|spelling| (spelling, number)));
    }

    /// Every secret in every place, once each.
    ///
    /// # Panics
    /// When there are too many to be looked for at once.
    pub fn found_in(&self, places: &[(String, Vec<u8>)]) -> Vec<Finding> {
        let patterns = self.spellings.iter().map(|(spelling, _)| spelling);
        let automaton = AhoCorasick::new(patterns).unwrap();
        let mut findings: Vec<Finding> = places
            .iter()
            .flat_map(|(place, bytes)| {
                automaton.find_overlapping_iter(bytes).map(|found| {
                    let (_, number) = &self.spellings[found.pattern().as_usize()];
                    Finding { secret: self.names[*number].clone(), place: place.clone() }
                })
            })
            .collect();
        findings.sort();
        findings.dedup();
        findings
    }
}

/// As it is, and as hexadecimal, base64 or percent-encoding have it; and each of those once more in hexadecimal, which
/// is how databases show bytes.
fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut texts = vec![secret.to_vec(), percent_encoded(secret)];
    for alphabet in [STANDARD, URL_SAFE] {
        texts.extend((0..3).map(|offset| inside_base64(secret, offset, &alphabet)));
    }
    let hexed: Vec<Vec<u8>> =
        texts.iter().flat_map(|text| [hex(text), hex(text).to_ascii_uppercase()]).collect();
    texts.extend(hexed);
    texts
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

fn percent_encoded(bytes: &[u8]) -> Vec<u8> {
    let encoded = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => vec![*byte],
        other => format!("%{other:02X}").into_bytes(),
    };
    bytes.iter().flat_map(encoded).collect()
}

/// The characters that the secret alone decides when it stands `offset` bytes into something encoded.
fn inside_base64(secret: &[u8], offset: usize, alphabet: &Alphabet) -> Vec<u8> {
    let engine = GeneralPurpose::new(alphabet, GeneralPurposeConfig::new().with_encode_padding(false));
    let mut bytes = vec![0; offset];
    bytes.extend_from_slice(secret);
    let mut text = engine.encode(&bytes).into_bytes();
    if !bytes.len().is_multiple_of(3) {
        text.pop();
    }
    text.split_off((offset * 8).div_ceil(6))
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    fn is_found(place: &[u8]) -> bool {
        let mut needles = Needles::default();
        needles.add("secret", "hunter2 & co?");
        !needles.found_in(&[("here".to_owned(), place.to_vec())]).is_empty()
    }

    #[test]
    fn a_secret_is_found_however_it_is_spelled() {
        assert!(is_found(b"password=hunter2 & co?;"));
        assert!(is_found(b"?password=hunter2%20%26%20co%3F&x=1"));
        assert!(is_found(b"\\x68756e74657232202620636f3f"));
        assert!(is_found(b"X'68756E74657232202620636F3F'"));
        for before in ["", "a", "ab", "abc"] {
            let text = BASE64_STANDARD.encode(format!("{before}hunter2 & co? and more"));
            assert!(is_found(text.as_bytes()), "{before}: {text}");
            assert!(is_found(&hex(text.as_bytes())), "{before}: {text} as bytes of a database");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert!(!is_found(b"hunter3 & co?"));
        assert!(!is_found(b""));
    }
}
