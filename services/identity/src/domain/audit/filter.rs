//! Which events of a log somebody asks for.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;

use super::{AccountHash, Actor, AuditEvent, Outcome, Subject};

/// What an event must be; whatever is `None` may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct EventFilter {
    /// On whom it was done.
    pub account_id: Option<AccountId>,
    /// Who did it.
    pub actor_id: Option<AccountId>,
    /// The name of its kind.
    pub kind: Option<String>,
    pub outcome: Option<Outcome>,
    /// At this moment or later.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    pub trace_id: Option<[u8; 16]>,
    /// On which account that is erased it was done.
    pub account_hash: Option<AccountHash>,
    /// Which account that is erased did it.
    pub actor_hash: Option<AccountHash>,
}

/// The part of a filter that an index answers; the rest is looked at event by event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lead<'a> {
    Trace(&'a [u8; 16]),
    Account(AccountId),
    Actor(AccountId),
    ErasedAccount(AccountHash),
    ErasedActor(AccountHash),
    Kind(&'a str),
    Outcome(Outcome),
    /// Every event of the time asked for.
    Time,
}

impl EventFilter {
    /// The part that leaves the fewest events: a trace has a handful, a person some hundreds, a kind any number.
    pub(crate) fn lead(&self) -> Lead<'_> {
        match self {
            Self { trace_id: Some(trace_id), .. } => Lead::Trace(trace_id),
            Self { account_id: Some(id), .. } => Lead::Account(*id),
            Self { account_hash: Some(hash), .. } => Lead::ErasedAccount(*hash),
            Self { actor_id: Some(id), .. } => Lead::Actor(*id),
            Self { actor_hash: Some(hash), .. } => Lead::ErasedActor(*hash),
            Self { kind: Some(kind), .. } => Lead::Kind(kind),
            Self { outcome: Some(outcome), .. } => Lead::Outcome(*outcome),
            _ => Lead::Time,
        }
    }

    /// Whether the lead and the time say everything.
    pub(crate) fn is_its_lead(&self) -> bool {
        let Self { account_id, actor_id, kind, outcome, since: _, until: _, trace_id, .. } = self;
        let erased = [self.account_hash.is_some(), self.actor_hash.is_some()];
        let said =
            [account_id.is_some(), actor_id.is_some(), kind.is_some(), outcome.is_some(), trace_id.is_some()];
        let said = said.into_iter().chain(erased);
        said.filter(|said| *said).count() <= 1
    }

    /// Whether this event is asked for.
    pub(crate) fn matches(&self, event: &AuditEvent<String>) -> bool {
        let Self { account_id, actor_id, kind, outcome, since, until, trace_id, account_hash, actor_hash } =
            self;
        account_id.is_none_or(|id| event.subject == Subject::Account(id) || event.accounts.contains(&id))
            && actor_id.is_none_or(|id| event.actor == Actor::Account(id))
            && kind.as_ref().is_none_or(|kind| event.kind == *kind)
            && outcome.is_none_or(|outcome| event.outcome == outcome)
            && since.is_none_or(|since| event.at.has_reached(since))
            && until.is_none_or(|until| !event.at.has_reached(until))
            && trace_id.is_none_or(|trace_id| event.trace_id == Some(trace_id))
            && account_hash.is_none_or(|hash| event.subject == Subject::Erased(hash))
            && actor_hash.is_none_or(|hash| event.actor == Actor::Erased(hash))
    }

    /// What a token for the next page is bound to.
    pub(crate) fn fingerprint(&self) -> Vec<u8> {
        // Fields of fixed names in a fixed order.
        format!("{self:?}").into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::id::{EventId, TenantId};
    use uuid::Uuid;

    use super::*;

    const SINCE: Timestamp = Timestamp::from_unix_micros(10);
    const UNTIL: Timestamp = Timestamp::from_unix_micros(20);

    fn account(id: u128) -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(id))
    }

    fn event() -> AuditEvent<String> {
        AuditEvent {
            id: EventId::from_uuid(Uuid::from_u128(1)),
            tenant_id: TenantId::from_uuid(Uuid::from_u128(2)),
            at: SINCE,
            kind: "reset.started".to_owned(),
            outcome: Outcome::Success,
            reason: None,
            actor: Actor::Account(account(2)),
            caller: None,
            subject: Subject::Account(account(1)),
            accounts: Vec::new(),
            ip_address: None,
            masked_place: None,
            trace_id: Some([5; 16]),
            count: 1,
        }
    }

    fn whole() -> EventFilter {
        EventFilter {
            account_id: Some(account(1)),
            actor_id: Some(account(2)),
            kind: Some("reset.started".to_owned()),
            outcome: Some(Outcome::Success),
            since: Some(SINCE),
            until: Some(UNTIL),
            trace_id: Some([5; 16]),
            ..EventFilter::default()
        }
    }

    #[test]
    fn an_erased_account_is_found_by_its_hash_alone() {
        let hash = AccountHash([3; 16]);
        let on = EventFilter { account_hash: Some(hash), ..EventFilter::default() };
        let by = EventFilter { actor_hash: Some(hash), ..EventFilter::default() };
        let erased = AuditEvent { subject: Subject::Erased(hash), actor: Actor::Erased(hash), ..event() };
        let other = AuditEvent { subject: Subject::Erased(AccountHash([4; 16])), ..event() };

        assert!(on.matches(&erased) && by.matches(&erased));
        assert!(!on.matches(&other) && !by.matches(&other) && !whole().matches(&erased));
        assert_eq!((on.lead(), by.lead()), (Lead::ErasedAccount(hash), Lead::ErasedActor(hash)));
        assert!(on.is_its_lead());
    }

    #[test]
    fn each_field_alone_can_leave_an_event_out() {
        let others: [fn(&mut AuditEvent<String>); 7] = [
            |event| event.subject = Subject::Tenant,
            |event| event.actor = Actor::Rekey,
            |event| event.kind = "reset.completed".to_owned(),
            |event| event.outcome = Outcome::Failed,
            |event| event.at = Timestamp::from_unix_micros(9),
            |event| event.at = UNTIL,
            |event| event.trace_id = None,
        ];

        let matched = others.map(|change| {
            let mut other = event();
            change(&mut other);
            whole().matches(&other)
        });

        assert!(whole().matches(&event()) && EventFilter::default().matches(&event()));
        assert_eq!(matched, [false; 7]);
    }

    #[test]
    fn a_folded_event_is_about_every_account_it_names() {
        let folded = AuditEvent { subject: Subject::Tenant, accounts: vec![account(1)], ..event() };

        assert!(whole().matches(&folded));
    }

    #[test]
    fn the_lead_is_what_leaves_fewest() {
        let kind = EventFilter { kind: Some("a.b".to_owned()), ..EventFilter::default() };
        let timed = EventFilter { since: Some(SINCE), ..EventFilter::default() };

        assert_eq!((whole().lead(), whole().is_its_lead()), (Lead::Trace(&[5; 16]), false));
        assert_eq!((kind.lead(), kind.is_its_lead()), (Lead::Kind("a.b"), true));
        assert_eq!((timed.lead(), timed.is_its_lead()), (Lead::Time, true));
    }
}
