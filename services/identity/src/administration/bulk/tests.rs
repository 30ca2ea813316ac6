//! Bulk resets, turn by turn.

use rekey_primitives::clock::Clock as _;

use super::*;
use crate::domain::account::Account;
use crate::domain::authority::{Role, RoleSet};
use crate::domain::bulk_reset::BulkOutcome;
use crate::domain::group::GroupId;
use crate::peers::notification::Lane;
use crate::store::accounts::AccountChange;
use crate::testing::{World, refusal, service, signed_in, with_role};

fn start(world: &World, mode: BulkMode) -> StartBulk {
    StartBulk {
        tenant_id: world.tenant.id,
        mode,
        dry_run: false,
        per_second: 50,
        filter: None,
        request_id: world.request_id(),
    }
}

fn on_job(world: &World, job: &BulkResetView) -> BulkTarget {
    let id = BulkResetId::from_uuid(job.bulk_reset_id);
    BulkTarget { tenant_id: world.tenant.id, id, request_id: world.request_id() }
}

/// A job over accounts by their ids or logins, closed.
async fn listed(
    world: &World,
    administrator: &Administrator,
    started: StartBulk,
    names: &[&str],
) -> BulkResetView {
    let job = world.administration.start_bulk_reset(administrator, started).await.unwrap();
    let accounts = names.iter().map(|name| (*name).to_owned()).collect();
    let chunk = BulkChunk { sequence: 1, accounts, is_last: true };
    world.administration.add_bulk_accounts(administrator, on_job(world, &job), &chunk).await.unwrap()
}

/// Takes turns until the job is over, a second each.
async fn worked_off(world: &World, job: &BulkResetView) -> BulkResetView {
    let service = service(world);
    loop {
        world.administration.work_on_bulk_resets().await.unwrap();
        let id = BulkResetId::from_uuid(job.bulk_reset_id);
        let job = world.administration.bulk_reset(&service, world.tenant.id, id).await.unwrap();
        if !job.is_alive() {
            return job;
        }
        world.pass(1);
    }
}

/// Login, outcome and why not of each account.
async fn results(world: &World, job: &BulkResetView) -> Vec<(String, BulkOutcome, Option<String>)> {
    let (tenant_id, id) = (world.tenant.id, BulkResetId::from_uuid(job.bulk_reset_id));
    let mut found = Vec::new();
    let mut asked = AskedPage { size: 2, token: None };
    loop {
        let page = world.administration.list_bulk_results(&service(world), tenant_id, id, &asked).await;
        let page = page.unwrap();
        found.extend(
            page.items
                .into_iter()
                .map(|result| (result.login.unwrap_or_default(), result.outcome, result.refused)),
        );
        match page.next {
            Some(token) => asked.token = Some(token),
            None => return found,
        }
    }
}

#[tokio::test]
async fn a_list_is_reset_by_links_each_with_its_result() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let bob = world.person("bob", &["bob@mail.example"]).await;
    world.person("without", &[]).await;
    world.person_with("elsewhere", &["e@mail.example"], |account| account.managed_elsewhere = true).await;
    let names = [&ada.id.to_string(), "bob", "without", "elsewhere", "nobody", "ADA"];
    let job = listed(&world, &service(&world), start(&world, BulkMode::Link), &names).await;

    let done = worked_off(&world, &job).await;

    assert_eq!((done.state.as_str(), done.accounts, done.reset, done.refused), ("finished", 5, 2, 3));
    let refused = |why: &str| (BulkOutcome::Refused, Some(why.to_owned()));
    let seen = results(&world, &job).await;
    let of = |login: &str| {
        let (_, outcome, why) = seen.iter().find(|(name, ..)| name == login).unwrap();
        (*outcome, why.clone())
    };
    assert_eq!(of("ada"), (BulkOutcome::Reset, None));
    assert_eq!(of("bob"), (BulkOutcome::Reset, None));
    assert_eq!(of("without"), refused("no_address_for_link"));
    assert_eq!(of("elsewhere"), refused("password_managed_elsewhere"));
    assert_eq!(of("nobody"), refused("account_not_found"));
    assert_eq!(world.read(&bob).await.epoch, bob.epoch.next());
    let mails = world.notices().await;
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| mail.template == "password_reset_link" && mail.lane == Lane::Bulk));
    assert_eq!(world.log_of("password.reset_by_administrator").await.len(), 4);
    assert_eq!(world.log_of("bulk_reset.changed").await.len(), 2);
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_does_nothing() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let blocked = world.person_with("blocked", &["b@mail.example"], |account| account.blocked = true).await;
    let dry = StartBulk { dry_run: true, ..start(&world, BulkMode::Link) };
    let job = listed(&world, &service(&world), dry, &["ada", "blocked"]).await;

    let done = worked_off(&world, &job).await;

    assert_eq!((done.reset, done.refused), (1, 1));
    let seen = results(&world, &job).await;
    assert_eq!(seen[0].1, BulkOutcome::WouldReset);
    assert_eq!(seen[1].2.as_deref(), Some("account_not_open"));
    assert_eq!((world.read(&ada).await, world.read(&blocked).await), (ada, blocked));
    assert_eq!(world.notices().await, []);
    assert_eq!(world.log_of("password.reset_by_administrator").await, []);
}

