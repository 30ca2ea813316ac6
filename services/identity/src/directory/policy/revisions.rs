//! What a policy was, and what each revision changed.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};
use uuid::Uuid;

use super::Directory;
use crate::domain::audit::EventKind;
use crate::domain::policy::{PolicyRevision, changed_fields};
use crate::operation::{Administrator, Error, Rpc};
use crate::tokens::{AskedPage, List, Page};

const LIST: Rpc = Rpc { name: "ListPolicyRevisions", event: EventKind::PermissionDenied };

/// A revision in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RevisionView {
    pub version: i64,
    pub changed_at: Timestamp,
    /// `None` for the first one and for a backend in its own name.
    pub changed_by: Option<AccountId>,
    /// The fields that differ from the revision before.
    pub changed_fields: Vec<&'static str>,
}

impl Directory {
    /// Lists the revisions of a policy, newest first.
    pub(crate) async fn list_policy_revisions(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        asked: &AskedPage,
    ) -> Result<Page<RevisionView>, Error> {
        let operation = self.reading_policy(LIST, administrator, tenant_id).await?;
        let tenant = tenant_id.as_uuid();
        let list = List { name: "policy revisions", arguments: &[tenant.as_bytes()] };
        let before = self.tokens.page_begins_after(list, asked, operation.now)?.map(number);
        // The last one is compared with the one behind it.
        let read = self.store.policy_revisions(&operation.scope, before, asked.limit() + 1).await?;
        if read.is_empty() && before.is_none() {
            // No tenant is without a policy.
            self.policies.revision(&operation.scope).await?;
        }
        let mut views: Vec<RevisionView> =
            read.iter().enumerate().map(|(index, revision)| view(revision, read.get(index + 1))).collect();
        views.truncate(usize::try_from(asked.limit()).unwrap_or(usize::MAX));
        Ok(self.tokens.page(list, asked, views, |view| id(view.version), operation.now))
    }
}

fn view(revision: &PolicyRevision, before: Option<&PolicyRevision>) -> RevisionView {
    RevisionView {
        version: revision.version,
        changed_at: revision.changed_at,
        changed_by: revision.changed_by,
        changed_fields: before
            .map_or_else(Vec::new, |before| changed_fields(&before.policy, &revision.policy)),
    }
}

/// Page tokens hold ids.
const fn id(version: i64) -> Uuid {
    Uuid::from_u128(version.cast_unsigned() as u128)
}

fn number(id: Uuid) -> i64 {
    i64::try_from(id.as_u128()).unwrap_or(i64::MAX)
}
