//! Audit events: drafting them, and noting those that no step writes.
//!
//! A change commits with its event, inside its step. A start or a refusal changes nothing and waits in the [`AuditBuffer`].

mod buffer;

use std::borrow::Cow;
use std::sync::Arc;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::{AccountId, EventId, TenantId};

pub(crate) use buffer::AuditBuffer;

use crate::domain::audit::{Actor, AuditEvent, EventKind, FOLDED_ACCOUNTS, Outcome, Subject};
use crate::operation::{Operation, Origin};
use crate::store::{self, Store};

/// Drafts events and notes them.
#[derive(Clone)]
pub(crate) struct Audit {
    pub buffer: Arc<AuditBuffer>,
    pub store: Store,
    pub entropy: SharedEntropy,
}

/// An event on its way to the log; of a success, unless it says otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Draft(AuditEvent);

impl Audit {
    /// The event of an operation.
    pub(crate) fn event(&self, operation: &Operation<'_>) -> Draft {
        self.event_of(operation, operation.rpc.event)
    }

    /// Another event that an operation leads to.
    pub(crate) fn event_of(&self, operation: &Operation<'_>, kind: EventKind) -> Draft {
        self.draft(operation.scope.tenant_id(), kind, operation.now)
            .from(operation.origin)
            .by(operation.actor)
            .on_subject(operation.subject.clone())
    }

    /// An event of a tenant, by nobody known, on nobody in particular.
    pub(crate) fn draft(&self, tenant_id: TenantId, kind: EventKind, now: Timestamp) -> Draft {
        Draft(AuditEvent {
            id: EventId::generate(&*self.entropy, now),
            tenant_id,
            at: now,
            kind,
            outcome: Outcome::Success,
            reason: None,
            actor: Actor::Stranger,
            caller: None,
            subject: Subject::Tenant,
            accounts: Vec::new(),
            ip_address: None,
            masked_place: None,
            trace_id: None,
            count: 1,
        })
    }

    /// Puts an event that belongs to no step into the buffer.
    pub(crate) fn note(&self, event: Draft) {
        self.buffer.push(event.done());
    }

    /// Notes that an operation was refused, and the true reason in a stable word.
    pub(crate) fn note_refused(&self, operation: &Operation<'_>, reason: impl Into<Cow<'static, str>>) {
        self.note(self.event(operation).refused(reason));
    }

    /// Notes that a limit held something up, which nobody is told, and which one in a stable word.
    pub(crate) fn note_limit(&self, operation: &Operation<'_>, limit: impl Into<Cow<'static, str>>) {
        self.note(self.event_of(operation, EventKind::LimitReached).because(limit));
    }

    /// Writes what waits in the buffer; for the loop that does so every second and for the end of the process.
    pub(crate) async fn flush(&self) -> Result<usize, store::Failure> {
        self.buffer.flush(&self.store).await
    }
}

impl Draft {
    /// Why, in a stable word.
    #[must_use]
    pub(crate) fn because(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.0.reason = Some(reason.into());
        self
    }

    /// It was not done, and why.
    #[must_use]
    pub(crate) fn refused(self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.outcome(Outcome::Refused).because(reason)
    }

    #[must_use]
    pub(crate) fn outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = outcome;
        self
    }

    #[must_use]
    pub(crate) fn by(mut self, actor: Actor) -> Self {
        self.0.actor = actor;
        self
    }

    /// About these accounts, the first of them, beside its subject.
    #[must_use]
    pub(crate) fn about(mut self, accounts: impl Iterator<Item = AccountId>) -> Self {
        self.0.accounts = accounts.take(FOLDED_ACCOUNTS).collect();
        self
    }

    /// On which account.
    #[must_use]
    pub(crate) fn on(self, account_id: AccountId) -> Self {
        self.on_subject(Subject::Account(account_id))
    }

    #[must_use]
    pub(crate) fn on_subject(mut self, subject: Subject) -> Self {
        self.0.subject = subject;
        self
    }

    /// From where, and through which backend.
    #[must_use]
    pub(crate) fn from(mut self, origin: Origin<'_>) -> Self {
        self.0.ip_address = origin.context.ip;
        self.0.trace_id = origin.context.trace_id;
        self.0.caller = Some(origin.caller.name().to_owned());
        self
    }

    /// Where a message went, masked.
    #[must_use]
    pub(crate) fn at_place(mut self, masked: String) -> Self {
        self.0.masked_place = Some(masked);
        self
    }

    /// The event.
    pub(crate) fn done(self) -> AuditEvent {
        self.0
    }
}

#[cfg(test)]
mod tests;
