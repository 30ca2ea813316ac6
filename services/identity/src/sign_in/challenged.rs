//! The account that a challenge is about: whether it is still the one that was challenged, and who may have a candidate for its
//! new password judged before they answer.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::digest;

use super::SignIns;
use super::continue_sign_in::Answering;
use crate::credentials::ProvedAccount;
use crate::domain::account::Account;
use crate::domain::audit::Subject;
use crate::domain::password::expiry::{PasswordState, password_state};
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::domain::second_factor;
use crate::operation::{Caller, Error, Operation, Origin, Rpc};
use crate::store::accounts::AccountKey;
use crate::tokens::{Challenge, ChallengeKind};

/// The account of a challenge, and the state of its password.
pub(super) struct Challenged {
    pub(super) account: Account,
    pub(super) password: PasswordState,
}

impl Challenged {
    /// The account, if it is still the one that was challenged.
    fn of(
        challenge: &Challenge,
        account: Option<Account>,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let account = account.ok_or(Refusal::ChallengeInvalid)?;
        let state = if challenge.is_without_password {
            // A passkey signed in, and whatever is to be done about the password waits until it is used.
            Some(PasswordState::Fresh)
        } else {
            account.password.as_ref().map(|record| password_state(record, &policy.password, now))
        };
        // One that was asked before the account had a second factor leads no further.
        let is_enough = challenge.is_strong
            || challenge.kind == ChallengeKind::SecondFactor
            || !second_factor::is_demanded(&account);
        let is_same = account.epoch == challenge.epoch && account.is_open() && is_enough;
        let is_alive = !now.has_reached(challenge.expires_at);
        match state {
            Some(password) if is_same && is_alive => Ok(Self { account, password }),
            _ => Err(Refusal::ChallengeInvalid),
        }
    }

    /// The account, if its password is to be changed.
    pub(super) fn asked_for_password(self) -> Result<Account, Refusal> {
        match self.password {
            PasswordState::MustChange | PasswordState::Expired => Ok(self.account),
            _ => Err(Refusal::ChallengeInvalid),
        }
    }
}

impl SignIns {
    /// Opens a challenge for an answer to it.
    pub(super) fn opened<'a>(
        &self,
        rpc: Rpc,
        origin: Origin<'a>,
        shown: &SecretString,
    ) -> Result<(Operation<'a>, Challenge), Error> {
        let (scope, challenge) = self.open(origin.caller, shown)?;
        let subject = Subject::Account(challenge.account_id);
        Ok((Operation::new(rpc, scope, origin, self.clock.now()).on(subject), challenge))
    }

    /// Opens a challenge, which is good for the caller alone that it was given to.
    fn open(&self, caller: &Caller, shown: &SecretString) -> Result<(TenantScope, Challenge), Refusal> {
        let challenge = self.tokens.open_challenge(shown).ok_or(Refusal::ChallengeInvalid)?;
        let scope = caller.scope(challenge.tenant_id).map_err(|_| Refusal::ChallengeInvalid)?;
        if challenge.caller != caller.hash() {
            return Err(Refusal::ChallengeInvalid);
        }
        Ok((scope, challenge))
    }

    /// The account of a challenge, if it is still the one that was challenged.
    pub(super) async fn challenged(&self, answering: &Answering<'_>) -> Result<Challenged, Error> {
        let Answering { operation, challenge, policy, .. } = answering;
        let key = AccountKey::Id(challenge.account_id);
        let account = self.store.find_account(&operation.scope, &key).await?;
        Ok(Challenged::of(challenge, account, policy, operation.now)?)
    }

    /// The account whose new password is what a challenge asks for, for whoever helps to choose one. A challenge that asks for a
    /// proof first opens nothing, and none is spent.
    pub(crate) async fn account_of_challenge(
        &self,
        caller: &Caller,
        shown: &SecretString,
        now: Timestamp,
    ) -> Result<ProvedAccount, Error> {
        let (scope, challenge) = self.open(caller, shown)?;
        if !matches!(challenge.kind, ChallengeKind::PasswordExpired | ChallengeKind::PasswordChangeRequired) {
            return Err(Refusal::ChallengeInvalid.into());
        }
        // Not the budget of answers: whoever types long has one left.
        let whose = digest(&[b"evaluation", &name_of(shown)]);
        self.limits.consume_evaluation(&whose, now).await?;
        let policy = self.policies.policy(&scope).await?;
        let found = self.store.find_account(&scope, &AccountKey::Id(challenge.account_id)).await?;
        let account = Challenged::of(&challenge, found, &policy, now)?.asked_for_password()?;
        Ok(ProvedAccount { scope, account, policy })
    }
}

/// Names a challenge in counters and ids.
pub(super) fn name_of(challenge_token: &SecretString) -> [u8; 32] {
    digest(&[b"challenge", challenge_token.expose_secret().as_bytes()])
}
