//! Reading the log: by filter and newest first, by position, and counted.
//!
//! Every statement is led by an index and reads a bounded stretch of it. What an index does not answer is looked at event by
//! event, in stretches of [`STRETCH`], so a page that finds little is short and not slow.

use rekey_database::{Failure, Fragment, Sql, Value, fragment, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::EventId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::Store;
use super::super::columns::{EVENT_COLUMNS, SEALED_COLUMNS};
use super::super::rows::{SealedEventRow, readable};
use crate::domain::audit::SealedEvent;
use crate::domain::audit::chain::ChainRow;
use crate::domain::audit::filter::{EventFilter, Lead};
use crate::domain::audit::funnel::{FunnelCount, FunnelSpan, STEPS};
use crate::domain::scope::TenantScope;

/// How many events a page looks at where a filter says more than its index: a page takes some tens of milliseconds.
const STRETCH: u32 = 1_000;

const SELECT: Fragment =
    fragment!("select ", EVENT_COLUMNS, ", ", SEALED_COLUMNS, " from audit_events e where e.tenant_id = $1");

/// Behind `$2`, `$3` in the order of the list, and not before `$4`.
const NEWEST_FIRST: Fragment = fragment!(
    " and (e.at, e.event_id) < ($2, $3) and e.at >= $4 order by e.at desc, e.event_id desc limit $5"
);

const IN_STEPS: Fragment = fragment!((postgres: "= any($2)", sqlite: "in (select value from json_each($2))"));

statements! {
    const BY_TIME = "", SELECT, "", NEWEST_FIRST;

    const BY_ACCOUNT = "", SELECT, " and e.subject_id = $6", NEWEST_FIRST;

    const BY_ACTOR = "", SELECT, " and e.actor_id = $6", NEWEST_FIRST;

    const BY_KIND = "", SELECT, " and e.kind = $6", NEWEST_FIRST;

    const BY_OUTCOME = "", SELECT, " and e.outcome = $6", NEWEST_FIRST;

    const BY_TRACE = "", SELECT, " and e.trace_id = $6", NEWEST_FIRST;

    /// In the order of the chain.
    const BY_POSITION = "", SELECT, " and e.position > $2 and e.position <= $3 order by e.position limit $4";

    const FUNNEL = "
        select (at - $3) / $5 as period, kind, outcome, ",
        (postgres: "sum(count)::bigint", sqlite: "sum(count)"), " as count
        from audit_events
        where tenant_id = $1 and kind ", IN_STEPS, " and at >= $3 and at < $4
        group by 1, 2, 3 order by 1, 2, 3";
}

/// A page of a log.
#[derive(Debug, Clone)]
pub(crate) struct EventPage<'a> {
    pub(crate) filter: &'a EventFilter,
    /// Behind which event the page begins, in the order of the list.
    pub(crate) after: Option<EventPlace>,
    pub(crate) limit: u32,
}

/// An event's place in a list: newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventPlace {
    pub(crate) at: Timestamp,
    pub(crate) id: EventId,
}

/// What a page found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventsFound {
    pub(crate) events: Vec<SealedEvent>,
    /// Behind which event the list goes on; `None` at its end.
    pub(crate) next: Option<EventPlace>,
}

#[derive(sqlx::FromRow)]
struct FunnelRow {
    period: i64,
    kind: String,
    outcome: String,
    count: i64,
}

impl Store {
    /// Events that a filter asks for, newest first. A page may be short and yet not the last.
    pub(crate) async fn list_events(
        &self,
        scope: &TenantScope,
        page: &EventPage<'_>,
    ) -> Result<EventsFound, Failure> {
        let filter = page.filter;
        let stretch = if filter.is_its_lead() { page.limit } else { STRETCH.max(page.limit) };
        let rows = self.stretch(scope, page, stretch).await?;
        let is_over = rows.len() < stretch as usize;
        let seen = rows.last().map(|row| row.event.place());
        let events = readable(rows, |row| row.event.event_id, SealedEvent::try_from);
        let mut events: Vec<_> = events.into_iter().filter(|sealed| filter.matches(&sealed.event)).collect();
        let limit = page.limit as usize;
        if events.len() > limit {
            events.truncate(limit);
            let next = events.last().map(|sealed| EventPlace { at: sealed.event.at, id: sealed.event.id });
            return Ok(EventsFound { events, next });
        }
        Ok(EventsFound { events, next: seen.filter(|_| !is_over) })
    }

    async fn stretch(
        &self,
        scope: &TenantScope,
        page: &EventPage<'_>,
        stretch: u32,
    ) -> Result<Vec<SealedEventRow>, Failure> {
        let filter = page.filter;
        // No id is smaller than none, so the moment itself is left out.
        let end = filter.until.unwrap_or(Timestamp::from_unix_micros(i64::MAX));
        let end = EventPlace { at: end, id: EventId::from_uuid(Uuid::nil()) };
        let after = page.after.unwrap_or(end);
        let since = filter.since.unwrap_or(Timestamp::from_unix_micros(i64::MIN));
        let (sql, lead): (Sql, Option<Value<'_>>) = match filter.lead() {
            Lead::Time => (BY_TIME, None),
            Lead::Account(id) => (BY_ACCOUNT, Some(id.into())),
            Lead::Actor(id) => (BY_ACTOR, Some(id.into())),
            // The hash stands in the place of the id.
            Lead::ErasedAccount(hash) => (BY_ACCOUNT, Some(hash.as_uuid().into())),
            Lead::ErasedActor(hash) => (BY_ACTOR, Some(hash.as_uuid().into())),
            Lead::Kind(kind) => (BY_KIND, Some(kind.into())),
            Lead::Outcome(outcome) => (BY_OUTCOME, Some(outcome.as_str().into())),
            Lead::Trace(trace_id) => (BY_TRACE, Some(trace_id.into())),
        };
        let mut values = values![scope.tenant_id(), after.at, after.id, since, stretch].to_vec();
        values.extend(lead);
        self.database.all(sql, &values).await
    }

    /// The chain of a tenant behind a position and up to another, as it lies there.
    pub(crate) async fn chain_behind(
        &self,
        scope: &TenantScope,
        behind: i64,
        up_to: i64,
        limit: u32,
    ) -> Result<Vec<ChainRow>, Failure> {
        let values = values![scope.tenant_id(), behind, up_to, limit];
        let rows: Vec<SealedEventRow> = self.database.all(BY_POSITION, values).await?;
        Ok(rows.into_iter().map(ChainRow::from).collect())
    }

    /// How often each step of a reset ended how, by period, where it happened at all.
    pub(crate) async fn reset_funnel(
        &self,
        scope: &TenantScope,
        span: &FunnelSpan,
    ) -> Result<Vec<FunnelCount>, Failure> {
        let steps: Vec<&str> = STEPS.iter().map(|step| step.as_str()).collect();
        let values = values![scope.tenant_id(), steps, span.since, span.until, span.period];
        let rows: Vec<FunnelRow> = self.database.all(FUNNEL, values).await?;
        rows.iter().map(FunnelRow::count).collect()
    }
}

impl FunnelRow {
    fn count(&self) -> Result<FunnelCount, Failure> {
        let unreadable = |_| Failure::Unreadable { what: "a count of events" };
        Ok(FunnelCount {
            period: self.period,
            step: self.kind.parse().map_err(unreadable)?,
            outcome: self.outcome.parse().map_err(unreadable)?,
            count: self.count.max(0).unsigned_abs(),
        })
    }
}
