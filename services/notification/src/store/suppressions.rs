//! The addresses that get no message of a stream any more, by a keyed hash.

use rekey_database::{Connection, Failure, Finished, Transaction, Value, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, RequestId, TenantId};

use super::Store;
use super::requests::{Action, Request};
use super::rows::limit;
use crate::domain::destination::Channel;
use crate::domain::scope::CallerScope;
use crate::domain::suppression::{AddressHash, Candidate, Reason, Stream, Suppression, stops};

statements! {
    const WRITE = "insert into suppression
            (tenant_id, channel, address_hash, stream, reason, masked_destination, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (tenant_id, channel, address_hash, stream) do update set
            reason = excluded.reason, masked_destination = excluded.masked_destination,
            created_at = excluded.created_at, expires_at = excluded.expires_at";

    /// What was written down for good stays as it is, and so does what somebody wrote down (4) for longer.
    const RENEW_TEMPORARY = "insert into suppression
            (tenant_id, channel, address_hash, stream, reason, masked_destination, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (tenant_id, channel, address_hash, stream) do update set
            reason = excluded.reason, masked_destination = excluded.masked_destination,
            created_at = excluded.created_at, expires_at = excluded.expires_at
        where suppression.expires_at is not null
          and (suppression.reason <> 4 or excluded.expires_at is null or suppression.expires_at < excluded.expires_at)";

    const OF_ADDRESS = "select channel, address_hash, stream, reason, masked_destination, created_at, expires_at
        from suppression
        where tenant_id = $1 and channel = $2 and address_hash = $3 and (expires_at is null or expires_at > $4)
        order by stream";

    const REMOVE = "delete from suppression where tenant_id = $1 and channel = $2 and address_hash = $3";

    const LIST_SUPPRESSIONS = "select channel, address_hash, stream, reason, masked_destination, created_at, expires_at
        from suppression
        where tenant_id = $1 and (expires_at is null or expires_at > $2)
          and (", (postgres: "$3::bigint", sqlite: "$3"), " is null
            or (created_at, address_hash, stream) < ($3, $4, $5))
          and (", (postgres: "$6::text", sqlite: "$6"), " is null or channel = $6)
          and (", (postgres: "$7::smallint", sqlite: "$7"), " is null or reason = $7)
        order by created_at desc, address_hash desc, stream desc limit $8";

    const FORGET_SUPPRESSIONS = "delete from suppression
        where (tenant_id, channel, address_hash, stream) in (
            select tenant_id, channel, address_hash, stream from suppression where expires_at <= $1 limit $2)";
}

/// An entry about to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) tenant_id: TenantId,
    pub(crate) channel: Channel,
    pub(crate) address_hash: AddressHash,
    pub(crate) stream: Stream,
    pub(crate) reason: Reason,
    pub(crate) masked_destination: &'a str,
    pub(crate) expires_at: Option<Timestamp>,
}

/// An address of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SuppressedAddress {
    pub(crate) channel: Channel,
    pub(crate) address_hash: AddressHash,
}

/// Where a page of entries begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SuppressionPosition {
    pub(crate) created_at: Timestamp,
    pub(crate) address_hash: AddressHash,
    pub(crate) stream: Stream,
}

/// Which entries a list shows: all, or only those that agree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SuppressionFilter {
    pub(crate) channel: Option<Channel>,
    pub(crate) reason: Option<Reason>,
}

/// Which page of entries is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SuppressionQuery {
    pub(crate) filter: SuppressionFilter,
    /// What the page before ended with.
    pub(crate) after: Option<SuppressionPosition>,
    /// The most entries of it.
    pub(crate) most: usize,
}

/// A page of entries, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedSuppressions {
    pub(crate) suppressions: Vec<Suppression>,
    pub(crate) next: Option<SuppressionPosition>,
}

/// A change of the list, asked for under a request id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SuppressionRequest {
    pub(crate) request_id: RequestId,
    pub(crate) request_expires_at: Timestamp,
    /// Stands for all that is asked: the same request id with another one is refused.
    pub(crate) content: NotificationId,
}

/// What became of a change of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SuppressionOutcome {
    /// It was made, now or by the same request before. The entries of the address as they stand.
    Made(Vec<Suppression>),
    /// No entry of this address.
    NotFound,
    /// It would be over already.
    AlreadyOver,
    /// The request id was used for something else.
    RequestIdReused,
}

