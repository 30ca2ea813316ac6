//! Keys by id and state, and the text they are kept in.
//!
//! One line per key, `id state material`: the material is 32 bytes in base64url. Empty lines and
//! lines that start with `#` are skipped. Exactly one key is `active`. Errors name the line and
//! never quote it: whoever reads a log must not find a key there.

use std::fmt;
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{Entropy, array};
use rekey_primitives::secret::Zeroizing;

use crate::held::HeldKey;

/// The name of a key: 1 to 16 of `a-z`, `0-9` and `-`. Public.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

/// The text is no key id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key id: 1 to 16 of a-z, 0-9 and '-' are expected")]
pub struct InvalidKeyId;

impl KeyId {
    /// Reads an id.
    pub fn parse(text: &str) -> Result<Self, InvalidKeyId> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=16).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidKeyId)
        }
    }

    /// Four bytes that stand for the id where every byte counts: behind its first byte, a sealed value begins with those of its
    /// key. They come from the id and not from the key, so they tell nothing about it.
    pub fn fingerprint(&self) -> [u8; 4] {
        let digest = ring::digest::digest(&ring::digest::SHA256, format!("rekey key id{self}").as_bytes());
        [digest.as_ref()[0], digest.as_ref()[1], digest.as_ref()[2], digest.as_ref()[3]]
    }

    /// The id as text; safe inside JSON and headers without quoting.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a key is in its life. Every state opens and verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Known ahead of its use, so that no replica meets it unprepared.
    Accept,
    /// The one that seals and signs.
    Active,
    /// Used before; its line may go when the longest life it signed is over.
    Retired,
}

impl KeyState {
    /// The word for it in a key text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Accept, Self::Active, Self::Retired].into_iter().find(|state| state.as_str() == text)
    }
}

/// What is wrong with a line of a key text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// Not three fields.
    #[error("expected: id state material")]
    Fields,
    /// The first field is no [`KeyId`].
    #[error("the id is not 1 to 16 of a-z, 0-9 and '-'")]
    Id,
    /// The second field is no [`KeyState`].
    #[error("the state is not accept, active or retired")]
    State,
    /// The third field is not 32 bytes of base64url without padding.
    #[error("the material is not 32 bytes in base64url without padding")]
    Material,
    /// The id, or what is derived from it, stands on an earlier line.
    #[error("the id was used on an earlier line")]
    RepeatedId,
    /// The same bytes under another id would make rotation a show.
    #[error("the material was used on an earlier line")]
    RepeatedMaterial,
}

/// Why a key text was refused. It tells lines and never their content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A line that cannot be read, counted from 1.
    #[error("line {number} of the keys: {problem}")]
    Line {
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        problem: LineProblem,
    },
    /// No key is active, so nothing could be sealed.
    #[error("none of the keys is active")]
    NoneActive,
    /// Which one seals would be a matter of order.
    #[error("more than one of the keys is active")]
    SeveralActive,
    /// A second key where nothing could ever be found again by the first.
    #[error("keys of this kind do not rotate: the file must hold one and no other")]
    NotAlone,
}

pub(crate) struct Entry {
    pub(crate) id: KeyId,
    pub(crate) state: KeyState,
    pub(crate) material: Zeroizing<[u8; 32]>,
}

/// A key text that was read and found whole.
pub struct KeyText(Vec<Entry>);

impl KeyText {
    /// Reads a key text.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut entries: Vec<Entry> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let at_line = |problem| KeyError::Line { number: index + 1, problem };
            let entry = parse_line(line).map_err(at_line)?;
            if entries.iter().any(|earlier| earlier.id.fingerprint() == entry.id.fingerprint()) {
                return Err(at_line(LineProblem::RepeatedId));
            }
            if entries.iter().any(|earlier| *earlier.material == *entry.material) {
                return Err(at_line(LineProblem::RepeatedMaterial));
            }
            entries.push(entry);
        }
        match entries.iter().filter(|entry| entry.state == KeyState::Active).count() {
            0 => Err(KeyError::NoneActive),
            1 => Ok(Self(entries)),
            _ => Err(KeyError::SeveralActive),
        }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Whether it holds one key and no other, not even a retired one.
    pub(crate) fn is_alone(&self) -> bool {
        self.0.len() == 1
    }

    /// The keys, for holding them against others and nothing else.
    pub fn held(&self) -> Vec<HeldKey> {
        self.0.iter().map(HeldKey::of).collect()
    }

    /// When the active key was made, since 1970: its id begins with that day where [`generate`](Self::generate) made it. None
    /// for a key with an id of another kind.
    pub fn made_at(&self) -> Option<Duration> {
        let active = self.0.iter().find(|entry| entry.state == KeyState::Active)?;
        let day = active.id.as_str().get(..8)?;
        let number = |part: &str| part.parse::<u64>().ok();
        let (year, month, day) = (number(&day[..4])?, number(&day[4..6])?, number(&day[6..])?);
        let is_day = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        is_day.then(|| Duration::from_secs(86_400 * days_since_1970(year, month, day)))
    }

    /// The text of a new file: one active key, named after its day and six random digits, since stores remember ids
    /// of that day that are in no file any more. It goes into a file that its owner alone reads, and nowhere else.
    pub fn generate(entropy: &dyn Entropy, now: Timestamp) -> String {
        Self::drawn(KeyState::Active, entropy, now)
    }

    /// The line of a new key, which goes the same way.
    pub(crate) fn drawn(state: KeyState, entropy: &dyn Entropy, now: Timestamp) -> String {
        let day: String = now.to_string().chars().filter(char::is_ascii_digit).take(8).collect();
        let [high, middle, low] = array(entropy);
        let material = Zeroizing::new(array::<32>(entropy));
        let mut text = format!("{day}-{high:02x}{middle:02x}{low:02x} {} ", state.as_str());
        // Room for it all beforehand: a string that grows leaves copies behind.
        text.reserve_exact(44);
        BASE64_URL_SAFE_NO_PAD.encode_string(material.as_slice(), &mut text);
        text.push('\n');
        text
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|entry| (&entry.id, entry.state))).finish()
    }
}

