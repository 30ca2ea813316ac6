//! `rekey.identity.v1.AccountImportService`.

mod record;

use prost::Message as _;
use rekey_primitives::id::{ImportId, RequestId};
use rekey_primitives::secret::Zeroizing;
use rekey_primitives::text::character_count;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_import_service_server::AccountImportService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::status;
use crate::directory::{Chunk, Directory, ImportName, NewImport};
use crate::domain::account_import::{
    AccountImport, ChunkReport, DuplicateHandling, ImportOptions, ImportState, RECORDS_MAX, Rejection,
    RejectionReason, SOURCE_MAX,
};
use crate::operation::Administrator;

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct AccountImportApi {
    pub(super) directory: Directory,
}

/// What ends an import.
struct Ending {
    tenant_id: String,
    import_id: String,
    request_id: String,
    context: Option<wire::RequestContext>,
}

#[tonic::async_trait]
impl AccountImportService for AccountImportApi {
    async fn start_import(
        &self,
        request: Request<wire::StartImportRequest>,
    ) -> Result<Response<wire::StartImportResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let fits = character_count(&sent.source) <= SOURCE_MAX && !sent.source.contains(char::is_control);
        let source = fields.take("source", fits.then_some(sent.source), "at most 256 characters on one line");
        let duplicates = fields.take("duplicates", duplicates(sent.duplicates), "one of the published ways");
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (new, context) = fields.finish(|| {
            let options = ImportOptions {
                duplicates: duplicates?,
                confirmations_trusted: sent.confirmations_trusted,
                dry_run: sent.dry_run,
            };
            let (tenant_id, source, request_id) = (tenant_id?, source?, request_id?);
            Some((NewImport { tenant_id, source, options, request_id }, context?))
        })?;
        let administrator = asking.administrator(context);
        let begun = self.directory.start_import(&administrator, new).await.map_err(status)?;
        Ok(Response::new(wire::StartImportResponse { account_import: Some(import(begun)) }))
    }

    async fn upload_import_records(
        &self,
        request: Request<wire::UploadImportRecordsRequest>,
    ) -> Result<Response<wire::UploadImportRecordsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let name = fields.import_name(&sent.tenant_id, &sent.import_id);
        let sequence = fields.take("sequence", Some(sent.sequence).filter(|number| *number > 0), "1 or more");
        fields.demand((1..=RECORDS_MAX).contains(&sent.records.len()), "records", "1 to 500 records");
        let context = fields.context(&asking, sent.context);
        let (name, sequence, context) = fields.finish(|| Some((name?, sequence?, context?)))?;
        let content = content(&sent.records);
        let records = sent.records.into_iter().map(record::read).collect();
        let administrator = asking.administrator(context);
        let chunk = Chunk { name, sequence, records, content };
        let report = self.directory.upload_import_records(&administrator, chunk).await.map_err(status)?;
        Ok(Response::new(self::report(report)))
    }

    async fn get_import(
        &self,
        request: Request<wire::GetImportRequest>,
    ) -> Result<Response<wire::GetImportResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let name = fields.import_name(&sent.tenant_id, &sent.import_id);
        let context = fields.context(&asking, sent.context);
        let (name, context) = fields.finish(|| Some((name?, context?)))?;
        let administrator = asking.administrator(context);
        let found = self.directory.get_import(&administrator, name).await.map_err(status)?;
        Ok(Response::new(wire::GetImportResponse { account_import: Some(import(found)) }))
    }

    async fn list_imports(
        &self,
        request: Request<wire::ListImportsRequest>,
    ) -> Result<Response<wire::ListImportsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, asked, context) = fields.finish(|| Some((tenant_id?, asked?, context?)))?;
        let administrator = asking.administrator(context);
        let page = self.directory.list_imports(&administrator, tenant_id, &asked).await.map_err(status)?;
        Ok(Response::new(wire::ListImportsResponse {
            account_imports: page.items.into_iter().map(import).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn list_import_rejections(
        &self,
        request: Request<wire::ListImportRejectionsRequest>,
    ) -> Result<Response<wire::ListImportRejectionsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let name = fields.import_name(&sent.tenant_id, &sent.import_id);
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let (name, asked, context) = fields.finish(|| Some((name?, asked?, context?)))?;
        let administrator = asking.administrator(context);
        let listed = self.directory.list_import_rejections(&administrator, name, &asked).await;
        let page = listed.map_err(status)?;
        Ok(Response::new(wire::ListImportRejectionsResponse {
            rejections: page.items.into_iter().map(rejection).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn finish_import(
        &self,
        request: Request<wire::FinishImportRequest>,
    ) -> Result<Response<wire::FinishImportResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let wire::FinishImportRequest { tenant_id, import_id, request_id, context } = sent;
        let (name, request_id, administrator) =
            Ending { tenant_id, import_id, request_id, context }.read(&asking)?;
        let ended = self.directory.finish_import(&administrator, name, request_id).await.map_err(status)?;
        Ok(Response::new(wire::FinishImportResponse { account_import: Some(import(ended)) }))
    }

    async fn cancel_import(
        &self,
        request: Request<wire::CancelImportRequest>,
    ) -> Result<Response<wire::CancelImportResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let wire::CancelImportRequest { tenant_id, import_id, request_id, context } = sent;
        let (name, request_id, administrator) =
            Ending { tenant_id, import_id, request_id, context }.read(&asking)?;
        let ended = self.directory.cancel_import(&administrator, name, request_id).await.map_err(status)?;
        Ok(Response::new(wire::CancelImportResponse { account_import: Some(import(ended)) }))
    }
}

impl Ending {
    fn read(self, asking: &Asking) -> Result<(ImportName, RequestId, Administrator), Status> {
        let mut fields = Fields::default();
        let name = fields.import_name(&self.tenant_id, &self.import_id);
        let request_id = fields.request_id(&self.request_id);
        let context = fields.context(asking, self.context);
        let (name, request_id, context) = fields.finish(|| Some((name?, request_id?, context?)))?;
        Ok((name, request_id, asking.administrator(context)))
    }
}

impl Fields {
    fn import_name(&mut self, tenant_id: &str, import_id: &str) -> Option<ImportName> {
        let tenant_id = self.tenant_id(tenant_id);
        let import_id = self.take("import_id", ImportId::parse(import_id).ok(), "a UUID");
        Some(ImportName { tenant_id: tenant_id?, import_id: import_id? })
    }
}

/// The records as they were sent.
fn content(records: &[wire::ImportRecord]) -> Zeroizing<Vec<u8>> {
    let length = records.iter().map(|record| record.encoded_len() + 5).sum();
    let mut content = Zeroizing::new(Vec::with_capacity(length));
    for record in records {
        record.encode_length_delimited(&mut *content).expect("a vector takes as many bytes as come");
    }
    content
}

fn duplicates(number: i32) -> Option<DuplicateHandling> {
    Some(match wire::DuplicateHandling::try_from(number).ok()? {
        wire::DuplicateHandling::Unspecified | wire::DuplicateHandling::Reject => DuplicateHandling::Reject,
        wire::DuplicateHandling::Skip => DuplicateHandling::Skip,
    })
}

fn import(import: AccountImport) -> wire::AccountImport {
    use wire::AccountImportState as State;
    let ImportOptions { duplicates, confirmations_trusted, dry_run } = import.options;
    let state = match import.state {
        ImportState::Open => State::Open,
        ImportState::Finished => State::Finished,
        ImportState::Cancelled => State::Cancelled,
    };
    let duplicates = match duplicates {
        DuplicateHandling::Reject => wire::DuplicateHandling::Reject,
        DuplicateHandling::Skip => wire::DuplicateHandling::Skip,
    };
    wire::AccountImport {
        import_id: import.id.to_string(),
        tenant_id: import.tenant_id.to_string(),
        state: state.into(),
        source: import.source,
        duplicates: duplicates.into(),
        confirmations_trusted,
        dry_run,
        next_sequence: import.next_sequence,
        records: import.records,
        created: import.created,
        skipped: import.skipped,
        rejected: import.rejected,
        create_time: encode::moment(import.created_at),
        update_time: encode::moment(import.updated_at),
        end_time: encode::maybe_moment(import.ended_at),
    }
}

fn report(report: ChunkReport) -> wire::UploadImportRecordsResponse {
    // A chunk has at most 500 records.
    let count = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
    wire::UploadImportRecordsResponse {
        next_sequence: report.next_sequence,
        first_record: report.first_record,
        created: count(report.created),
        skipped: count(report.skipped),
        rejections: report.rejections.into_iter().map(rejection).collect(),
    }
}

fn rejection(line: Rejection) -> wire::ImportRejection {
    use wire::ImportRejectionReason as Reason;
    let reason = match line.flaw.reason {
        RejectionReason::FieldInvalid => Reason::FieldInvalid,
        RejectionReason::LoginTaken => Reason::LoginTaken,
        RejectionReason::ExternalIdTaken => Reason::ExternalIdTaken,
        RejectionReason::GroupNotFound => Reason::GroupNotFound,
        RejectionReason::HashMalformed => Reason::HashMalformed,
        RejectionReason::HashSchemeUnknown => Reason::HashSchemeUnknown,
        RejectionReason::HashTooCostly => Reason::HashTooCostly,
    };
    wire::ImportRejection {
        record: line.record,
        masked_login: line.masked_login,
        reason: reason.into(),
        field: line.flaw.field,
        problem: line.flaw.problem,
    }
}
