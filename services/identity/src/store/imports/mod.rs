//! Imports of accounts: beginning them, their chunks, and their end.
//!
//! What an import stands at is one row, which a chunk locks: of two equal chunks at once one is taken, and the other finds
//! its report. [`batch`] writes the accounts of a chunk, a statement for each table.

pub(super) mod batch;
pub(super) mod chunks;

use rekey_database::{Connection, FOR_NO_KEY_UPDATE, Fragment, fragment, statements, values};
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::accounts::changes::lock_tenant;
use super::rows::{ReadablePage, at};
use super::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};
use crate::domain::account_import::{
    AccountImport, DuplicateHandling, ImportId, ImportOptions, ImportState, OPEN_IMPORTS_MAX, Rejection,
};
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;

pub(crate) use chunks::{ChunkRefused, NewChunk};

/// Why an import does not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotBegun {
    UnknownTenant,
    /// The tenant has as many open ones as it may.
    TooMany,
}

/// Why an import does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotEnded {
    Unknown,
    /// It is over already.
    Over,
}

/// The end of an import. Its event tells what became of it, which is known under its lock.
pub(crate) struct EndImport<'a> {
    pub(crate) id: ImportId,
    /// As it is to be.
    pub(crate) ended: &'a (dyn Fn(&AccountImport) -> AccountImport + Send + Sync),
    pub(crate) event: &'a (dyn Fn(&AccountImport) -> AuditEvent + Send + Sync),
    pub(crate) now: rekey_primitives::clock::Timestamp,
}

#[derive(sqlx::FromRow)]
struct ImportRow {
    tenant_id: Uuid,
    import_id: Uuid,
    state: String,
    source: String,
    duplicates: String,
    confirmations_trusted: bool,
    dry_run: bool,
    next_sequence: i64,
    records: i64,
    created: i64,
    skipped: i64,
    rejected: i64,
    created_at: i64,
    updated_at: i64,
    ended_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct RejectionRow {
    record: i64,
    masked_login: String,
    reason: String,
    field: String,
    problem: String,
}

const COLUMNS: Fragment = fragment!(
    "select tenant_id, import_id, state, source, duplicates, confirmations_trusted, dry_run, next_sequence, records,
         created, skipped, rejected, created_at, updated_at, ended_at from account_imports"
);

statements! {
    const OPEN = "select count(*) from account_imports where tenant_id = $1 and state = 'open'";

    const INSERT = "
        insert into account_imports (tenant_id, import_id, state, source, duplicates, confirmations_trusted, dry_run,
            next_sequence, records, created, skipped, rejected, created_at, updated_at)
        select tenant_id, $2, 'open', $3, $4, $5, $6, 1, 0, 0, 0, 0, $7, $7 from tenants
        where tenant_id = $1 and deleted_at is null";

    const BY_ID = COLUMNS, " where tenant_id = $1 and import_id = $2";

    /// Of a tenant that lives.
    const LOCKED = COLUMNS, " where tenant_id = $1 and import_id = $2
        and exists (select 1 from tenants t where t.tenant_id = $1 and t.deleted_at is null)", FOR_NO_KEY_UPDATE;

    const PAGE = COLUMNS, " where tenant_id = $1 and import_id > $2 order by import_id limit $3";

    const END = "
        update account_imports set state = $3, updated_at = $4, ended_at = $4 where tenant_id = $1 and import_id = $2";

    const REJECTIONS = "
        select record, masked_login, reason, field, problem from account_import_rejections
        where tenant_id = $1 and import_id = $2 and record > $3 order by record limit $4";
}

impl Store {
    /// Begins an import.
    pub(crate) async fn begin_import(
        &self,
        scope: &TenantScope,
        import: &AccountImport,
        event: &AuditEvent,
        idempotency: IdempotentRequest<'_, AccountImport>,
    ) -> Result<StepOutcome<AccountImport, NotBegun>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let begin = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, import.created_at).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            lock_tenant(&mut tx, tenant_id).await?;
            if tx.scalar::<i64>(OPEN, values![tenant_id]).await? >= OPEN_IMPORTS_MAX {
                return Ok(tx.roll_back(StepOutcome::Refused(NotBegun::TooMany)));
            }
            let ImportOptions { duplicates, confirmations_trusted, dry_run } = import.options;
            let values = values![
                tenant_id,
                import.id,
                &import.source,
                duplicates.into_str(),
                confirmations_trusted,
                dry_run,
                import.created_at
            ];
            if tx.execute(INSERT, values).await? != 1 {
                return Ok(tx.roll_back(StepOutcome::Refused(NotBegun::UnknownTenant)));
            }
            idempotency::store_answer(&mut tx, tenant_id, idempotency, import).await?;
            audit::append(&mut tx, event).await?;
            Ok(tx.commit(StepOutcome::Done(import.clone())))
        });
        begin.await
    }

    /// Finds an import.
    pub(crate) async fn find_import(
        &self,
        scope: &TenantScope,
        id: ImportId,
    ) -> Result<Option<AccountImport>, Failure> {
        let found: Option<ImportRow> = self.database.optional(BY_ID, values![scope.tenant_id(), id]).await?;
        found.map(ImportRow::import).transpose()
    }

    /// Lists imports by id, so oldest first.
    pub(crate) async fn list_imports(
        &self,
        scope: &TenantScope,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<AccountImport>, Failure> {
        let mut page = ReadablePage::behind(after.unwrap_or(Uuid::nil()), limit);
        while let Some(wanted) = page.wanted() {
            let values = values![scope.tenant_id(), page.after, wanted];
            page.take(self.database.all(PAGE, values).await?, ImportRow::id, ImportRow::import);
        }
        Ok(page.into_items())
    }

    /// Lists the records of an import that were rejected, behind this one.
    pub(crate) async fn import_rejections(
        &self,
        scope: &TenantScope,
        id: ImportId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Rejection>, Failure> {
        let values = values![scope.tenant_id(), id, after, limit];
        let found: Vec<RejectionRow> = self.database.all(REJECTIONS, values).await?;
        found.into_iter().map(RejectionRow::rejection).collect()
    }

    /// Ends an import that is open.
    pub(crate) async fn end_import(
        &self,
        scope: &TenantScope,
        end: &EndImport<'_>,
        idempotency: IdempotentRequest<'_, AccountImport>,
    ) -> Result<StepOutcome<AccountImport, NotEnded>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let work = self.database.step(|mut tx| async move {
            if let Some(ended) = idempotency::claim(&mut tx, tenant_id, idempotency, end.now).await?.ended() {
                return Ok(tx.roll_back(ended));
            }
            let Some(import) = lock(&mut tx, tenant_id, end.id).await? else {
                return Ok(tx.roll_back(StepOutcome::Refused(NotEnded::Unknown)));
            };
            if import.state != ImportState::Open {
                return Ok(tx.roll_back(StepOutcome::Refused(NotEnded::Over)));
            }
            let ended = (end.ended)(&import);
            tx.execute(END, values![tenant_id, end.id, ended.state.into_str(), end.now]).await?;
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &ended).await?;
            audit::append(&mut tx, &(end.event)(&ended)).await?;
            Ok(tx.commit(StepOutcome::Done(ended)))
        });
        work.await
    }
}

