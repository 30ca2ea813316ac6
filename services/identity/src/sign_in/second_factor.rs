//! The answer to "prove it by something else": a code of an authenticator, or of the saved list, or what a passkey signed.
//!
//! Attempts are counted twice before a code is looked at: those of this challenge, and those of the kind, where familiar
//! places have a count of their own. A code is spent by the step that opens the session, or that leads to the next question.

use rekey_primitives::id::{ResetId, from_digest};
use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::SecretString;

use super::SignIns;
use super::challenge::Asked;
use super::challenged::Challenged;
use super::continue_sign_in::{Answering, Continued};
use crate::credentials::{SignedByPasskey, TypedCode};
use crate::domain::account::{Account, PasswordRecord};
use crate::domain::attempts::AttemptOrigin;
use crate::domain::audit::{Actor, AuditEvent, EventKind};
use crate::domain::passkey::{AuthenticationResponse, PasskeyRefused};
use crate::domain::password::expiry::PasswordState;
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::reset::sign_in_attempts_key;
use crate::domain::session::Session;
use crate::domain::{reconfirmation, second_factor};
use crate::operation::idempotency::{Answer, Settled};
use crate::operation::{Error, Failed, JUDGED_AT_MOST, Operation, Repeatable};
use crate::store::accounts::{HeldCode, PassedCode};
use crate::store::resets::{AttemptCounted, CodeAttempt, CodeSource};
use crate::store::sign_ins::{OpenSession, PassedFactor, PlaceKey, Stale};
use crate::tokens::{ChallengeKind, NewSession, passkey_challenge};

/// A code that was found right, and whose.
pub(super) struct Passed<'a> {
    pub(super) account: &'a Account,
    /// The code of a second factor, spent by the step that takes it; none where it was sent, and spent by verification.
    pub(super) factor: Option<PassedCode>,
    pub(super) event: AuditEvent,
}

/// A second factor that somebody shows.
#[derive(Clone, Copy)]
pub(super) enum ShownFactor<'a> {
    Code { kind: MethodKind, code: &'a SecretString },
    Passkey(&'a AuthenticationResponse),
}

impl ShownFactor<'_> {
    const fn kind(&self) -> MethodKind {
        match self {
            Self::Code { kind, .. } => *kind,
            Self::Passkey(_) => MethodKind::Passkey,
        }
    }
}

impl SignIns {
    /// Judges a second factor, and signs in or asks on.
    pub(super) async fn pass_second_factor(
        &self,
        answering: &Answering<'_>,
        shown: ShownFactor<'_>,
    ) -> Result<Answer<Continued>, Error> {
        let (operation, kind) = (answering.operation, shown.kind());
        let Challenged { account, .. } = self.challenged(answering).await?;
        self.count_factor_of_challenge(answering).await?;
        // What a passkey signs is not guessed at: were it counted, whoever knows the password could stop its passkeys.
        if matches!(shown, ShownFactor::Code { .. })
            && !self.counts_factor(operation, &answering.policy, &account, kind).await?
        {
            return Ok(Answer::to_store(Continued::Rejected { rejected: true }));
        }
        for _ in 0..JUDGED_AT_MOST {
            let Challenged { account, password } = self.challenged(answering).await?;
            let code = match self.judge_factor(answering, &account, shown).await? {
                Ok(code) => code,
                Err(why) => {
                    self.audit.note(self.audit.event(operation).on(account.id).refused(why));
                    return Ok(Answer::to_store(Continued::Rejected { rejected: true }));
                }
            };
            let counter = sign_in_attempts_key(account.id, kind);
            let event = self.audit.event(operation).by(Actor::Account(account.id)).because(kind.as_str());
            let passed = Passed {
                account: &account,
                factor: Some(PassedCode { account_id: account.id, code, counter }),
                event: event.done(),
            };
            if let Some(answer) = self.go_on(answering, passed, password).await? {
                return Ok(answer);
            }
            // The account changed, or another call spent the code: what is read now decides.
        }
        Err(Failed::Contended.into())
    }

