//! How a try failed. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// Why a try failed, in a word that is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum FailureKind {
    /// The host has no address, or the URL is none.
    NotResolved,
    /// Each of its addresses is of an internal network, or the URL is not protected.
    AddressRefused,
    /// No address takes a connection.
    NotConnected,
    /// The receiver does not show a certificate that is believed.
    Tls,
    /// No answer in time.
    TimedOut,
    /// The connection ended before the answer, or what came is none.
    AnswerLost,
    /// It answered with another address, which is not followed.
    Redirected,
    /// It answered that it does not take it.
    Status,
}

/// How a try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedTry {
    /// Why.
    pub kind: FailureKind,
    /// Of the answer, if there was one.
    pub status: Option<u16>,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl FailureKind {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl FailedTry {
    /// One without an answer.
    #[must_use]
    pub const fn of(kind: FailureKind) -> Self {
        Self { kind, status: None, retry_after: None }
    }

    /// What an answer's status says; `None` if the event was taken.
    #[must_use]
    pub const fn by_status(status: u16, retry_after: Option<Duration>) -> Option<Self> {
        let kind = match status {
            200..=299 => return None,
            300..=399 => FailureKind::Redirected,
            _ => FailureKind::Status,
        };
        Some(Self { kind, status: Some(status), retry_after })
    }

    /// Whether the receiver wants no more events.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        matches!(self.status, Some(410))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_2xx_takes_an_event() {
        let kind = |status| FailedTry::by_status(status, None).map(|failed| failed.kind);

        assert_eq!([200, 204, 299].map(kind), [None; 3]);
        assert_eq!([301, 304, 308].map(kind), [Some(FailureKind::Redirected); 3]);
        assert_eq!([199, 400, 410, 429, 500].map(kind), [Some(FailureKind::Status); 5]);
        assert!(FailedTry::by_status(410, None).unwrap().is_gone());
        assert!(!FailedTry::by_status(404, None).unwrap().is_gone());
    }
}
