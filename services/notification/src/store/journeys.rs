//! Looking at messages.

use rekey_database::{Connection, Failure, statements, values};
use rekey_primitives::id::NotificationId;

use super::Store;
use super::rows::{NotificationRow, accepted_within, limit};
use crate::domain::lane::Lane;
use crate::domain::notification::Notification;
use crate::domain::page::{Filter, Position};
use crate::domain::scope::TenantScope;
use crate::domain::state::State;

statements! {
    /// The milliseconds of the id lead to the partition, so a look-up by id touches one.
    const FIND = "select * from notification
        where tenant_id = $1 and id = $2 and created_at between $3 and $4";

    const LIST = "select * from notification
        where tenant_id = $1
          and (", (postgres: "$2::bigint", sqlite: "$2"), " is null or (created_at, id) < ($2, $3))
          and (", (postgres: "$4::smallint", sqlite: "$4"), " is null or state = $4)
          and (", (postgres: "$5::smallint", sqlite: "$5"), " is null or lane = $5)
          and (", (postgres: "$6::text", sqlite: "$6"), " is null or reference = $6)
        order by created_at desc, id desc limit $7";
}

impl Store {
    /// One message of the tenant.
    pub(crate) async fn get(
        &self,
        scope: TenantScope,
        id: NotificationId,
    ) -> Result<Option<Notification>, Failure> {
        find(&mut self.database.reader().await?, scope, id).await
    }

    /// Up to `most` messages of the tenant that pass the filter, newest first, older than `after`.
    pub(crate) async fn list(
        &self,
        scope: TenantScope,
        filter: &Filter,
        after: Option<Position>,
        most: usize,
    ) -> Result<Vec<Notification>, Failure> {
        let values = values![
            scope.tenant_id(),
            after.map(|position| position.created_at),
            after.map(|position| position.id),
            filter.state.map(State::number),
            filter.lane.map(Lane::number),
            filter.reference.as_deref(),
            limit(most),
        ];
        let rows: Vec<NotificationRow> = self.database.all(LIST, values).await?;
        rows.into_iter().map(Notification::try_from).collect()
    }
}

pub(super) async fn find(
    connection: &mut Connection,
    scope: TenantScope,
    id: NotificationId,
) -> Result<Option<Notification>, Failure> {
    let (first, last) = accepted_within(id);
    let row: Option<NotificationRow> =
        connection.optional(FIND, values![scope.tenant_id(), id, first, last]).await?;
    row.map(Notification::try_from).transpose()
}