#[derive(sqlx::FromRow)]
struct SuppressionRow {
    channel: String,
    address_hash: Vec<u8>,
    stream: i16,
    reason: i16,
    masked_destination: String,
    created_at: i64,
    expires_at: Option<i64>,
}

impl SuppressionRow {
    fn position(&self) -> Option<SuppressionPosition> {
        Some(SuppressionPosition {
            created_at: Timestamp::from_unix_micros(self.created_at),
            address_hash: self.address_hash.as_slice().try_into().ok()?,
            stream: Stream::from_number(self.stream)?,
        })
    }
}

impl TryFrom<SuppressionRow> for Suppression {
    type Error = Failure;

    fn try_from(row: SuppressionRow) -> Result<Self, Failure> {
        let unreadable = |what| Failure::Unreadable { what };
        Ok(Self {
            channel: Channel::parse(&row.channel).ok_or(unreadable("channel"))?,
            masked_destination: row.masked_destination,
            stream: Stream::from_number(row.stream).ok_or(unreadable("stream"))?,
            reason: Reason::from_repr(row.reason).ok_or(unreadable("reason"))?,
            created_at: Timestamp::from_unix_micros(row.created_at),
            expires_at: row.expires_at.map(Timestamp::from_unix_micros),
        })
    }
}

impl Store {
    /// Why a message to this address must not go out, if it must not. An entry that a newer replica wrote and that does not
    /// read here is a failure: who cannot tell does not send.
    pub(crate) async fn stopped_by(
        &self,
        tenant_id: TenantId,
        address: &SuppressedAddress,
        candidate: Candidate,
        now: Timestamp,
    ) -> Result<Option<Reason>, Failure> {
        let mut reader = self.database.reader().await?;
        let entries = of_address(&mut reader, tenant_id, address, now).await?;
        let stopping = entries.into_iter().find(|one| stops(one.stream, one.reason, candidate));
        Ok(stopping.map(|one| one.reason))
    }

    /// The entries of an address that count now.
    pub(crate) async fn suppressions_of(
        &self,
        scope: &CallerScope,
        address: &SuppressedAddress,
        now: Timestamp,
    ) -> Result<Vec<Suppression>, Failure> {
        of_address(&mut self.database.reader().await?, scope.tenant_id(), address, now).await
    }

    /// A page of entries that count now, newest first.
    pub(crate) async fn list_suppressions(
        &self,
        scope: &CallerScope,
        query: &SuppressionQuery,
        now: Timestamp,
    ) -> Result<ListedSuppressions, Failure> {
        let SuppressionQuery { filter, after, most } = *query;
        let values = [
            Value::from(scope.tenant_id()),
            Value::from(now),
            Value::from(after.map(|position| position.created_at)),
            Value::from(after.as_ref().map(|position| &position.address_hash)),
            Value::from(after.map(|position| position.stream.number())),
            Value::from(filter.channel.map(Channel::as_str)),
            Value::from(filter.reason.map(Reason::number)),
            Value::from(limit(most.saturating_add(1))),
        ];
        let mut rows: Vec<SuppressionRow> = self.database.all(LIST_SUPPRESSIONS, &values).await?;
        let has_more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| has_more).and_then(SuppressionRow::position);
        let read = |row| {
            Suppression::try_from(row)
                .inspect_err(|failure| tracing::error!(%failure, "an entry is left out"))
                .ok()
        };
        Ok(ListedSuppressions { suppressions: rows.into_iter().filter_map(read).collect(), next })
    }

    /// Writes an entry down, in place of the one of the same stream where there is one. The same request again changes nothing
    /// and says how the address stands by then, also where the entry is over.
    pub(crate) async fn create_suppression(
        &self,
        entry: &Entry<'_>,
        request: SuppressionRequest,
        now: Timestamp,
    ) -> Result<SuppressionOutcome, Failure> {
        let address = SuppressedAddress { channel: entry.channel, address_hash: entry.address_hash };
        let change = Change { tenant_id: entry.tenant_id, address, request, action: Action::Suppressed, now };
        self.database
            .step(|mut tx| async move {
                if let Some(earlier) = change.entered(&mut tx).await? {
                    return Ok(tx.roll_back(earlier));
                }
                if entry.expires_at.is_some_and(|at| now.has_reached(at)) {
                    // A refused request does not use up its id.
                    return Ok(tx.roll_back(SuppressionOutcome::AlreadyOver));
                }
                tx.execute(WRITE, &columns(entry, now)).await?;
                let entries = of_address(&mut tx, entry.tenant_id, &address, now).await?;
                Ok(tx.commit(SuppressionOutcome::Made(entries)))
            })
            .await
    }

    /// Takes every entry of an address back. The same request again changes nothing and says the same.
    pub(crate) async fn remove_suppressions(
        &self,
        scope: &CallerScope,
        address: SuppressedAddress,
        request: SuppressionRequest,
        now: Timestamp,
    ) -> Result<SuppressionOutcome, Failure> {
        let tenant_id = scope.tenant_id();
        let change = Change { tenant_id, address, request, action: Action::Unsuppressed, now };
        self.database.step(|tx| change.remove(tx)).await
    }

    /// Forgets entries that are over. How many.
    pub(super) async fn forget_suppressions(&self, batch: u32, now: Timestamp) -> Result<u64, Failure> {
        self.database.execute(FORGET_SUPPRESSIONS, values![now, batch]).await
    }
}

