//! Asking for help again under one id.

use super::AskForHelp;
use crate::domain::refusal::Refusal;
use crate::testing::{World, context, refusal};

fn ask(world: &World, login: &str, message: &str) -> AskForHelp {
    AskForHelp {
        tenant_id: world.tenant.id,
        login: login.to_owned(),
        reset_token: None,
        message: message.to_owned(),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    }
}

#[tokio::test]
async fn a_repeated_call_for_help_does_nothing_again_whoever_it_is_for() {
    for (login, outcome) in [("ada", "success"), ("nobody", "refused")] {
        let world = World::new().await;
        world.person("ada", &["ada@mail.example"]).await;
        let first = ask(&world, login, "I lost my phone");

        for _ in 0..30 {
            world.help.ask(&world.caller, &first).await.unwrap();
        }

        let asked = world.log_of("help.requested").await;
        assert_eq!(asked.len(), 1, "{login}");
        assert_eq!((asked[0].outcome.as_str(), asked[0].count), (outcome, 1), "{login}");
    }
}

#[tokio::test]
async fn an_id_used_for_other_content_is_refused_whoever_it_is_for() {
    let world = World::with(|policy| policy.help.enabled = true).await;
    world.person("ada", &["ada@mail.example"]).await;
    world.person_with("bob", &[], |account| account.blocked = true).await;

    for login in ["ada", "bob", "nobody"] {
        let first = ask(&world, login, "I lost my phone");
        let other = AskForHelp { message: "I found it".to_owned(), ..ask(&world, login, "") };
        let other = AskForHelp { request_id: first.request_id, ..other };
        let else_where = AskForHelp { context: context("192.0.2.77"), ..ask(&world, login, &first.message) };
        let else_where = AskForHelp { request_id: first.request_id, ..else_where };

        world.help.ask(&world.caller, &first).await.unwrap();

        let outcome = world.help.ask(&world.caller, &other).await;
        assert_eq!(refusal(outcome), Refusal::RequestIdReused, "{login}");
        world.help.ask(&world.caller, &else_where).await.unwrap();
    }
    world.pass(601);
    let late = AskForHelp { message: "again".to_owned(), ..ask(&world, "nobody", "") };
    assert!(world.help.ask(&world.caller, &late).await.is_ok());
}

#[tokio::test]
async fn a_proved_request_without_words_reaches_somebody() {
    let world = World::with(|policy| policy.reset.proofs_required = 2).await;
    world.administrator("chief", &["chief@mail.example"]).await;
    world.person("ada", &["ada@mail.example", "+4915112345678"]).await;
    let token = world.proved("ada", "ada@mail.example").await;

    let silent = AskForHelp { reset_token: Some(token), ..ask(&world, "ada", "") };
    world.help.ask(&world.caller, &silent).await.unwrap();

    let notices = world.notices().await;
    assert!(notices.iter().any(|notice| notice.template == "help_request"), "{notices:?}");
    assert!(notices.iter().all(|notice| notice.variables.values().all(|value| !value.is_empty())));
}

#[tokio::test]
async fn a_tenant_without_help_keeps_answers_as_others_do() {
    let world = World::with(|policy| policy.help.enabled = false).await;
    world.person("ada", &["ada@mail.example"]).await;

    for login in ["ada", "nobody"] {
        let first = ask(&world, login, "I lost my phone");
        let other = AskForHelp { message: "I found it".to_owned(), ..ask(&world, login, "") };
        let other = AskForHelp { request_id: first.request_id, ..other };
        world.help.ask(&world.caller, &first).await.unwrap();

        let outcome = world.help.ask(&world.caller, &other).await;

        assert_eq!(refusal(outcome), Refusal::RequestIdReused, "{login}");
    }
}
