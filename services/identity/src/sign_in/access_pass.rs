//! Signing in with a temporary access pass in place of the password: counted and answered as a password is, and alike for
//! known and unknown logins.

use rekey_primitives::id::{RequestId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};

use super::{SignIns, SignedIn};
use crate::credentials::TypedPassword;
use crate::domain::access_pass::normal;
use crate::domain::account::Account;
use crate::domain::audit::{Actor, EventKind};
use crate::domain::password::Password;
use crate::domain::policy::{LockoutRules, Policy};
use crate::domain::refusal::Refusal;
use crate::domain::second_factor;
use crate::domain::session::Session;
use crate::keys::TypedLogin;
use crate::operation::idempotency::{Answer, Request, Settled};
use crate::operation::{Caller, Context, Error, Operation, Origin, Repeatable, Rpc};
use crate::store::sign_ins::{Admission, LoginLookup, OpenByPass, PasswordAttempt};
use crate::tokens::NewSession;

const RPC: Rpc = Rpc { name: "SignInWithAccessPass", event: EventKind::SignIn };

/// A login and a pass.
pub(crate) struct SignInWithPass {
    pub tenant_id: TenantId,
    /// What the person types.
    pub login: String,
    pub access_pass: SecretString,
    pub request_id: RequestId,
    pub context: Context,
}

impl SignIns {
    /// Signs in with a pass. The answer leaves in even time.
    #[tracing::instrument(skip_all, fields(tenant_id = %request.tenant_id))]
    pub(crate) async fn sign_in_with_pass(
        &self,
        caller: &Caller,
        request: &SignInWithPass,
    ) -> Result<SignedIn, Error> {
        self.timing.even(self.signed_in_with_pass(caller, request)).await
    }

    async fn signed_in_with_pass(
        &self,
        caller: &Caller,
        request: &SignInWithPass,
    ) -> Result<SignedIn, Error> {
        let scope = caller.scope(request.tenant_id)?;
        let origin = Origin { caller, context: &request.context };
        let operation = Operation::new(RPC, scope, origin, self.clock.now());
        let content = [request.login.as_bytes(), request.access_pass.expose_secret().as_bytes()];
        let named = Request { who: caller.name(), id: request.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run_unrecalled(&operation, self.attempt_pass(&operation, request)).await
    }

    async fn attempt_pass(
        &self,
        operation: &Repeatable<'_>,
        request: &SignInWithPass,
    ) -> Result<Answer<SignedIn>, Error> {
        let (scope, typed) = (&operation.scope, TypedLogin::read(&request.login));
        let login = self.keys.login_key(request.tenant_id, typed.name(None));
        // A repeat waits for the call that it repeats before it costs anything.
        let _turn = self.credentials.turn(&login).await?;
        self.limits.consume_hash(operation, &login).await?;
        let known = self.store.find_login(scope, typed.login.as_ref()).await?;
        let known = known.ok_or(Refusal::TenantNotFound)?;
        let counted = self.counted_pass(operation, &typed, request, &known);
        self.limits.watch_for_stuffing(operation, &counted.login).await?;
        let admitted = self.idempotency.answering(operation.key, |_: &Admission| SignedIn::Rejected);
        let step = self.store.admit_password(scope, &counted, admitted.once(), operation.now).await?;
        let opened = match (admitted.outcome(step)?, &known.account) {
            (Settled::Done(Admission::Contended), _) => return Err(Refusal::contended().into()),
            (Settled::Repeated(answer), _) => return Ok(answer),
            (Settled::Done(admission), Some(account)) if admission.is_admitted() => {
                self.open_by_pass(operation, account, &known.policy.policy, (&counted, request)).await?
            }
            (Settled::Done(_) | Settled::Refused(()), _) => None,
        };
        match opened {
            Some(answer) => Ok(answer),
            None => self.reject_pass(operation, known.account.as_ref(), &counted).await,
        }
    }

    /// How a pass is counted: with the passwords of the login, and no more of them in a row than codes.
    fn counted_pass(
        &self,
        operation: &Repeatable<'_>,
        typed: &TypedLogin,
        request: &SignInWithPass,
        known: &LoginLookup,
    ) -> PasswordAttempt {
        let (account, policy) = (known.account.as_ref(), &known.policy.policy);
        let login = self.keys.login_key(request.tenant_id, typed.name(account));
        let password = Password::typed(&request.access_pass);
        let threshold = policy.lockout.threshold.min(policy.reset.codes_per_reset);
        let rules = LockoutRules { threshold, ..policy.lockout.clone() };
        self.credentials.attempt(operation, &TypedPassword { login, account, password: &password }, &rules)
    }

    /// Opens a session; `None` if the pass does not serve, or the account is closed.
    async fn open_by_pass(
        &self,
        operation: &Repeatable<'_>,
        account: &Account,
        policy: &Policy,
        (counted, request): (&PasswordAttempt, &SignInWithPass),
    ) -> Result<Option<Answer<SignedIn>>, Error> {
        let (session, tokens) = self.tokens.new_session(&NewSession {
            account,
            epoch: account.epoch,
            rules: &policy.sessions,
            origin: operation.origin,
            proved_at: operation.now,
            // A pass stands for every factor, and its session lives no longer than one that showed them.
            strong: second_factor::is_demanded(account),
            now: operation.now,
        });
        let event = |kind| {
            let event = self.audit.event_of(operation, kind).on(account.id);
            event.by(Actor::Account(account.id)).done()
        };
        let open = OpenByPass {
            session,
            hash: self.keys.pass_hash(account.tenant_id, account.id, &normal(&request.access_pass)),
            login: counted.login,
            place: counted.place,
            events: [event(EventKind::AccessPassUsed), event(EventKind::SignIn)],
        };
        let answering =
            self.idempotency.answering(operation.key, |_: &Session| SignedIn::Tokens(tokens.clone()));
        let step = self.store.open_session_by_pass(&operation.scope, &open, answering.once()).await?;
        Ok(answering.settle(step)?.ok())
    }

    /// Says no, counts it and stores it: known or not, everybody's rejection is written alike.
    async fn reject_pass(
        &self,
        operation: &Repeatable<'_>,
        account: Option<&Account>,
        counted: &PasswordAttempt,
    ) -> Result<Answer<SignedIn>, Error> {
        let subject = counted.locked_event.subject.clone();
        let why = if account.is_some() { "wrong_access_pass" } else { "unknown_login" };
        self.audit.note(self.audit.event(operation).on_subject(subject).refused(why));
        let rejected = self.idempotency.answering(operation.key, |(): &()| SignedIn::Rejected);
        let (scope, now) = (&operation.scope, operation.now);
        let step = self.store.reject_password(scope, counted, rejected.once(), now).await?;
        Ok(rejected.settle(step)?.unwrap_or_else(|()| Answer::unstored(SignedIn::Rejected)))
    }
}