/// Days from 1970 to a day of the Gregorian calendar, counted in years that begin in March, so that a leap day is the last of
/// its year.
const fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468
}

fn parse_line(line: &str) -> Result<Entry, LineProblem> {
    let mut fields = line.split_ascii_whitespace();
    let (Some(id), Some(state), Some(encoded), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(LineProblem::Fields);
    };
    let id = KeyId::parse(id).map_err(|_| LineProblem::Id)?;
    let state = KeyState::parse(state).ok_or(LineProblem::State)?;
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(encoded).map_err(|_| LineProblem::Material)?;
    let decoded = Zeroizing::new(decoded);
    let material: [u8; 32] = decoded.as_slice().try_into().map_err(|_| LineProblem::Material)?;
    Ok(Entry { id, state, material: Zeroizing::new(material) })
}

#[cfg(test)]
mod tests {
    use rekey_primitives::entropy::SeededEntropy;

    use super::*;

    const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const B: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    fn refused(text: &str) -> KeyError {
        KeyText::parse(text).unwrap_err()
    }

    fn line(number: usize, problem: LineProblem) -> KeyError {
        KeyError::Line { number, problem }
    }

    #[test]
    fn a_generated_text_reads_back_with_one_active_key() {
        let now = Timestamp::from_unix_micros(1_785_000_000_000_000);

        let text = KeyText::generate(&SeededEntropy::new(1), now);
        let read = KeyText::parse(&text).unwrap();

        assert_eq!(read.0.len(), 1);
        assert_eq!(read.0[0].state, KeyState::Active);
        assert!(read.0[0].id.as_str().starts_with("20260725-"));
    }

    #[test]
    fn a_key_tells_its_day_by_its_id() {
        let made = |id: &str| {
            let text = KeyText::parse(&format!("old retired {B}\n{id} active {A}")).unwrap();
            text.made_at().map(|at| at.as_secs())
        };

        assert_eq!(made("20260725-00ff"), Some(1_784_937_600));
        assert_eq!(made("20240229-00ff"), Some(1_709_164_800));
        assert_eq!(made("19700101-00ff"), Some(0));
        assert_eq!([made("pepper-1"), made("20261301-00ff")], [None; 2]);
    }

    #[test]
    fn comments_and_empty_lines_are_skipped() {
        let read = KeyText::parse(&format!("# pepper\n\n  old retired {A}\r\nnew active {B}\n")).unwrap();

        assert_eq!(format!("{read:?}"), "{old: Retired, new: Active}");
    }

    #[test]
    fn errors_name_the_line_and_the_problem() {
        assert_eq!(refused("a active"), line(1, LineProblem::Fields));
        assert_eq!(refused(&format!("a active {A} more")), line(1, LineProblem::Fields));
        assert_eq!(refused(&format!("\nUPPER active {A}")), line(2, LineProblem::Id));
        assert_eq!(refused(&format!("a-name-of-17-chars active {A}")), line(1, LineProblem::Id));
        assert_eq!(refused(&format!("a primary {A}")), line(1, LineProblem::State));
        assert_eq!(refused(&format!("a active {A}=")), line(1, LineProblem::Material));
        assert_eq!(refused("a active AAAA"), line(1, LineProblem::Material));
        assert_eq!(refused(&format!("a active {A}\na accept {B}")), line(2, LineProblem::RepeatedId));
        assert_eq!(refused(&format!("a active {A}\nb accept {A}")), line(2, LineProblem::RepeatedMaterial));
    }

    #[test]
    fn exactly_one_key_is_active() {
        assert_eq!(refused(""), KeyError::NoneActive);
        assert_eq!(refused(&format!("a accept {A}")), KeyError::NoneActive);
        assert_eq!(refused(&format!("a active {A}\nb active {B}")), KeyError::SeveralActive);
    }

    #[test]
    fn no_error_quotes_the_text() {
        let texts = [
            "s3cr3t".to_owned(),
            format!("s3cr3t! active {A}"),
            "a active s3cr3t".into(),
            "a s3cr3t x".into(),
        ];

        for text in texts {
            let error = refused(&text);

            assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn debug_shows_ids_and_no_material() {
        let read = KeyText::parse(&format!("b active {B}")).unwrap();

        let shown = format!("{read:?}");

        assert_eq!(shown, "{b: Active}");
    }
}
