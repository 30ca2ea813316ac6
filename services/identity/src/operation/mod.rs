//! One call under way: who asks for what, from where, when, and what names it.
//!
//! A use case makes its [`Operation`] once, as soon as it knows the tenant, and hands it down: it reads the clock for it, and
//! nobody below does. [`idempotency`] runs it, once however often it is repeated. [`Error`] is how it ends when it does not
//! end well.

mod asking;
mod error;
mod homes;
pub(crate) mod idempotency;

use std::net::IpAddr;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, RequestId, TenantId};

pub(crate) use asking::{Administrator, Caller, Context, Owner, Person};
pub(crate) use error::{Error, Failed};
pub(crate) use homes::Homes;

use self::idempotency::IdempotencyKey;
use crate::domain::audit::{Actor, EventKind, Subject};
use crate::domain::scope::TenantScope;
use crate::peers::verification::AskedBy;

/// How often an account is judged when it changes again and again while it is being judged.
pub(crate) const JUDGED_AT_MOST: u32 = 3;

/// An RPC, without its service, and what the log calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rpc {
    pub name: &'static str,
    pub event: EventKind,
}

/// Whose account, and by which call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub tenant_id: TenantId,
    pub account_id: AccountId,
    pub request_id: RequestId,
}

/// The backend that calls, and what it says of the person it calls for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub caller: &'a Caller,
    pub context: &'a Context,
}

/// A call, with everything its steps need to know of it.
#[derive(Debug, Clone)]
pub(crate) struct Operation<'a> {
    pub rpc: Rpc,
    pub scope: TenantScope,
    pub origin: Origin<'a>,
    pub now: Timestamp,
    /// Who does it, for the log.
    pub actor: Actor,
    /// On whom, for the log.
    pub subject: Subject,
}

/// A call under the name that its repeats have too. What stores an answer takes this and not an [`Operation`], so no step
/// forgets the name; [`idempotency::Idempotency::named`] alone makes one.
#[derive(Debug, Clone, derive_more::Deref)]
pub(crate) struct Repeatable<'a> {
    #[deref]
    operation: Operation<'a>,
    /// What a repeat has again.
    pub key: IdempotencyKey,
}

impl Origin<'_> {
    /// What a neighbour is told of who asks; the address is that of an earlier call where this one names none.
    pub(crate) fn asked_by(&self, earlier_ip: Option<IpAddr>) -> AskedBy {
        AskedBy {
            backend: self.caller.name().to_owned(),
            ip_address: self.context.ip.or(earlier_ip),
            user_agent: self.context.user_agent.clone(),
        }
    }
}

impl<'a> Operation<'a> {
    /// A call of nobody known, on nobody in particular.
    pub(crate) fn new(rpc: Rpc, scope: TenantScope, origin: Origin<'a>, now: Timestamp) -> Self {
        let (actor, subject) = (Actor::Stranger, Subject::Tenant);
        Self { rpc, scope, origin, now, actor, subject }
    }

    #[must_use]
    pub(crate) fn by(self, actor: Actor) -> Self {
        Self { actor, ..self }
    }

    #[must_use]
    pub(crate) fn on(self, subject: Subject) -> Self {
        Self { subject, ..self }
    }
}

impl Repeatable<'_> {
    /// The id of a call to a neighbour that belongs to this one, so that a repeat repeats it. A repeat from elsewhere is
    /// another call to a neighbour that is told where the person is.
    pub(crate) fn request_id_from_here(&self, step: &str) -> uuid::Uuid {
        let context = self.origin.context;
        let ip = context.ip.map(|ip| ip.to_string()).unwrap_or_default();
        let user_agent = context.user_agent.as_deref().unwrap_or_default();
        self.key.request_id(step, &[ip.as_bytes(), user_agent.as_bytes()])
    }
}
