//! How a call ends when it does not end well: a refusal, which is published, or a failure, which is logged.

use crate::domain::authority::{Forbidden, MissingPermission};
use crate::domain::help::{MessageRefused, NotMoved};
use crate::domain::refusal::Refusal;
use crate::domain::scope::OutOfScope;
use crate::domain::security_info::NotAdded;
use crate::domain::tenant::InvalidText;
use crate::hashing::NotHashed;
use crate::{peers, store};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// We said no.
    #[error("refused: {}", .0.name())]
    Refused(Refusal),
    /// Something broke.
    #[error("a call failed")]
    Failed(#[source] Failed),
}

/// What broke.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// The store.
    #[error("a step of the store failed")]
    Store(#[from] store::Failure),
    /// A neighbour.
    #[error("a neighbour failed")]
    Peer(#[from] peers::Failure),
    /// The throttles, where nothing may pass without them.
    #[error("the throttles failed")]
    Throttle(#[from] rekey_throttle::Failure),
    /// Hashing.
    #[error("hashing failed")]
    Hashing(#[source] NotHashed),
    /// Something kept or sealed by us does not read.
    #[error("{what} does not read")]
    Unreadable {
        /// What it is, never its content.
        what: &'static str,
    },
    /// Others changed the same thing again and again while it was being judged.
    #[error("the account kept changing")]
    Contended,
}

impl Failed {
    /// Whether trying again later may help.
    #[must_use]
    pub(crate) fn is_unavailable(&self) -> bool {
        match self {
            Self::Store(failure) => failure.is_unavailable(),
            Self::Peer(failure) => failure.is_unavailable(),
            Self::Hashing(why) => matches!(why, NotHashed::Stopped),
            Self::Throttle(_) | Self::Contended => true,
            Self::Unreadable { .. } => false,
        }
    }
}

/// What `?` takes for a refusal. Not every `Into<Refusal>`: that would overlap with the failures below.
macro_rules! refusals {
    ($($refusal:ty),* $(,)?) => {
        $(impl From<$refusal> for Error {
            fn from(refusal: $refusal) -> Self {
                Self::Refused(refusal.into())
            }
        })*
    };
}

refusals!(Refusal, Forbidden, MissingPermission, MessageRefused, NotMoved, OutOfScope, InvalidText, NotAdded);

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<store::Failure> for Error {
    fn from(failure: store::Failure) -> Self {
        Self::Failed(failure.into())
    }
}

impl From<peers::Failure> for Error {
    fn from(failure: peers::Failure) -> Self {
        Self::Failed(failure.into())
    }
}

impl From<rekey_throttle::Failure> for Error {
    fn from(failure: rekey_throttle::Failure) -> Self {
        Self::Failed(failure.into())
    }
}

impl From<NotHashed> for Error {
    fn from(why: NotHashed) -> Self {
        match why {
            NotHashed::Busy { retry_after } => Self::Refused(Refusal::HashingBusy { retry_after }),
            other => Self::Failed(Failed::Hashing(other)),
        }
    }
}
