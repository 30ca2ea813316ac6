//! What identity needs from other parts, in its own words.
//!
//! Each neighbour is a trait with one implementation over the wire; use cases see the trait alone, so a test puts a
//! fake in its place. A neighbour's *no* is part of what a method returns; a [`Failure`] means that nothing is
//! known, and whoever asked fails closed.

pub(crate) mod notification;
pub(crate) mod verification;

pub(crate) use notification::Notification;
pub(crate) use verification::Verification;

/// A neighbour did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It is away, too slow or too busy; trying again later may help.
    #[error("{peer} is unavailable")]
    Unavailable {
        peer: &'static str,
        /// What it or the channel said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It answered what the contract does not say, or refused a call that was ours to get right.
    #[error("{peer} did not take the call")]
    Broken {
        peer: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Failure {
    /// Whether trying again later may help.
    #[must_use]
    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Sorts a status that is no refusal we know: codes that pass by themselves, and the rest. Parts give a reason with
    /// every error, so one without was made on the way, where the peer or the connection to it died.
    fn of(peer: &'static str, status: tonic::Status) -> Self {
        use tonic::Code::{Aborted, Cancelled, DeadlineExceeded, ResourceExhausted, Unavailable};
        let passes =
            matches!(status.code(), Unavailable | DeadlineExceeded | Cancelled | Aborted | ResourceExhausted)
                || rekey_client::Problem::of(&status).reason.is_empty();
        let source = Box::new(status);
        if passes { Self::Unavailable { peer, source } } else { Self::Broken { peer, source } }
    }
}
