//! Asking for one more thing before a sign-in is done: the challenge, and what is shown with it.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::domain::account::{Account, CredentialEpoch};
use crate::domain::policy::Policy;
use crate::flows::reset::caller_hash;
use crate::flows::shown::ShownEntry;
use crate::flows::tokens::{Challenge, ChallengeKind};
use crate::flows::{Caller, Identity};

/// One more thing to do.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Carries the sign-in on.
    pub token: SecretString,
    /// What is asked.
    pub kind: ChallengeKind,
    /// The security info that the question is about, if it is about that.
    pub security_info: Vec<ShownEntry>,
}

/// [`Asked`] as it is kept for a repeat.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptAsked {
    token: String,
    kind: ChallengeKind,
    #[serde(default)]
    security_info: Vec<ShownEntry>,
}

impl Identity {
    /// Asks somebody who gave their password at `proved_at`, with a token that only this caller can go on with. `epoch`
    /// is the account's once this call is done.
    pub(super) fn question(
        &self,
        caller: &Caller,
        (account, epoch): (&Account, CredentialEpoch),
        policy: &Policy,
        kind: ChallengeKind,
        (proved_at, now): (Timestamp, Timestamp),
    ) -> Asked {
        let is_about_entries = kind == ChallengeKind::ConfirmSecurityInfo;
        // A change of the password raises the version once.
        let version = account.version + (epoch.0 - account.epoch.0);
        let challenge = Challenge {
            tenant_id: account.tenant_id.as_uuid(),
            account_id: account.id.as_uuid(),
            epoch: epoch.0,
            kind,
            caller: caller_hash(caller),
            expires_at: now.plus(self.challenge_life()).unix_micros(),
            version: is_about_entries.then_some(version),
            proved_at: Some(proved_at.unix_micros()),
        };
        let security_info = if is_about_entries {
            ShownEntry::list(&account.security_info, &policy.reset, now)
        } else {
            Vec::new()
        };
        Asked { token: self.keys.seal_token(&*self.entropy, &challenge), kind, security_info }
    }

    fn challenge_life(&self) -> Duration {
        Duration::from_secs(self.settings.tokens.challenge_life_seconds)
    }
}

impl ChallengeKind {
    /// The name in audit events.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordExpired => "password_expired",
            Self::PasswordChangeRequired => "password_change_required",
            Self::ConfirmSecurityInfo => "confirm_security_info",
        }
    }
}

impl From<&Asked> for KeptAsked {
    fn from(asked: &Asked) -> Self {
        Self {
            token: asked.token.expose_secret().to_owned(),
            kind: asked.kind,
            security_info: asked.security_info.clone(),
        }
    }
}

impl From<KeptAsked> for Asked {
    fn from(kept: KeptAsked) -> Self {
        Self { token: SecretString::from(kept.token), kind: kept.kind, security_info: kept.security_info }
    }
}
