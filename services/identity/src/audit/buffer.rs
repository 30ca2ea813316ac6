//! The buffer in which starts and refusals wait.
//!
//! What changes nothing would cost a write per stranger's call, so it waits here and is written in batches. Events that are
//! alike in tenant, reason, address and minute fold into one with a count; a crash loses what waited, a second's worth.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use rekey_primitives::id::{AccountId, TenantId};

use crate::domain::audit::{Actor, AuditEvent, EventKind, Outcome, Subject};
use crate::metrics;
use crate::store;

/// Most events in one step of the store: what fails takes no more than these along.
const PORTION: usize = 100;

/// Events that wait to be written.
pub(crate) struct AuditBuffer {
    capacity: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    events: Vec<AuditEvent>,
    /// Where alike ones fold into.
    places: HashMap<Alike, usize>,
    dropped: u64,
}

/// What makes two events alike. A success keeps its subject apart: who began a reset is the point of the event. An
/// administrator keeps theirs: the log must not name one for what another tried.
#[derive(PartialEq, Eq, Hash)]
struct Alike {
    tenant_id: TenantId,
    kind: EventKind,
    outcome: Outcome,
    reason: Option<String>,
    ip_address: Option<IpAddr>,
    minute: i64,
    actor: Option<AccountId>,
    subject: Option<Vec<u8>>,
}

