//! What a step takes and gives so that a repeated request is harmless.

use rekey_primitives::clock::Timestamp;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StepOutcome<T, R> {
    /// It happened now, with everything that belongs to it.
    Done(T),
    /// Its condition did not hold, so nothing at all was written.
    Refused(R),
    /// The same request happened before: the sealed answer it got then.
    Repeated(Vec<u8>),
    /// This request id stands for other content.
    OtherContent,
}

/// A request that a step is taken for once, however often it comes. The answer is sealed by the caller's closure inside
/// the step's transaction, from what the step found, and stored until `expires_at`.
pub(crate) struct IdempotentRequest<'a, T> {
    /// Hash of tenant, caller and request id.
    pub(crate) key: [u8; 32],
    /// Hash of what was asked.
    pub(crate) content: [u8; 32],
    /// When the answer is forgotten: 10 minutes after the first call.
    pub(crate) expires_at: Timestamp,
    /// Seals the answer.
    pub(crate) answer: &'a (dyn Fn(&T) -> Vec<u8> + Send + Sync),
}

/// What is stored of an earlier request under the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EarlierRequest {
    /// Nothing: it is new.
    New,
    /// An attempt was counted under it, and it was not answered yet.
    Unanswered,
    /// The sealed answer it got.
    Answered(Vec<u8>),
    /// The id stands for other content.
    OtherContent,
}

impl EarlierRequest {
    /// How a step ends before it begins, if the request was answered or is another one.
    pub(super) fn ended<T, R>(self) -> Option<StepOutcome<T, R>> {
        match self {
            Self::New | Self::Unanswered => None,
            Self::Answered(answer) => Some(StepOutcome::Repeated(answer)),
            Self::OtherContent => Some(StepOutcome::OtherContent),
        }
    }
}

impl<T> std::fmt::Debug for IdempotentRequest<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdempotentRequest").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
