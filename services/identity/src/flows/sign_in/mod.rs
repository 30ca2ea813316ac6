//! Signing in: a login and a password become tokens, a challenge or a rejection.
//!
//! Known, unknown, locked and blocked logins cost one hash each and get one shape of answer on the time grid. The
//! lockout is counted in the store before the password is looked at, so parallel guesses are counted one by one. The
//! step that counts binds the request to its content; whatever comes of it, a rejection too, is kept for a repeat.

mod answer_challenge;
mod ask;
mod judge;
mod open;
mod security_info_answer;

pub(crate) use answer_challenge::{AnswerChallenge, Answered, Continued};
pub(crate) use ask::Asked;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{RequestId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use self::ask::KeptAsked;
use self::judge::{Judged, Rejection};
use super::keys::TypedLogin;
use super::once::{Call, Repeatable, Settled};
use super::tokens::{ChallengeKind, KeptTokens, SessionTokens};
use super::{Caller, Context, Error, Failed, Identity};
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Outcome, Subject};
use crate::domain::lockout::Fingerprint;
use crate::domain::password::Password;
use crate::domain::policy::{LockoutRules, Policy};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::store::sign_ins::{Admission, Known, LoginKey, PasswordTry, PlaceKey};

/// How often a sign-in is judged anew because the account changed under it: a parallel sign-in renews the hash once.
const ROUNDS: usize = 3;

/// A login and a password.
pub(crate) struct SignIn {
    /// The tenant.
    pub tenant_id: TenantId,
    /// What the person types.
    pub login: String,
    /// The password.
    pub password: SecretString,
    /// Names the call.
    pub request_id: RequestId,
    /// Where the person is.
    pub context: Context,
}

/// How a sign-in ended.
#[derive(Debug)]
pub(crate) enum SignedIn {
    /// Signed in.
    Tokens(SessionTokens),
    /// One more thing to do.
    Challenge(Asked),
    /// Not signed in, and not why.
    Rejected,
}

/// [`SignedIn`] as it is kept.
#[derive(Serialize, Deserialize)]
enum Kept {
    Tokens(KeptTokens),
    Challenge(KeptAsked),
    Rejected,
}

/// Whose sign-in is counted where.
struct Counted {
    login: LoginKey,
    place: Option<PlaceKey>,
}

/// What a sign-in carries through its steps.
struct Attempt<'a> {
    scope: TenantScope,
    who: (&'a Caller, &'a Context),
    counted: Counted,
    password: Password,
    call: Repeatable,
    now: Timestamp,
}

impl Identity {
    /// Signs in. Answers on the grid.
    #[tracing::instrument(skip_all, fields(tenant_id = %request.tenant_id))]
    pub(crate) async fn sign_in(&self, caller: &Caller, request: &SignIn) -> Result<SignedIn, Error> {
        self.on_grid(self.try_sign_in(caller, request)).await
    }

    async fn try_sign_in(&self, caller: &Caller, request: &SignIn) -> Result<SignedIn, Error> {
        let now = self.now();
        let scope = caller.scope(request.tenant_id)?;
        let context = &request.context;
        self.spend_sign_in(caller, context, now)
            .await
            .inspect_err(|error| self.note_limit(error, &scope, (caller, context), now))?;
        let call = Call {
            rpc: "SignIn",
            who: caller.name(),
            tenant_id: request.tenant_id,
            request_id: request.request_id,
        };
        let content = [request.login.as_bytes(), request.password.expose_secret().as_bytes()];
        let call = self.repeatable(call, &content, now);
        // Before the try is counted: one that finds no room costs no write, and its person no try. A repeat takes a seat
        // as well, and gives it up when the counting step finds its answer.
        let seat = self.hasher.keep_seat(self.hashing_budget())?;
        let typed = TypedLogin::read(&request.login);
        let known = self.store.find_login(&scope, typed.login.as_ref()).await?;
        let known = known.ok_or(Refusal::TenantNotFound)?;
        let login = self.keys.login_key(scope.tenant_id(), typed.name(known.account.as_ref()));
        let place = context.ip.map(|ip| self.keys.place_key(&login, ip, context.user_agent_family()));
        let attempt = Attempt {
            scope,
            who: (caller, context),
            counted: Counted { login, place },
            password: Password::typed(&request.password),
            call,
            now,
        };
        self.watch_for_stuffing(&attempt).await?;
        let rules = &known.policy.policy.lockout;
        let admitted = self.admit(&attempt, known.account.as_ref(), rules).await?;
        drop(seat);
        match admitted {
            Settled::Done(admission) => {
                self.judged_sign_in(&attempt, known, admission, typed.login.as_ref()).await
            }
            Settled::Repeated(kept) => Ok(kept.into()),
            Settled::Refused(()) => Ok(SignedIn::Rejected),
        }
    }

