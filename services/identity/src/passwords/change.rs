//! Changing a password that one knows. A wrong current one counts as a wrong sign-in: a found session must not be a
//! place to guess at leisure. As in a sign-in, the step that counts binds the request to its content, and a rejection is
//! stored for a repeat.

use rekey_primitives::id::RequestId;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::Passwords;
use crate::credentials::{Reservation, TypedPassword};
use crate::domain::account::Account;
use crate::domain::audit::{Actor, EventKind, Subject};
use crate::domain::password::Password;
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::session::Session;
use crate::metrics;
use crate::notices::NoticeContent;
use crate::operation::idempotency::{Answer, OrRejected, Request, Settled};
use crate::operation::{Caller, Context, Error, Operation, Origin, Person, Repeatable, Rpc};
use crate::policies::TenantPolicy;
use crate::store::accounts::AccountKey;
use crate::store::sign_ins::{self, Admission, SessionsEnded, Stale};
use crate::tokens::SessionTokens;

const RPC: Rpc = Rpc { name: "ChangePassword", event: EventKind::PasswordChanged };

/// The current and the new password.
#[derive(Debug)]
pub(crate) struct ChangePassword {
    pub current_password: SecretString,
    pub new_password: SecretString,
    pub request_id: RequestId,
    pub context: Context,
}

/// The password is changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Changed {
    /// How many other sessions ended.
    pub sessions_revoked: u32,
    /// The next access token of the session that stays; an older release stored none.
    #[serde(default)]
    pub tokens: Option<SessionTokens>,
}

/// How it ended, as it is stored for a repeat.
pub(crate) type ChangeAnswer = OrRejected<Changed>;

/// What became of the current password.
enum Current {
    Right,
    /// The end of the call.
    Rejected(Answer<ChangeAnswer>),
}

