//! Revisions of policies: the one in force is the newest, and every one stays, as does every logo that one of them names.

use rekey_database::{Connection, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::changes;
use crate::domain::audit::AuditEvent;
use crate::domain::group::GroupId;
use crate::domain::logo::{Logo, LogoDigest};
use crate::domain::policy::{PolicyRevision, ResetScope};
use crate::domain::scope::TenantScope;
use crate::store::columns::{LISTED, POLICY_COLUMNS};
use crate::store::rows::{PolicyRow, readable};
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// A new revision with everything that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct ChangePolicy {
    /// It follows the revision that the decision was made on.
    pub(crate) revision: PolicyRevision,
    /// The logo that it names, where the tenant may not have had it.
    pub(crate) logo: Option<Logo>,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

/// Another revision came first, or a group that this one names went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PolicyOvertaken;

statements! {
    /// Writes the revision behind the one it follows. Of two at once one finds the place taken.
    const FOLLOW = "
        insert into policies (tenant_id, version, document, changed_by, changed_at)
        select $1, $2, $3, $4, $5
        where (select max(version) from policies where tenant_id = $1) = $6
        on conflict do nothing";

    const REVISION =
        "select ", POLICY_COLUMNS, " from policies p where p.tenant_id = $1 and p.version = $2";

    const PAGE =
        "select ", POLICY_COLUMNS,
        " from policies p where p.tenant_id = $1 and p.version < $2 order by p.version desc limit $3";

    const STORE_LOGO =
        "insert into portal_logos (tenant_id, digest, image) values ($1, $2, $3) on conflict do nothing";

    const LOGO = "select image from portal_logos where tenant_id = $1 and digest = $2";

    const KNOWN_GROUPS = "select group_id from groups where tenant_id = $1 and group_id ", LISTED;
}

impl Store {
    /// Puts a revision in force behind the one it follows, with its logo and its event; refused if another one came first, or a
    /// group that it names is not there. Groups are deleted under the same lock.
    pub(crate) async fn change_policy(
        &self,
        scope: &TenantScope,
        change: &ChangePolicy,
        idempotency: Option<IdempotentRequest<'_, PolicyRevision>>,
    ) -> Result<StepOutcome<PolicyRevision, PolicyOvertaken>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let revision = &change.revision;
        let document =
            serde_json::to_string(&revision.policy).map_err(|_| Failure::Unreadable { what: "a policy" })?;
        let document = &document;
        let make = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, change.now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            changes::lock_tenant(&mut tx, tenant_id).await?;
            if !has_groups(&mut tx, tenant_id, &revision.policy.reset.enabled_scope).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(PolicyOvertaken)));
            }
            let values = values![
                tenant_id,
                revision.version,
                document,
                revision.changed_by,
                revision.changed_at,
                revision.version - 1
            ];
            if tx.execute(FOLLOW, values).await? != 1 {
                return Ok(tx.roll_back(StepOutcome::Refused(PolicyOvertaken)));
            }
            store_logo(&mut tx, tenant_id, change.logo.as_ref()).await?;
            idempotency::store_answer(&mut tx, tenant_id, idempotency, revision).await?;
            audit::append(&mut tx, &change.event).await?;
            Ok(tx.commit(StepOutcome::Done(revision.clone())))
        });
        make.await
    }

    /// A revision by its number.
    pub(crate) async fn policy_revision(
        &self,
        scope: &TenantScope,
        version: i64,
    ) -> Result<Option<PolicyRevision>, Failure> {
        let row: Option<PolicyRow> =
            self.database.optional(REVISION, values![scope.tenant_id(), version]).await?;
        row.map(PolicyRow::revision).transpose()
    }

    /// A logo that a revision names or named.
    pub(crate) async fn portal_logo(
        &self,
        scope: &TenantScope,
        digest: LogoDigest,
    ) -> Result<Option<Logo>, Failure> {
        let key = values![scope.tenant_id(), digest.as_bytes()];
        let Some((image,)): Option<(Vec<u8>,)> = self.database.optional(LOGO, key).await? else {
            return Ok(None);
        };
        let logo = Logo::from_stored(digest, image);
        logo.map(Some).ok_or(Failure::Unreadable { what: "a logo" })
    }

    /// Lists revisions, newest first, of those before `before`.
    pub(crate) async fn policy_revisions(
        &self,
        scope: &TenantScope,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<PolicyRevision>, Failure> {
        let tenant_id = scope.tenant_id();
        let before = before.unwrap_or(i64::MAX);
        let rows: Vec<PolicyRow> = self.database.all(PAGE, values![tenant_id, before, limit]).await?;
        Ok(readable(rows, |_| tenant_id.as_uuid(), PolicyRow::revision))
    }

    /// Those of these groups that the tenant has.
    pub(crate) async fn known_groups(
        &self,
        scope: &TenantScope,
        groups: &[GroupId],
    ) -> Result<Vec<GroupId>, Failure> {
        let ids: Vec<Uuid> = groups.iter().map(|group| group.as_uuid()).collect();
        let known: Vec<(Uuid,)> = self.database.all(KNOWN_GROUPS, values![scope.tenant_id(), ids]).await?;
        Ok(known.into_iter().map(|(id,)| GroupId::from_uuid(id)).collect())
    }
}

/// An image that the tenant had before is stored once.
async fn store_logo(tx: &mut Connection, tenant_id: TenantId, logo: Option<&Logo>) -> Result<(), Failure> {
    let Some(logo) = logo else { return Ok(()) };
    let digest = logo.digest();
    tx.execute(STORE_LOGO, values![tenant_id, digest.as_bytes(), logo.image()]).await?;
    Ok(())
}

/// Whether every group of a scope is there.
async fn has_groups(tx: &mut Connection, tenant_id: TenantId, scope: &ResetScope) -> Result<bool, Failure> {
    let named: Vec<Uuid> = scope.groups().map(GroupId::as_uuid).collect();
    if named.is_empty() {
        return Ok(true);
    }
    let known: Vec<(Uuid,)> = tx.all(KNOWN_GROUPS, values![tenant_id, named.clone()]).await?;
    Ok(named.iter().all(|group| known.iter().any(|(id,)| id == group)))
}
