//! The audit log over the wire: streams that miss and repeat nothing, chains that are followed, resets that are counted.

use rekey_client::Problem;
use rekey_primitives::clock::Clock as _;
use rekey_tests::person::request_id;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::administration_service_client::AdministrationServiceClient;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::{
    AuditEvent, AuditFilter, AuditOutcome, BlockSignInRequest, GetResetFunnelRequest, ListEventsRequest,
    RequestContext, SessionTokens, VerifyAuditRequest, VerifyAuditResponse, WatchEventsRequest,
};
use rekey_wire::options::v1::Role;

on_both_store_sets!(
    a_stream_that_is_resumed_misses_and_repeats_nothing,
    an_administrators_act_is_found_by_whom_it_was_done_to,
    a_chain_is_followed_to_its_end,
    resets_are_counted_step_by_step,
    only_who_may_read_the_log_reads_it,
);

fn audit(world: &World) -> AuditServiceClient<rekey_client::Connection> {
    AuditServiceClient::new(world.identity.clone())
}

fn all(world: &World) -> ListEventsRequest {
    let tenant_id = world.tenant_id.clone();
    ListEventsRequest { tenant_id, filter: None, page_size: 7, page_token: String::new(), context: None }
}

/// Every event that is asked for, oldest first.
async fn listed(world: &World, mut request: ListEventsRequest) -> Vec<AuditEvent> {
    let mut events = Vec::new();
    loop {
        let page = audit(world).list_events(request.clone()).await.unwrap().into_inner();
        events.extend(page.events);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    events.reverse();
    events
}

/// The events of this kind, once there are so many.
async fn of_kind(world: &World, kind: &str, at_least: usize) -> Vec<AuditEvent> {
    let filter = Some(AuditFilter { kind: kind.to_owned(), ..AuditFilter::default() });
    let request = ListEventsRequest { filter, ..all(world) };
    let found = async || Some(listed(world, request.clone()).await).filter(|found| found.len() >= at_least);
    eventually(kind, found).await
}

fn positions(events: &[AuditEvent]) -> Vec<i64> {
    events.iter().map(|event| event.position).collect()
}

/// What a stream sends until it has caught up, and how to go on.
async fn read(world: &World, request: WatchEventsRequest) -> (Vec<AuditEvent>, String) {
    let mut stream = audit(world).watch_events(request).await.unwrap().into_inner();
    let mut events = Vec::new();
    loop {
        let message = stream.message().await.unwrap().unwrap();
        events.extend(message.events);
        if message.caught_up {
            return (events, message.resume_token);
        }
    }
}

async fn a_stream_that_is_resumed_misses_and_repeats_nothing(stores: Stores) {
    let world = World::start(stores).await;
    let from_beginning = WatchEventsRequest {
        tenant_id: world.tenant_id.clone(),
        from_beginning: true,
        ..WatchEventsRequest::default()
    };

    let (mut seen, mut token) = (Vec::new(), String::new());
    for round in 0..4 {
        world.person(&format!("person{round}")).await;
        of_kind(&world, "account.created", round + 1).await;
        let resumed = WatchEventsRequest { resume_token: token, ..from_beginning.clone() };
        let (events, next) = read(&world, resumed).await;
        seen.extend(events);
        token = next;
    }
    let forged = WatchEventsRequest { resume_token: "AAAA".to_owned(), ..from_beginning };
    let forged = audit(&world).watch_events(forged).await.unwrap_err();

    let known = listed(&world, all(&world)).await;
    let upto = usize::try_from(seen.last().unwrap().position).unwrap();
    assert_eq!(positions(&seen), (1..=i64::try_from(upto).unwrap()).collect::<Vec<_>>());
    assert!(known.len() >= upto && seen.iter().all(|event| known.contains(event)));
    assert_eq!(Problem::of(&forged).reason, "RESUME_TOKEN_INVALID");
    world.stop().await;
}

async fn an_administrators_act_is_found_by_whom_it_was_done_to(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    world.person("other").await;
    let block = BlockSignInRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: zoe.account_id.clone(),
        request_id: request_id(),
        context: Some(RequestContext { ip_address: "192.0.2.77".to_owned(), ..RequestContext::default() }),
    };
    // Events of one instant have no order.
    world.clock.advance(std::time::Duration::from_secs(1));
    AdministrationServiceClient::new(world.identity.clone()).block_sign_in(block).await.unwrap();
    of_kind(&world, "account.blocked", 1).await;

    let filter = AuditFilter { account_id: zoe.account_id.clone(), ..AuditFilter::default() };
    let found = listed(&world, ListEventsRequest { filter: Some(filter), ..all(&world) }).await;
    let blocked = found.last().unwrap();
    let traced = AuditFilter { support_code: blocked.support_code.clone(), ..AuditFilter::default() };
    let traced = listed(&world, ListEventsRequest { filter: Some(traced), ..all(&world) }).await;

    let kinds: Vec<_> = found.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!((kinds.first(), kinds.last()), (Some(&"account.created"), Some(&"account.blocked")));
    assert_eq!((blocked.outcome(), blocked.ip_address.as_str()), (AuditOutcome::Success, "192.0.2.77"));
    assert_eq!(traced, std::slice::from_ref(blocked));
    world.stop().await;
}