impl AuditBuffer {
    /// A buffer for so many different events.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, waiting: Mutex::new(Waiting::default()) }
    }

    /// Takes an event. When the buffer is full it is dropped and counted: a flood must not take the memory or the
    /// call.
    pub(crate) fn push(&self, event: AuditEvent) {
        let mut waiting = self.lock();
        let alike = Alike::of(&event);
        if let Some(place) = waiting.places.get(&alike).copied() {
            if let Some(first) = waiting.events.get_mut(place) {
                first.fold(&event);
            }
        } else if waiting.events.len() >= self.capacity {
            waiting.dropped += 1;
            metrics::AUDIT_DROPPED.count(1);
        } else {
            let place = waiting.events.len();
            waiting.places.insert(alike, place);
            waiting.events.push(event);
        }
    }

    /// Writes everything that waits, a portion at a time. What could not be written waits again, as far as there is
    /// room; the rest is tried all the same, unless the store is away.
    pub(crate) async fn flush(&self, store: &store::Store) -> Result<usize, store::Failure> {
        let (events, dropped) = {
            let mut waiting = self.lock();
            let taken = std::mem::take(&mut *waiting);
            (taken.events, taken.dropped)
        };
        metrics::AUDIT_BUFFERED.set_count::<&str>(events.len(), []);
        if dropped > 0 {
            tracing::warn!(dropped, "the audit buffer was full");
        }
        if events.is_empty() {
            return Ok(0);
        }
        let mut outcome: Result<usize, store::Failure> = Ok(events.len());
        for portion in events.chunks(PORTION) {
            if !matches!(&outcome, Err(failure) if failure.is_unavailable()) {
                match store::in_time(store.append_events(portion)).await {
                    Ok(()) => continue,
                    Err(failure) => outcome = Err(failure),
                }
            }
            portion.iter().for_each(|event| self.push_back(event.clone()));
        }
        outcome
    }

    /// An event that was counted keeps its count and its id, so a write whose answer was lost does not repeat it.
    fn push_back(&self, event: AuditEvent) {
        let mut waiting = self.lock();
        if waiting.events.len() < self.capacity {
            waiting.events.push(event);
        } else {
            metrics::AUDIT_DROPPED.count(1);
            waiting.dropped += 1;
        }
    }

    /// A panic elsewhere leaves whole events behind, so a poisoned lock is still good.
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Alike {
    fn of(event: &AuditEvent) -> Self {
        let subject = match (&event.outcome, &event.subject) {
            (Outcome::Success, Subject::Account(id)) => Some(id.as_uuid().as_bytes().to_vec()),
            (Outcome::Success, Subject::UnknownLogin(hash)) => Some(hash.to_vec()),
            (Outcome::Success, Subject::Erased(hash)) => Some(hash.0.to_vec()),
            (Outcome::Success | Outcome::Refused | Outcome::Failed, _) => None,
        };
        Self {
            tenant_id: event.tenant_id,
            kind: event.kind,
            outcome: event.outcome,
            reason: event.reason.as_deref().map(str::to_owned),
            ip_address: event.ip_address,
            actor: match event.actor {
                Actor::Account(id) => Some(id),
                Actor::Stranger | Actor::Service | Actor::Rekey | Actor::Erased(_) => None,
            },
            minute: event.at.unix_seconds().div_euclid(60),
            subject,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Origin;
    use crate::testing::{World, context};

    fn refused(world: &World, login: u8, ip: &str) -> AuditEvent {
        let origin = Origin { caller: &world.caller, context: &context(ip) };
        let event = world.audit.draft(world.tenant.id, EventKind::SignIn, world.now());
        event.on_subject(Subject::UnknownLogin([login; 32])).from(origin).refused("wrong").done()
    }

    #[tokio::test]
    async fn alike_refusals_of_many_accounts_name_them_as_far_as_they_fit() {
        let world = World::new().await;
        let buffer = AuditBuffer::new(10);
        let account = |number| AccountId::from_uuid(uuid::Uuid::from_u128(number));
        let about = |number| {
            let subject = Subject::Account(account(number));
            AuditEvent { subject, ..refused(&world, 1, "192.0.2.1") }
        };

        for number in [1, 1, 2, 1, 3] {
            buffer.push(about(number));
        }
        buffer.push(refused(&world, 9, "192.0.2.1"));
        let few = buffer.lock().events[0].clone();
        (4..=30).for_each(|number| buffer.push(about(number)));
        let many = buffer.lock().events[0].clone();
        buffer.flush(&world.parts.store).await.unwrap();

        assert_eq!((few.count, few.subject), (6, Subject::Tenant));
        assert_eq!(few.accounts, [1, 2, 3].map(account));
        assert_eq!((many.count, many.accounts), (33, (1..=20).map(account).collect()));
    }

    #[tokio::test]
    async fn alike_refusals_of_a_minute_fold_and_name_nobody() {
        let world = World::new().await;
        let buffer = AuditBuffer::new(10);

        for (login, ip) in [(1, "192.0.2.1"), (1, "192.0.2.1"), (2, "192.0.2.1"), (1, "192.0.2.2")] {
            buffer.push(refused(&world, login, ip));
        }
        world.pass(60);
        buffer.push(refused(&world, 1, "192.0.2.1"));

        let waiting: Vec<_> =
            buffer.lock().events.iter().map(|event| (event.count, event.subject.clone())).collect();
        let unknown = Subject::UnknownLogin([1; 32]);
        assert_eq!(waiting, [(3, Subject::Tenant), (1, unknown.clone()), (1, unknown)]);
    }

    #[tokio::test]
    async fn a_full_buffer_drops_and_counts() {
        let world = World::new().await;
        let buffer = AuditBuffer::new(1);

        buffer.push(refused(&world, 1, "192.0.2.1"));
        buffer.push(refused(&world, 1, "192.0.2.2"));

        assert_eq!(buffer.lock().dropped, 1);
        assert_eq!(buffer.flush(&world.parts.store).await.unwrap(), 1);
        assert_eq!(buffer.flush(&world.parts.store).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_cannot_be_written_keeps_nothing_behind_it_waiting() {
        let world = World::new().await;
        let buffer = AuditBuffer::new(1_000);
        buffer.push(refused(&world, 1, "192.0.2.1"));
        for host in 0..PORTION {
            let event = refused(&world, 1, &format!("2001:db8::{host:x}"));
            buffer.push(AuditEvent { tenant_id: TenantId::from_uuid(uuid::Uuid::from_u128(9)), ..event });
        }
        world
            .alter(
                "create trigger refusing before insert on audit_pending when new.ip_address = '192.0.2.1'
                 begin select raise(abort, 'refused'); end",
            )
            .await;

        buffer.flush(&world.parts.store).await.unwrap_err();

        assert_eq!(buffer.lock().events.len(), PORTION);
    }
}
