//! Having the code of a method sent, or sent again.
//!
//! Visible limits are those of this reset alone: the ladder of its verification. A stop by destination, subject,
//! tenant or network would tell that an address is real or busy, so it gets the answer of a send (`pretend`).

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::id::RequestId;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::digest;
use serde::{Deserialize, Serialize};

use super::{Judged, binding_of, still_the_same, unreadable_offer, verification_of};
use crate::domain::audit::{EventKind, Outcome};
use crate::domain::refusal::Refusal;
use crate::domain::reset::complete::Stopped;
use crate::domain::reset::{Position, ResetState, offer, tries_key};
use crate::domain::scope::TenantScope;
use crate::flows::once::{Call, Repeatable};
use crate::flows::{Caller, Context, Error, Identity};
use crate::peers::verification::{PASSWORD_RESET, ResendCode, Resent, StartCode, Started, Stop, Timers};

/// Asks for a code.
#[derive(Debug)]
pub(crate) struct SendCode {
    /// The reset.
    pub reset_token: SecretString,
    /// One of the offered methods.
    pub method_id: String,
    /// Names the call.
    pub request_id: RequestId,
    /// Where the person is.
    pub context: Context,
}

/// A code is on its way, if there is anybody to send it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodeSent {
    /// When the code dies.
    pub code_expires_at: Timestamp,
    /// When another send is accepted; `None` when all have been used.
    pub resend_after: Option<Timestamp>,
}

/// [`CodeSent`] as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    code_expires_at: i64,
    resend_after: Option<i64>,
}

/// What a send is about.
pub(super) struct Sending<'a> {
    caller: &'a Caller,
    context: &'a Context,
    pub(super) state: &'a ResetState,
    position: Position,
    call: Repeatable,
    pub(super) now: Timestamp,
}

impl Identity {
    /// Sends a code. Answers on the grid.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn send_code(&self, caller: &Caller, request: &SendCode) -> Result<CodeSent, Error> {
        self.on_grid(self.send(caller, request)).await
    }

    async fn send(&self, caller: &Caller, request: &SendCode) -> Result<CodeSent, Error> {
        let now = self.now();
        let (scope, state) = self.open_reset(caller, &request.reset_token)?;
        let call = self.repeatable(
            Call {
                rpc: "SendResetCode",
                who: caller.name(),
                tenant_id: state.tenant_id,
                request_id: request.request_id,
            },
            &[request.reset_token.expose_secret().as_bytes(), request.method_id.as_bytes()],
            now,
        );
        if let Some(kept) = self.recall::<Kept>(&scope, &call, now).await? {
            return Ok(kept.into());
        }
        let who = (caller, &request.context);
        if now.has_reached(state.expires_at) {
            return Err(self.stopped(EventKind::ResetCodeSent, Stopped::Expired, &state, who, now));
        }
        let position = sendable(&state, &request.method_id)?;
        let sending = Sending { caller, context: &request.context, state: &state, position, call, now };
        let timers = self.send_or_pretend(&scope, &sending).await?;
        let key = tries_key(&state, position).ok_or_else(unreadable_offer)?;
        self.store.code_sent(&scope, key, timers.code_expires_at, now).await?;
        self.keep_answer(&scope, &call, Kept::from(timers), now).await.map(CodeSent::from)
    }

    async fn send_or_pretend(&self, scope: &TenantScope, sending: &Sending<'_>) -> Result<Timers, Error> {
        let Sending { state, now, .. } = *sending;
        let policy = self.reset_policy(scope).await?;
        let tenant = self.tenant(scope).await?;
        let judged = self.judged_today(scope, state, &policy, now).await?;
        if state.account_id.is_some()
            && let Err(stopped) = still_the_same(state, judged.as_ref())
        {
            let who = (sending.caller, sending.context);
            return Err(self.stopped(EventKind::ResetCodeSent, stopped, state, who, now));
        }
        let destination = destination_of(sending, judged.as_ref())?;
        let start = StartCode {
            tenant_id: state.tenant_id,
            verification_id: verification_of(state, sending.position),
            request_id: sending.request_id("start"),
            purpose: PASSWORD_RESET,
            subject: subject_of(state),
            destination,
            locale: sending.context.locale.clone().or_else(|| state.locale.clone()),
            binding: binding_of(state, sending.position),
            decoy: state.is_silent,
            organisation: tenant.display_name,
            ip_address: sending.context.ip.or(state.ip_address),
            user_agent: sending.context.user_agent.clone(),
        };
        match self.verification.start(&start).await? {
            Started::Sent(timers) => Ok(self.noted_send(sending, &start, None, timers)),
            Started::WasThere(_) | Started::Differs => self.send_again(scope, sending, &start).await,
            Started::Stopped(stopped) => self.pretend_start(scope, sending, &start, &stopped).await,
        }
    }

    pub(super) async fn send_again(
        &self,
        scope: &TenantScope,
        sending: &Sending<'_>,
        start: &StartCode,
    ) -> Result<Timers, Error> {
        let resend = ResendCode {
            tenant_id: start.tenant_id,
            verification_id: start.verification_id,
            request_id: sending.request_id("resend"),
            ip_address: start.ip_address,
            user_agent: start.user_agent.clone(),
        };
        match self.verification.resend(&resend).await? {
            Resent::Sent(timers) => Ok(self.noted_send(sending, start, None, timers)),
            Resent::TooSoon { retry_after } => Err(self.send_limited(sending, retry_after)),
            Resent::Exhausted | Resent::Over => {
                Err(self.send_limited(sending, sending.state.expires_at.since(sending.now)))
            }
            Resent::Stopped(stopped) => self.pretend_resend(scope, sending, start, &stopped).await,
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
        let silent = if sending.state.is_silent { Some("silent") } else { None };
        let reason = stop.map(Stop::as_str).or(silent);
        let outcome = if reason.is_some() { Outcome::Refused } else { Outcome::Success };
        let who = (sending.caller, sending.context);
        let event = self.reset_event(EventKind::ResetCodeSent, outcome, sending.state, who, sending.now);
        let event = reason.into_iter().fold(event, |event, reason| event.because(reason));
        self.audit.push(event.to_place(start.destination.masked()).done());
        timers
    }

    /// Notes and refuses a send that this reset's own ladder stops.
    pub(super) fn send_limited(&self, sending: &Sending<'_>, retry_after: Duration) -> Error {
        let who = (sending.caller, sending.context);
        let event =
            self.reset_event(EventKind::ResetCodeSent, Outcome::Refused, sending.state, who, sending.now);
        self.audit.push(event.because("send_limited").done());
        Refusal::SendLimited { retry_after }.into()
    }
}

