//! Asking for one more thing before a sign-in is done: the challenge, and what is shown with it.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::SecretString;
use serde::{Deserialize, Serialize};

use super::SignIns;
use crate::domain::account::{Account, CredentialEpoch};
use crate::domain::link::LinkEnd;
use crate::domain::policy::Policy;
use crate::domain::second_factor;
use crate::domain::spraying::CodeAddresses;
use crate::operation::Operation;
use crate::operation::idempotency::sealed_secret;
use crate::tokens::{Challenge, ChallengeKind};
use crate::views::SecurityInfoView;

/// One more thing to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SignInChallenge {
    /// Carries the sign-in on.
    #[serde(with = "sealed_secret")]
    pub token: SecretString,
    pub kind: ChallengeKind,
    /// The security info that the question is about, if it is about that.
    #[serde(default)]
    pub security_info: Vec<SecurityInfoView>,
    /// The words of the kinds that are taken for a second factor, or that a code will go to, if one is asked for.
    #[serde(default)]
    pub second_factors: Vec<String>,
}

/// Who is asked, and for what.
pub(super) struct Asked<'a> {
    pub(super) account: &'a Account,
    pub(super) kind: ChallengeKind,
    /// The account's epoch once this call is done.
    pub(super) epoch: CredentialEpoch,
    /// When the person gave their password.
    pub(super) proved_at: Timestamp,
    /// Whether they passed a second factor.
    pub(super) is_strong: bool,
    /// The account that they come from by a link, having typed no password.
    pub(super) linked_from: Option<LinkEnd>,
}

impl<'a> Asked<'a> {
    /// Somebody who gave their password just now.
    pub(super) fn of_today(account: &'a Account, kind: ChallengeKind, now: Timestamp) -> Self {
        Self { account, kind, epoch: account.epoch, proved_at: now, is_strong: false, linked_from: None }
    }
}

impl SignIns {
    /// The challenge, with a token that only this caller can go on with.
    pub(super) fn challenge(
        &self,
        operation: &Operation<'_>,
        asked: &Asked<'_>,
        policy: &Policy,
    ) -> SignInChallenge {
        let Asked { account, kind, epoch, proved_at, is_strong, linked_from } = *asked;
        let is_about_entries = kind == ChallengeKind::ConfirmSecurityInfo;
        // A change of the password raises the version once.
        let version = account.version + (epoch.0 - account.epoch.0);
        let life = Duration::from_secs(self.tokens.settings.challenge_life_seconds);
        let token = self.tokens.seal_challenge(&Challenge {
            tenant_id: account.tenant_id,
            account_id: account.id,
            epoch,
            kind,
            caller: operation.origin.caller.hash(),
            expires_at: operation.now.plus(life),
            version: is_about_entries.then_some(version),
            proved_at: Some(proved_at),
            is_strong,
            linked_from,
        });
        let security_info = if is_about_entries {
            SecurityInfoView::list(&account.security_info, &policy.reset, operation.now)
        } else {
            Vec::new()
        };
        let kinds = match kind {
            ChallengeKind::SecondFactor => second_factor::kinds_taken(account),
            ChallengeKind::SentCode => {
                CodeAddresses::of(account, policy, operation.now).map(|to| to.kind).into_iter().collect()
            }
            _ => Vec::new(),
        };
        let second_factors = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        SignInChallenge { token, kind, security_info, second_factors }
    }
}
