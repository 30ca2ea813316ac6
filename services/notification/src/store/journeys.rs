//! Looking at messages.

use rekey_database::{Connection, Failure, Value, statements, values};
use rekey_primitives::id::NotificationId;

use super::Store;
use super::models::Listed;
use super::rows::{NotificationRow, accepted_within, limit};
use super::visible::{VISIBLE, values_of};
use crate::domain::lane::Lane;
use crate::domain::notification::Notification;
use crate::domain::page::{Filter, Position};
use crate::domain::scope::CallerScope;
use crate::domain::state::State;

statements! {
    /// The milliseconds of the id lead to the partition, so a look-up by id touches one.
    const FIND = "select * from notification", VISIBLE, " and id = $7 and created_at between $8 and $9";

    const LIST = "select * from notification", VISIBLE, "
          and (", (postgres: "$7::bigint", sqlite: "$7"), " is null or (created_at, id) < ($7, $8))
          and (", (postgres: "$9::smallint", sqlite: "$9"), " is null or state = $9)
          and (", (postgres: "$10::smallint", sqlite: "$10"), " is null or lane = $10)
          and (", (postgres: "$11::text", sqlite: "$11"), " is null or reference = $11)
        order by created_at desc, id desc limit $12";

    /// The same of one trace, by an index of its own: a code finds its messages among millions.
    const LIST_OF_TRACE = "select * from notification", VISIBLE, "
          and (", (postgres: "$7::bigint", sqlite: "$7"), " is null or (created_at, id) < ($7, $8))
          and (", (postgres: "$9::smallint", sqlite: "$9"), " is null or state = $9)
          and (", (postgres: "$10::smallint", sqlite: "$10"), " is null or lane = $10)
          and (", (postgres: "$11::text", sqlite: "$11"), " is null or reference = $11)
          and trace_id = $13
        order by created_at desc, id desc limit $12";
}

impl Store {
    /// One message of the tenant that the caller may see.
    pub(crate) async fn get(
        &self,
        scope: &CallerScope,
        id: NotificationId,
    ) -> Result<Option<Notification>, Failure> {
        find(&mut self.database.reader().await?, scope, id).await
    }

    /// A page of up to `most` messages of the tenant that the caller may see and that pass the filter, newest first, older
    /// than `after`. A row that does not read is left out and logged: it must not take the page with it.
    pub(crate) async fn list(
        &self,
        scope: &CallerScope,
        filter: &Filter,
        after: Option<Position>,
        most: usize,
    ) -> Result<Listed, Failure> {
        let mut rest = values![
            after.map(|position| position.created_at),
            after.map(|position| position.id),
            filter.state.map(State::number),
            filter.lane.map(Lane::number),
            filter.reference.as_deref(),
            // One more than asked for tells whether there is a next page, without a count.
            limit(most.saturating_add(1)),
        ]
        .to_vec();
        let list = match &filter.trace_id {
            Some(trace_id) => {
                rest.push(Value::from(trace_id.as_slice()));
                LIST_OF_TRACE
            }
            None => LIST,
        };
        let mut rows: Vec<NotificationRow> = self.database.all(list, &values_of(scope, &rest)).await?;
        let has_more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| has_more).map(NotificationRow::position);
        let read = |row| {
            Notification::try_from(row)
                .inspect_err(|failure| tracing::error!(%failure, "a row is left out"))
                .ok()
        };
        Ok(Listed { notifications: rows.into_iter().filter_map(read).collect(), next })
    }
}

pub(super) async fn find(
    connection: &mut Connection,
    scope: &CallerScope,
    id: NotificationId,
) -> Result<Option<Notification>, Failure> {
    let (first, last) = accepted_within(id);
    let row: Option<NotificationRow> =
        connection.optional(FIND, &values_of(scope, values![id, first, last])).await?;
    row.map(Notification::try_from).transpose()
}
