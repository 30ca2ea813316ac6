//! Callers who read a code back.

use super::*;
use crate::administration::help_desk::PERMISSION as HELP;
use crate::domain::authority::Role;
use crate::domain::help::{HelpFilter, HelpState};
use crate::testing::{World, context, on, refusal, service, signed_in, with_role};
use crate::tokens::AskedPage;

async fn sent(world: &World, administrator: &Administrator, account: &Account) -> CallerCodeView {
    world.administration.send_caller_code(administrator, on(world, account), None).await.unwrap()
}

fn read_back(world: &World, sent: &CallerCodeView, code: &str) -> ReadBack {
    ReadBack { caller_token: sent.caller_token.clone(), code: code.into(), request_id: world.request_id() }
}

#[tokio::test]
async fn a_caller_who_reads_the_code_back_is_verified_once() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example", "+4915112345678"]).await;
    with_role(&world, "helper", Role::HelpdeskAdministrator).await;
    let helper = signed_in(&world, "helper").await;

    let code = sent(&world, &helper, &ada).await;
    let right = world.verification.latest_code_for("+4915112345678").expose_secret().to_owned();
    let first = read_back(&world, &code, &right);
    let verified = world.administration.verify_caller(&helper, &first).await.unwrap();
    let repeat = world.administration.verify_caller(&helper, &first).await.unwrap();
    let again = world.administration.verify_caller(&helper, &read_back(&world, &code, &right)).await.unwrap();

    assert_eq!(code.kind, "phone");
    assert!(!code.masked_destination.contains("12345"), "{}", code.masked_destination);
    assert_eq!((verified.matched, verified, again.matched), (true, repeat, false));
    let log = world.log_of("help.caller_verified").await;
    assert_eq!(log.len(), 3);
    assert!(!format!("{log:?}").contains(&right));
}

#[tokio::test]
async fn a_match_shows_at_the_open_help_request() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let ask = crate::resets::help::AskForHelp {
        tenant_id: world.tenant.id,
        login: "ada".to_owned(),
        reset_token: None,
        message: "let me in".to_owned(),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };
    world.help.ask(&world.caller, &ask).await.unwrap();
    let service = service(&world);

    let code = sent(&world, &service, &ada).await;
    let wrong = world.administration.verify_caller(&service, &read_back(&world, &code, "000000")).await;
    let right = world.verification.latest_code_for("ada@mail.example").expose_secret().to_owned();
    let verified =
        world.administration.verify_caller(&service, &read_back(&world, &code, &right)).await.unwrap();

    assert!(!wrong.unwrap().matched);
    let open = HelpFilter { state: Some(HelpState::Open), account_id: None };
    let page =
        world.administration.list_help(&service, world.tenant.id, open, &AskedPage::default()).await.unwrap();
    let request = &page.items[0];
    assert_eq!(verified.help_request_id, Some(request.id.as_uuid()));
    assert_eq!(request.caller_verified_at, Some(world.now()));
    assert_eq!(HELP, Permission::HandleHelpRequests);
}

#[tokio::test]
async fn wrong_codes_are_counted_and_stop_the_method() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let service = service(&world);
    let mut tried = 0;
    for _ in 0..3 {
        let code = sent(&world, &service, &ada).await;
        for _ in 0..4 {
            let wrong = read_back(&world, &code, "000000");
            assert!(!world.administration.verify_caller(&service, &wrong).await.unwrap().matched);
            tried += 1;
        }
        world.pass(300);
    }

    let code = sent(&world, &service, &ada).await;
    let right = world.verification.latest_code_for("ada@mail.example").expose_secret().to_owned();
    let stopped =
        world.administration.verify_caller(&service, &read_back(&world, &code, &right)).await.unwrap();

    // The reset's code is the later one.
    world.pass(300);
    assert_eq!((tried, stopped.matched), (12, false));
    assert!(world.proved("ada", "ada@mail.example").await.expose_secret().len() > 10, "resets go on");
}

#[tokio::test]
async fn a_code_is_good_for_who_had_it_sent_until_it_dies() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    with_role(&world, "helper", Role::HelpdeskAdministrator).await;
    with_role(&world, "other", Role::HelpdeskAdministrator).await;
    let (helper, other) = (signed_in(&world, "helper").await, signed_in(&world, "other").await);
    let code = sent(&world, &helper, &ada).await;
    let right = world.verification.latest_code_for("ada@mail.example").expose_secret().to_owned();

    let by_another = world.administration.verify_caller(&other, &read_back(&world, &code, &right)).await;
    world.pass(601);
    let late = world.administration.verify_caller(&helper, &read_back(&world, &code, &right)).await;

    assert_eq!(refusal(by_another), Refusal::CallerCodeInvalid);
    assert_eq!(refusal(late), Refusal::CallerCodeInvalid);
}

#[tokio::test]
async fn a_code_goes_to_nobody_out_of_reach_and_to_nothing_that_proves_nothing() {
    let world = World::new().await;
    let chief = world.administrator("chief", &["chief@mail.example"]).await;
    let helper = with_role(&world, "helper", Role::HelpdeskAdministrator).await;
    with_role(&world, "reader", Role::ReportsReader).await;
    let bare = world.person("bare", &[]).await;
    let (acting, reading) = (signed_in(&world, "helper").await, signed_in(&world, "reader").await);
    let send = async |who: &Administrator, whom: &Account| {
        refusal(world.administration.send_caller_code(who, on(&world, whom), None).await)
    };

    let refused = [
        send(&acting, &chief).await,
        send(&acting, &helper).await,
        send(&acting, &bare).await,
        send(&reading, &bare).await,
    ];

    assert!(matches!(refused[0], Refusal::AuthorityMissing(_)));
    assert_eq!(refused[1..3], [Refusal::NotOnYourself, Refusal::NoMethodForCaller]);
    assert!(matches!(refused[3], Refusal::AuthorityMissing(_)));
}
