//! The token of a sign-in that waits for one more answer.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};
use rekey_primitives::secret::SecretString;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::{SealedToken, Tokens};
use crate::domain::account::CredentialEpoch;
use crate::domain::link::LinkEnd;

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
    /// Whether a second factor was passed.
    #[serde(default)]
    pub is_strong: bool,
    /// The account that the person comes from, where a link stands in for the password.
    #[serde(default)]
    pub linked_from: Option<LinkEnd>,
}

/// The layout before there were second factors; still written where there is none, for replicas of the release before.
#[derive(Serialize, Deserialize)]
struct WithoutFactor {
    tenant_id: TenantId,
    account_id: AccountId,
    epoch: CredentialEpoch,
    kind: ChallengeKind,
    caller: [u8; 32],
    expires_at: Timestamp,
    #[serde(default)]
    version: Option<i64>,
    #[serde(default)]
    proved_at: Option<Timestamp>,
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
    /// A password is not enough for the account.
    SecondFactor,
    /// The tenant looks sprayed, and the login is not known at this place.
    SentCode,
}

impl ChallengeKind {
    /// The name in audit events.
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

impl SealedToken for Challenge {
    const KIND: &'static str = "challenge";
    const VERSION: u8 = 2;
}

impl SealedToken for WithoutFactor {
    const KIND: &'static str = Challenge::KIND;
    const VERSION: u8 = 1;
}

impl Tokens {
    /// Seals a challenge.
    pub(crate) fn seal_challenge(&self, challenge: &Challenge) -> SecretString {
        if challenge.is_strong || challenge.kind == ChallengeKind::SecondFactor {
            return self.seal(challenge);
        }
        let Challenge { tenant_id, account_id, epoch, kind, caller, expires_at, version, proved_at, .. } =
            *challenge;
        self.seal(&WithoutFactor {
            tenant_id,
            account_id,
            epoch,
            kind,
            caller,
            expires_at,
            version,
            proved_at,
        })
    }

    /// Opens a challenge; `None` for anything that is none of ours.
    pub(crate) fn open_challenge(&self, shown: &SecretString) -> Option<Challenge> {
        self.open(shown).or_else(|| self.open::<WithoutFactor>(shown).map(Challenge::from))
    }
}

impl From<WithoutFactor> for Challenge {
    fn from(older: WithoutFactor) -> Self {
        let WithoutFactor { tenant_id, account_id, epoch, kind, caller, expires_at, version, proved_at } =
            older;
        let (is_strong, linked_from) = (false, None);
        Self {
            tenant_id,
            account_id,
            epoch,
            kind,
            caller,
            expires_at,
            version,
            proved_at,
            is_strong,
            linked_from,
        }
    }
}
