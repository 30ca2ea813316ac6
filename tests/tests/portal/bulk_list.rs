//! The list of a bulk reset that was cut off in the middle: its address says whose accounts it takes, and nothing else is needed to go on.
//! Stores make no difference to it.

use std::time::Duration;

use rekey_client::Connection;
use rekey_tests::person::request_id;
use rekey_tests::visitor::Visitor;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_stores};
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;
use rekey_wire::identity::v1::{
    AddBulkResetAccountsRequest, BulkReset, BulkResetMode, BulkResetState, GetBulkResetRequest,
    StartBulkResetRequest,
};
use rekey_wire::options::v1::Role;

/// More than the results that become one part of a list.
const STRANGERS: usize = 250;

on_stores!(embedded Embedded: a_list_that_was_cut_off_goes_on_from_its_path);

fn service(world: &World) -> BulkResetServiceClient<Connection> {
    BulkResetServiceClient::new(world.identity.clone())
}

/// A job that waits for its list; its id.
async fn started(world: &World, dry_run: bool) -> String {
    let request = StartBulkResetRequest {
        tenant_id: world.tenant_id.clone(),
        mode: BulkResetMode::RequireChange.into(),
        dry_run,
        accounts_per_second: 0,
        filter: None,
        request_id: request_id(),
        context: None,
    };
    let started = service(world).start_bulk_reset(request).await.unwrap().into_inner();
    started.bulk_reset.unwrap().bulk_reset_id
}

async fn add(world: &World, job: &str, sequence: i64, accounts: Vec<String>, last: bool) {
    let request = AddBulkResetAccountsRequest {
        tenant_id: world.tenant_id.clone(),
        bulk_reset_id: job.to_owned(),
        sequence,
        accounts,
        last,
        request_id: request_id(),
        context: None,
    };
    service(world).add_bulk_reset_accounts(request).await.unwrap();
}

async fn read(world: &World, job: &str) -> BulkReset {
    let (tenant_id, bulk_reset_id) = (world.tenant_id.clone(), job.to_owned());
    let request = GetBulkResetRequest { tenant_id, bulk_reset_id, context: None };
    service(world).get_bulk_reset(request).await.unwrap().into_inner().bulk_reset.unwrap()
}

/// A dry run that finds one login among its first results and another behind them; its id.
async fn tried(world: &World, first: &str, last: &str) -> String {
    let job = started(world, true).await;
    let mut logins: Vec<String> = (0..STRANGERS).map(|one| format!("stranger-{one}@acme.example")).collect();
    logins.push(first.to_owned());
    add(world, &job, 1, logins, false).await;
    add(world, &job, 2, vec![last.to_owned()], true).await;
    let is_over = async || {
        world.clock.advance(Duration::from_secs(1));
        (read(world, &job).await.state() == BulkResetState::Finished).then_some(())
    };
    eventually("the dry run is over", is_over).await;
    job
}

async fn a_list_that_was_cut_off_goes_on_from_its_path(stores: Stores) {
    let world = World::start(stores).await;
    let (zoe, max, desk) = (world.person("zoe").await, world.person("max").await, world.person("desk").await);
    world.grant(&desk, Role::HelpdeskAdministrator).await;
    let tried = tried(&world, &zoe.login, &max.login).await;
    let job = started(&world, false).await;
    add(&world, &job, 1, vec![zoe.account_id.clone()], false).await;
    let path = format!("/administration/bulk-resets/{job}");
    let list = format!("{path}/list/{tried}");
    let mut visitor = Visitor::of(&world).await;

    let signed_out = visitor.get(&list).await;
    visitor.sign_in(&desk).await;
    let shown = visitor.get(&list).await;
    let gone_on = visitor.fill(&list, &list, &[]).await;

    assert_eq!(signed_out.values("Location").concat(), format!("/sign-in?next={}", list.replace('/', "%2F")));
    assert!(shown.status == 200 && shown.body.contains("Go on with the list"), "{shown:?}");
    assert_eq!((gone_on.status, gone_on.values("Location")), (303, vec![path.as_str()]), "{gone_on:?}");
    let job = read(&world, &job).await;
    assert!(job.accounts == 2 && job.state() != BulkResetState::Collecting, "{job:?}");
    world.stop().await;
}