async fn verified(world: &World) -> VerifyAuditResponse {
    let tenant_id = world.tenant_id.clone();
    let request = VerifyAuditRequest { tenant_id, ..VerifyAuditRequest::default() };
    audit(world).verify_audit(request).await.unwrap().into_inner()
}

async fn a_chain_is_followed_to_its_end(stores: Stores) {
    let world = World::start(stores).await;
    for name in ["ada", "ben", "cem"] {
        world.person(name).await;
    }
    of_kind(&world, "account.created", 3).await;

    let verified = verified(&world).await;
    let last = listed(&world, all(&world)).await;
    let last = last.iter().find(|event| event.position == verified.verified_position).unwrap();

    assert_eq!((verified.r#break, verified.first_position), (None, 1));
    assert_eq!(verified.verified_link, last.link);
    assert_eq!(verified.next_page_token, "");
    world.stop().await;
}

async fn resets_are_counted_step_by_step(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let reset_token = world.proved_reset(&zoe).await;
    world.complete_reset(&reset_token, "a meadow full of rain").await.unwrap();
    for step in ["reset.started", "reset.code_sent", "reset.proof_submitted", "reset.completed"] {
        of_kind(&world, step, 1).await;
    }
    let now = world.clock.now().unix_seconds();
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });

    let request = GetResetFunnelRequest {
        tenant_id: world.tenant_id.clone(),
        start_time: at(now - 7_200),
        end_time: at(now + 3_600),
        period: Some(prost_types::Duration { seconds: 7_200, nanos: 0 }),
        context: None,
    };
    let periods = audit(&world).get_reset_funnel(request).await.unwrap().into_inner().periods;

    let counts: Vec<_> = periods
        .iter()
        .map(|period| {
            [period.started, period.code_sent, period.proof_submitted, period.completed, period.repudiated]
                .map(|step| step.unwrap().succeeded)
        })
        .collect();
    assert_eq!(counts, [[0; 5], [1, 1, 1, 1, 0]]);
    world.stop().await;
}

async fn only_who_may_read_the_log_reads_it(stores: Stores) {
    let world = World::start(stores).await;
    let (reader, helper) = (world.person("reader").await, world.person("helper").await);
    for (person, role) in [(&reader, Role::ReportsReader), (&helper, Role::HelpdeskAdministrator)] {
        world.grant(person, role).await;
    }
    let list = async |tokens: &SessionTokens| {
        AuditServiceClient::new(world.acting_for(&tokens.access_token)).list_events(all(&world)).await
    };
    let reading = world.signed_in(&reader.login, &reader.password).await;
    let helping = world.signed_in(&helper.login, &helper.password).await;

    let read = list(&reading).await;
    let refused = list(&helping).await.unwrap_err();

    assert!(read.is_ok(), "{read:?}");
    assert_eq!(Problem::of(&refused).reason, "ROLE_MISSING");
    world.stop().await;
}
