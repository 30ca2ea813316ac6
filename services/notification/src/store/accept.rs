//! Taking messages in.

use std::collections::{HashMap, HashSet};

use rekey_database::{Connection, Dialect, Failure, Sql, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;
use uuid::Uuid;

use super::Store;
use super::deduplication::remember;
use super::models::{AcceptOutcome, NewNotification};
use super::partitions::lacks_partition;
use super::requests::{Action, Request, RequestRow};
use crate::domain::lane::{Lane, PerLane};
use crate::domain::scope::CallerScope;

statements! {
    const INSERT = "insert into notification
            (tenant_id, id, created_at, changed_at, lane, state, template, locale, channel, masked_destination,
             reference, decoy, payload, tries, fence, next_try_at, not_after, provider, sender, trace_id, span_id,
             fallback_at)
        values ($1, $2, $3, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11, 0, 0, $3, $12, '', $13, $14, $15, $16)";

    const LIVING_REQUESTS = "select request_id, action, notification_id, created_at, fingerprint from request
        where tenant_id = $1 and expires_at > $3 and request_id ",
        (postgres: "= any($2)", sqlite: "in (select unhex(value) from json_each($2))");

    const REQUESTS = "select request_id, action, notification_id, created_at, fingerprint from request
        where tenant_id = $1 and request_id ",
        (postgres: "= any($2)", sqlite: "in (select unhex(value) from json_each($2))");

    // The lane is written out and not bound: a partial index is used only where the planner sees the constant.
    const QUEUED_CRITICAL =
        "select count(*) from (select 1 from notification where state = 1 and lane = 1 limit $1) queued";
    const QUEUED_TRANSACTIONAL =
        "select count(*) from (select 1 from notification where state = 1 and lane = 2 limit $1) queued";
    const QUEUED_BULK =
        "select count(*) from (select 1 from notification where state = 1 and lane = 3 limit $1) queued";

    // By the index that a claim reads, and its first entry.
    const DUE_CRITICAL =
        "select next_try_at from notification where state = 1 and lane = 1 order by next_try_at limit 1";
    const DUE_TRANSACTIONAL =
        "select next_try_at from notification where state = 1 and lane = 2 order by next_try_at limit 1";
    const DUE_BULK =
        "select next_try_at from notification where state = 1 and lane = 3 order by next_try_at limit 1";
}

const DUE: PerLane<Sql> =
    PerLane { critical: DUE_CRITICAL, transactional: DUE_TRANSACTIONAL, bulk: DUE_BULK };

const QUEUED: PerLane<Sql> =
    PerLane { critical: QUEUED_CRITICAL, transactional: QUEUED_TRANSACTIONAL, bulk: QUEUED_BULK };

/// Postgres alone: takes the request ids that are free and makes their messages. A batch is one statement, one round
/// trip and one commit. The order by request id keeps batches that share ids from waiting for each other in a circle.
const ACCEPT_BATCH: Sql = Sql::unlisted(
    "with asked as (
         select * from unnest($3::uuid[], $4::uuid[], $5::bytea[], $6::bigint[], $7::smallint[], $8::text[],
             $9::text[], $10::text[], $11::text[], $12::text[], $13::boolean[], $14::bytea[], $15::bigint[], $19::bigint[])
         as asked (id, request_id, fingerprint, expires_at, lane, template,
             locale, channel, masked_destination, reference, decoy, payload, not_after, fallback_at)
     ), entered as (
         insert into request
             (tenant_id, request_id, action, notification_id, created_at, expires_at, fingerprint)
         select $1, request_id, 1, id, $2, expires_at, fingerprint from asked order by request_id
         on conflict (tenant_id, request_id) do update set
             action = excluded.action, notification_id = excluded.notification_id,
             created_at = excluded.created_at, expires_at = excluded.expires_at,
             fingerprint = excluded.fingerprint
         where request.expires_at <= $2
         returning request_id
     ), made as (
         insert into notification
             (tenant_id, id, created_at, changed_at, lane, state, template, locale, channel,
              masked_destination, reference, decoy, payload, tries, fence, next_try_at, not_after, provider,
              sender, trace_id, span_id, fallback_at)
         select $1, id, $2, $2, lane, 1, template, locale, channel,
              masked_destination, reference, decoy, payload, 0, 0, $2, not_after, '', $16, $17, $18,
              nullif(fallback_at, 0)
         from asked join entered using (request_id)
     )
     select request_id from entered",
);

