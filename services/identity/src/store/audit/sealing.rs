//! Sealing: events that were appended get their places in the chain, in batches, by one process at a time.
//!
//! A batch is one step: places are given behind the last one while that is locked, the events move, and those that moved
//! leave the queue by their ids. Within a batch they stand in the order of writing. So a transaction that commits late is never skipped, however old its event is: it is
//! there when somebody looks next, and its place follows those that were sealed meanwhile. A process that dies leaves the
//! batch undone, whole. What is sealed of an account that is erased names its hash alone.

use std::collections::BTreeSet;

use rekey_database::{
    Connection, FOR_UPDATE, FOR_UPDATE_SKIP_LOCKED, Failure, Fragment, fragment, statements, values,
};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::super::columns::{EMPTY, EVENT_COLUMNS, LISTED};
use super::super::rows::{PendingEventRow, hash, readable};
use super::super::{Store, transitions};
use super::{Columns, folded_accounts};
use crate::domain::audit::chain::{CHAIN_START, ChainEnds, ChainPlace};
use crate::domain::audit::commitment::{Commitments, LinkFormat, Part, Sealer};
use crate::domain::audit::{AccountHash, AuditEvent, SealedEvent, erasure};
use crate::domain::scope::TenantScope;

/// How many events are sealed in one step: some tens of milliseconds.
const BATCH: i64 = 500;

/// Ids, positions and proofs, side by side. A proof is the link, both salts, the hash of who acted (or as many zeros), and the hashes
/// of whom it was done to: one list for all, since SQLite reads a list from its beginning for every row.
const PLACES: Fragment = fragment!((
    postgres: "unnest($2::uuid[], $3::bigint[], $4::bytea[]) as s (event_id, position, proof)",
    sqlite: "(select unhex(i.value) as event_id, p.value as position, unhex(o.value) as proof
              from json_each($2) i
              join json_each($3) p on p.key = i.key
              join json_each($4) o on o.key = i.key) s"
));

const NUMBER: Fragment = fragment!((postgres: "e.number", sqlite: "e.rowid"));

const ENDS: Fragment = fragment!(
    "select position, link, forgotten_position, forgotten_link from audit_heads where tenant_id = $1"
);

statements! {
    /// The next tenant that has events to seal.
    const NEXT_TENANT =
        "select tenant_id from audit_pending where tenant_id > $1 order by tenant_id limit 1";

    const FIRST = "
        insert into audit_heads (tenant_id, position, link) values ($1, 0, ", EMPTY, ") on conflict do nothing";

    /// The ends of the chain, unless somebody else is sealing.
    const TAKE_ENDS = "", ENDS, FOR_UPDATE_SKIP_LOCKED;

    /// The same, however long it takes.
    const LOCK_ENDS = "", ENDS, FOR_UPDATE;

    const READ_ENDS = "", ENDS;

    /// Ids begin with the time, so the oldest come first. Asked for as a value, each is looked up by its key: as a condition,
    /// Postgres may read the whole log into a table of hashes first.
    const PENDING = "
        select ", EVENT_COLUMNS, ", (
            select 1 from audit_events s
            where s.tenant_id = e.tenant_id and s.at = e.at and s.event_id = e.event_id
        ) is not null as is_sealed, ", NUMBER, " as number
        from audit_pending e where e.tenant_id = $1 order by e.event_id limit $2";

    const SEAL = "
        insert into audit_events (position, link, link_format, actor_salt, subject_salt, actor_hash, account_hashes,
            tenant_id, at, event_id, kind, outcome, reason, actor, actor_id,
            caller, subject, subject_id, subject_login, ip_address, masked_place, trace_id, count, folded_accounts)
        select s.position, substr(s.proof, 1, 32), 2, substr(s.proof, 33, 16), substr(s.proof, 49, 16),
            case when e.actor_id is not null then substr(s.proof, 65, 16) end, nullif(substr(s.proof, 81), ", EMPTY, "), ",
            EVENT_COLUMNS, "
        from ", PLACES, " join audit_pending e on e.tenant_id = $1 and e.event_id = s.event_id";

    /// Which of these accounts are erased.
    const ERASED = "select account_hash from erasures where tenant_id = $1 and account_hash ", LISTED;

    /// What is left of an event of an erased account.
    const TAKE_OUT = "
        update audit_pending
        set actor = $3, actor_id = $4, subject = $5, subject_id = $6, ip_address = $7, masked_place = $8, folded_accounts = $9
        where tenant_id = $1 and event_id = $2";

    const UNQUEUE = "delete from audit_pending where tenant_id = $1 and event_id ", LISTED;

    const MOVE_END = "update audit_heads set position = $2, link = $3 where tenant_id = $1";
}

