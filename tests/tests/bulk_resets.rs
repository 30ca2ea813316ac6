//! Bulk resets, end to end over both pairs of stores.

use std::time::Duration;

use rekey_client::{Connection, Problem};
use rekey_tests::person::{Person, request_id};
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{
    AccountFilter, AddBulkResetAccountsRequest, BulkReset, BulkResetMode, BulkResetOutcome, BulkResetResult,
    BulkResetState, CancelBulkResetRequest, GetBulkResetRequest, ListBulkResetResultsRequest,
    RedeemResetLinkRequest, StartBulkResetRequest, WatchBulkResetRequest,
};
use rekey_wire::options::v1::Role;

const NEW: &str = "a meadow full of rain";

on_both_store_sets!(
    a_list_of_people_gets_links_each_once,
    an_administrator_resets_everybody_but_themselves,
    a_cancelled_job_resets_nobody_more,
);

fn start(world: &World, mode: BulkResetMode) -> StartBulkResetRequest {
    StartBulkResetRequest {
        tenant_id: world.tenant_id.clone(),
        mode: mode.into(),
        dry_run: false,
        accounts_per_second: 0,
        filter: None,
        request_id: request_id(),
        context: None,
    }
}

fn chunk(world: &World, job: &BulkReset, sequence: i64, accounts: &[&str]) -> AddBulkResetAccountsRequest {
    AddBulkResetAccountsRequest {
        tenant_id: world.tenant_id.clone(),
        bulk_reset_id: job.bulk_reset_id.clone(),
        sequence,
        accounts: accounts.iter().map(|name| (*name).to_owned()).collect(),
        last: sequence == 2,
        request_id: request_id(),
        context: None,
    }
}

fn service(world: &World) -> BulkResetServiceClient<Connection> {
    BulkResetServiceClient::new(world.identity.clone())
}

async fn read(world: &World, job: &BulkReset) -> BulkReset {
    let (tenant_id, bulk_reset_id) = (world.tenant_id.clone(), job.bulk_reset_id.clone());
    let request = GetBulkResetRequest { tenant_id, bulk_reset_id, context: None };
    service(world).get_bulk_reset(request).await.unwrap().into_inner().bulk_reset.unwrap()
}

/// The job once it is over. Its pace is that of the clock that stands.
async fn over(world: &World, job: &BulkReset) -> BulkReset {
    let is_over = async || {
        world.clock.advance(Duration::from_secs(1));
        let job = read(world, job).await;
        let alive = [BulkResetState::Collecting, BulkResetState::Running];
        (!alive.contains(&job.state())).then_some(job)
    };
    eventually("the job is over", is_over).await
}

