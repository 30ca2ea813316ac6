//! What steps take and give: the kept answer that makes a repeat harmless.

use rekey_primitives::clock::Timestamp;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step<T, R> {
    /// It happened now, with everything that belongs to it.
    Done(T),
    /// Its condition did not hold, so nothing at all was written.
    Refused(R),
    /// The same request happened before: the sealed answer it got then.
    Repeated(Vec<u8>),
    /// This request id stands for other content.
    OtherContent,
}

/// Makes a step happen once per request. The answer is sealed by the flow's closure inside the step's transaction,
/// from what the step found, and kept until `expires_at`.
pub(crate) struct Once<'a, T> {
    /// Hash of tenant, caller and request id.
    pub(crate) key: [u8; 32],
    /// Hash of what was asked.
    pub(crate) content: [u8; 32],
    /// When the answer is forgotten: 10 minutes after the first call.
    pub(crate) expires_at: Timestamp,
    /// Seals the answer.
    pub(crate) answer: &'a (dyn Fn(&T) -> Vec<u8> + Send + Sync),
}

/// What is kept of an earlier request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recalled {
    /// Nothing: it is new.
    New,
    /// Its try was counted, and it was not answered yet.
    UnderWay,
    /// The sealed answer it got.
    Answer(Vec<u8>),
    /// The id stands for other content.
    OtherContent,
}

impl Recalled {
    /// How a step ends before it begins, if the request was answered or is another one.
    pub(super) fn ended<T, R>(self) -> Option<Step<T, R>> {
        match self {
            Self::New | Self::UnderWay => None,
            Self::Answer(answer) => Some(Step::Repeated(answer)),
            Self::OtherContent => Some(Step::OtherContent),
        }
    }
}

impl<T> std::fmt::Debug for Once<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