impl Sending<'_> {
    /// The id of a step towards verification. A repeat from elsewhere is told to verification as another call, since
    /// it says where the person is.
    pub(super) fn request_id(&self, step: &str) -> uuid::Uuid {
        let ip = self.context.ip.map(|ip| ip.to_string()).unwrap_or_default();
        let user_agent = self.context.user_agent.as_deref().unwrap_or_default();
        self.call.request_id(step, &[ip.as_bytes(), user_agent.as_bytes()])
    }
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

fn destination_of(sending: &Sending<'_>, judged: Option<&Judged>) -> Result<Destination, Error> {
    let held = judged.map_or(&[][..], |judged| &judged.account.security_info);
    let offered = sending.state.offer.get(sending.position).ok_or_else(unreadable_offer)?;
    offer::destination(offered, held, &sending.state.seed).ok_or_else(|| Refusal::ResetInvalid.into())
}

/// Whom the verification is about: the account, or a number that stands for the login that nobody has.
pub(super) fn subject_of(state: &ResetState) -> String {
    let nobody = || {
        let hash = digest(&[b"subject", state.seed.as_bytes()]);
        let mut front = [0; 16];
        front.copy_from_slice(&hash[..16]);
        uuid::Builder::from_random_bytes(front).into_uuid()
    };
    state.account_id.map_or_else(nobody, |id| id.as_uuid()).hyphenated().to_string()
}

impl From<Timers> for Kept {
    fn from(timers: Timers) -> Self {
        Self {
            code_expires_at: timers.code_expires_at.unix_micros(),
            resend_after: timers.resend_after.map(Timestamp::unix_micros),
        }
    }
}

impl From<Kept> for CodeSent {
    fn from(kept: Kept) -> Self {
        Self {
            code_expires_at: Timestamp::from_unix_micros(kept.code_expires_at),
            resend_after: kept.resend_after.map(Timestamp::from_unix_micros),
        }
    }
}
