//! `rekey imports`: those that were begun, what became of their records, and cancelling one.

use std::path::Path;

use anyhow::Context as _;
use rekey_client::Connection;
use rekey_wire::identity::v1::account_import_service_client::AccountImportServiceClient;
use rekey_wire::identity::v1::{
    AccountImport, AccountImportState, CancelImportRequest, DuplicateHandling, GetImportRequest,
    ImportRejection, ListImportRejectionsRequest, ListImportsRequest,
};
use serde_json::{Value, json};

use super::import::reason;
use crate::arguments::{ImportsCommand, InTenant, OnImport};
use crate::output::{Output, table};
use crate::profile::{Profile, request_id, time};

type Client = AccountImportServiceClient<Connection>;

pub(crate) async fn run(command: ImportsCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    let mut client = AccountImportServiceClient::new(profile.identity()?);
    let import = match command {
        ImportsCommand::List { tenant } => return list(&profile, client, &tenant, output).await,
        ImportsCommand::Rejected(on) => return rejected(&profile, client, on, output).await,
        ImportsCommand::Show(OnImport { import: import_id, tenant }) => {
            let tenant_id = profile.tenant(&tenant).await?.tenant_id;
            let request = GetImportRequest { tenant_id, import_id, context: None };
            client.get_import(request).await?.into_inner().account_import
        }
        ImportsCommand::Cancel(OnImport { import: import_id, tenant }) => {
            let tenant_id = profile.tenant(&tenant).await?.tenant_id;
            let request =
                CancelImportRequest { tenant_id, import_id, request_id: request_id(), context: None };
            client.cancel_import(request).await?.into_inner().account_import
        }
    };
    let import = import.context("the answer holds no import")?;
    output.data(&shown(&import), |_| rows(&[import]))
}

async fn list(
    profile: &Profile,
    mut client: Client,
    tenant: &InTenant,
    output: Output,
) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(tenant).await?.tenant_id;
    let mut request = ListImportsRequest { tenant_id, page_size: 200, ..ListImportsRequest::default() };
    let mut found = Vec::new();
    loop {
        let page = client.list_imports(request.clone()).await?.into_inner();
        found.extend(page.account_imports);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let data: Vec<Value> = found.iter().map(shown).collect();
    output.data(&data, |_| rows(&found))
}

async fn rejected(profile: &Profile, mut client: Client, on: OnImport, output: Output) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(&on.tenant).await?.tenant_id;
    let import_id = on.import;
    let mut request = ListImportRejectionsRequest {
        tenant_id,
        import_id,
        page_size: 200,
        ..ListImportRejectionsRequest::default()
    };
    let mut found: Vec<ImportRejection> = Vec::new();
    loop {
        let page = client.list_import_rejections(request.clone()).await?.into_inner();
        found.extend(page.rejections);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let data: Vec<Value> = found
        .iter()
        .map(|line| {
            json!({
                "record": line.record,
                "masked_login": line.masked_login,
                "reason": reason(line),
                "field": line.field,
                "problem": line.problem,
            })
        })
        .collect();
    output.data(&data, |_| {
        let head = ["RECORD", "LOGIN", "REASON", "FIELD", "MUST BE"].map(str::to_owned).to_vec();
        let lines = found.iter().map(|line| {
            let ImportRejection { record, masked_login, field, problem, .. } = line.clone();
            vec![record.to_string(), masked_login, reason(line), field, problem]
        });
        table(&std::iter::once(head).chain(lines).collect::<Vec<_>>())
    })
}

/// An import for programs.
pub(super) fn shown(import: &AccountImport) -> Value {
    json!({
        "import_id": import.import_id,
        "tenant_id": import.tenant_id,
        "state": state(import),
        "source": import.source,
        "skips_existing": import.duplicates() == DuplicateHandling::Skip,
        "confirmations_trusted": import.confirmations_trusted,
        "dry_run": import.dry_run,
        "records": import.records,
        "created": import.created,
        "skipped": import.skipped,
        "rejected": import.rejected,
        "create_time": import.create_time.map(|at| time(at.seconds)),
        "end_time": import.end_time.map(|at| time(at.seconds)),
    })
}

fn state(import: &AccountImport) -> &'static str {
    match import.state() {
        AccountImportState::Open => "open",
        AccountImportState::Finished => "finished",
        AccountImportState::Cancelled => "cancelled",
        AccountImportState::Unspecified => "",
    }
}

fn rows(imports: &[AccountImport]) -> String {
    let head = ["IMPORT", "BEGUN", "STATE", "RECORDS", "CREATED", "SKIPPED", "REJECTED", "SOURCE"];
    let lines = imports.iter().map(|import| {
        let dry = if import.dry_run { " (dry run)" } else { "" };
        vec![
            import.import_id.clone(),
            import.create_time.map(|at| time(at.seconds)).unwrap_or_default(),
            format!("{}{dry}", state(import)),
            import.records.to_string(),
            import.created.to_string(),
            import.skipped.to_string(),
            import.rejected.to_string(),
            import.source.clone(),
        ]
    });
    table(&std::iter::once(head.map(str::to_owned).to_vec()).chain(lines).collect::<Vec<_>>())
}