impl Passwords {
    /// Changes the signed-in person's password. Every other session ends.
    #[tracing::instrument(skip_all, fields(account_id = %person.account_id))]
    pub(crate) async fn change(
        &self,
        caller: &Caller,
        person: &Person,
        request: &ChangePassword,
    ) -> Result<ChangeAnswer, Error> {
        let scope = caller.scope(person.tenant_id)?;
        let origin = Origin { caller, context: &request.context };
        let operation = Operation::new(RPC, scope, origin, self.clock.now())
            .by(Actor::Account(person.account_id))
            .on(Subject::Account(person.account_id));
        let content = [
            request.current_password.expose_secret().as_bytes(),
            request.new_password.expose_secret().as_bytes(),
        ];
        let who = caller.on_behalf_of(person.account_id);
        let named = Request { who: &who, id: request.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.credentials.check_room()?;
        self.idempotency.run(&operation, self.change_once(&operation, person, request)).await
    }

    async fn change_once(
        &self,
        operation: &Repeatable<'_>,
        person: &Person,
        request: &ChangePassword,
    ) -> Result<Answer<ChangeAnswer>, Error> {
        // A repeat may come with the token that the first call ended; nothing else may.
        person.live()?;
        let scope = &operation.scope;
        let account = self.store.find_account(scope, &AccountKey::Id(person.account_id)).await?;
        let account = account.ok_or(Refusal::AccountNotFound)?;
        let login = self.keys.login_key_of(&account);
        let _turn = self.credentials.turn(&login).await?;
        self.limits.consume_hash(operation, &login).await?;
        let policy = self.policies.policy(scope).await?;
        let current = Password::typed(&request.current_password);
        match self.verify_current(operation, &account, &policy, &current).await? {
            Current::Right => {}
            Current::Rejected(answer) => return Ok(answer),
        }
        let rules = TenantPolicy { tenant: self.policies.tenant(scope).await?, policy };
        let candidate = Password::typed(&request.new_password);
        let change = self.prepared(operation, &account, &rules, &candidate).await?;
        let change = sign_ins::ChangePassword { keep: Some(person.session_id), ..change };
        let found = self.store.find_session(scope, person.session_id).await?;
        let (session, _) = found.ok_or(Refusal::AccessTokenInvalid)?;
        let session = Session { epoch: account.epoch.next(), ..session };
        let tokens = self.tokens.next_access(&session, &account, operation.now);
        let answering = self.idempotency.answering(operation.key, |ended: &SessionsEnded| {
            ChangeAnswer::Done(Changed { sessions_revoked: ended.0, tokens: Some(tokens.clone()) })
        });
        let step = self.store.change_password(scope, &change, Some(answering.once())).await?;
        // Somebody changed it since it was judged: what was typed is not the current one any more.
        Ok(answering.settle(step)?.unwrap_or_else(|Stale| Answer::to_store(ChangeAnswer::REJECTED)))
    }

    /// Counts the current password as a sign-in would, and compares it at the price of one hash.
    async fn verify_current(
        &self,
        operation: &Repeatable<'_>,
        account: &Account,
        policy: &Policy,
        current: &Password,
    ) -> Result<Current, Error> {
        if account.managed_elsewhere || account.password.is_none() {
            return Err(Refusal::NoPassword.into());
        }
        let (scope, now) = (&operation.scope, operation.now);
        let login = self.keys.login_key_of(account);
        let typed = TypedPassword { login, account: Some(account), password: current };
        let attempt = self.credentials.attempt(operation, &typed, &policy.lockout);
        // Before the attempt is counted: one that finds no room costs its person none.
        let reservation = self.credentials.reserve()?;
        let rejected = self.idempotency.answering(operation.key, |_: &Admission| ChangeAnswer::REJECTED);
        let step = self.store.admit_password(scope, &attempt, rejected.once(), now).await?;
        let admission = match rejected.outcome(step)? {
            Settled::Done(admission) => admission,
            Settled::Repeated(answer) => return Ok(Current::Rejected(answer)),
            // The store has no condition on an attempt that it could refuse by.
            Settled::Refused(()) => return Ok(Current::Rejected(Answer::unstored(ChangeAnswer::REJECTED))),
        };
        let reason = match admission {
            // Whoever is signed in knows that the account is there: a lock hides nothing, and costs no hash.
            Admission::Locked { .. } => "locked",
            Admission::Contended => return Err(Refusal::contended().into()),
            Admission::Admitted | Admission::AdmittedAtFamiliarPlace
                if self.is_current(account, current, &reservation).await? =>
            {
                metrics::PASSWORDS.add(1, ["right"]);
                self.store.reset_lockout(scope, &login).await?;
                return Ok(Current::Right);
            }
            Admission::Admitted | Admission::AdmittedAtFamiliarPlace => "wrong_password",
        };
        metrics::PASSWORDS.add(1, [if reason == "locked" { "locked" } else { "wrong" }]);
        self.audit.note_refused(operation, reason);
        let rejected = self.idempotency.answering(operation.key, |(): &()| ChangeAnswer::REJECTED);
        let step = self.store.reject_password(scope, &attempt, rejected.once(), now).await?;
        let answer = rejected.settle(step)?.unwrap_or_else(|()| Answer::unstored(ChangeAnswer::REJECTED));
        Ok(Current::Rejected(answer))
    }

    async fn is_current(
        &self,
        account: &Account,
        current: &Password,
        reserved: &Reservation,
    ) -> Result<bool, Error> {
        let verdict = self.credentials.verify(Some(account), current, reserved).await?;
        Ok(verdict.is_some_and(|verdict| verdict.matches))
    }

    async fn prepared(
        &self,
        operation: &Operation<'_>,
        account: &Account,
        rules: &TenantPolicy,
        candidate: &Password,
    ) -> Result<sign_ins::ChangePassword, Error> {
        let (context, now) = (operation.origin.context, operation.now);
        let password = self.credentials.choose(operation, account, rules, candidate).await?;
        let content = NoticeContent::person("password_changed_notice", &rules.tenant, account, now)
            .in_language(context.locale.as_ref())
            .with("place", &context.place());
        let notified = self.notices.notified(&operation.scope, account, now).await?;
        Ok(sign_ins::ChangePassword {
            account_id: account.id,
            epoch: account.epoch,
            password,
            history: rules.policy.password.history,
            keep: None,
            open: None,
            login: self.keys.login_key_of(account),
            event: self.audit.event(operation).done(),
            notices: self.notices.to(&notified, &content),
            now,
        })
    }
}
