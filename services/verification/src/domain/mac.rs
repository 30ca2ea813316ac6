//! Keyed digests (MACs) as they are stored and compared: of codes, and of what requests contain.
//!
//! Both come from little entropy (six digits, a known address), so a plain hash could be guessed.

use rekey_primitives::secret::same;

/// A MAC with the id of its key, `key:hex`. Equal MACs are compared in constant time.
#[derive(Clone, Eq, derive_more::Debug)]
#[debug("[mac]")]
pub(crate) struct Mac(String);

impl Mac {
    pub(crate) fn new(key: &str, digest: &[u8; 32]) -> Self {
        Self([key, ":", &hex::encode(digest)].concat())
    }

    /// Takes the text that a store holds.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text that stores hold.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Mac {
    fn eq(&self, other: &Self) -> bool {
        same(self.0.as_bytes(), other.0.as_bytes())
    }
}

/// The MACs of one content under every accepted key: what was written before a key rotation is recognised after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MacSet {
    /// By the active key: the one to store.
    pub(crate) active: Mac,
    /// By the other accepted keys.
    pub(crate) others: Vec<Mac>,
}

impl MacSet {
    /// Whether `stored` is one of them. Compares with all of them, whichever fits.
    pub(crate) fn contains(&self, stored: &Mac) -> bool {
        self.iter().fold(false, |found, mac| found | (mac == stored))
    }

    /// All of them, the active one first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Mac> {
        std::iter::once(&self.active).chain(&self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_of_an_older_key_is_recognised() {
        let macs = MacSet { active: Mac::new("new", &[1; 32]), others: vec![Mac::new("old", &[2; 32])] };

        assert!(macs.contains(&Mac::new("old", &[2; 32])));
        assert!(!macs.contains(&Mac::new("old", &[1; 32])));
        assert_eq!(macs.active.as_str(), format!("new:{}", "01".repeat(32)));
    }

    #[test]
    fn debug_shows_no_mac() {
        assert_eq!(format!("{:?}", Mac::new("k", &[7; 32])), "[mac]");
    }
}
