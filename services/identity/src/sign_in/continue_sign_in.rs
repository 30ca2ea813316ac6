//! Answering a challenge. What was asked is done and the session opened in one step, so nobody is left with the one and
//! without the other; where the next question waits, there is no session yet.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;
use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::SignIns;
use super::challenge::{Asked, SignInChallenge};
use super::challenged::name_of;
use super::second_factor::ShownFactor;
use crate::domain::account::Account;
use crate::domain::audit::{Actor, EventKind};
use crate::domain::passkey::AuthenticationResponse;
use crate::domain::password::Password;
use crate::domain::policy::Policy;
use crate::domain::reconfirmation;
use crate::domain::refusal::Refusal;
use crate::domain::session::Session;
use crate::notices::NoticeContent;
use crate::operation::idempotency::{Answer, Request, Settled};
use crate::operation::{Caller, Context, Error, Operation, Origin, Repeatable, Rpc};
use crate::policies::TenantPolicy;
use crate::store::sign_ins::{ChangePassword, SessionsEnded, Stale};
use crate::tokens::{Challenge, ChallengeKind, NewSession, SessionTokens};

const RPC: Rpc = Rpc { name: "ContinueSignIn", event: EventKind::SignInChallenge };

/// The answer to a challenge.
#[derive(Debug)]
pub(crate) struct AnswerChallenge {
    pub challenge_token: SecretString,
    pub answer: ChallengeAnswer,
    pub request_id: RequestId,
    pub context: Context,
}

/// What a person answers.
#[derive(Debug, Clone)]
pub(crate) enum ChallengeAnswer {
    NewPassword(SecretString),
    /// About the security info they were shown: whether all of it is still right.
    SecurityInfo {
        /// False: they are signed in to change it, and are asked again next time.
        is_still_right: bool,
    },
    /// A second factor: a code of that kind.
    SecondFactor {
        kind: MethodKind,
        code: SecretString,
    },
    /// A second factor: what a passkey signed.
    Passkey(Box<AuthenticationResponse>),
    /// The code that was sent for this challenge.
    SentCode(SecretString),
}

/// Where an answer leads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Continued {
    /// Signed in.
    Tokens(SessionTokens),
    /// To the next question.
    Challenge(SignInChallenge),
    /// Nowhere: the code was wrong, and not why.
    Rejected {
        /// Always true.
        rejected: bool,
    },
}

/// An answer on its way, with everything it is judged by.
pub(super) struct Answering<'a> {
    pub(super) operation: &'a Repeatable<'a>,
    pub(super) challenge: Challenge,
    pub(super) policy: Policy,
    /// The challenge as it was shown.
    pub(super) token: &'a SecretString,
    /// Names the challenge in counters.
    pub(super) whose: [u8; 32],
}

