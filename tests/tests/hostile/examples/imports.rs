//! Imports and exports of accounts.

use rekey_tests::World;
use rekey_tests::person::request_id;
use rekey_wire::identity::v1::account_export_service_client::AccountExportServiceClient;
use rekey_wire::identity::v1::account_import_service_client::AccountImportServiceClient;
use rekey_wire::identity::v1::{
    CancelImportRequest, DuplicateHandling, ExportAccountsRequest, FinishImportRequest, GetImportRequest,
    ImportRecord, ListImportRejectionsRequest, ListImportsRequest, StartImportRequest,
    UploadImportRecordsRequest,
};

use super::Example;
use super::accounts::context;

fn start(world: &World) -> StartImportRequest {
    StartImportRequest {
        tenant_id: world.tenant_id.clone(),
        source: "a file".to_owned(),
        duplicates: DuplicateHandling::Reject.into(),
        request_id: request_id(),
        context: context(),
        ..StartImportRequest::default()
    }
}

fn chunk(world: &World, import_id: &str, sequence: i64, logins: &[&str]) -> UploadImportRecordsRequest {
    let records = logins.iter().map(|login| ImportRecord {
        logins: vec![(*login).to_owned()],
        password_hash: "$2b$06$izLV9CRU.TmDD5GbPzLyaerXTZbmYq9YV.jQP6jPaPBiMxlDvDlye".to_owned(),
        ..ImportRecord::default()
    });
    UploadImportRecordsRequest {
        tenant_id: world.tenant_id.clone(),
        import_id: import_id.to_owned(),
        sequence,
        records: records.collect(),
        context: context(),
    }
}

pub(super) async fn examples(world: &World) -> Vec<Example> {
    let mut service = AccountImportServiceClient::new(world.identity.clone());
    let mut begun = Vec::new();
    for _ in 0..3 {
        let started = service.start_import(start(world)).await.unwrap().into_inner();
        begun.push(started.account_import.unwrap().import_id);
    }
    let [open, doomed, whole] = begun.as_slice() else { unreachable!() };
    // Of three of one name two are rejected.
    service.upload_import_records(chunk(world, open, 1, &["imported"; 3])).await.unwrap();
    let (tenant_id, context) = (|| world.tenant_id.clone(), context);
    let list = ListImportsRequest {
        tenant_id: tenant_id(),
        page_size: 1,
        page_token: String::new(),
        context: context(),
    };
    let page_token = service.list_imports(list.clone()).await.unwrap().into_inner().next_page_token;
    let rejections = ListImportRejectionsRequest {
        tenant_id: tenant_id(),
        import_id: open.clone(),
        page_size: 1,
        page_token: String::new(),
        context: context(),
    };
    let first = service.list_import_rejections(rejections.clone()).await.unwrap().into_inner();
    let get = GetImportRequest { tenant_id: tenant_id(), import_id: open.clone(), context: context() };
    let finish = FinishImportRequest {
        tenant_id: tenant_id(),
        import_id: whole.clone(),
        request_id: request_id(),
        context: context(),
    };
    let cancel = CancelImportRequest {
        tenant_id: tenant_id(),
        import_id: doomed.clone(),
        request_id: request_id(),
        context: context(),
    };
    vec![
        Example::new("/rekey.identity.v1.AccountImportService/StartImport", &start(world)),
        Example::new(
            "/rekey.identity.v1.AccountImportService/UploadImportRecords",
            &chunk(world, open, 2, &["imported-too"]),
        ),
        Example::new("/rekey.identity.v1.AccountImportService/GetImport", &get),
        Example::new(
            "/rekey.identity.v1.AccountImportService/ListImports",
            &ListImportsRequest { page_token, ..list },
        ),
        Example::new(
            "/rekey.identity.v1.AccountImportService/ListImportRejections",
            &ListImportRejectionsRequest { page_token: first.next_page_token, ..rejections },
        ),
        Example::new("/rekey.identity.v1.AccountImportService/FinishImport", &finish),
        Example::new("/rekey.identity.v1.AccountImportService/CancelImport", &cancel),
        Example::new("/rekey.identity.v1.AccountExportService/ExportAccounts", &export(world).await),
    ]
}

/// What follows the first account.
async fn export(world: &World) -> ExportAccountsRequest {
    let whole = ExportAccountsRequest {
        tenant_id: world.tenant_id.clone(),
        page_size: 1,
        context: context(),
        ..ExportAccountsRequest::default()
    };
    let mut service = AccountExportServiceClient::new(world.identity.clone());
    let mut pages = service.export_accounts(whole.clone()).await.unwrap().into_inner();
    let resume_token = pages.message().await.unwrap().unwrap().resume_token;
    ExportAccountsRequest { resume_token, ..whole }
}
