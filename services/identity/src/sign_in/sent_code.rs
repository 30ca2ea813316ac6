//! The code that a right password amid spraying is asked for: who guessed it has none of the account's addresses.
//!
//! A challenge has one verification, named after it. It goes to addresses that counted before, as a reset's code does, and is
//! no second factor: the session that it opens is an ordinary one.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{RequestId, VerificationId, from_digest};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::digest;
use serde::{Deserialize, Serialize};

use super::SignIns;
use super::challenged::{Challenged, name_of};
use super::continue_sign_in::{Answering, Continued};
use super::second_factor::Passed;
use crate::domain::account::Account;
use crate::domain::attempts::AttemptOrigin;
use crate::domain::audit::{Actor, EventKind};
use crate::domain::refusal::Refusal;
use crate::domain::reset::sign_in_attempts_key;
use crate::domain::spraying::CodeAddresses;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Caller, Context, Error, Failed, JUDGED_AT_MOST, Origin, Repeatable, Rpc};
use crate::peers::verification::{
    CheckCode, ResendCode, Resent, SIGN_IN, StartCode, Started, Stopped, Timers,
};
use crate::store::resets::{AttemptCounted, CodeAttempt, CodeSource};
use crate::tokens::{Challenge, ChallengeKind};

const RPC: Rpc = Rpc { name: "SendSignInCode", event: EventKind::SignInChallenge };

/// Asks for the code.
#[derive(Debug)]
pub(crate) struct SendSignInCode {
    pub challenge_token: SecretString,
    pub request_id: RequestId,
    pub context: Context,
}

/// A code is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CodeSent {
    pub masked_destinations: Vec<String>,
    pub code_expires_at: Timestamp,
    /// When another send is accepted; `None` when all have been used.
    pub resend_after: Option<Timestamp>,
}

/// The code of a challenge: where it goes, and what stands behind it.
struct SignInCode {
    to: CodeAddresses,
    verification_id: VerificationId,
    /// What its evidence is bound to.
    binding: [u8; 32],
}

impl SignInCode {
    fn of(answering: &Answering<'_>, account: &Account) -> Result<Self, Refusal> {
        let to = CodeAddresses::of(account, &answering.policy, answering.operation.now);
        let to = to.ok_or(Refusal::ChallengeInvalid)?;
        let parts: [&[u8]; 3] = [b"sign in code", &answering.whose, to.kind.as_str().as_bytes()];
        let binding = digest(&parts);
        let verification_id = VerificationId::from_uuid(from_digest(&digest(&[b"verification", &binding])));
        Ok(Self { to, verification_id, binding })
    }
}

