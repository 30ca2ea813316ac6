//! The token of a sign-in that waits for one more answer.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use uuid::Uuid;

use super::SealedToken;

/// A sign-in that waits for one more answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Challenge {
    /// Whose directory.
    pub tenant_id: Uuid,
    /// Who.
    pub account_id: Uuid,
    /// In which epoch the password was right.
    pub epoch: i64,
    /// What is asked.
    pub kind: ChallengeKind,
    /// Hash of the name of the caller that may answer it.
    pub caller: [u8; 32],
    /// When it dies, in microseconds since the epoch.
    pub expires_at: i64,
    /// The version of the account that was asked about, where the answer does not raise the epoch: it is answered once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// When the password was given, in microseconds since the epoch: an answer proves nobody anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proved_at: Option<i64>,
}

/// Why a sign-in is not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum ChallengeKind {
    /// The password has expired.
    PasswordExpired,
    /// An administrator asked for a new one.
    PasswordChangeRequired,
    /// The security info was last confirmed long ago.
    ConfirmSecurityInfo,
}

impl ChallengeKind {
    /// The name in audit events.
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

impl SealedToken for Challenge {
    const KIND: &'static str = "challenge";
}
