//! Keyed digests as they are kept and compared: of codes, and of what requests contain.
//!
//! Both come from little chance (six digits, a known address), so a plain hash would be an open book.

use std::fmt;

use rekey_primitives::id::RequestId;

/// What makes a repeated call the same call: its id, and a keyed digest of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// The id the caller gave it.
    pub(crate) id: RequestId,
    /// Its content.
    pub(crate) content: Tags,
}

/// A keyed digest with the name of its key, `key:hex`. Equal tags are compared without a tell.
#[derive(Clone, Eq)]
pub(crate) struct Tag(String);

impl Tag {
    /// Joins the key's name and the digest.
    pub(crate) fn new(key: &str, digest: &[u8; 32]) -> Self {
        Self([key, ":", &hex::encode(digest)].concat())
    }

    /// Takes what a store kept.
    pub(crate) fn from_kept(text: String) -> Self {
        Self(text)
    }

    /// The form that stores keep.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        rekey_primitives::secret::same(self.0.as_bytes(), other.0.as_bytes())
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[tag]")
    }
}

/// The digests of one content under every accepted key, that of today first: what was written before a rotation
/// is still recognised after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tags {
    /// By the active key: the one to keep.
    pub(crate) active: Tag,
    /// By the other accepted keys.
    pub(crate) others: Vec<Tag>,
}

impl Tags {
    /// Whether `kept` is one of them. Looks at all, whichever fits.
    pub(crate) fn include(&self, kept: &Tag) -> bool {
        self.iter().fold(false, |found, tag| found | (tag == kept))
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Tag> {
        std::iter::once(&self.active).chain(&self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_of_an_older_key_is_recognised() {
        let tags = Tags { active: Tag::new("new", &[1; 32]), others: vec![Tag::new("old", &[2; 32])] };

        assert!(tags.include(&Tag::new("old", &[2; 32])));
        assert!(!tags.include(&Tag::new("old", &[1; 32])));
        assert_eq!(tags.active.as_str(), format!("new:{}", "01".repeat(32)));
    }

    #[test]
    fn debug_shows_no_tag() {
        assert_eq!(format!("{:?}", Tag::new("k", &[7; 32])), "[tag]");
    }
}
