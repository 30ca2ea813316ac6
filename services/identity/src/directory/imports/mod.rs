//! Imports of accounts from elsewhere: beginning one, taking its records chunk by chunk, and ending it.
//!
//! A record becomes a new account or nothing: who is there is never changed, no role is given, no password rule is judged (there
//! is no password to judge), and nobody is told. Addresses prove nothing before their person confirms them here, unless
//! a service vouches for what the records say of them.

mod drafting;

use rekey_primitives::contact::Destination;
use rekey_primitives::id::{RequestId, TenantId};
use rekey_primitives::login::Login;
use rekey_primitives::secret::{SecretString, Zeroizing};

use super::Directory;
use crate::domain::account_import::{
    AccountImport, ChunkReport, Draft, Flaw, ImportId, ImportOptions, ImportState, Rejection, Turn,
};
use crate::domain::audit::EventKind;
use crate::domain::authority::Permission;
use crate::domain::group::GroupId;
use crate::domain::refusal::Refusal;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Administrator, Error, Failed, Operation, Repeatable, Rpc};
use crate::store::StepOutcome;
use crate::store::imports::{ChunkRefused, EndImport, NewChunk, NotBegun, NotEnded};
use crate::tokens::{AskedPage, List, Page};

const START: Rpc = Rpc { name: "StartImport", event: EventKind::Import };
const UPLOAD: Rpc = Rpc { name: "UploadImportRecords", event: EventKind::AccountCreated };
const FINISH: Rpc = Rpc { name: "FinishImport", event: EventKind::Import };
const CANCEL: Rpc = Rpc { name: "CancelImport", event: EventKind::Import };
// Whoever reads leaves no event but a denial.
const GET: Rpc = Rpc { name: "GetImport", event: EventKind::PermissionDenied };
const LIST: Rpc = Rpc { name: "ListImports", event: EventKind::PermissionDenied };
const REJECTIONS: Rpc = Rpc { name: "ListImportRejections", event: EventKind::PermissionDenied };

/// What it takes to import, and to read what became of it.
const NEEDS: Permission = Permission::ManageAccounts;

/// An import to begin.
#[derive(Debug, Clone)]
pub(crate) struct NewImport {
    pub tenant_id: TenantId,
    pub source: String,
    pub options: ImportOptions,
    pub request_id: RequestId,
}

/// An import of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImportName {
    pub tenant_id: TenantId,
    pub import_id: ImportId,
}

/// A chunk of records.
pub(crate) struct Chunk {
    pub name: ImportName,
    pub sequence: i64,
    pub records: Vec<Result<NewRecord, UnreadRecord>>,
    /// The records as they were sent, to know a repeat by.
    pub content: Zeroizing<Vec<u8>>,
}

/// A record whose fields are right.
#[derive(Debug, Clone)]
pub(crate) struct NewRecord {
    pub logins: Vec<Login>,
    pub display_name: Option<String>,
    pub external_id: Option<String>,
    pub addresses: Vec<ImportedAddress>,
    pub password_hash: Option<SecretString>,
    /// When the password was set, in microseconds.
    pub password_time: Option<i64>,
    pub must_change_password: bool,
    pub blocked: bool,
    pub managed_elsewhere: bool,
    pub groups: Vec<GroupId>,
}

/// An address of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImportedAddress {
    pub address: Destination,
    /// Its person confirmed it.
    pub confirmed: bool,
}

/// A record that does not read.
#[derive(Debug, Clone)]
pub(crate) struct UnreadRecord {
    /// Its first login, as a report shows it.
    pub masked_login: String,
    pub flaw: Flaw,
}