/// A change about to be made.
#[derive(Clone, Copy)]
struct Change {
    tenant_id: TenantId,
    address: SuppressedAddress,
    request: SuppressionRequest,
    action: Action,
    now: Timestamp,
}

impl Change {
    /// Takes the request id, or gives the answer to a repeated request: how the address stands now.
    async fn entered(&self, tx: &mut Transaction) -> Result<Option<SuppressionOutcome>, Failure> {
        let Self { tenant_id, address, request, action, now } = self;
        let asked = Request {
            tenant_id: *tenant_id,
            request_id: request.request_id,
            action: *action,
            notification_id: request.content,
            expires_at: request.request_expires_at,
            fingerprint: &[],
        };
        let Some(earlier) = asked.enter(tx, *now).await? else { return Ok(None) };
        if !earlier.is_change(*action, request.content) {
            return Ok(Some(SuppressionOutcome::RequestIdReused));
        }
        Ok(Some(SuppressionOutcome::Made(of_address(tx, *tenant_id, address, *now).await?)))
    }

    async fn remove(self, mut tx: Transaction) -> Result<Finished<SuppressionOutcome>, Failure> {
        if let Some(earlier) = self.entered(&mut tx).await? {
            return Ok(tx.roll_back(earlier));
        }
        let SuppressedAddress { channel, address_hash } = &self.address;
        let removed = tx.execute(REMOVE, values![self.tenant_id, channel.as_str(), address_hash]).await?;
        Ok(match removed {
            // A refused request does not use up its id.
            0 => tx.roll_back(SuppressionOutcome::NotFound),
            _ => tx.commit(SuppressionOutcome::Made(Vec::new())),
        })
    }
}

/// Writes an entry of a receipt down unless there is one for good or somebody's own for longer, and lets another that ends begin
/// anew.
pub(super) async fn renew(tx: &mut Connection, entry: &Entry<'_>, now: Timestamp) -> Result<(), Failure> {
    tx.execute(RENEW_TEMPORARY, &columns(entry, now)).await.map(drop)
}

fn columns<'a>(entry: &'a Entry<'_>, now: Timestamp) -> [Value<'a>; 8] {
    [
        Value::from(entry.tenant_id),
        Value::from(entry.channel.as_str()),
        Value::from(&entry.address_hash),
        Value::from(entry.stream.number()),
        Value::from(entry.reason.number()),
        Value::from(entry.masked_destination),
        Value::from(now),
        Value::from(entry.expires_at),
    ]
}

async fn of_address(
    connection: &mut Connection,
    tenant_id: TenantId,
    address: &SuppressedAddress,
    now: Timestamp,
) -> Result<Vec<Suppression>, Failure> {
    let values = values![tenant_id, address.channel.as_str(), &address.address_hash, now];
    let rows: Vec<SuppressionRow> = connection.all(OF_ADDRESS, values).await?;
    rows.into_iter().map(Suppression::try_from).collect()
}
