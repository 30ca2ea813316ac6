//! What administrators read of the audit log: lists, streams, the chain followed, and how resets go; and where it is sent.
//!
//! Reading is judged like any act of theirs, and leaves no event but a denial. What is read is sealed, so it has a
//! position that no later event comes before.

pub(crate) mod webhooks;

mod verify;
mod watch;

use rekey_primitives::id::TenantId;

pub(crate) use verify::Verified;
pub(crate) use watch::{Watch, WatchFrom};

use crate::authorisation::Authorisation;
use crate::domain::audit::filter::EventFilter;
use crate::domain::audit::funnel::{FunnelCount, FunnelSpan};
use crate::domain::audit::{EventKind, SealedEvent};
use crate::domain::authority::Permission;
use crate::operation::{Administrator, Error, Operation, Rpc};
use crate::store::Store;
use crate::store::audit::reading::{EventPage, EventPlace};
use crate::tokens::{AskedPage, List, Page, Tokens};

/// What every RPC here takes.
pub(crate) const PERMISSION: Permission = Permission::ReadAudit;

const LIST: Rpc = rpc("ListEvents");
const WATCH: Rpc = rpc("WatchEvents");
const VERIFY: Rpc = rpc("VerifyAudit");
const FUNNEL: Rpc = rpc("GetResetFunnel");

// Whoever reads leaves no event but a denial.
const fn rpc(name: &'static str) -> Rpc {
    Rpc { name, event: EventKind::PermissionDenied }
}

/// The use case.
#[derive(Clone)]
pub(crate) struct AuditLog {
    pub store: Store,
    pub authorisation: Authorisation,
    /// Of pages and streams.
    pub tokens: Tokens,
}

impl AuditLog {
    /// A page of the events that a filter asks for, newest first.
    pub(crate) async fn list(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        filter: &EventFilter,
        asked: &AskedPage,
    ) -> Result<Page<SealedEvent>, Error> {
        let operation = self.judged(LIST, administrator, tenant_id).await?;
        let (tenant, asks) = (tenant_id.as_uuid(), filter.fingerprint());
        let list = List { name: "events", arguments: &[tenant.as_bytes(), &asks] };
        let after: Option<EventPlace> = self.tokens.search_goes_on_at(list, asked, operation.now)?;
        let page = EventPage { filter, after, limit: asked.size() };
        let found = self.store.lagging().list_events(&operation.scope, &page).await?;
        let next = found.next.map(|place| self.tokens.search_page_token(list, place, operation.now));
        Ok(Page { items: found.events, next })
    }

    /// How far resets came in a span, where any did.
    pub(crate) async fn reset_funnel(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        span: &FunnelSpan,
    ) -> Result<Vec<FunnelCount>, Error> {
        let operation = self.judged(FUNNEL, administrator, tenant_id).await?;
        Ok(self.store.lagging().reset_funnel(&operation.scope, span).await?)
    }

    /// The operation, if the administrator may read the tenant's log.
    async fn judged<'a>(
        &self,
        rpc: Rpc,
        administrator: &'a Administrator,
        tenant_id: TenantId,
    ) -> Result<Operation<'a>, Error> {
        let operation = self.authorisation.operation(rpc, administrator, tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        Ok(operation)
    }
}

#[cfg(test)]
mod tests;