    /// Counts the password as wrong until it turns out right, once per request. While the login is locked there is
    /// but one answer, so it is kept at once.
    async fn admit(
        &self,
        attempt: &Attempt<'_>,
        account: Option<&Account>,
        rules: &LockoutRules,
    ) -> Result<Settled<Admission, (), Kept>, Error> {
        let Attempt { scope, who, counted, password, call, now } = attempt;
        let fingerprint = self.keys.fingerprint(&counted.login, password);
        let subject = subject_of(account, counted);
        let password_try = self.password_try((scope, counted), fingerprint, rules, subject, *who, *now);
        let rejected = |_: &Admission| self.seal_answer(call, &Kept::Rejected);
        let step = self.store.admit_password(scope, &password_try, call.once(&rejected), *now).await?;
        self.settle(call, step)
    }

    fn password_try(
        &self,
        (scope, counted): (&TenantScope, &Counted),
        fingerprint: Fingerprint,
        rules: &LockoutRules,
        subject: Subject,
        (caller, context): (&Caller, &Context),
        now: Timestamp,
    ) -> PasswordTry {
        let event = self.event(scope.tenant_id(), EventKind::LockedOut, Outcome::Refused, now);
        PasswordTry {
            login: counted.login,
            place: counted.place,
            fingerprint,
            rules: rules.clone(),
            locked_event: event.on_subject(subject).from(context).through(caller).done(),
        }
    }

    async fn judged_sign_in(
        &self,
        attempt: &Attempt<'_>,
        mut known: Known,
        admission: Admission,
        login: Option<&rekey_primitives::login::Login>,
    ) -> Result<SignedIn, Error> {
        for _ in 0..ROUNDS {
            let judged = self.judge_password(
                known.account.as_ref(),
                &attempt.password,
                admission,
                &known.policy.policy,
                attempt.now,
            );
            let outcome = match judged.await? {
                Judged::Rejected(why) => {
                    return self.reject_sign_in(attempt, known.account.as_ref(), why).await;
                }
                Judged::Challenged { account, kind } => {
                    return self.challenge(attempt, account, &known.policy.policy, kind).await;
                }
                Judged::Right { account, verified, rehashed } => {
                    let rules = &known.policy.policy.sessions;
                    self.open(attempt, account, (verified, rehashed), rules).await?
                }
            };
            if let Some(signed_in) = outcome {
                return Ok(signed_in);
            }
            // A parallel sign-in renewed the hash, or the account changed: what is read now decides.
            let again = self.store.find_login(&attempt.scope, login).await?;
            known = again.ok_or(Refusal::TenantNotFound)?;
        }
        Err(Failed::Contended.into())
    }

    /// Asks for one more thing before there is a session.
    async fn challenge(
        &self,
        attempt: &Attempt<'_>,
        account: &Account,
        policy: &Policy,
        kind: ChallengeKind,
    ) -> Result<SignedIn, Error> {
        let Attempt { scope, who: (caller, context), counted, call, now, .. } = attempt;
        self.store.forgive(scope, &counted.login).await?;
        let asked = self.question(caller, (account, account.epoch), policy, kind, (*now, *now));
        let event = self.event(account.tenant_id, EventKind::SignIn, Outcome::Refused, *now);
        let event = event.on(account.id).from(context).through(caller).because(kind.as_str());
        self.audit.push(event.done());
        let kept = Kept::Challenge(KeptAsked::from(&asked));
        self.keep_answer(scope, call, kept, *now).await.map(SignedIn::from)
    }

    /// Says no, and keeps it: known or not, everybody's rejection is written alike.
    async fn reject_sign_in(
        &self,
        attempt: &Attempt<'_>,
        account: Option<&Account>,
        why: Rejection,
    ) -> Result<SignedIn, Error> {
        self.note_rejection(attempt, account, why);
        self.keep_answer(&attempt.scope, &attempt.call, Kept::Rejected, attempt.now).await.map(SignedIn::from)
    }

    fn note_rejection(&self, attempt: &Attempt<'_>, account: Option<&Account>, why: Rejection) {
        let (caller, context) = attempt.who;
        let event = self.event(attempt.scope.tenant_id(), EventKind::SignIn, Outcome::Refused, attempt.now);
        let event = event.on_subject(subject_of(account, &attempt.counted)).from(context).through(caller);
        self.audit.push(event.because(why.as_str()).done());
    }

    /// Many logins from one network are noted; the throttle of the network is what stops them.
    async fn watch_for_stuffing(&self, attempt: &Attempt<'_>) -> Result<(), Error> {
        let (caller, context) = attempt.who;
        if self.looks_like_stuffing(context, &attempt.counted.login, attempt.now).await? {
            let kind = EventKind::StuffingSuspected;
            let event = self.event(attempt.scope.tenant_id(), kind, Outcome::Refused, attempt.now);
            self.audit.push(event.from(context).through(caller).because("many_logins").done());
        }
        Ok(())
    }
}

/// Whom an event of a sign-in is about.
fn subject_of(account: Option<&Account>, counted: &Counted) -> Subject {
    account.map_or(Subject::UnknownLogin(counted.login), |account| Subject::Account(account.id))
}

impl From<Kept> for SignedIn {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Tokens(tokens) => Self::Tokens(tokens.into()),
            Kept::Challenge(asked) => Self::Challenge(asked.into()),
            Kept::Rejected => Self::Rejected,
        }
    }
}
