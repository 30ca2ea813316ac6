//! What the release before left in its stores opens and works.
//!
//! `before/` holds what it left on either set of stores: made by that release, stopped by SIGKILL with messages and
//! notices on their way. The keys in it were drawn for it and guard nothing else.

use std::path::Path;

use rekey_tests::waiting::eventually;
use rekey_tests::{Past, Stores, World, code_in, on_both_store_sets};
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{ListEventsRequest, RefreshSessionRequest, SignInRequest, VerifyAuditRequest};
use serde_json::Value;

on_both_store_sets!(
    people_sign_in_with_the_passwords_they_had,
    a_session_goes_on,
    a_call_whose_answer_was_lost_gets_it,
    a_reset_goes_on,
    what_was_on_its_way_arrives,
    the_log_goes_on_in_the_chain_that_was_there,
);

/// What is known of the past, beside the data.
struct Before(Value);

impl Before {
    async fn start(stores: Stores) -> (World, Self) {
        let name = if stores == Stores::Embedded { "embedded" } else { "real" };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade/before").join(name);
        let known = std::fs::read_to_string(folder.join("known.json")).unwrap();
        let known = Self(serde_json::from_str(&known).unwrap());
        let unix_seconds = known.0["unix_seconds"].as_i64().unwrap() + 10;
        let past = Past { folder, unix_seconds, tenant_id: known.text("tenant_id") };
        (World::start_after(stores, &past).await, known)
    }

    fn text(&self, name: &str) -> String {
        self.0[name].as_str().unwrap().to_owned()
    }
}

async fn people_sign_in_with_the_passwords_they_had(stores: Stores) {
    let (world, before) = Before::start(stores).await;

    let right = world.sign_in(&before.text("login"), &before.text("password")).await;
    let outdated = world.sign_in(&before.text("login"), &before.text("first_password")).await;

    assert!(matches!(right, SignInResult::Tokens(_)), "{right:?}");
    assert!(matches!(outdated, SignInResult::Rejection(_)), "{outdated:?}");
    world.stop().await;
}

async fn a_session_goes_on(stores: Stores) {
    let (world, before) = Before::start(stores).await;
    let request = RefreshSessionRequest {
        refresh_token: before.text("refresh_token"),
        request_id: rekey_tests::person::request_id(),
        ..RefreshSessionRequest::default()
    };

    let tokens = world.sessions().refresh_session(request).await.unwrap().into_inner().tokens.unwrap();

    assert!(world.is_live(&tokens.access_token).await);
    world.stop().await;
}

async fn a_call_whose_answer_was_lost_gets_it(stores: Stores) {
    let (world, before) = Before::start(stores).await;
    let sign_in = SignInRequest {
        tenant_id: world.tenant_id.clone(),
        login: before.text("login"),
        password: before.text("first_password"),
        request_id: before.text("sign_in_request_id"),
        context: None,
    };

    let signed_in = world.sessions().sign_in(sign_in).await.unwrap().into_inner().result.unwrap();

    let SignInResult::Tokens(tokens) = signed_in else { panic!("{signed_in:?}") };
    assert_eq!(tokens.refresh_token, before.text("refresh_token"));
    world.stop().await;
}

async fn a_reset_goes_on(stores: Stores) {
    let (world, before) = Before::start(stores).await;
    let login = before.text("reset_login");
    let first = world.code_for(&login).await;
    world.clock.advance(std::time::Duration::from_secs(30));

    world.send_code(&before.text("reset_token"), "1").await.unwrap();

    let second = world.code_after(&login, std::slice::from_ref(&first)).await;
    assert_ne!(first, second);
    world.stop().await;
}

async fn what_was_on_its_way_arrives(stores: Stores) {
    let (world, before) = Before::start(stores).await;
    let login = before.text("login");

    let code = world.message(|message| message.to == before.text("reset_login")).await;
    let notice = world.message(|message| message.to == login).await;

    assert!(code_in(&code.text).is_some(), "{}", code.text);
    assert!(!notice.text.is_empty() && code_in(&notice.text).is_none(), "{}", notice.text);
    world.stop().await;
}

async fn the_log_goes_on_in_the_chain_that_was_there(stores: Stores) {
    let (world, before) = Before::start(stores).await;
    let mut audit = AuditServiceClient::new(world.identity.clone());
    let request = ListEventsRequest {
        tenant_id: world.tenant_id.clone(),
        page_size: 200,
        ..ListEventsRequest::default()
    };

    world.sign_in(&before.text("login"), &before.text("password")).await;
    let formats = async || {
        let events = audit.list_events(request.clone()).await.unwrap().into_inner().events;
        let formats: Vec<i32> = events.iter().map(|event| event.link_format).collect();
        formats.contains(&2).then_some(formats)
    };
    let formats = eventually("the sign-in is sealed", formats).await;
    let request = VerifyAuditRequest { tenant_id: world.tenant_id.clone(), ..VerifyAuditRequest::default() };
    let verified = audit.verify_audit(request).await.unwrap().into_inner();

    assert!(formats.contains(&1), "{formats:?}");
    assert_eq!((verified.r#break, verified.erased_events), (None, 0));
    world.stop().await;
}