async fn results(world: &World, job: &BulkReset) -> Vec<BulkResetResult> {
    let mut request = ListBulkResetResultsRequest {
        tenant_id: world.tenant_id.clone(),
        bulk_reset_id: job.bulk_reset_id.clone(),
        page_size: 2,
        page_token: String::new(),
        context: None,
    };
    let mut found = Vec::new();
    loop {
        let page = service(world).list_bulk_reset_results(request.clone()).await.unwrap().into_inner();
        found.extend(page.results);
        if page.next_page_token.is_empty() {
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

async fn serves(world: &World, person: &Person) -> bool {
    matches!(world.sign_in(&person.login, &person.password).await, SignInResult::Tokens(_))
}

async fn a_list_of_people_gets_links_each_once(stores: Stores) {
    let world = World::start(stores).await;
    let (zoe, max) = (world.person("zoe").await, world.person("max").await);
    let mut service = service(&world);
    let job = service.start_bulk_reset(start(&world, BulkResetMode::Link)).await.unwrap();
    let job = job.into_inner().bulk_reset.unwrap();
    let another = service.start_bulk_reset(start(&world, BulkResetMode::Link)).await.unwrap_err();
    let early = service.add_bulk_reset_accounts(chunk(&world, &job, 2, &[])).await.unwrap_err();
    let first = chunk(&world, &job, 1, &[&zoe.account_id, &zoe.login, "nobody@acme.example"]);

    let added = service.add_bulk_reset_accounts(first.clone()).await.unwrap().into_inner();
    let again = AddBulkResetAccountsRequest { request_id: request_id(), ..first };
    let repeated = service.add_bulk_reset_accounts(again).await.unwrap().into_inner();
    service.add_bulk_reset_accounts(chunk(&world, &job, 2, &[&max.login])).await.unwrap();
    let watch = WatchBulkResetRequest {
        tenant_id: world.tenant_id.clone(),
        bulk_reset_id: job.bulk_reset_id.clone(),
        context: None,
    };
    let mut progress = service.watch_bulk_reset(watch).await.unwrap().into_inner();
    let done = over(&world, &job).await;
    let mut last = None;
    while let Some(message) = progress.message().await.unwrap() {
        last = message.bulk_reset;
    }

    assert_eq!(Problem::of(&another).reason, "BULK_RESET_RUNNING");
    assert_eq!(Problem::of(&early).reason, "BULK_RESET_CHUNK_MISSING");
    assert_eq!(added, repeated);
    assert_eq!((done.accounts, done.accounts_reset, done.accounts_refused), (3, 2, 1));
    assert_eq!(last, Some(done.clone()));
    let results = results(&world, &job).await;
    let refused: Vec<_> = results.iter().filter(|one| one.outcome() == BulkResetOutcome::Refused).collect();
    assert_eq!(
        (results.len(), refused[0].login.as_str(), refused[0].refused.as_str()),
        (3, "nobody@acme.example", "ACCOUNT_NOT_FOUND")
    );
    assert!(!serves(&world, &zoe).await && !serves(&world, &max).await);
    for person in [&zoe, &max] {
        let redeem = RedeemResetLinkRequest {
            link_token: world.link_token(person).await,
            new_password: NEW.to_owned(),
            request_id: request_id(),
            context: None,
        };
        world.resets().redeem_reset_link(redeem).await.unwrap();
        world.signed_in(&person.login, NEW).await;
    }
    world.settled().await;
    let links = world.mail().into_iter().filter(|mail| mail.text.contains("/new-password?token="));
    assert_eq!(links.count(), 2);
    world.stop().await;
}

async fn an_administrator_resets_everybody_but_themselves(stores: Stores) {
    let world = World::start(stores).await;
    let chief = world.person("chief").await;
    world.grant(&chief, Role::GlobalAdministrator).await;
    let zoe = world.person("zoe").await;
    let tokens = world.signed_in(&chief.login, &chief.password).await;
    let mut acting = BulkResetServiceClient::new(world.acting_for(&tokens.access_token));
    let filter = Some(AccountFilter::default());
    let everybody = StartBulkResetRequest { filter, ..start(&world, BulkResetMode::RequireChange) };

    let job = acting.start_bulk_reset(everybody).await.unwrap().into_inner().bulk_reset.unwrap();
    let done = over(&world, &job).await;

    assert_eq!(done.state(), BulkResetState::Finished);
    assert_eq!((done.accounts_reset, done.accounts_refused), (1, 1));
    assert_eq!(done.starter_account_id, chief.account_id);
    let results = results(&world, &job).await;
    let of = |person: &Person| results.iter().find(|one| one.account_id == person.account_id).unwrap();
    assert_eq!(of(&chief).refused, "NOT_ON_YOURSELF");
    assert_eq!((of(&zoe).outcome(), of(&zoe).login.as_str()), (BulkResetOutcome::Reset, zoe.login.as_str()));
    assert!(world.is_live(&tokens.access_token).await);
    assert!(serves(&world, &chief).await && !serves(&world, &zoe).await);
    world.stop().await;
}

async fn a_cancelled_job_resets_nobody_more(stores: Stores) {
    let world = World::start(stores).await;
    let people = [world.person("zoe").await, world.person("max").await, world.person("eva").await];
    let mut service = service(&world);
    let slow =
        StartBulkResetRequest { accounts_per_second: 1, ..start(&world, BulkResetMode::RequireChange) };
    let job = service.start_bulk_reset(slow).await.unwrap().into_inner().bulk_reset.unwrap();
    let logins: Vec<&str> = people.iter().map(|person| person.login.as_str()).collect();
    service.add_bulk_reset_accounts(chunk(&world, &job, 1, &logins)).await.unwrap();
    service.add_bulk_reset_accounts(chunk(&world, &job, 2, &[])).await.unwrap();
    let one = async || Some(read(&world, &job).await).filter(|job| job.accounts_reset == 1);
    eventually("one account is reset", one).await;

    let cancel = CancelBulkResetRequest {
        tenant_id: world.tenant_id.clone(),
        bulk_reset_id: job.bulk_reset_id.clone(),
        request_id: request_id(),
        context: None,
    };
    let cancelled = service.cancel_bulk_reset(cancel).await.unwrap().into_inner().bulk_reset.unwrap();
    let late = service.add_bulk_reset_accounts(chunk(&world, &job, 3, &[])).await.unwrap_err();
    world.clock.advance(Duration::from_secs(60));
    let again = service.start_bulk_reset(start(&world, BulkResetMode::Link)).await;

    assert_eq!((cancelled.state(), cancelled.accounts_reset), (BulkResetState::Cancelled, 1));
    assert_eq!(Problem::of(&late).reason, "BULK_RESET_NOT_COLLECTING");
    assert!(again.is_ok(), "{again:?}");
    assert_eq!(read(&world, &job).await, cancelled);
    let mut serving = 0;
    for person in &people {
        serving += u32::from(serves(&world, person).await);
    }
    assert_eq!(serving, 2);
    world.stop().await;
}
