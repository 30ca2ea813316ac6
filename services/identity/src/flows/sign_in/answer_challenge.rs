//! Answering a challenge: the new password is set and the session opened in one step, so nobody is left with the one
//! and without the other.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, RequestId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::digest;

use crate::domain::account::{Account, CredentialEpoch};
use crate::domain::audit::{Actor, EventKind, Outcome};
use crate::domain::password::Password;
use crate::domain::password::expiry::{PasswordState, password_state};
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::flows::notices::Notify;
use crate::flows::once::{Call, Settled};
use crate::flows::reset::caller_hash;
use crate::flows::tokens::{Challenge, KeptTokens, SessionTokens};
use crate::flows::{Caller, Context, Error, Identity};
use crate::store::accounts::AccountKey;
use crate::store::sign_ins::{self, SessionsEnded, Stale};

/// The answer to a challenge.
#[derive(Debug)]
pub struct AnswerChallenge {
    /// The challenge.
    pub challenge_token: SecretString,
    /// The new password.
    pub new_password: SecretString,
    /// Names the call.
    pub request_id: RequestId,
    /// Where the person is.
    pub context: Context,
}

impl Identity {
    /// Sets the password that was asked for and signs in.
    #[tracing::instrument(skip_all)]
    pub async fn continue_sign_in(
        &self,
        caller: &Caller,
        request: &AnswerChallenge,
    ) -> Result<SessionTokens, Error> {
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
        let content = [shown.expose_secret().as_bytes(), request.new_password.expose_secret().as_bytes()];
        let call = self.repeatable(call, &content, now);
        if let Some(kept) = self.recall::<KeptTokens>(&scope, &call, now).await? {
            return Ok(kept.into());
        }
        self.spend_evaluation(&digest(&[b"challenge", shown.expose_secret().as_bytes()]), now).await?;
        let policy = self.policy(&scope).await?;
        let account = self.challenged(&scope, &challenge, &policy, now).await?;
        let (change, tokens) = self.answered(&scope, (&account, &policy), request, caller, now).await?;
        let answer = |_: &SessionsEnded| self.seal_answer(&call, &KeptTokens::from(&tokens));
        let step = self.store.change_password(&scope, &change, Some(call.once(&answer))).await?;
        match self.settle::<SessionsEnded, Stale, KeptTokens>(&call, step)? {
            Settled::Done(_) => {
                let event = self.event(tenant_id, EventKind::SignInChallenge, Outcome::Success, now);
                let event = event.on(account.id).from(&request.context).through(caller);
                self.audit.push(event.because(challenge.kind.as_str()).done());
                Ok(tokens)
            }
            Settled::Repeated(kept) => Ok(kept.into()),
            Settled::Refused(Stale) => Err(Refusal::ChallengeInvalid.into()),
        }
    }

    /// The account of a challenge, if it is still the one that was challenged and still has to change its password.
    async fn challenged(
        &self,
        scope: &TenantScope,
        challenge: &Challenge,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Account, Error> {
        let key = AccountKey::Id(AccountId::from_uuid(challenge.account_id));
        let account = self.store.find_account(scope, &key).await?.ok_or(Refusal::ChallengeInvalid)?;
        let state = account.password.as_ref().map(|record| password_state(record, &policy.password, now));
        let is_asked = matches!(state, Some(PasswordState::MustChange | PasswordState::Expired));
        let is_same = account.epoch == CredentialEpoch(challenge.epoch) && account.is_open();
        let is_alive = !now.has_reached(Timestamp::from_unix_micros(challenge.expires_at));
        if is_asked && is_same && is_alive { Ok(account) } else { Err(Refusal::ChallengeInvalid.into()) }
    }

    async fn answered(
        &self,
        scope: &TenantScope,
        (account, policy): (&Account, &Policy),
        request: &AnswerChallenge,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(sign_ins::ChangePassword, SessionTokens), Error> {
        let tenant = self.tenant(scope).await?;
        let candidate = Password::typed(&request.new_password);
        self.judge_new_password(scope, account, (&tenant, policy), &candidate).await?;
        let password = self.new_password_record(account, &candidate, now).await?;
        let context = &request.context;
        let epoch = account.epoch.next();
        let (session, refresh) = self.new_session(account, epoch, &policy.sessions, context, now);
        let tokens = self.tokens_of(&session, account, refresh, now);
        let told = self.told(scope, account, now).await?;
        let notify =
            Notify::person("password_changed_notice", &tenant, account, now).with("place", &context.place());
        let event = self.event(account.tenant_id, EventKind::PasswordChanged, Outcome::Success, now);
        let event = event.on(account.id).by(Actor::Account(account.id)).from(context).through(caller);
        let change = sign_ins::ChangePassword {
            account_id: account.id,
            epoch: account.epoch,
            password,
            history: policy.password.history,
            keep: None,
            open: Some(session),
            login: self.keys.login_key_of(account),
            event: event.done(),
            notices: self.notices(account.tenant_id, &told, context.locale.as_ref(), &notify, now),
            now,
        };
        Ok((change, tokens))
    }
}
