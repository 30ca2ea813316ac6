//! The token of a sign-in that waits for one more answer.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::SealedToken;
use crate::domain::account::CredentialEpoch;

/// A sign-in that waits for one more answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Challenge {
    pub tenant_id: TenantId,
    pub account_id: AccountId,
    /// In which epoch the password was right.
    pub epoch: CredentialEpoch,
    /// What is asked.
    pub kind: ChallengeKind,
    /// Hash of the name of the caller that may answer it.
    pub caller: [u8; 32],
    pub expires_at: Timestamp,
    /// The version of the account that was asked about, where the answer does not raise the epoch: it is answered once.
    #[serde(default)]
    pub version: Option<i64>,
    /// When the password was given: an answer proves nobody anew.
    #[serde(default)]
    pub proved_at: Option<Timestamp>,
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
    const VERSION: u8 = 1;
}
