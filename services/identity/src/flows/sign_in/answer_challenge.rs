//! Answering a challenge. What was asked is done and the session opened in one step, so nobody is left with the one and
//! without the other; where the next question waits, there is no session yet.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, RequestId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::digest;
use serde::{Deserialize, Serialize};

use super::ask::{Asked, KeptAsked};
use crate::domain::account::{Account, CredentialEpoch};
use crate::domain::audit::{Actor, EventKind, Outcome};
use crate::domain::password::Password;
use crate::domain::password::expiry::{PasswordState, password_state};
use crate::domain::policy::Policy;
use crate::domain::reconfirmation;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::domain::session::Session;
use crate::flows::notices::Notify;
use crate::flows::once::{Call, Repeatable, Settled};
use crate::flows::reset::caller_hash;
use crate::flows::tokens::{Challenge, ChallengeKind, KeptTokens, SessionTokens};
use crate::flows::{Caller, Context, Error, Identity};
use crate::store::accounts::AccountKey;
use crate::store::sign_ins::{self, SessionsEnded, Stale};

/// The answer to a challenge.
#[derive(Debug)]
pub(crate) struct AnswerChallenge {
    /// The challenge.
    pub challenge_token: SecretString,
    /// The answer.
    pub answer: Answered,
    /// Names the call.
    pub request_id: RequestId,
    /// Where the person is.
    pub context: Context,
}

/// What a person answers.
#[derive(Debug, Clone)]
pub(crate) enum Answered {
    /// With a new password.
    NewPassword(SecretString),
    /// About the security info they were shown: whether all of it is still right.
    SecurityInfo {
        /// False: they are signed in to change it, and are asked again next time.
        is_still_right: bool,
    },
}

/// Where an answer leads.
#[derive(Debug)]
pub(crate) enum Continued {
    /// Signed in.
    Tokens(SessionTokens),
    /// To the next question.
    Challenge(Asked),
}

/// [`Continued`] as it is kept for a repeat. Tokens are kept as they always were.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Kept {
    Tokens(KeptTokens),
    Challenge(KeptAsked),
}

/// An answer on its way, with everything it was judged by.
pub(super) struct Going<'a> {
    pub(super) scope: TenantScope,
    pub(super) who: (&'a Caller, &'a Context),
    pub(super) challenge: Challenge,
    pub(super) policy: Policy,
    pub(super) call: Repeatable,
    pub(super) now: Timestamp,
}

