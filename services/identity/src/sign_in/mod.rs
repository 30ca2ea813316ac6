//! Signing in: a login and a password become tokens, a challenge or a rejection.
//!
//! Known, unknown, locked and blocked logins cost one hash each and get one shape of answer in even time; only a call that
//! finds no room to hash hears so at once, before its login is looked at. The lockout is counted in the store before the password
//! is looked at, so parallel guesses are counted one by one. The step that counts binds the request to its content; whatever
//! comes of it, a rejection too, is stored for a repeat.

mod access_pass;
mod challenge;
mod challenged;
mod confirm_security_info;
mod continue_sign_in;
mod open_session;
mod passkey;
mod second_factor;
mod sent_code;
mod spraying;
mod switch_tenant;
mod verify_password;

use std::sync::Arc;

use rekey_primitives::clock::SharedClock;
use rekey_primitives::id::{RequestId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub(crate) use access_pass::SignInWithPass;
pub(crate) use challenge::SignInChallenge;
pub(crate) use continue_sign_in::{AnswerChallenge, ChallengeAnswer, Continued};
pub(crate) use passkey::{CompletePasskeySignIn, StartPasskeySignIn};
pub(crate) use sent_code::SendSignInCode;

use self::verify_password::{Rejection, VerifiedPassword};
use crate::audit::Audit;
use crate::credentials::{Credentials, Reservation, TypedPassword};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::password::Password;
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::keys::{Keys, TypedLogin};
use crate::limits::Limits;
use crate::metrics;
use crate::notices::Notices;
use crate::operation::idempotency::{Answer, Idempotency, Request, Settled};
use crate::operation::{Caller, Context, Error, Failed, JUDGED_AT_MOST, Operation, Origin, Repeatable, Rpc};
use crate::peers::verification::Verification;
use crate::policies::Policies;
use crate::response_timing::ResponseTiming;
use crate::store::Store;
use crate::store::sign_ins::{Admission, LoginLookup, PasswordAttempt};
use crate::tokens::{ChallengeKind, SessionTokens, Tokens};

const RPC: Rpc = Rpc { name: "SignIn", event: EventKind::SignIn };

/// The use case.
#[derive(Clone)]
pub(crate) struct SignIns {
    pub store: Store,
    pub clock: SharedClock,
    pub keys: Arc<Keys>,
    pub tokens: Tokens,
    pub credentials: Credentials,
    pub policies: Policies,
    pub limits: Limits,
    pub notices: Notices,
    pub audit: Audit,
    pub idempotency: Idempotency,
    pub timing: ResponseTiming,
    pub verification: Arc<dyn Verification>,
}

/// A login and a password.
pub(crate) struct SignIn {
    pub tenant_id: TenantId,
    /// What the person types.
    pub login: String,
    pub password: SecretString,
    pub request_id: RequestId,
    pub context: Context,
}

/// How a sign-in ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum SignedIn {
    Tokens(SessionTokens),
    /// One more thing to do.
    Challenge(SignInChallenge),
    /// Not signed in, and not why.
    Rejected,
}

/// A password that somebody attempts, and where it is counted.
struct Attempt<'a> {
    operation: &'a Repeatable<'a>,
    typed: &'a TypedLogin,
    password: Password,
    /// How it is counted.
    counted: PasswordAttempt,
    /// Its place before the hashing threads.
    reservation: Reservation,
}

impl SignIns {
    /// Signs in. The answer leaves in even time.
    #[tracing::instrument(skip_all, fields(tenant_id = %request.tenant_id))]
    pub(crate) async fn sign_in(&self, caller: &Caller, request: &SignIn) -> Result<SignedIn, Error> {
        // A look at the queue alone, so it may be told at once. Behind the login's turn it would tell how long the call took that
        // had the turn before.
        self.credentials.check_room()?;
        self.timing.even(self.signed_in(caller, request)).await
    }