/// What a step sealed.
#[derive(Debug, Default)]
pub(crate) struct SealedBatch {
    /// How many events left the queue.
    pub unqueued: u64,
    /// Those that got their places.
    pub events: Vec<SealedKind>,
}

/// An event that got its place.
#[derive(Debug)]
pub(crate) struct SealedKind {
    /// What happened; a newer release may have written it.
    pub kind: String,
    /// How many alike ones it stands for.
    pub count: u32,
    pub at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct EndsRow {
    position: i64,
    link: Vec<u8>,
    forgotten_position: i64,
    forgotten_link: Option<Vec<u8>>,
}

impl EndsRow {
    fn ends(&self) -> Result<ChainEnds, Failure> {
        // Before the first event.
        let link = |bytes: &[u8]| if bytes.is_empty() { Ok(CHAIN_START) } else { hash(bytes) };
        let forgotten = match (&self.forgotten_link, self.forgotten_position) {
            (Some(bytes), _) => Some(link(bytes)?),
            (None, 0) => Some(CHAIN_START),
            (None, _) => None,
        };
        Ok(ChainEnds {
            forgotten: ChainPlace { position: self.forgotten_position, link: forgotten },
            last: ChainPlace { position: self.position, link: Some(link(&self.link)?) },
        })
    }
}

impl Store {
    /// The next tenant in the order of ids with events that wait to be sealed.
    pub(crate) async fn next_to_seal(&self, after: Option<TenantId>) -> Result<Option<TenantId>, Failure> {
        let after = after.map_or(Uuid::nil(), TenantId::as_uuid);
        let next: Option<(Uuid,)> = self.database.optional(NEXT_TENANT, values![after]).await?;
        Ok(next.map(|(id,)| TenantId::from_uuid(id)))
    }

    /// Seals the oldest of a tenant's events that wait, and tells of them: none left the queue when none waits, or while
    /// somebody else is sealing.
    pub(crate) async fn seal_events(
        &self,
        tenant_id: TenantId,
        sealer: &Sealer,
    ) -> Result<SealedBatch, Failure> {
        let seal = self.database.step(|mut tx| async move {
            tx.execute(FIRST, values![tenant_id]).await?;
            let taken: Option<EndsRow> = tx.optional(TAKE_ENDS, values![tenant_id]).await?;
            let Some(ends) = taken else { return Ok(tx.roll_back(SealedBatch::default())) };
            let sealed = seal(&mut tx, tenant_id, ends.ends()?.last, sealer).await?;
            Ok(tx.commit(sealed))
        });
        seal.await
    }

