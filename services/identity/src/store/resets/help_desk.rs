//! Help requests as administrators see and move them.

use rekey_database::{statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, HelpRequestId};
use uuid::Uuid;

use crate::domain::audit::AuditEvent;
use crate::domain::help::{HelpFilter, HelpRequest, HelpState};
use crate::domain::scope::TenantScope;
use crate::store::columns::HELP_COLUMNS;
use crate::store::rows::{HelpRow, ReadablePage, readable};
use crate::store::sign_ins::Stale;
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// A help request to move.
#[derive(Debug, Clone)]
pub(crate) struct MoveHelp {
    pub(crate) id: HelpRequestId,
    /// The `version` that was judged.
    pub(crate) version: i64,
    pub(crate) to: HelpState,
    /// Who moves it, if it is a person.
    pub(crate) handled_by: Option<AccountId>,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

statements! {
    const BY_ID =
        "select ", HELP_COLUMNS,
        " from help_requests h where h.tenant_id = $1 and h.help_request_id = $2";

    const PAGE =
        "select ", HELP_COLUMNS,
        " from help_requests h where h.tenant_id = $1 and h.help_request_id < $2
          order by h.help_request_id desc limit $3";

    const PAGE_OF_STATE =
        "select ", HELP_COLUMNS,
        " from help_requests h where h.tenant_id = $1 and h.state = $4 and h.help_request_id < $2
          order by h.help_request_id desc limit $3";

    const PAGE_OF_ACCOUNT =
        "select ", HELP_COLUMNS,
        " from help_requests h where h.tenant_id = $1 and h.account_id = $4 and ($5 = '' or h.state = $5)
          and h.help_request_id < $2
          order by h.help_request_id desc limit $3";

    const OVERDUE =
        "select ", HELP_COLUMNS,
        " from help_requests h where h.state in ('open', 'claimed') and h.expires_at <= $1
          order by h.expires_at limit $2";

    const MOVE = "
        update help_requests set state = $4, handled_by = coalesce($5, handled_by), updated_at = $6, version = version + 1
        where tenant_id = $1 and help_request_id = $2 and version = $3 and state in ('open', 'claimed')";
}

impl Store {
    /// A help request.
    pub(crate) async fn find_help(
        &self,
        scope: &TenantScope,
        id: HelpRequestId,
    ) -> Result<Option<HelpRequest>, Failure> {
        let found: Option<HelpRow> = self.database.optional(BY_ID, values![scope.tenant_id(), id]).await?;
        found.map(HelpRow::request).transpose()
    }

    /// Help requests by id, newest first, from before `before`. A row that does not read is passed over.
    pub(crate) async fn list_help(
        &self,
        scope: &TenantScope,
        filter: HelpFilter,
        before: Option<HelpRequestId>,
        limit: u32,
    ) -> Result<Vec<HelpRequest>, Failure> {
        let mut page = ReadablePage::behind(before.map_or(Uuid::max(), HelpRequestId::as_uuid), limit);
        while let Some(wanted) = page.wanted() {
            let tenant_id = scope.tenant_id();
            let found = match filter {
                HelpFilter { account_id: Some(account_id), state } => {
                    let state = state.map_or("", HelpState::as_str);
                    let values = values![tenant_id, page.after, wanted, account_id, state];
                    self.database.all(PAGE_OF_ACCOUNT, values).await?
                }
                HelpFilter { state: Some(state), .. } => {
                    let values = values![tenant_id, page.after, wanted, state.as_str()];
                    self.database.all(PAGE_OF_STATE, values).await?
                }
                HelpFilter { state: None, .. } => {
                    self.database.all(PAGE, values![tenant_id, page.after, wanted]).await?
                }
            };
            page.take(found, HelpRow::id, HelpRow::request);
        }
        Ok(page.into_items())
    }

    /// Pending requests of any tenant whose time is over, at most `limit`, longest over first.
    pub(crate) async fn overdue_help(&self, now: Timestamp, limit: u32) -> Result<Vec<HelpRequest>, Failure> {
        let found: Vec<HelpRow> = self.database.all(OVERDUE, values![now, limit]).await?;
        Ok(readable(found, HelpRow::id, HelpRow::request))
    }

    /// Moves a pending request under the version that was judged, with its event: of two at once one is done.
    pub(crate) async fn move_help(
        &self,
        scope: &TenantScope,
        moved: &MoveHelp,
        idempotency: Option<IdempotentRequest<'_, HelpRequest>>,
    ) -> Result<StepOutcome<HelpRequest, Stale>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let make = self.database.step(|mut tx| async move {
            if let Some(ended) = idempotency::claim(&mut tx, tenant_id, idempotency, moved.now).await?.ended()
            {
                return Ok(tx.roll_back(ended));
            }
            let (state, handled_by) = (moved.to.as_str(), moved.handled_by);
            let values = values![tenant_id, moved.id, moved.version, state, handled_by, moved.now];
            if tx.execute(MOVE, values).await? != 1 {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            }
            let after: HelpRow = tx.one(BY_ID, values![tenant_id, moved.id]).await?;
            let after = after.request()?;
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &after).await?;
            audit::append(&mut tx, &moved.event).await?;
            Ok(tx.commit(StepOutcome::Done(after)))
        });
        make.await
    }
}
