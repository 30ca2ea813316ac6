//! Messages in the order of their changes.
//!
//! The schema numbers every change. In Postgres the number is that of the transaction, and what lies below the oldest one that
//! is still open is final: whoever has read up to there misses none that commits late, whichever replica writes it and
//! whatever its clock says. Only transactions that write in our database are waited for: a server has others as well. Whoever
//! writes locks the table first and gets a number then, and holds the lock to the end. SQLite has one writer, which counts.

use rekey_database::{Failure, statements, values};
use rekey_primitives::id::NotificationId;

use super::Store;
use super::models::Changes;
use super::rows::{NotificationRow, limit};
use super::visible::{VISIBLE, values_of};
use crate::domain::notification::Notification;
use crate::domain::page::{ChangeFilter, ChangePosition};
use crate::domain::scope::CallerScope;

statements! {
    const HORIZON = (
        postgres: "with locks as materialized (
                select locktype, database, relation, mode, virtualtransaction, transactionid from pg_locks
            ), writers as (
                select virtualtransaction from locks
                where locktype = 'relation' and mode in ('RowShareLock', 'RowExclusiveLock')
                  and database = (select oid from pg_database where datname = current_database())
                  -- What comes before is the catalogue, which Postgres itself writes.
                  and relation >= 16384
            )
            select coalesce(
                (select min(open::text::bigint) from pg_snapshot_xip(pg_current_snapshot()) open
                 where open::xid in (
                     select transactionid from locks
                     where locktype = 'transactionid' and mode = 'ExclusiveLock'
                       and virtualtransaction in (select virtualtransaction from writers)
                 )),
                pg_snapshot_xmax(pg_current_snapshot())::text::bigint
            ) - 1",
        sqlite: "select number from change_counter"
    );

    /// `change_number > 0` is what the index is built on.
    pub(super) const CHANGES = "select * from notification", VISIBLE, "
          and change_number > 0 and (change_number, id) > ($7, $8) and change_number <= $9",
        (postgres: " and created_at >= notification_watched_from()"), "
          and (", (postgres: "$10::uuid", sqlite: "$10"), " is null or id = $10)
          and (", (postgres: "$11::text", sqlite: "$11"), " is null or reference = $11)
        order by change_number, id limit $12";
}

impl Store {
    /// Behind every change that is final.
    pub(crate) async fn change_horizon(&self) -> Result<ChangePosition, Failure> {
        let number: i64 = self.database.scalar(HORIZON, values![]).await?;
        Ok(ChangePosition::behind(number))
    }

    /// Up to `most` messages of the tenant that the caller may see and that changed since `after`, each once and as it stands,
    /// in the order of their last changes. A row that does not read is left out and logged.
    pub(crate) async fn changes(
        &self,
        scope: &CallerScope,
        filter: &ChangeFilter,
        after: ChangePosition,
        most: usize,
    ) -> Result<Changes, Failure> {
        // Before the rows: what is final now is in what they are read from.
        let horizon = self.change_horizon().await?;
        let rest = values![
            after.number,
            after.id,
            horizon.number,
            filter.id,
            filter.reference.as_deref(),
            limit(most),
        ];
        let rows: Vec<NotificationRow> = self.database.all(CHANGES, &values_of(scope, rest)).await?;
        let caught_up = rows.len() < most;
        let last = rows.last().map(NotificationRow::change_position);
        let position = match last {
            Some(last) if !caught_up => last,
            // A clock that was never read cannot go back, but a store that came back from a backup can.
            _ => horizon.max(after),
        };
        let read = |row| {
            Notification::try_from(row)
                .inspect_err(|failure| tracing::error!(%failure, "a row is left out"))
                .ok()
        };
        Ok(Changes { notifications: rows.into_iter().filter_map(read).collect(), position, caught_up })
    }
}

impl NotificationRow {
    fn change_position(&self) -> ChangePosition {
        ChangePosition { number: self.change_number, id: NotificationId::from_uuid(self.id) }
    }
}