    /// What is spent by a second factor that is right; the word for what is wrong with it otherwise.
    async fn judge_factor(
        &self,
        answering: &Answering<'_>,
        account: &Account,
        shown: ShownFactor<'_>,
    ) -> Result<Result<HeldCode, &'static str>, Error> {
        let Answering { operation, challenge, .. } = answering;
        let entries = second_factor::taken(account, shown.kind());
        match shown {
            ShownFactor::Code { code, .. } => {
                let typed = TypedCode { account_id: Some(account.id), entries, code };
                let found = self.credentials.held_code(&operation.scope, &typed, operation.now).await?;
                Ok(found.ok_or("code_rejected"))
            }
            ShownFactor::Passkey(response) => {
                let signed = SignedByPasskey {
                    account_id: Some(account.id),
                    entries,
                    response,
                    challenge: passkey_challenge(answering.token),
                    challenge_expires_at: challenge.expires_at,
                };
                let used = self.credentials.passkey_use(operation, &signed).await?;
                Ok(used.map_err(PasskeyRefused::as_str))
            }
        }
    }

    /// Signs in or asks on; `None` if the account is to be judged anew.
    pub(super) async fn go_on(
        &self,
        answering: &Answering<'_>,
        passed: Passed<'_>,
        password: PasswordState,
    ) -> Result<Option<Answer<Continued>>, Error> {
        match next_question(answering, passed.account, password) {
            Some(next) => self.ask_on(answering, &passed, next?).await,
            None => self.open_session_passed(answering, passed).await,
        }
    }

    /// Counts an attempt at this challenge, which takes no more than a reset does.
    pub(super) async fn count_factor_of_challenge(&self, answering: &Answering<'_>) -> Result<(), Error> {
        let Answering { operation, challenge, policy, whose, .. } = answering;
        let (number, request) = (ResetId::from_uuid(from_digest(whose)), operation.key.fingerprint());
        let (scope, expires_at) = (&operation.scope, challenge.expires_at);
        let before =
            self.store.count_completion_attempt(scope, number, &request, expires_at, operation.now).await?;
        if before >= policy.reset.codes_per_reset {
            self.audit.note_refused(operation, "codes_exhausted");
            return Err(Refusal::ChallengeInvalid.into());
        }
        Ok(())
    }

    /// Counts an attempt at a kind of the account; false when none is taken.
    async fn counts_factor(
        &self,
        operation: &Repeatable<'_>,
        policy: &Policy,
        account: &Account,
        kind: MethodKind,
    ) -> Result<bool, Error> {
        let (scope, request) = (&operation.scope, operation.key.fingerprint());
        let place = self.place_of(operation, account);
        let is_familiar = match place {
            Some(place) => self.store.is_familiar(scope, &self.keys.login_key_of(account), &place).await?,
            None => false,
        };
        let attempt = CodeAttempt {
            method: sign_in_attempts_key(account.id, kind),
            from: if is_familiar { AttemptOrigin::FamiliarPlace } else { AttemptOrigin::Anywhere },
            request: &request,
            rules: &policy.reset,
            codes: CodeSource::Held,
        };
        match self.store.count_code_attempt(scope, &attempt, operation.now).await? {
            AttemptCounted::Counted | AttemptCounted::CountedBefore => Ok(true),
            AttemptCounted::NoLiveCode | AttemptCounted::Stopped(_) => {
                let event = self.audit.event_of(operation, EventKind::MethodStopped).on(account.id);
                self.audit.note(event.by(Actor::Stranger).refused("paused"));
                Ok(false)
            }
        }
    }

    /// Where the person is, as one of their places.
    pub(super) fn place_of(&self, operation: &Operation<'_>, account: &Account) -> Option<PlaceKey> {
        let context = operation.origin.context;
        let login = self.keys.login_key_of(account);
        context.ip.map(|ip| self.keys.place_key(&login, ip, context.user_agent_family()))
    }

    /// Asks for one more thing, the code being spent; `None` if the account is to be judged anew.
    async fn ask_on(
        &self,
        answering: &Answering<'_>,
        passed: &Passed<'_>,
        kind: ChallengeKind,
    ) -> Result<Option<Answer<Continued>>, Error> {
        let Answering { operation, policy, .. } = answering;
        let (account, proved_at) = (passed.account, answering.proved_at());
        let is_strong = passed.factor.is_some();
        let asked = Asked { is_strong, ..Asked::of_today(account, kind, proved_at) };
        let challenge = self.challenge(operation, &asked, policy);
        let Some(code) = passed.factor.clone() else {
            let event = self.audit.event(operation).on(account.id).by(Actor::Account(account.id));
            self.audit.note(event.because("sent_code"));
            return Ok(Some(Answer::to_store(Continued::Challenge(challenge))));
        };
        let stored =
            self.idempotency.answering(operation.key, |(): &()| Continued::Challenge(challenge.clone()));
        let factor = PassedFactor { passed: code, epoch: account.epoch, event: passed.event.clone() };
        let step = self.store.second_factor_passed(&operation.scope, &factor, stored.once(), operation.now);
        Ok(stored.settle(step.await?)?.ok())
    }

    /// Opens a session, which a second factor makes strong; `None` if the account is to be judged anew.
    async fn open_session_passed(
        &self,
        answering: &Answering<'_>,
        passed: Passed<'_>,
    ) -> Result<Option<Answer<Continued>>, Error> {
        let Answering { operation, policy, challenge, .. } = answering;
        let (account, linked_from) = (passed.account, challenge.linked_from);
        let (session, tokens) = self.tokens.new_session(&NewSession {
            account,
            epoch: account.epoch,
            rules: &policy.sessions,
            origin: operation.origin,
            proved_at: answering.proved_at(),
            strong: passed.factor.is_some(),
            now: operation.now,
        });
        let PasswordRecord { hash, .. } = account.password.as_ref().ok_or(Refusal::ChallengeInvalid)?;
        let open = OpenSession {
            session,
            verified: Some(hash.clone()),
            rehashed: None,
            login: self.keys.login_key_of(account),
            place: self.place_of(operation, account).filter(|_| linked_from.is_none()),
            answers: None,
            linked_from,
            spent: passed.factor,
            event: passed.event,
        };
        let stored =
            self.idempotency.answering(operation.key, |_: &Session| Continued::Tokens(tokens.clone()));
        let step = self.store.open_session(&operation.scope, &open, stored.once()).await?;
        Ok(match stored.outcome(step)? {
            Settled::Done(session) => Some(stored.stored(&session)),
            Settled::Repeated(answer) => Some(answer),
            Settled::Refused(Stale) => None,
        })
    }
}

/// What is asked after the second factor, if anything is.
fn next_question(
    answering: &Answering<'_>,
    account: &Account,
    password: PasswordState,
) -> Option<Result<ChallengeKind, Refusal>> {
    let Answering { operation, policy, challenge, .. } = answering;
    let is_good = matches!(password, PasswordState::Fresh | PasswordState::ExpiresIn { .. });
    if challenge.linked_from.is_some() {
        // A link never sets a password, and looks after nothing.
        return (!is_good).then_some(Err(Refusal::ChallengeInvalid));
    }
    match password {
        PasswordState::TemporaryOver => Some(Err(Refusal::ChallengeInvalid)),
        PasswordState::MustChange => Some(Ok(ChallengeKind::PasswordChangeRequired)),
        PasswordState::Expired => Some(Ok(ChallengeKind::PasswordExpired)),
        PasswordState::Fresh | PasswordState::ExpiresIn { .. } => {
            let is_due = reconfirmation::is_due(account, &policy.security_info, operation.now);
            is_due.then_some(Ok(ChallengeKind::ConfirmSecurityInfo))
        }
    }
}