    /// Where the tenant's chain begins and ends.
    pub(crate) async fn chain_ends(&self, scope: &TenantScope) -> Result<ChainEnds, Failure> {
        let row: Option<EndsRow> = self.database.optional(READ_ENDS, values![scope.tenant_id()]).await?;
        let none = ChainEnds { forgotten: ChainPlace::START, last: ChainPlace::START };
        row.map_or(Ok(none), |row| row.ends())
    }
}

/// The ends of a chain, kept from whoever seals until the step ends.
pub(super) async fn locked_ends(tx: &mut Connection, tenant_id: TenantId) -> Result<ChainEnds, Failure> {
    tx.execute(FIRST, values![tenant_id]).await?;
    tx.one::<EndsRow>(LOCK_ENDS, values![tenant_id]).await?.ends()
}

async fn seal(
    tx: &mut Connection,
    tenant_id: TenantId,
    last: ChainPlace,
    sealer: &Sealer,
) -> Result<SealedBatch, Failure> {
    let mut pending: Vec<PendingEventRow> = tx.all(PENDING, values![tenant_id, BATCH]).await?;
    pending.sort_by_key(|row| row.number);
    let (repeated, new): (Vec<_>, Vec<_>) = pending.into_iter().partition(|row| row.is_sealed);
    // What does not read waits on, and keeps nobody waiting behind it.
    let events: Vec<AuditEvent<String>> = readable(new, |row| row.event.event_id, |row| row.event.try_into());
    let committed = events.into_iter().map(|event| {
        let commitments = Commitments::of(&event, sealer);
        (event, commitments)
    });
    let mut committed: Vec<_> = committed.collect();
    take_out_erased(tx, tenant_id, &mut committed).await?;
    let sealed = transitions::seal(last, committed)?;
    let mut ids: Vec<Uuid> = sealed.iter().map(|sealed| sealed.event.id.as_uuid()).collect();
    if let Some(end) = sealed.last() {
        let positions: Vec<i64> = sealed.iter().map(|sealed| sealed.position).collect();
        let proofs: Vec<Vec<u8>> = sealed.iter().map(proof).collect();
        let proofs: Vec<&[u8]> = proofs.iter().map(Vec::as_slice).collect();
        tx.execute(SEAL, values![tenant_id, ids.clone(), positions, proofs]).await?;
        tx.execute(MOVE_END, values![tenant_id, end.position, &end.link]).await?;
    }
    ids.extend(repeated.iter().map(|row| row.event.event_id));
    let unqueued = if ids.is_empty() { 0 } else { tx.execute(UNQUEUE, values![tenant_id, ids]).await? };
    let events = sealed.into_iter().map(|sealed| sealed.event);
    let events = events.map(|event| SealedKind { kind: event.kind, count: event.count, at: event.at });
    Ok(SealedBatch { unqueued, events: events.collect() })
}

/// Takes what identifies erased accounts out of events that are about to be sealed.
async fn take_out_erased(
    tx: &mut Connection,
    tenant_id: TenantId,
    events: &mut [(AuditEvent<String>, Commitments)],
) -> Result<(), Failure> {
    let hashes = events.iter().flat_map(|(_, made)| made.actor_hash.iter().chain(&made.account_hashes));
    let hashes: BTreeSet<Uuid> = hashes.map(|hash| hash.as_uuid()).collect();
    if hashes.is_empty() {
        return Ok(());
    }
    let hashes: Vec<Uuid> = hashes.into_iter().collect();
    let erased: Vec<(Uuid,)> = tx.all(ERASED, values![tenant_id, hashes]).await?;
    let erased: BTreeSet<AccountHash> =
        erased.into_iter().map(|(hash,)| AccountHash::from_uuid(hash)).collect();
    if erased.is_empty() {
        return Ok(());
    }
    for (event, commitments) in events {
        if let Some(left) = erasure::unsealed_without(event, commitments, &erased) {
            let Columns { actor, actor_id, subject, subject_id, .. } = Columns::of(&left);
            let place = left.ip_address.map(|address| address.to_string());
            let accounts = folded_accounts(&left);
            let masked = left.masked_place.as_deref();
            let values =
                values![tenant_id, left.id, actor, actor_id, subject, subject_id, place, masked, accounts];
            tx.execute(TAKE_OUT, values).await?;
            *event = left;
        }
    }
    Ok(())
}

fn proof(SealedEvent { link, format, .. }: &SealedEvent) -> Vec<u8> {
    // What is sealed is whole.
    let LinkFormat::Committed(Commitments {
        actor: Part::Whole(actor),
        subject: Part::Whole(subject),
        actor_hash,
        account_hashes,
    }) = format
    else {
        return Vec::new();
    };
    let actor_hash = actor_hash.map_or([0; 16], |hash| hash.0);
    let hashes = account_hashes.iter().flat_map(|hash| hash.0);
    link.iter().copied().chain([*actor, *subject, actor_hash].concat()).chain(hashes).collect()
}