impl Identity {
    /// Does what a challenge asked for, and signs in or asks on.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn continue_sign_in(
        &self,
        caller: &Caller,
        request: &AnswerChallenge,
    ) -> Result<Continued, Error> {
        let now = self.now();
        let shown = &request.challenge_token;
        let challenge: Challenge = self.keys.open_token(shown).ok_or(Refusal::ChallengeInvalid)?;
        let tenant_id = TenantId::from_uuid(challenge.tenant_id);
        let scope = caller.scope(tenant_id).map_err(|_| Refusal::ChallengeInvalid)?;
        if challenge.caller != caller_hash(caller) {
            return Err(Refusal::ChallengeInvalid.into());
        }
        let call =
            Call { rpc: "ContinueSignIn", who: caller.name(), tenant_id, request_id: request.request_id };
        let content = [shown.expose_secret().as_bytes(), request.answer.content()];
        let call = self.repeatable(call, &content, now);
        if let Some(kept) = self.recall::<Kept>(&scope, &call, now).await? {
            return Ok(kept.into());
        }
        self.spend_evaluation(&digest(&[b"challenge", shown.expose_secret().as_bytes()]), now).await?;
        let policy = self.policy(&scope).await?;
        let going = Going { scope, who: (caller, &request.context), challenge, policy, call, now };
        match (going.challenge.kind, &request.answer) {
            (ChallengeKind::ConfirmSecurityInfo, Answered::SecurityInfo { is_still_right }) => {
                self.security_info_answered(&going, *is_still_right).await
            }
            (ChallengeKind::ConfirmSecurityInfo, Answered::NewPassword(_)) => {
                Err(Refusal::field("security_info_verdict", "what the challenge asks for").into())
            }
            (
                ChallengeKind::PasswordExpired | ChallengeKind::PasswordChangeRequired,
                Answered::NewPassword(new),
            ) => self.password_answered(&going, new).await,
            (
                ChallengeKind::PasswordExpired | ChallengeKind::PasswordChangeRequired,
                Answered::SecurityInfo { .. },
            ) => Err(Refusal::field("new_password", "the password that the challenge asks for").into()),
        }
    }

    /// The account of a challenge, if it is still the one that was challenged, and the state of its password.
    pub(super) async fn challenged(&self, going: &Going<'_>) -> Result<(Account, PasswordState), Error> {
        let Going { scope, challenge, policy, now, .. } = going;
        let key = AccountKey::Id(AccountId::from_uuid(challenge.account_id));
        let account = self.store.find_account(scope, &key).await?.ok_or(Refusal::ChallengeInvalid)?;
        let state = account.password.as_ref().map(|record| password_state(record, &policy.password, *now));
        let is_same = account.epoch == CredentialEpoch(challenge.epoch) && account.is_open();
        let is_alive = !now.has_reached(Timestamp::from_unix_micros(challenge.expires_at));
        match state {
            Some(state) if is_same && is_alive => Ok((account, state)),
            _ => Err(Refusal::ChallengeInvalid.into()),
        }
    }

    /// Sets the password that was asked for.
    async fn password_answered(&self, going: &Going<'_>, new: &SecretString) -> Result<Continued, Error> {
        let (account, state) = self.challenged(going).await?;
        if !matches!(state, PasswordState::MustChange | PasswordState::Expired) {
            return Err(Refusal::ChallengeInvalid.into());
        }
        let epoch = account.epoch.next();
        let (session, continued) = self.after_change(going, &account, epoch);
        let change = self.change_asked_for(going, &account, new, session).await?;
        let kept = Kept::from(&continued);
        let answer = |_: &SessionsEnded| self.seal_answer(&going.call, &kept);
        let step = self.store.change_password(&going.scope, &change, Some(going.call.once(&answer))).await?;
        match self.settle::<SessionsEnded, Stale, Kept>(&going.call, step)? {
            Settled::Done(_) => {
                self.note_answered(going, &account);
                Ok(continued)
            }
            Settled::Repeated(kept) => Ok(kept.into()),
            Settled::Refused(Stale) => Err(Refusal::ChallengeInvalid.into()),
        }
    }

    /// What comes after a new password: a session, or the question about security info.
    fn after_change(
        &self,
        going: &Going<'_>,
        account: &Account,
        epoch: CredentialEpoch,
    ) -> (Option<Session>, Continued) {
        let Going { who: (caller, context), policy, now, .. } = going;
        let times = (going.proved_at(), *now);
        if reconfirmation::is_due(account, &policy.security_info, *now) {
            let kind = ChallengeKind::ConfirmSecurityInfo;
            return (
                None,
                Continued::Challenge(self.question(caller, (account, epoch), policy, kind, times)),
            );
        }
        let (session, refresh) = self.new_session(account, epoch, &policy.sessions, context, times);
        let tokens = self.tokens_of(&session, account, refresh, *now);
        (Some(session), Continued::Tokens(tokens))
    }

    async fn change_asked_for(
        &self,
        going: &Going<'_>,
        account: &Account,
        new: &SecretString,
        open: Option<Session>,
    ) -> Result<sign_ins::ChangePassword, Error> {
        let Going { scope, who: (caller, context), policy, now, .. } = going;
        let tenant = self.tenant(scope).await?;
        let candidate = Password::typed(new);
        let event = self.event(account.tenant_id, EventKind::SignInChallenge, Outcome::Refused, *now);
        let judged = self.judge_new_password(scope, account, (&tenant, policy), &candidate).await;
        self.note_refused_password(&judged, event.on(account.id).from(context).through(caller));
        judged?;
        let password = self.new_password_record(account, &candidate, *now).await?;
        let told = self.told(scope, account, *now).await?;
        let notify =
            Notify::person("password_changed_notice", &tenant, account, *now).with("place", &context.place());
        let event = self.event(account.tenant_id, EventKind::PasswordChanged, Outcome::Success, *now);
        let event = event.on(account.id).by(Actor::Account(account.id)).from(context).through(caller);
        Ok(sign_ins::ChangePassword {
            account_id: account.id,
            epoch: account.epoch,
            password,
            history: policy.password.history,
            keep: None,
            open,
            login: self.keys.login_key_of(account),
            event: event.done(),
            notices: self.notices(account.tenant_id, &told, context.locale.as_ref(), &notify, *now),
            now: *now,
        })
    }

    pub(super) fn note_answered(&self, going: &Going<'_>, account: &Account) {
        let Going { who: (caller, context), challenge, now, .. } = going;
        let event = self.event(account.tenant_id, EventKind::SignInChallenge, Outcome::Success, *now);
        let event = event.on(account.id).from(context).through(caller);
        self.audit.push(event.because(challenge.kind.as_str()).done());
    }
}

impl Going<'_> {
    /// When the person gave the password that they were challenged for; an older release did not say.
    pub(super) fn proved_at(&self) -> Timestamp {
        self.challenge.proved_at.map_or(self.now, Timestamp::from_unix_micros)
    }
}

impl Answered {
    /// What a repeat has to say again.
    fn content(&self) -> &[u8] {
        match self {
            Self::NewPassword(new) => new.expose_secret().as_bytes(),
            Self::SecurityInfo { is_still_right: true } => b"security info: still right",
            Self::SecurityInfo { is_still_right: false } => b"security info: needs change",
        }
    }
}

impl From<&Continued> for Kept {
    fn from(continued: &Continued) -> Self {
        match continued {
            Continued::Tokens(tokens) => Self::Tokens(tokens.into()),
            Continued::Challenge(asked) => Self::Challenge(asked.into()),
        }
    }
}

impl From<Kept> for Continued {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Tokens(tokens) => Self::Tokens(tokens.into()),
            Kept::Challenge(asked) => Self::Challenge(asked.into()),
        }
    }
}