impl SignIns {
    /// Does what a challenge asked for, and signs in or asks on.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn continue_sign_in(
        &self,
        caller: &Caller,
        request: &AnswerChallenge,
    ) -> Result<Continued, Error> {
        let shown = &request.challenge_token;
        let (operation, challenge) = self.opened(RPC, Origin { caller, context: &request.context }, shown)?;
        if matches!(request.answer, ChallengeAnswer::NewPassword(_)) {
            self.credentials.check_room()?;
        }
        let [answered, of_kind] = request.answer.content();
        let content = [shown.expose_secret().as_bytes(), answered, of_kind];
        let named = Request { who: caller.name(), id: request.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run(&operation, self.do_as_asked(&operation, challenge, request)).await
    }

    async fn do_as_asked(
        &self,
        operation: &Repeatable<'_>,
        challenge: Challenge,
        request: &AnswerChallenge,
    ) -> Result<Answer<Continued>, Error> {
        use ChallengeKind::{
            ConfirmSecurityInfo, PasswordChangeRequired, PasswordExpired, SecondFactor, SentCode,
        };
        let token = &request.challenge_token;
        let whose = name_of(token);
        self.limits.consume_evaluation(&whose, operation.now).await?;
        // A code goes by what this deployment carries.
        let policy = self.policies.reset_policy(&operation.scope).await?;
        let kind = challenge.kind;
        let answering = Answering { operation, challenge, policy, token, whose };
        match (kind, &request.answer) {
            (ConfirmSecurityInfo, ChallengeAnswer::SecurityInfo { is_still_right }) => {
                self.confirm_security_info(&answering, *is_still_right).await
            }
            (SecondFactor, ChallengeAnswer::SecondFactor { kind, code }) => {
                self.pass_second_factor(&answering, ShownFactor::Code { kind: *kind, code }).await
            }
            (SecondFactor, ChallengeAnswer::Passkey(response)) => {
                self.pass_second_factor(&answering, ShownFactor::Passkey(response)).await
            }
            (SentCode, ChallengeAnswer::SentCode(code)) => self.pass_sent_code(&answering, code).await,
            (SentCode, _) => Err(Refusal::field("second_factor.sent_code", "the code that was sent").into()),
            (SecondFactor, _) => {
                Err(Refusal::field("second_factor", "one of those that the challenge names").into())
            }
            (ConfirmSecurityInfo, _) => {
                Err(Refusal::field("security_info_verdict", "what the challenge asks for").into())
            }
            (PasswordExpired | PasswordChangeRequired, ChallengeAnswer::NewPassword(new)) => {
                self.set_password(answering, new).await
            }
            (PasswordExpired | PasswordChangeRequired, _) => {
                Err(Refusal::field("new_password", "the password that the challenge asks for").into())
            }
        }
    }

    /// Sets the password that was asked for.
    async fn set_password(
        &self,
        answering: Answering<'_>,
        new: &SecretString,
    ) -> Result<Answer<Continued>, Error> {
        let account = self.challenged(&answering).await?.asked_for_password()?;
        let operation = answering.operation;
        let login = self.keys.login_key_of(&account);
        let _turn = self.credentials.turn(&login).await?;
        self.limits.consume_hash(operation, &login).await?;
        let next = self.after_change(&answering, &account);
        let challenge_kind = answering.challenge.kind;
        let tenant = self.policies.tenant(&operation.scope).await?;
        let rules = TenantPolicy { tenant, policy: answering.policy };
        let change = self.change_asked_for(operation, &account, &rules, new).await?;
        let change = ChangePassword { open: next.session, ..change };
        let stored = self.idempotency.answering(operation.key, |_: &SessionsEnded| next.answer.clone());
        let step = self.store.change_password(&operation.scope, &change, Some(stored.once())).await?;
        match stored.outcome(step)? {
            Settled::Done(ended) => {
                self.note_answered(operation, &account, challenge_kind);
                Ok(stored.stored(&ended))
            }
            Settled::Repeated(answer) => Ok(answer),
            Settled::Refused(Stale) => Err(Refusal::ChallengeInvalid.into()),
        }
    }

    /// What comes after a new password: a session, or the question about security info.
    fn after_change(&self, answering: &Answering<'_>, account: &Account) -> Next {
        let Answering { operation, policy, .. } = answering;
        let (epoch, proved_at, now) = (account.epoch.next(), answering.proved_at(), operation.now);
        if reconfirmation::is_due(account, &policy.security_info, now) {
            let (kind, is_strong) = (ChallengeKind::ConfirmSecurityInfo, answering.challenge.is_strong);
            let asked = Asked { kind, epoch, is_strong, ..Asked::of_today(account, kind, proved_at) };
            let challenge = self.challenge(operation, &asked, policy);
            return Next { session: None, answer: Continued::Challenge(challenge) };
        }
        let (rules, origin) = (&policy.sessions, operation.origin);
        let strong = answering.challenge.is_strong;
        let new = NewSession { account, epoch, rules, origin, proved_at, strong, now };
        let (session, tokens) = self.tokens.new_session(&new);
        Next { session: Some(session), answer: Continued::Tokens(tokens) }
    }

    async fn change_asked_for(
        &self,
        operation: &Operation<'_>,
        account: &Account,
        rules: &TenantPolicy,
        new: &SecretString,
    ) -> Result<ChangePassword, Error> {
        let (scope, context, now) = (&operation.scope, operation.origin.context, operation.now);
        let password = self.credentials.choose(operation, account, rules, &Password::typed(new)).await?;
        let content = NoticeContent::person("password_changed_notice", &rules.tenant, account, now)
            .in_language(context.locale.as_ref())
            .with("place", &context.place());
        let notified = self.notices.notified(scope, account, now).await?;
        let event = self.audit.event_of(operation, EventKind::PasswordChanged);
        Ok(ChangePassword {
            account_id: account.id,
            epoch: account.epoch,
            password,
            history: rules.policy.password.history,
            keep: None,
            open: None,
            login: self.keys.login_key_of(account),
            event: event.by(Actor::Account(account.id)).done(),
            notices: self.notices.to(&notified, &content),
            now,
        })
    }

    pub(super) fn note_answered(&self, operation: &Operation<'_>, account: &Account, kind: ChallengeKind) {
        self.audit.note(self.audit.event(operation).on(account.id).because(kind.as_str()));
    }
}

/// What comes after a new password.
struct Next {
    session: Option<Session>,
    answer: Continued,
}

impl Answering<'_> {
    /// When the person gave the password that they were challenged for; an older release did not say.
    pub(super) fn proved_at(&self) -> Timestamp {
        self.challenge.proved_at.unwrap_or(self.operation.now)
    }
}

impl ChallengeAnswer {
    /// What a repeat has to say again.
    fn content(&self) -> [&[u8]; 2] {
        match self {
            Self::NewPassword(new) => [new.expose_secret().as_bytes(), b""],
            Self::SecurityInfo { is_still_right: true } => [b"security info: still right", b""],
            Self::SecurityInfo { is_still_right: false } => [b"security info: needs change", b""],
            Self::SentCode(code) => [code.expose_secret().as_bytes(), b"sent"],
            Self::SecondFactor { kind, code } => [code.expose_secret().as_bytes(), kind.as_str().as_bytes()],
            Self::Passkey(response) => [response.text(), MethodKind::Passkey.as_str().as_bytes()],
        }
    }
}
