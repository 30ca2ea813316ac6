//! What came of a code that was to confirm an entry, for a repeat of the same call.

use serde::{Deserialize, Serialize};

use crate::domain::refusal::Refusal;
use crate::flows::Error;
use crate::flows::shown::ShownEntry;

/// What came of a code, as it is kept for a repeat. An entry is kept as it always was.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Confirmation {
    /// It was right.
    Confirmed(ShownEntry),
    /// It was not; never why.
    Rejected { rejected: bool },
}

impl Confirmation {
    /// The answer that was given then.
    pub(super) fn entry(self) -> Result<ShownEntry, Error> {
        match self {
            Self::Confirmed(entry) => Ok(entry),
            Self::Rejected { .. } => Err(Refusal::CodeRejected.into()),
        }
    }
}