    async fn signed_in(&self, caller: &Caller, request: &SignIn) -> Result<SignedIn, Error> {
        let scope = caller.scope(request.tenant_id)?;
        let origin = Origin { caller, context: &request.context };
        let operation = Operation::new(RPC, scope, origin, self.clock.now());
        let typed = TypedLogin::read(&request.login);
        let content = [request.login.as_bytes(), request.password.expose_secret().as_bytes()];
        let named = Request { who: caller.name(), id: request.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run_unrecalled(&operation, self.attempt(&operation, &typed, request)).await
    }

    async fn attempt(
        &self,
        operation: &Repeatable<'_>,
        typed: &TypedLogin,
        request: &SignIn,
    ) -> Result<Answer<SignedIn>, Error> {
        let login = self.keys.login_key(request.tenant_id, typed.name(None));
        // A repeat waits for the call that it repeats before it costs anything.
        let _turn = self.credentials.turn(&login).await?;
        // Before a place is reserved: calls that a budget stops must not keep others from the hashing threads.
        self.limits.consume_hash(operation, &login).await?;
        // Before the attempt is counted: one that finds no room costs no write, and its person no attempt. A repeat reserves a place
        // as well, and gives it up when the counting step finds its answer.
        let reservation = self.credentials.reserve()?;
        let scope = &operation.scope;
        let known = self.store.find_login(scope, typed.login.as_ref()).await?;
        let known = known.ok_or(Refusal::TenantNotFound)?;
        let password = Password::typed(&request.password);
        let counted = self.counted(operation, typed, &password, &known);
        let attempt = Attempt { operation, typed, password, counted, reservation };
        self.limits.watch_for_stuffing(operation, &attempt.counted.login).await?;
        let admitted = self.idempotency.answering(operation.key, |_: &Admission| SignedIn::Rejected);
        let step = self.store.admit_password(scope, &attempt.counted, admitted.once(), operation.now).await?;
        match admitted.outcome(step)? {
            Settled::Done(Admission::Contended) => Err(Refusal::contended().into()),
            Settled::Done(admission) => self.answer(&attempt, known, admission).await,
            Settled::Repeated(answer) => Ok(answer),
            // The store has no condition on an attempt that it could refuse by.
            Settled::Refused(()) => Ok(Answer::unstored(SignedIn::Rejected)),
        }
    }

    fn counted(
        &self,
        operation: &Operation<'_>,
        typed: &TypedLogin,
        password: &Password,
        known: &LoginLookup,
    ) -> PasswordAttempt {
        let account = known.account.as_ref();
        let login = self.keys.login_key(operation.scope.tenant_id(), typed.name(account));
        let for_login = TypedPassword { login, account, password };
        self.credentials.attempt(operation, &for_login, &known.policy.policy.lockout)
    }

    async fn answer(
        &self,
        attempt: &Attempt<'_>,
        mut known: LoginLookup,
        admission: Admission,
    ) -> Result<Answer<SignedIn>, Error> {
        for _ in 0..JUDGED_AT_MOST {
            let (account, policy) =
                (known.account.as_ref(), &self.policies.carried_out(known.policy.policy.clone()));
            let verified = self.verify_password(attempt, account, admission, policy).await?;
            count_password(&verified, admission);
            if let Some(account) = verified.right_of() {
                match self.demanded_amid_spraying(attempt, admission, (account, policy)).await? {
                    None => {}
                    Some(Ok(kind)) => {
                        self.keep_renewed_hash(attempt, &verified).await?;
                        return self.answer_with_challenge(attempt, account, policy, kind).await;
                    }
                    Some(Err(why)) => return self.reject(attempt, Some(account), why).await,
                }
            }
            let opened = match verified {
                VerifiedPassword::Rejected(why) => {
                    self.count_guess(attempt, admission, why).await?;
                    return self.reject(attempt, account, why).await;
                }
                VerifiedPassword::Challenged { account, kind } => {
                    return self.answer_with_challenge(attempt, account, policy, kind).await;
                }
                VerifiedPassword::Right(right) => {
                    self.open_session(attempt, &right, &policy.sessions).await?
                }
            };
            if let Some(answer) = opened {
                return Ok(answer);
            }
            // A parallel sign-in renewed the hash, or the account changed: what is read now decides.
            let login = attempt.typed.login.as_ref();
            let again = self.store.find_login(&attempt.operation.scope, login).await?;
            known = again.ok_or(Refusal::TenantNotFound)?;
        }
        Err(Failed::Contended.into())
    }

    /// Asks for one more thing before there is a session.
    async fn answer_with_challenge(
        &self,
        attempt: &Attempt<'_>,
        account: &Account,
        policy: &Policy,
        kind: ChallengeKind,
    ) -> Result<Answer<SignedIn>, Error> {
        let operation = attempt.operation;
        self.store.reset_lockout(&operation.scope, &attempt.counted.login).await?;
        let asked = challenge::Asked::of_today(account, kind, operation.now);
        let challenge = self.challenge(operation, &asked, policy);
        self.audit.note(self.audit.event(operation).on(account.id).refused(kind.as_str()));
        Ok(Answer::to_store(SignedIn::Challenge(challenge)))
    }

    /// Says no, counts it and stores it: known or not, everybody's rejection is written alike.
    async fn reject(
        &self,
        attempt: &Attempt<'_>,
        account: Option<&Account>,
        why: Rejection,
    ) -> Result<Answer<SignedIn>, Error> {
        let Attempt { operation, password, counted, .. } = attempt;
        let subject = TypedPassword { login: counted.login, account, password }.subject();
        let event = self.audit.event(operation).on_subject(subject);
        self.audit.note(event.refused(why.into_str()));
        let rejected = self.idempotency.answering(operation.key, |(): &()| SignedIn::Rejected);
        let (scope, now) = (&operation.scope, operation.now);
        let step = self.store.reject_password(scope, counted, rejected.once(), now).await?;
        Ok(rejected.settle(step)?.unwrap_or_else(|()| Answer::unstored(SignedIn::Rejected)))
    }
}

/// While a login is locked nobody learns whether a password was right, and neither does whoever reads the metrics.
fn count_password(verified: &VerifiedPassword<'_>, admission: Admission) {
    let outcome = match verified.right_of() {
        _ if matches!(admission, Admission::Locked { .. }) => "locked",
        Some(_) => "right",
        None => "wrong",
    };
    metrics::PASSWORDS.add(1, [outcome]);
}

#[cfg(test)]
mod tests;
