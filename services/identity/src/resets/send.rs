//! Having the code of a method sent, or sent again.
//!
//! Visible limits are those of this reset alone: the ladder of its verification. A stop by destination, subject,
//! tenant or network would tell that an address is real or busy, so it gets the answer of a send (`decoy_send`).

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::id::{RequestId, from_digest};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::digest;
use serde::{Deserialize, Serialize};

use super::{Continued, Resets, binding_of, still_the_same, unreadable_offer, verification_of};
use crate::domain::attempts::AttemptOrigin;
use crate::domain::audit::EventKind;
use crate::domain::eligibility::JudgedAccount;
use crate::domain::refusal::Refusal;
use crate::domain::reset::complete::Stopped;
use crate::domain::reset::decoy::nowhere;
use crate::domain::reset::offer::Target;
use crate::domain::reset::{Position, ResetState, attempts_key, offer};
use crate::domain::tenant::Tenant;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Caller, Context, Error, Operation, Origin, Repeatable, Rpc};
use crate::peers::verification::{PASSWORD_RESET, ResendCode, Resent, StartCode, Started, Stop, Timers};

const RPC: Rpc = Rpc { name: "SendResetCode", event: EventKind::ResetCodeSent };

/// Codes that are drawn for one method of a reset: one that died, one that was mistyped too often, and one more.
const CODES_PER_METHOD: u32 = 3;

/// Asks for a code.
#[derive(Debug)]
pub(crate) struct SendCode {
    pub reset_token: SecretString,
    /// One of the offered methods.
    pub method_id: String,
    pub request_id: RequestId,
    pub context: Context,
}

/// A code is on its way, if there is anybody to send it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CodeSent {
    pub code_expires_at: Timestamp,
    /// When another send is accepted; `None` when all have been used.
    pub resend_after: Option<Timestamp>,
}

/// A send under way.
pub(super) struct Sending<'a> {
    pub(super) operation: &'a Repeatable<'a>,
    pub(super) state: &'a ResetState,
    position: Position,
    /// The number of the code, from 0.
    pub(super) code: u32,
    /// Why nothing is to come of it, for the log.
    silence: Option<&'static str>,
}

