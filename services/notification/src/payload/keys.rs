//! The keys of a file that both seal payloads and name notices: they go over to a later text together.

use rekey_sealing::{AeadKeys, HeldKey, KeyError, KeyRing, KeyText, MacKeys, NotTaken};

/// What the payload seal is used for.
#[derive(Debug, Clone)]
pub(crate) struct PayloadKeys {
    /// Seal payloads, fingerprints and resume tokens.
    pub(crate) seals: AeadKeys,
    /// Name notices, so that the same one is not said twice. After a rotation one may be.
    pub(crate) marks: MacKeys,
}

impl PayloadKeys {
    pub(crate) fn from_text(text: &str) -> Result<Self, KeyError> {
        Ok(Self { seals: AeadKeys::from_text(text)?, marks: MacKeys::from_text(text)? })
    }
}

impl KeyRing for PayloadKeys {
    fn held(&self) -> Vec<HeldKey> {
        self.seals.held()
    }

    fn judge(&self, text: &KeyText) -> Result<(), NotTaken> {
        self.seals.judge(text)?;
        self.marks.judge(text)
    }

    fn take(&self, text: &KeyText) -> Result<(), NotTaken> {
        self.seals.take(text)?;
        self.marks.take(text)
    }
}
