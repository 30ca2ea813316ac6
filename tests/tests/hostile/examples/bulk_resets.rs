//! Bulk resets: one that is over, and one that waits for more of its list.

use rekey_client::Connection;
use rekey_tests::World;
use rekey_tests::person::request_id;
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;
use rekey_wire::identity::v1::{
    AddBulkResetAccountsRequest, BulkResetMode, CancelBulkResetRequest, GetBulkResetRequest,
    ListBulkResetResultsRequest, ListBulkResetsRequest, StartBulkResetRequest, WatchBulkResetRequest,
};

use super::Example;
use super::accounts::context;

pub(super) async fn examples(world: &World) -> Vec<Example> {
    let mut service = BulkResetServiceClient::new(world.identity.clone());
    let over = started(world, &mut service).await;
    service.cancel_bulk_reset(cancel(world, &over)).await.unwrap();
    let waiting = started(world, &mut service).await;
    service.add_bulk_reset_accounts(chunk(world, &waiting, 1)).await.unwrap();

    let (tenant_id, bulk_reset_id) = (world.tenant_id.clone(), waiting.clone());
    let get = GetBulkResetRequest { tenant_id: tenant_id.clone(), bulk_reset_id, context: context() };
    let bulk_reset_id = waiting.clone();
    let watch = WatchBulkResetRequest { tenant_id: tenant_id.clone(), bulk_reset_id, context: context() };
    let first = ListBulkResetsRequest {
        tenant_id: tenant_id.clone(),
        page_size: 1,
        page_token: String::new(),
        context: context(),
    };
    let page_token = service.list_bulk_resets(first.clone()).await.unwrap().into_inner().next_page_token;
    let list = ListBulkResetsRequest { page_token, ..first };
    let first = ListBulkResetResultsRequest {
        tenant_id,
        bulk_reset_id: waiting.clone(),
        page_size: 1,
        page_token: String::new(),
        context: context(),
    };
    let page = service.list_bulk_reset_results(first.clone()).await.unwrap().into_inner();
    let results = ListBulkResetResultsRequest { page_token: page.next_page_token, ..first };
    vec![
        // A tenant has one at a time.
        Example::new("/rekey.identity.v1.BulkResetService/StartBulkReset", &start(world))
            .refused("BULK_RESET_RUNNING"),
        Example::new("/rekey.identity.v1.BulkResetService/AddBulkResetAccounts", &chunk(world, &waiting, 2)),
        Example::new("/rekey.identity.v1.BulkResetService/GetBulkReset", &get),
        Example::new("/rekey.identity.v1.BulkResetService/WatchBulkReset", &watch),
        Example::new("/rekey.identity.v1.BulkResetService/ListBulkResets", &list),
        Example::new("/rekey.identity.v1.BulkResetService/ListBulkResetResults", &results),
        Example::new("/rekey.identity.v1.BulkResetService/CancelBulkReset", &cancel(world, &waiting)),
    ]
}

fn start(world: &World) -> StartBulkResetRequest {
    StartBulkResetRequest {
        tenant_id: world.tenant_id.clone(),
        mode: BulkResetMode::RequireChange.into(),
        dry_run: false,
        accounts_per_second: 10,
        filter: None,
        request_id: request_id(),
        context: context(),
    }
}

async fn started(world: &World, service: &mut BulkResetServiceClient<Connection>) -> String {
    service.start_bulk_reset(start(world)).await.unwrap().into_inner().bulk_reset.unwrap().bulk_reset_id
}

/// Names that nobody has: nobody's password changes.
fn chunk(world: &World, job: &str, sequence: i64) -> AddBulkResetAccountsRequest {
    AddBulkResetAccountsRequest {
        tenant_id: world.tenant_id.clone(),
        bulk_reset_id: job.to_owned(),
        sequence,
        accounts: vec![format!("nobody-{sequence}@acme.example"), format!("no-one-{sequence}@acme.example")],
        last: false,
        request_id: request_id(),
        context: context(),
    }
}

fn cancel(world: &World, job: &str) -> CancelBulkResetRequest {
    CancelBulkResetRequest {
        tenant_id: world.tenant_id.clone(),
        bulk_reset_id: job.to_owned(),
        request_id: request_id(),
        context: context(),
    }
}