/// Reads an import and holds it until the step ends.
async fn lock(
    tx: &mut Connection,
    tenant_id: TenantId,
    id: ImportId,
) -> Result<Option<AccountImport>, Failure> {
    let found: Option<ImportRow> = tx.optional(LOCKED, values![tenant_id, id]).await?;
    found.map(ImportRow::import).transpose()
}

const fn torn() -> Failure {
    Failure::Unreadable { what: "an import" }
}

impl ImportRow {
    const fn id(&self) -> Uuid {
        self.import_id
    }

    fn import(self) -> Result<AccountImport, Failure> {
        let duplicates: DuplicateHandling = self.duplicates.parse().map_err(|_| torn())?;
        let Self { confirmations_trusted, dry_run, .. } = self;
        Ok(AccountImport {
            id: ImportId::from_uuid(self.import_id),
            tenant_id: TenantId::from_uuid(self.tenant_id),
            state: self.state.parse().map_err(|_| torn())?,
            source: self.source,
            options: ImportOptions { duplicates, confirmations_trusted, dry_run },
            next_sequence: self.next_sequence,
            records: self.records,
            created: self.created,
            skipped: self.skipped,
            rejected: self.rejected,
            created_at: at(self.created_at),
            updated_at: at(self.updated_at),
            ended_at: self.ended_at.map(at),
        })
    }
}

impl RejectionRow {
    fn rejection(self) -> Result<Rejection, Failure> {
        let Self { record, masked_login, reason, field, problem } = self;
        let reason = reason.parse().map_err(|_| torn())?;
        Ok(Rejection {
            record,
            masked_login,
            flaw: crate::domain::account_import::Flaw { reason, field, problem },
        })
    }
}