impl Resets {
    /// Sends a code. The answer leaves in even time.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn send_code(&self, caller: &Caller, request: &SendCode) -> Result<CodeSent, Error> {
        self.timing.even(self.sent_code(caller, request)).await
    }

    async fn sent_code(&self, caller: &Caller, request: &SendCode) -> Result<CodeSent, Error> {
        let origin = Origin { caller, context: &request.context };
        let Continued { operation, state } = self.go_on(RPC, origin, &request.reset_token)?;
        let content = [request.reset_token.expose_secret().as_bytes(), request.method_id.as_bytes()];
        let named = Request { who: caller.name(), id: request.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run(&operation, self.send(&operation, &state, &request.method_id)).await
    }

    async fn send(
        &self,
        operation: &Repeatable<'_>,
        state: &ResetState,
        method_id: &str,
    ) -> Result<Answer<CodeSent>, Error> {
        if operation.now.has_reached(state.expires_at) {
            return Err(self.stopped(operation, Stopped::Expired));
        }
        let position = sendable(state, method_id)?;
        let Timers { code_expires_at, resend_after } =
            self.start_or_resend(operation, state, position).await?;
        let key = attempts_key(state, position).ok_or_else(unreadable_offer)?;
        self.store.code_sent(&operation.scope, key, code_expires_at).await?;
        Ok(Answer::to_store(CodeSent { code_expires_at, resend_after }))
    }

    async fn start_or_resend(
        &self,
        operation: &Repeatable<'_>,
        state: &ResetState,
        position: Position,
    ) -> Result<Timers, Error> {
        let scope = &operation.scope;
        let policy = self.policies.reset_policy(scope).await?;
        let tenant = self.policies.tenant(scope).await?;
        let judged = self.judged_today(scope, state, &policy, operation.now).await?;
        let changed = match state.account_id {
            Some(_) => still_the_same(state, judged.as_ref()).err(),
            None => None,
        };
        // Before something is proved, an account that changed looks like one that did not and like none.
        if let Some(stopped) = changed.filter(|_| !state.proofs.is_empty()) {
            return Err(self.stopped(operation, stopped));
        }
        let silence = silence_of(state, position, changed);
        let first = verification_of(state, position, 0);
        let last = self.store.last_reset_code(scope, first, operation.now).await?;
        for code in last..CODES_PER_METHOD {
            if code > last {
                self.store.next_reset_code(scope, first, code, state.expires_at).await?;
            }
            let sending = Sending { operation, state, position, code, silence };
            let start = self.start_of(&sending, &tenant, judged.as_ref())?;
            if let Some(timers) = self.send_code_of(&sending, &start).await? {
                return Ok(timers);
            }
        }
        Err(self.sends_exhausted(operation))
    }

    fn start_of(
        &self,
        sending: &Sending<'_>,
        tenant: &Tenant,
        judged: Option<&JudgedAccount>,
    ) -> Result<StartCode, Error> {
        let Sending { operation, state, position, code, silence } = *sending;
        let context = operation.origin.context;
        Ok(StartCode {
            tenant_id: state.tenant_id,
            verification_id: verification_of(state, position, code),
            request_id: operation.request_id_from_here(&format!("start{}", nth(code))),
            purpose: PASSWORD_RESET,
            subject: verification_subject(state),
            destinations: destinations_of(sending, judged)?,
            locale: context.locale.clone().or_else(|| state.locale.clone()),
            binding: binding_of(state, position),
            decoy: silence.is_some(),
            organisation: tenant.display_name.clone(),
            familiar: state.from == AttemptOrigin::FamiliarPlace,
            asked_by: operation.origin.asked_by(state.ip_address),
        })
    }

    /// Sends a code, or sends it again; `None` if it died or was guessed at too often, so that another one is due.
    async fn send_code_of(&self, sending: &Sending<'_>, start: &StartCode) -> Result<Option<Timers>, Error> {
        match self.verification.start(start).await? {
            Started::Sent(timers) => Ok(Some(self.noted_send(sending, start, None, timers))),
            Started::WasThere(_) | Started::Differs => self.send_again(sending, start).await,
            Started::Stopped(stopped) => self.start_decoy_send(sending, start, &stopped).await,
        }
    }

    pub(super) async fn send_again(
        &self,
        sending: &Sending<'_>,
        start: &StartCode,
    ) -> Result<Option<Timers>, Error> {
        let resend = ResendCode {
            tenant_id: start.tenant_id,
            verification_id: start.verification_id,
            request_id: sending.operation.request_id_from_here(&format!("resend{}", nth(sending.code))),
            asked_by: start.asked_by.clone(),
        };
        match self.verification.resend(&resend).await? {
            Resent::Sent(timers) => Ok(Some(self.noted_send(sending, start, None, timers))),
            Resent::TooSoon { retry_after } => Err(self.send_limited(sending, retry_after)),
            Resent::Exhausted => Err(self.sends_exhausted(sending.operation)),
            Resent::Over => Ok(None),
            Resent::Stopped(stopped) => self.resend_decoy_send(sending, start, &stopped).await,
        }
    }

    /// Notes a send, and why nothing will come of it where that is so.
    pub(super) fn noted_send(
        &self,
        sending: &Sending<'_>,
        start: &StartCode,
        stop: Option<Stop>,
        timers: Timers,
    ) -> Timers {
        let masks: Vec<String> = start.destinations.iter().map(Destination::masked).collect();
        let event = self.audit.event(sending.operation).at_place(masks.join(", "));
        self.audit.note(match stop.map(Stop::as_str).or(sending.silence) {
            Some(reason) => event.refused(reason),
            None => event,
        });
        timers
    }

    /// Notes and refuses a send that this reset's own ladder stops.
    pub(super) fn send_limited(&self, sending: &Sending<'_>, retry_after: Duration) -> Error {
        self.audit.note_refused(sending.operation, "send_limited");
        Refusal::SendLimited { retry_after }.into()
    }

    /// Notes and refuses a send of which this reset has none left.
    pub(super) fn sends_exhausted(&self, operation: &Operation<'_>) -> Error {
        self.audit.note_refused(operation, "sends_exhausted");
        Refusal::SendsExhausted.into()
    }
}

/// Tells the requests of a later code from those of the first.
pub(super) fn nth(code: u32) -> String {
    if code == 0 { String::new() } else { format!(" {code}") }
}

/// The position of a method whose codes are sent and that is not proved yet.
fn sendable(state: &ResetState, method_id: &str) -> Result<Position, Refusal> {
    let position = Position::parse(method_id).ok_or(Refusal::MethodUnknownInReset)?;
    let offered = state.offer.get(position).ok_or(Refusal::MethodUnknownInReset)?;
    if state.proofs.iter().any(|proof| proof.position == position) {
        return Err(Refusal::MethodAlreadyProved);
    }
    offered.kind.channel().map(|_| position).ok_or(Refusal::MethodUnknownInReset)
}

fn destinations_of(sending: &Sending<'_>, judged: Option<&JudgedAccount>) -> Result<Vec<Destination>, Error> {
    let held = judged.map_or(&[][..], |judged| &judged.account.security_info);
    let offered = sending.state.offer.get(sending.position).ok_or_else(unreadable_offer)?;
    let found = offer::destinations(offered, held, &sending.state.seed);
    if !found.is_empty() {
        return Ok(found);
    }
    Ok(vec![nowhere(offered.kind, &sending.state.seed).ok_or_else(unreadable_offer)?])
}

/// Why nothing is to come of a send, where that is so: what the answer must not show.
fn silence_of(state: &ResetState, position: Position, changed: Option<Stopped>) -> Option<&'static str> {
    let lacks_kind = state
        .offer
        .get(position)
        .is_some_and(|offered| matches!(&offered.target, Target::Kind(recipients) if recipients.is_nobody()));
    changed
        .map(Stopped::as_str)
        .or(state.is_silent.then_some("silent"))
        .or(lacks_kind.then_some("method_not_held"))
}

/// Whom the verification is about: the account, or a number that stands for the login that nobody has.
pub(super) fn verification_subject(state: &ResetState) -> String {
    let nobody = || from_digest(&digest(&[b"subject", state.seed.as_bytes()]));
    state.account_id.map_or_else(nobody, |id| id.as_uuid()).hyphenated().to_string()
}