#[tokio::test]
async fn a_filter_finds_whom_a_job_resets() {
    let world = World::new().await;
    let blocked = world.person_with("blocked", &[], |account| account.blocked = true).await;
    let zoe = world.person("zoe", &[]).await;
    let filter = AccountFilter { prefix: Some("zo".to_owned()), ..AccountFilter::default() };
    let found = StartBulk { filter: Some(filter), ..start(&world, BulkMode::RequireChange) };
    let job = world.administration.start_bulk_reset(&service(&world), found).await.unwrap();

    let done = worked_off(&world, &job).await;
    let of_a_group = AccountFilter {
        group: Some(GroupId::from_uuid(uuid::Uuid::from_u128(1))),
        ..AccountFilter::default()
    };
    let empty = StartBulk { filter: Some(of_a_group), ..start(&world, BulkMode::RequireChange) };
    let empty = world.administration.start_bulk_reset(&service(&world), empty).await.unwrap();
    let over_nobody = worked_off(&world, &empty).await;

    assert_eq!((done.accounts, done.reset), (1, 1));
    assert!(world.read(&zoe).await.password.unwrap().must_change);
    assert_eq!(world.read(&blocked).await, blocked);
    assert_eq!((over_nobody.state.as_str(), over_nobody.accounts), ("finished", 0));
}

#[tokio::test]
async fn who_starts_a_job_resets_neither_themselves_nor_whom_they_do_not_reach() {
    let world = World::new().await;
    let chief = world.administrator("chief", &[]).await;
    let helper = with_role(&world, "helper", Role::HelpdeskAdministrator).await;
    world.person("ada", &[]).await;
    let acting = signed_in(&world, "helper").await;
    let started = start(&world, BulkMode::RequireChange);
    let job = listed(&world, &acting, started, &["helper", "chief", "ada"]).await;

    let done = worked_off(&world, &job).await;

    assert_eq!((done.reset, done.refused, done.starter), (1, 2, Some(helper.id.as_uuid())));
    let seen = results(&world, &job).await;
    let why: Vec<_> = seen.iter().map(|(login, _, why)| (login.as_str(), why.as_deref())).collect();
    assert_eq!(
        why,
        [("helper", Some("not_on_yourself")), ("chief", Some("authority_missing")), ("ada", None)]
    );
    assert_eq!(world.read(&chief).await.epoch, chief.epoch);
}

#[tokio::test]
async fn a_job_stops_when_who_started_it_may_no_longer() {
    let world = World::new().await;
    let helper = with_role(&world, "helper", Role::HelpdeskAdministrator).await;
    let ada = world.person("ada", &[]).await;
    let acting = signed_in(&world, "helper").await;
    let slow = StartBulk { per_second: 1, ..start(&world, BulkMode::RequireChange) };
    world.person("bob", &[]).await;
    let job = listed(&world, &acting, slow, &["bob", "ada"]).await;
    assert!(world.administration.work_on_bulk_resets().await.unwrap());
    world.change(&world.read(&helper).await, AccountChange::Roles(RoleSet::EMPTY)).await;

    let done = worked_off(&world, &job).await;

    assert_eq!((done.state.as_str(), done.stop_reason.as_deref()), ("stopped", Some("authority_lost")));
    assert_eq!((done.reset, done.refused), (1, 0));
    assert_eq!(world.read(&ada).await, ada);
}