impl Directory {
    /// Begins an import.
    pub(crate) async fn start_import(
        &self,
        administrator: &Administrator,
        new: NewImport,
    ) -> Result<AccountImport, Error> {
        let operation = self.authorisation.operation(START, administrator, new.tenant_id)?;
        self.may_vouch(&operation, administrator, new.options)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, NEEDS).await?;
        let who = administrator.name();
        let ImportOptions { duplicates, confirmations_trusted, dry_run } = new.options;
        let flags = [u8::from(confirmations_trusted), u8::from(dry_run)];
        let content = [new.source.as_bytes(), duplicates.into_str().as_bytes(), &flags];
        let named = Request { who: &who, id: new.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        let work = self.start_import_once(&operation, &new);
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn start_import_once(
        &self,
        operation: &Repeatable<'_>,
        new: &NewImport,
    ) -> Result<Answer<AccountImport>, Error> {
        let id = ImportId::generate(&*self.entropy, operation.now);
        let import = AccountImport::new(id, new.tenant_id, new.source.clone(), new.options, operation.now);
        let event = self.audit.event(operation).because(import.said()).done();
        let answering = self.idempotency.answering(operation.key, AccountImport::clone);
        let step = self.store.begin_import(&operation.scope, &import, &event, answering.once()).await?;
        answering.settle(step)?.map_err(|why| match why {
            NotBegun::UnknownTenant => Refusal::TenantNotFound.into(),
            NotBegun::TooMany => Refusal::ImportsFull.into(),
        })
    }

    /// Takes a chunk in its turn, or says again what became of it.
    pub(crate) async fn upload_import_records(
        &self,
        administrator: &Administrator,
        chunk: Chunk,
    ) -> Result<ChunkReport, Error> {
        let ImportName { tenant_id, import_id } = chunk.name;
        let operation = self.authorisation.operation(UPLOAD, administrator, tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, NEEDS).await?;
        let import = self.store.find_import(&operation.scope, import_id).await?;
        let import = import.ok_or(Refusal::ImportNotFound)?;
        self.may_vouch(&operation, administrator, import.options)?;
        let content = self.credentials.keys.login_hash.tag("import chunk", &[&chunk.content]);
        // Drafting costs more than looking.
        match import.turn(chunk.sequence) {
            Turn::Next => self.take(&operation, &import, &chunk, content).await,
            Turn::Before => {
                let report = self.store.chunk_report(&operation.scope, import_id, chunk.sequence, &content);
                Ok(report.await?.unwrap_or(Err(ChunkRefused::Unknown)).map_err(refusal)?)
            }
            Turn::Gap { expected } => Err(Refusal::ImportSequenceGap { expected }.into()),
            Turn::Ended => Err(Refusal::ImportEnded.into()),
        }
    }

    async fn take(
        &self,
        operation: &Operation<'_>,
        import: &AccountImport,
        chunk: &Chunk,
        content: [u8; 32],
    ) -> Result<ChunkReport, Error> {
        let drafts: Vec<Draft> =
            chunk.records.iter().map(|record| self.drafted_record(record, import, operation.now)).collect();
        let created = |draft: &Draft| {
            let (account, _) = draft.account.as_ref().ok()?;
            Some(
                self.audit.event(operation).on(account.id).because(format!("imported: {}", import.id)).done(),
            )
        };
        let new = NewChunk {
            import_id: import.id,
            sequence: chunk.sequence,
            content,
            drafts: &drafts,
            event: &created,
            now: operation.now,
        };
        match self.store.take_chunk(&operation.scope, &new).await? {
            StepOutcome::Done(report) => Ok(report),
            StepOutcome::Refused(ChunkRefused::Contended) => Err(Failed::Contended.into()),
            StepOutcome::Refused(why) => Err(refusal(why).into()),
            StepOutcome::Repeated(_) | StepOutcome::OtherContent => {
                unreachable!("a chunk has no request id, so no answer is stored under one")
            }
        }
    }

    /// Shows an import.
    pub(crate) async fn get_import(
        &self,
        administrator: &Administrator,
        name: ImportName,
    ) -> Result<AccountImport, Error> {
        let operation = self.authorisation.operation(GET, administrator, name.tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, NEEDS).await?;
        let found = self.store.find_import(&operation.scope, name.import_id).await?;
        Ok(found.ok_or(Refusal::ImportNotFound)?)
    }

    /// Lists a tenant's imports, oldest first.
    pub(crate) async fn list_imports(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        asked: &AskedPage,
    ) -> Result<Page<AccountImport>, Error> {
        let operation = self.authorisation.operation(LIST, administrator, tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, NEEDS).await?;
        let tenant = tenant_id.as_uuid();
        let list = List { name: "imports", arguments: &[tenant.as_bytes()] };
        let after = self.tokens.page_begins_after(list, asked, operation.now)?;
        let read = self.store.list_imports(&operation.scope, after, asked.limit()).await?;
        Ok(self.tokens.page(list, asked, read, |import| import.id.as_uuid(), operation.now))
    }

    /// Lists the records of an import that were rejected, in their order.
    pub(crate) async fn list_import_rejections(
        &self,
        administrator: &Administrator,
        name: ImportName,
        asked: &AskedPage,
    ) -> Result<Page<Rejection>, Error> {
        let ImportName { tenant_id, import_id } = name;
        let operation = self.authorisation.operation(REJECTIONS, administrator, tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, NEEDS).await?;
        self.store.find_import(&operation.scope, import_id).await?.ok_or(Refusal::ImportNotFound)?;
        let (tenant, import) = (tenant_id.as_uuid(), import_id.as_uuid());
        let list = List { name: "import rejections", arguments: &[tenant.as_bytes(), import.as_bytes()] };
        let after: Option<i64> = self.tokens.search_goes_on_at(list, asked, operation.now)?;
        let (after, limit) = (after.unwrap_or(0), asked.limit());
        let mut items = self.store.import_rejections(&operation.scope, import_id, after, limit).await?;
        let has_more = items.len() == limit as usize;
        items.truncate(asked.size() as usize);
        let next = items.last().filter(|_| has_more);
        let next = next.map(|last| self.tokens.search_page_token(list, last.record, operation.now));
        Ok(Page { items, next })
    }

    /// Finishes an import.
    pub(crate) async fn finish_import(
        &self,
        administrator: &Administrator,
        name: ImportName,
        request_id: RequestId,
    ) -> Result<AccountImport, Error> {
        self.end_import(FINISH, administrator, name, request_id).await
    }

    /// Cancels an import; what it created stays.
    pub(crate) async fn cancel_import(
        &self,
        administrator: &Administrator,
        name: ImportName,
        request_id: RequestId,
    ) -> Result<AccountImport, Error> {
        self.end_import(CANCEL, administrator, name, request_id).await
    }

    async fn end_import(
        &self,
        rpc: Rpc,
        administrator: &Administrator,
        name: ImportName,
        request_id: RequestId,
    ) -> Result<AccountImport, Error> {
        let operation = self.authorisation.operation(rpc, administrator, name.tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, NEEDS).await?;
        let (who, id) = (administrator.name(), name.import_id.as_uuid());
        let named = Request { who: &who, id: request_id, content: &[id.as_bytes()] };
        let operation = self.idempotency.named(operation, named);
        let work = self.end_import_once(&operation, name.import_id);
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn end_import_once(
        &self,
        operation: &Repeatable<'_>,
        id: ImportId,
    ) -> Result<Answer<AccountImport>, Error> {
        let state = if operation.rpc == FINISH { ImportState::Finished } else { ImportState::Cancelled };
        let ended = |import: &AccountImport| import.ended(state, operation.now);
        let event = |ended: &AccountImport| self.audit.event(operation).because(ended.said()).done();
        let end = EndImport { id, ended: &ended, event: &event, now: operation.now };
        let answering = self.idempotency.answering(operation.key, AccountImport::clone);
        let step = self.store.end_import(&operation.scope, &end, answering.once()).await?;
        answering.settle(step)?.map_err(|why| match why {
            NotEnded::Unknown => Refusal::ImportNotFound.into(),
            NotEnded::Over => Refusal::ImportEnded.into(),
        })
    }

    /// Only a backend in its own name vouches that addresses were confirmed.
    fn may_vouch(
        &self,
        operation: &Operation<'_>,
        administrator: &Administrator,
        options: ImportOptions,
    ) -> Result<(), Error> {
        if options.confirmations_trusted && administrator.person.is_some() {
            self.authorisation.note_denied(operation, "confirmations_trusted");
            return Err(Refusal::CallerNotAllowed { missing: "in_own_name" }.into());
        }
        Ok(())
    }
}

/// A chunk that others got in the way of is no refusal, and not sent here.
const fn refusal(why: ChunkRefused) -> Refusal {
    match why {
        ChunkRefused::Unknown | ChunkRefused::Contended => Refusal::ImportNotFound,
        ChunkRefused::Ended => Refusal::ImportEnded,
        ChunkRefused::Gap { expected } => Refusal::ImportSequenceGap { expected },
        ChunkRefused::Changed => Refusal::ImportChunkChanged,
    }
}