impl Store {
    /// Makes messages durable, all of them or none. A `request_id` that was used within its life makes no message:
    /// the answer shows what it was used for, and the caller judges whether that is the same.
    ///
    /// The request ids of one call differ from each other. As many answers as messages, in their order.
    pub(crate) async fn accept(
        &self,
        scope: &CallerScope,
        messages: &[NewNotification],
        now: Timestamp,
    ) -> Result<Vec<AcceptOutcome>, Failure> {
        match self.take_in(scope, messages, now).await {
            Err(failure) if lacks_partition(&failure) => {
                self.ensure_partitions(now).await?;
                self.take_in(scope, messages, now).await
            }
            other => other,
        }
    }

    /// One statement can ask nothing of a message that another transaction has just made: where notices may be the same, they
    /// are taken in one by one.
    async fn take_in(
        &self,
        scope: &CallerScope,
        messages: &[NewNotification],
        now: Timestamp,
    ) -> Result<Vec<AcceptOutcome>, Failure> {
        let may_be_same = messages.iter().any(|message| message.deduplication.is_some());
        if self.database.dialect() == Dialect::Postgres && !may_be_same {
            return self.accept_batch(scope, messages, now).await;
        }
        let accept = |mut tx: rekey_database::Transaction| async move {
            let mut outcomes = vec![AcceptOutcome::Accepted; messages.len()];
            for place in by_name(messages) {
                outcomes[place] = accept_one(&mut tx, scope, &messages[place], now).await?;
            }
            Ok(tx.commit(outcomes))
        };
        self.database.step(accept).await
    }

    async fn accept_batch(
        &self,
        scope: &CallerScope,
        messages: &[NewNotification],
        now: Timestamp,
    ) -> Result<Vec<AcceptOutcome>, Failure> {
        let entered = self.enter_batch(scope, messages, now).await?;
        if entered.len() == messages.len() {
            return Ok(vec![AcceptOutcome::Accepted; messages.len()]);
        }
        let request_ids: Vec<Uuid> = messages.iter().map(|message| message.request_id.as_uuid()).collect();
        let earlier = self.database.all(REQUESTS, values![scope.tenant_id(), request_ids]).await?;
        let earlier = by_request_id(earlier);
        let outcome = |message: &NewNotification| {
            let request_id = message.request_id.as_uuid();
            if entered.contains(&request_id) {
                return Ok(AcceptOutcome::Accepted);
            }
            earlier.get(&request_id).cloned().ok_or(Failure::Unreadable { what: "a request that vanished" })
        };
        messages.iter().map(outcome).collect()
    }

    /// The request ids that were free.
    async fn enter_batch(
        &self,
        scope: &CallerScope,
        messages: &[NewNotification],
        now: Timestamp,
    ) -> Result<HashSet<Uuid>, Failure> {
        let texts = |value: fn(&NewNotification) -> &str| messages.iter().map(value).collect::<Vec<_>>();
        let instants = |value: fn(&NewNotification) -> Timestamp| -> Vec<i64> {
            messages.iter().map(|message| value(message).unix_micros()).collect()
        };
        let mut writer = self.database.writer().await?;
        // One call, one trace.
        let trace = messages.first().and_then(|message| message.trace.as_ref());
        let values = values![
            scope.tenant_id(),
            now,
            messages.iter().map(|message| message.id.as_uuid()).collect::<Vec<_>>(),
            messages.iter().map(|message| message.request_id.as_uuid()).collect::<Vec<_>>(),
            messages.iter().map(|message| message.fingerprint.as_slice()).collect::<Vec<_>>(),
            instants(|message| message.request_expires_at),
            messages.iter().map(|message| message.lane.number()).collect::<Vec<_>>(),
            texts(|message| message.template_word()),
            texts(|message| &message.locale),
            texts(|message| message.channel.as_str()),
            texts(|message| &message.masked_destination),
            texts(|message| &message.reference),
            messages.iter().map(|message| message.decoy).collect::<Vec<_>>(),
            messages.iter().map(|message| message.payload.as_slice()).collect::<Vec<_>>(),
            instants(|message| message.not_after),
            scope.caller(),
            trace.map(|trace| trace.trace_id.as_slice()),
            trace.and_then(|trace| trace.span_id.as_ref()).map(<[u8; 8]>::as_slice),
            // 0 stands for none: a list of values has no nulls.
            instants(|message| message.fallback_at.unwrap_or(Timestamp::EPOCH)),
        ];
        let entered: Vec<(Uuid,)> = writer.all(ACCEPT_BATCH, values).await?;
        Ok(entered.into_iter().map(|(request_id,)| request_id).collect())
    }

