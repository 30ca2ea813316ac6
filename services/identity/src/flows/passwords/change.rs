//! Changing a password that one knows. A wrong current one counts as a wrong sign-in: a found session must not be a
//! place to guess at leisure. As in a sign-in, the step that counts binds the request to its content, and a rejection is
//! kept for a repeat.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::domain::account::Account;
use crate::domain::audit::{Actor, EventKind, Outcome};
use crate::domain::password::Password;
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::flows::notices::Notify;
use crate::flows::once::{Call, OrRejected, Repeatable, Settled};
use crate::flows::{Caller, Context, Error, Identity, Person};
use crate::store::accounts::AccountKey;
use crate::store::sign_ins::{self, Admission, PasswordTry, SessionsEnded, Stale};

/// The current and the new password.
#[derive(Debug)]
pub(crate) struct ChangePassword {
    /// The current password.
    pub current_password: SecretString,
    /// The new password.
    pub new_password: SecretString,
    /// Names the call.
    pub request_id: RequestId,
    /// Where the person is.
    pub context: Context,
}

/// The password is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Changed {
    /// How many other sessions ended.
    pub sessions_revoked: u32,
}

/// What a change is about.
struct Change<'a> {
    scope: TenantScope,
    who: (&'a Caller, &'a Context),
    account: Account,
    policy: Policy,
    call: Repeatable,
    now: Timestamp,
}

type Kept = OrRejected<Changed>;

impl Identity {
    /// Changes the signed-in person's password. Every other session ends.
    #[tracing::instrument(skip_all, fields(account_id = %person.account_id))]
    pub(crate) async fn change_password(
        &self,
        caller: &Caller,
        person: &Person,
        request: &ChangePassword,
    ) -> Result<Changed, Error> {
        let now = self.now();
        let scope = caller.scope(person.tenant_id)?;
        let who = person.account_id.to_string();
        let call = Call {
            rpc: "ChangePassword",
            who: &who,
            tenant_id: person.tenant_id,
            request_id: request.request_id,
        };
        let content = [
            request.current_password.expose_secret().as_bytes(),
            request.new_password.expose_secret().as_bytes(),
        ];
        let call = self.repeatable(call, &content, now);
        if let Some(kept) = self.recall::<Kept>(&scope, &call, now).await? {
            return kept.or(Refusal::CurrentPasswordRejected);
        }
        let account = self.store.find_account(&scope, &AccountKey::Id(person.account_id)).await?;
        let account = account.ok_or(Refusal::AccountNotFound)?;
        let policy = self.policy(&scope).await?;
        let change = Change { scope, who: (caller, &request.context), account, policy, call, now };
        if let Some(answer) = self.answer_to_current(&change, &request.current_password).await? {
            return answer.or(Refusal::CurrentPasswordRejected);
        }
        let step = self.changed(&change, person, request).await?;
        let Change { scope, call, .. } = &change;
        let answer = |ended: &SessionsEnded| self.seal_answer(call, &Changed { sessions_revoked: ended.0 });
        let step = self.store.change_password(scope, &step, Some(call.once(&answer))).await?;
        match self.settle::<SessionsEnded, Stale, Kept>(call, step)? {
            Settled::Done(ended) => Ok(Changed { sessions_revoked: ended.0 }),
            Settled::Repeated(kept) => kept.or(Refusal::CurrentPasswordRejected),
            Settled::Refused(Stale) => Err(Refusal::CurrentPasswordRejected.into()),
        }
    }

    /// Counts the current password as a sign-in would, and compares it at the price of one hash. The call's answer, where
    /// that is the end of it; `None` for the right password.
    async fn answer_to_current(
        &self,
        change: &Change<'_>,
        current: &SecretString,
    ) -> Result<Option<Kept>, Error> {
        let Change { scope, who: (caller, context), account, policy, call, now } = change;
        if account.managed_elsewhere || account.password.is_none() {
            return Err(Refusal::NoPassword.into());
        }
        let current = Password::typed(current);
        let login = self.keys.login_key_of(account);
        let locked = self.event(account.tenant_id, EventKind::LockedOut, Outcome::Refused, *now);
        let attempt = PasswordTry {
            login,
            place: context.ip.map(|ip| self.keys.place_key(&login, ip, context.user_agent_family())),
            fingerprint: self.keys.fingerprint(&login, &current),
            rules: policy.lockout.clone(),
            locked_event: locked.on(account.id).from(context).through(caller).done(),
        };
        let rejected = |_: &Admission| self.seal_answer(call, &Kept::REJECTED);
        let step = self.store.admit_password(scope, &attempt, call.once(&rejected), *now).await?;
        let admission = match self.settle::<_, (), Kept>(call, step)? {
            Settled::Done(admission) => admission,
            Settled::Repeated(kept) => return Ok(Some(kept)),
            Settled::Refused(()) => return Ok(Some(Kept::REJECTED)),
        };
        let verdict = self.one_hash(Some(account), &current).await?;
        let is_right = verdict.is_some_and(|verdict| verdict.matches);
        if is_right && admission == Admission::Admitted {
            self.store.forgive(scope, &login).await?;
            return Ok(None);
        }
        let why = if is_right { "locked" } else { "wrong_password" };
        let event = self.event(account.tenant_id, EventKind::PasswordChanged, Outcome::Refused, *now);
        let event = event.on(account.id).by(Actor::Account(account.id)).from(context).through(caller);
        self.audit.push(event.because(why).done());
        self.keep_answer(scope, call, Kept::REJECTED, *now).await.map(Some)
    }

    async fn changed(
        &self,
        change: &Change<'_>,
        person: &Person,
        request: &ChangePassword,
    ) -> Result<sign_ins::ChangePassword, Error> {
        let Change { scope, who: (caller, context), account, policy, now, .. } = change;
        let tenant = self.tenant(scope).await?;
        let candidate = Password::typed(&request.new_password);
        let event = self.event(account.tenant_id, EventKind::PasswordChanged, Outcome::Refused, *now);
        let event = event.on(account.id).by(Actor::Account(account.id)).from(context).through(caller);
        let judged = self.judge_new_password(scope, account, (&tenant, policy), &candidate).await;
        self.note_refused_password(&judged, event);
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
            keep: Some(person.session_id),
            open: None,
            login: self.keys.login_key_of(account),
            event: event.done(),
            notices: self.notices(account.tenant_id, &told, context.locale.as_ref(), &notify, *now),
            now: *now,
        })
    }
}
