//! What administrators read of the audit log: lists, streams, the chain followed, and how resets go.
//!
//! Reading is judged like any act of theirs, and leaves no event but a denial. What is read is sealed, so it has a
//! position that no later event comes before.

mod verify;
mod watch;

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{EventId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub(crate) use verify::Verified;
pub(crate) use watch::{Watch, WatchFrom};

use crate::authorisation::Authorisation;
use crate::domain::audit::filter::EventFilter;
use crate::domain::audit::funnel::{FunnelCount, FunnelSpan};
use crate::domain::audit::{EventKind, SealedEvent};
use crate::domain::authority::Permission;
use crate::domain::refusal::Refusal;
use crate::operation::{Administrator, Error, Operation, Rpc};
use crate::store::Store;
use crate::store::audit::reading::{EventPage, EventPlace};
use crate::tokens::{AskedPage, Page, SealedToken, Tokens};

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

/// Where a list of events goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ListToken {
    /// Digest of tenant and filter, which must be the same again.
    arguments: [u8; 32],
    /// The last event that was looked at.
    at: Timestamp,
    id: EventId,
    expires_at: Timestamp,
}

impl SealedToken for ListToken {
    const KIND: &'static str = "page of events";
    const VERSION: u8 = 1;
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
        let arguments = rekey_sealing::digest(&[tenant_id.as_uuid().as_bytes(), &filter.fingerprint()]);
        let after = match asked.token.as_ref() {
            Some(shown) => Some(self.list_goes_on(shown, &arguments, operation.now)?),
            None => None,
        };
        let page = EventPage { filter, after, limit: asked.limit() - 1 };
        let found = self.store.list_events(&operation.scope, &page).await?;
        let next = found.next.map(|EventPlace { at, id }| {
            self.tokens.seal(&ListToken {
                arguments,
                at,
                id,
                expires_at: self.page_expires_at(operation.now),
            })
        });
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
        Ok(self.store.reset_funnel(&operation.scope, span).await?)
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

    fn list_goes_on(
        &self,
        shown: &SecretString,
        arguments: &[u8; 32],
        now: Timestamp,
    ) -> Result<EventPlace, Refusal> {
        let token: Option<ListToken> = self.tokens.open(shown);
        let ours = token.filter(|token| token.arguments == *arguments && !now.has_reached(token.expires_at));
        ours.map(|ListToken { at, id, .. }| EventPlace { at, id }).ok_or(Refusal::PageTokenInvalid)
    }

    fn page_expires_at(&self, now: Timestamp) -> Timestamp {
        now.plus(Duration::from_secs(self.tokens.settings.page_life_seconds))
    }
}

/// The token, if one was sent.
fn sent(token: Option<&SecretString>) -> Option<&SecretString> {
    token.filter(|token| !token.expose_secret().is_empty())
}

#[cfg(test)]
mod tests;