    /// What request ids were used for within their life, as [`accept`](Self::accept) would answer; nothing for those
    /// that are free. They are looked at and not used. As many answers as ids, in their order.
    pub(crate) async fn find_requests(
        &self,
        scope: &CallerScope,
        request_ids: &[RequestId],
        now: Timestamp,
    ) -> Result<Vec<Option<AcceptOutcome>>, Failure> {
        let asked: Vec<Uuid> = request_ids.iter().map(|request_id| request_id.as_uuid()).collect();
        let rows = self.database.all(LIVING_REQUESTS, values![scope.tenant_id(), asked, now]).await?;
        let found = by_request_id(rows);
        Ok(request_ids.iter().map(|request_id| found.get(&request_id.as_uuid()).cloned()).collect())
    }

    /// How many messages wait in a lane, due or not; counted no further than `most`.
    pub(crate) async fn queued(&self, lane: Lane, most: u64) -> Result<u64, Failure> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let found: i64 = self.database.scalar(*QUEUED.of(lane), values![most]).await?;
        Ok(u64::try_from(found).unwrap_or(0))
    }

    /// Since when the oldest message that waits in a lane is due, or until when the next one waits; none where none waits.
    pub(crate) async fn due_since(&self, lane: Lane) -> Result<Option<Timestamp>, Failure> {
        let first: Option<(i64,)> = self.database.optional(*DUE.of(lane), values![]).await?;
        Ok(first.map(|(at,)| Timestamp::from_unix_micros(at)))
    }
}

async fn accept_one(
    tx: &mut Connection,
    scope: &CallerScope,
    message: &NewNotification,
    now: Timestamp,
) -> Result<AcceptOutcome, Failure> {
    let request = Request {
        tenant_id: scope.tenant_id(),
        request_id: message.request_id,
        action: Action::Accepted,
        notification_id: message.id,
        expires_at: message.request_expires_at,
        fingerprint: &message.fingerprint,
    };
    if let Some(earlier) = request.enter(tx, now).await? {
        return Ok(earlier.as_accept_outcome());
    }
    if let Some(first) = remember(tx, scope.tenant_id(), message, now).await? {
        return Ok(AcceptOutcome::Deduplicated { id: first.id, created_at: first.created_at });
    }
    let values = values![
        scope.tenant_id(),
        message.id,
        now,
        message.lane.number(),
        message.template_word(),
        &message.locale,
        message.channel.as_str(),
        &message.masked_destination,
        &message.reference,
        message.decoy,
        &message.payload,
        message.not_after,
        scope.caller(),
        message.trace.as_ref().map(|trace| trace.trace_id.as_slice()),
        message.trace.as_ref().and_then(|trace| trace.span_id.as_ref()).map(<[u8; 8]>::as_slice),
        message.fallback_at,
    ];
    tx.execute(INSERT, values).await?;
    Ok(AcceptOutcome::Accepted)
}

/// The places of messages in the order of their names, so that batches that share some do not wait for each other in a circle.
/// Those of one name stay in their order: the first one is said.
fn by_name(messages: &[NewNotification]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..messages.len()).collect();
    places.sort_by_key(|place| messages[*place].deduplication.as_ref().map(|same| same.name));
    places
}

fn by_request_id(rows: Vec<RequestRow>) -> HashMap<Uuid, AcceptOutcome> {
    rows.into_iter().map(|row| (row.request_id, row.as_accept_outcome())).collect()
}