impl SignIns {
    /// Sends the code of a challenge, first or again.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn send_code(
        &self,
        caller: &Caller,
        request: &SendSignInCode,
    ) -> Result<CodeSent, Error> {
        let shown = &request.challenge_token;
        let (operation, challenge) = self.opened(RPC, Origin { caller, context: &request.context }, shown)?;
        let content = [shown.expose_secret().as_bytes()];
        let named = Request { who: caller.name(), id: request.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run(&operation, self.send_code_once(&operation, challenge, shown)).await
    }

    async fn send_code_once(
        &self,
        operation: &Repeatable<'_>,
        challenge: Challenge,
        shown: &SecretString,
    ) -> Result<Answer<CodeSent>, Error> {
        if challenge.kind != ChallengeKind::SentCode {
            return Err(Refusal::ChallengeInvalid.into());
        }
        let policy = self.policies.reset_policy(&operation.scope).await?;
        let answering = Answering { operation, challenge, policy, token: shown, whose: name_of(shown) };
        let Challenged { account, .. } = self.challenged(&answering).await?;
        let code = SignInCode::of(&answering, &account)?;
        let Timers { code_expires_at, resend_after } =
            self.start_or_resend(operation, &account, &code).await?;
        let key = sign_in_attempts_key(account.id, code.to.kind);
        self.store.code_sent(&operation.scope, key, code_expires_at).await?;
        let masked_destinations = code.to.destinations.iter().map(|to| to.masked()).collect();
        Ok(Answer::to_store(CodeSent { masked_destinations, code_expires_at, resend_after }))
    }

    /// Has the code sent. A limit beyond this challenge is silent: it would tell what others send to the person.
    async fn start_or_resend(
        &self,
        operation: &Repeatable<'_>,
        account: &Account,
        code: &SignInCode,
    ) -> Result<Timers, Error> {
        let tenant = self.policies.tenant(&operation.scope).await?;
        let start = StartCode {
            tenant_id: account.tenant_id,
            verification_id: code.verification_id,
            request_id: operation.request_id_from_here("start"),
            purpose: SIGN_IN,
            subject: account.id.to_string(),
            destinations: code.to.destinations.clone(),
            locale: operation.origin.context.locale.clone(),
            binding: code.binding,
            decoy: false,
            organisation: tenant.display_name.clone(),
            familiar: false,
            asked_by: operation.origin.asked_by(None),
        };
        match self.verification.start(&start).await? {
            Started::Sent(timers) => Ok(timers),
            Started::WasThere(_) => self.resend(operation, code).await,
            Started::Stopped(stopped) => Ok(self.stopped_send(operation, &stopped)),
            // It is spent, or was guessed at too often.
            Started::Differs => Err(Refusal::ChallengeInvalid.into()),
        }
    }

    async fn resend(&self, operation: &Repeatable<'_>, code: &SignInCode) -> Result<Timers, Error> {
        let resend = ResendCode {
            tenant_id: operation.scope.tenant_id(),
            verification_id: code.verification_id,
            request_id: operation.request_id_from_here("resend"),
            asked_by: operation.origin.asked_by(None),
        };
        match self.verification.resend(&resend).await? {
            Resent::Sent(timers) => Ok(timers),
            Resent::TooSoon { retry_after } => Err(Refusal::SendLimited { retry_after }.into()),
            Resent::Stopped(stopped) => Ok(self.stopped_send(operation, &stopped)),
            Resent::Exhausted | Resent::Over => Err(Refusal::ChallengeInvalid.into()),
        }
    }

    fn stopped_send(&self, operation: &Repeatable<'_>, stopped: &Stopped) -> Timers {
        self.audit.note_limit(operation, stopped.stop.as_str());
        stopped.timing.as_if_sent(operation.now)
    }

    /// Judges the code that was sent, and signs in or asks on.
    pub(super) async fn pass_sent_code(
        &self,
        answering: &Answering<'_>,
        typed: &SecretString,
    ) -> Result<Answer<Continued>, Error> {
        let operation = answering.operation;
        let Challenged { account, .. } = self.challenged(answering).await?;
        let code = SignInCode::of(answering, &account)?;
        self.count_factor_of_challenge(answering).await?;
        if !self.is_right_code(answering, &account, &code, typed).await? {
            self.audit.note(self.audit.event(operation).on(account.id).refused("code_rejected"));
            return Ok(Answer::to_store(Continued::Rejected { rejected: true }));
        }
        self.store.forget_attempts(&operation.scope, sign_in_attempts_key(account.id, code.to.kind)).await?;
        for _ in 0..JUDGED_AT_MOST {
            let Challenged { account, password } = self.challenged(answering).await?;
            let event =
                self.audit.event(operation).by(Actor::Account(account.id)).because("sent_code").done();
            let passed = Passed { account: &account, factor: None, event };
            if let Some(answer) = self.go_on(answering, passed, password).await? {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }

    /// Whether an attempt is taken, and verification passes the code for this challenge.
    async fn is_right_code(
        &self,
        answering: &Answering<'_>,
        account: &Account,
        code: &SignInCode,
        typed: &SecretString,
    ) -> Result<bool, Error> {
        let Answering { operation, policy, .. } = answering;
        let (scope, request) = (&operation.scope, operation.key.fingerprint());
        let attempt = CodeAttempt {
            method: sign_in_attempts_key(account.id, code.to.kind),
            from: AttemptOrigin::Anywhere,
            request: &request,
            rules: &policy.reset,
            codes: CodeSource::Sent,
        };
        match self.store.count_code_attempt(scope, &attempt, operation.now).await? {
            AttemptCounted::Counted | AttemptCounted::CountedBefore => {}
            AttemptCounted::NoLiveCode => return Ok(false),
            AttemptCounted::Stopped(_) => {
                let event = self.audit.event_of(operation, EventKind::MethodStopped).on(account.id);
                self.audit.note(event.by(Actor::Stranger).refused("paused"));
                return Ok(false);
            }
        }
        let check = CheckCode {
            tenant_id: account.tenant_id,
            verification_id: code.verification_id,
            request_id: operation.request_id_from_here("check"),
            purpose: SIGN_IN,
            subject: account.id.to_string(),
            code: typed.clone(),
            asked_by: operation.origin.asked_by(None),
        };
        let checked = self.verification.check(&check).await?;
        let Some(grant) = checked.grant(|stop| self.audit.note_limit(operation, stop.as_str())) else {
            return Ok(false);
        };
        let request_id = operation.request_id_from_here("redeem");
        let redeemed = self.verification.redeem(account.tenant_id, &grant, &code.binding, request_id).await?;
        Ok(redeemed.is_some_and(|redeemed| {
            redeemed.verification_id == code.verification_id
                && Some(redeemed.channel) == code.to.kind.channel()
        }))
    }
}