#[tokio::test]
async fn a_job_goes_at_its_pace() {
    let world = World::new().await;
    for number in 0..5 {
        world.person(&format!("p{number}"), &[]).await;
    }
    let filter = AccountFilter { prefix: Some("p".to_owned()), ..AccountFilter::default() };
    let slow = StartBulk { per_second: 2, filter: Some(filter), ..start(&world, BulkMode::RequireChange) };
    let begun = world.now();
    let job = world.administration.start_bulk_reset(&service(&world), slow).await.unwrap();

    while world.administration.work_on_bulk_resets().await.unwrap() {}
    let (service, id) = (service(&world), BulkResetId::from_uuid(job.bulk_reset_id));
    let at_once = world.administration.bulk_reset(&service, world.tenant.id, id).await.unwrap().reset;
    let done = worked_off(&world, &job).await;

    assert_eq!((at_once, done.reset), (2, 5));
    assert!(world.clock.now().since(begun) >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_cancelled_job_leaves_what_is_done_and_does_no_more() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let slow = StartBulk { per_second: 1, ..start(&world, BulkMode::RequireChange) };
    world.person("bob", &[]).await;
    let service = service(&world);
    let job = listed(&world, &service, slow, &["bob", "ada"]).await;
    world.administration.work_on_bulk_resets().await.unwrap();

    let target = on_job(&world, &job);
    let cancelled = world.administration.cancel_bulk_reset(&service, target).await.unwrap();
    let repeat = world.administration.cancel_bulk_reset(&service, target).await.unwrap();
    world.pass(3_600);
    let is_work_left = world.administration.work_on_bulk_resets().await.unwrap();

    assert_eq!((cancelled.state.as_str(), cancelled.reset), ("cancelled", 1));
    assert_eq!((cancelled, is_work_left), (repeat, false));
    assert_eq!(world.read(&ada).await, ada);
}

#[tokio::test]
async fn a_list_that_nobody_adds_to_is_given_up() {
    let world = World::new().await;
    let service = service(&world);
    let first = start(&world, BulkMode::Link);
    let job = world.administration.start_bulk_reset(&service, first).await.unwrap();
    let another = start(&world, BulkMode::Link);
    let refused = world.administration.start_bulk_reset(&service, another.clone()).await;

    world.pass(3_599);
    let early = world.administration.work_on_bulk_resets().await.unwrap();
    world.pass(1);
    let given_up = worked_off(&world, &job).await;

    assert_eq!(refusal(refused), Refusal::BulkResetRunning);
    assert!(!early);
    assert_eq!((given_up.state.as_str(), given_up.stop_reason.as_deref()), ("stopped", Some("abandoned")));
    let again = StartBulk { request_id: world.request_id(), ..another };
    assert!(world.administration.start_bulk_reset(&service, again).await.is_ok());
}

#[tokio::test]
async fn who_may_not_reset_learns_nothing_of_jobs() {
    let world = World::new().await;
    with_role(&world, "reader", Role::ReportsReader).await;
    let reader = signed_in(&world, "reader").await;
    let job =
        world.administration.start_bulk_reset(&service(&world), start(&world, BulkMode::Link)).await.unwrap();
    let (tenant_id, administration) = (world.tenant.id, &world.administration);
    let known = BulkResetId::from_uuid(job.bulk_reset_id);
    let unknown = BulkResetId::from_uuid(uuid::Uuid::from_u128(9));

    let refused = [
        refusal(administration.bulk_reset(&reader, tenant_id, known).await),
        refusal(administration.bulk_reset(&reader, tenant_id, unknown).await),
        refusal(administration.list_bulk_results(&reader, tenant_id, known, &AskedPage::default()).await),
        refusal(administration.list_bulk_resets(&reader, tenant_id, &AskedPage::default()).await),
        refusal(administration.start_bulk_reset(&reader, start(&world, BulkMode::Link)).await),
        refusal(administration.cancel_bulk_reset(&reader, on_job(&world, &job)).await),
    ];
    let missing = administration.bulk_reset(&service(&world), tenant_id, unknown).await;

    assert!(refused.iter().all(|why| *why == refused[0]), "{refused:?}");
    assert!(matches!(refused[0], Refusal::AuthorityMissing(_)));
    assert_eq!(refusal(missing), Refusal::BulkResetNotFound);
}

#[tokio::test]
async fn an_account_that_does_not_read_holds_up_no_other() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada", &[]).await, world.person("bob", &[]).await);
    let torn = "update accounts set roles = 1048576 where tenant_id = $1 and display_name = 'Torn'";
    let broken: Account =
        world.person_with("broken", &[], |account| account.display_name = "Torn".to_owned()).await;
    let ids = [ada.id, broken.id, bob.id].map(|id| id.to_string());
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    let started = start(&world, BulkMode::RequireChange);
    let job = listed(&world, &service(&world), started, &names).await;
    world.damage(world.tenant.id, torn).await;

    let done = worked_off(&world, &job).await;

    assert_eq!((done.state.as_str(), done.reset, done.refused), ("finished", 2, 1));
    assert_eq!(results(&world, &job).await[1].2.as_deref(), Some("internal"));
}
