//! The same thing asked for many times at once happens once, whether it is one call repeated or many calls.

use std::collections::BTreeSet;
use std::future::Future;

use rekey::Part;
use rekey_client::{Connection, Problem};
use rekey_tests::person::{Person, request_id};
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::identity::v1::{
    CreateAccountRequest, CreateTenantRequest, ProofOutcome, RepudiateResetRequest, RevokeRoleRequest,
    SendResetCodeRequest, SignInRequest, SubmitResetProofRequest,
};
use rekey_wire::options::v1::Role;
use tokio::task::JoinSet;
use tonic::Status;

const AT_ONCE: usize = 32;

on_both_store_sets!(
    one_tenant_gets_a_handle,
    one_account_gets_a_login,
    a_creation_repeated_at_once_makes_one_account,
    a_sign_in_repeated_at_once_opens_one_session,
    a_send_repeated_at_once_sends_one_message,
    many_sends_at_once_send_one_message,
    a_right_code_shown_many_times_at_once_passes_once,
    many_repudiations_at_once_freeze_once,
    two_last_administrators_do_not_remove_each_other,
);

/// Runs them all at once and collects what became of each.
async fn at_once<T, F>(calls: impl IntoIterator<Item = F>) -> Vec<Result<T, String>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Status>> + Send + 'static,
{
    let running: JoinSet<_> = calls.into_iter().collect();
    running
        .join_all()
        .await
        .into_iter()
        .map(|done| done.map_err(|status| Problem::of(&status).reason))
        .collect()
}

/// One went well, and every other one was refused for this reason.
fn one_of<T: std::fmt::Debug>(outcomes: Vec<Result<T, String>>, reason: &str) -> T {
    let (well, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert!(refused.iter().all(|refused| refused.as_ref().is_err_and(|why| why == reason)), "{refused:?}");
    let [Ok(one)] = <[_; 1]>::try_from(well).unwrap() else { unreachable!("it was sorted as going well") };
    one
}

/// Everybody got the same.
fn all_same<T: Ord + std::fmt::Debug>(outcomes: Vec<Result<T, String>>) {
    let distinct: BTreeSet<Result<T, String>> = outcomes.into_iter().collect();
    assert!(distinct.len() == 1 && distinct.iter().all(Result::is_ok), "{distinct:?}");
}

fn creation(world: &World) -> CreateAccountRequest {
    CreateAccountRequest {
        tenant_id: world.tenant_id.clone(),
        logins: vec!["zoe@acme.example".to_owned()],
        password: "correct horse battery".to_owned(),
        request_id: request_id(),
        ..CreateAccountRequest::default()
    }
}

async fn create(identity: Connection, request: CreateAccountRequest) -> Result<String, Status> {
    let answer = AccountServiceClient::new(identity).create_account(request).await?;
    Ok(answer.into_inner().account.unwrap().account_id)
}

async fn one_tenant_gets_a_handle(stores: Stores) {
    let world = World::start(stores).await;

    let outcomes = at_once((0..AT_ONCE).map(|_| {
        let mut tenants = TenantServiceClient::new(world.identity.clone());
        let request = CreateTenantRequest {
            handle: "initech".to_owned(),
            display_name: "Initech".to_owned(),
            domains: vec!["initech.example".to_owned()],
            licensed_accounts: 0,
            request_id: request_id(),
            context: None,
            home_region: String::new(),
            tenant_id: String::new(),
        };
        async move { tenants.create_tenant(request).await }
    }));

    one_of(outcomes.await, "TENANT_TAKEN");
    world.stop().await;
}

async fn one_account_gets_a_login(stores: Stores) {
    let world = World::start(stores).await;

    let outcomes = at_once((0..AT_ONCE).map(|_| create(world.identity.clone(), creation(&world))));

    one_of(outcomes.await, "LOGIN_TAKEN");
    world.stop().await;
}

async fn a_creation_repeated_at_once_makes_one_account(stores: Stores) {
    let world = World::start(stores).await;
    let request = creation(&world);

    let outcomes = at_once((0..AT_ONCE).map(|_| create(world.identity.clone(), request.clone())));

    all_same(outcomes.await);
    world.stop().await;
}

async fn a_sign_in_repeated_at_once_opens_one_session(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let request = SignInRequest {
        tenant_id: world.tenant_id.clone(),
        login: zoe.login.clone(),
        password: zoe.password.clone(),
        request_id: request_id(),
        context: None,
    };

    let outcomes = at_once((0..AT_ONCE).map(|_| {
        let (mut sessions, request) = (world.sessions(), request.clone());
        async move {
            match sessions.sign_in(request).await?.into_inner().result {
                Some(SignInResult::Tokens(tokens)) => Ok(tokens.refresh_token),
                other => Err(Status::unknown(format!("{other:?}"))),
            }
        }
    }));

    all_same(outcomes.await);
    world.stop().await;
}

/// Has the code of a reset sent by as many calls at once as a mailbox has messages an hour: more would wait for what
/// the others have reserved, and be told that the mailbox is full.
async fn sends(world: &World, person: &Person, id_of: impl Fn() -> String) -> Vec<Result<i64, String>> {
    let reset_token = world.start_reset(&person.login).await.reset_token;
    let outcomes =
        at_once((0..5).map(|_| {
            let mut resets = world.resets();
            let request = SendResetCodeRequest {
                reset_token: reset_token.clone(),
                method_id: "1".to_owned(),
                request_id: id_of(),
                context: None,
            };
            async move {
                Ok(resets.send_reset_code(request).await?.into_inner().code_expire_time.unwrap().seconds)
            }
        }));
    let outcomes = outcomes.await;
    world.settled().await;
    outcomes
}

async fn a_send_repeated_at_once_sends_one_message(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let one = request_id();

    let outcomes = sends(&world, &zoe, || one.clone()).await;

    all_same(outcomes);
    assert_eq!(world.mail_to(&zoe.login).len(), 1);
    world.stop().await;
}

async fn many_sends_at_once_send_one_message(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;

    let outcomes = sends(&world, &zoe, request_id).await;

    // Until the message is known to be taken, whoever asks hands it over again; then it is too soon.
    let is_well =
        |outcome: &Result<i64, String>| outcome.as_ref().err().is_none_or(|why| why == "SEND_LIMITED");
    assert!(outcomes.iter().any(Result::is_ok) && outcomes.iter().all(is_well), "{outcomes:?}");
    assert_eq!(world.mail_to(&zoe.login).len(), 1);
    world.stop().await;
}

async fn a_right_code_shown_many_times_at_once_passes_once(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let reset_token = world.start_reset(&zoe.login).await.reset_token;
    world.send_code(&reset_token, "1").await.unwrap();
    let code = world.code_for(&zoe.login).await;

    let outcomes = at_once((0..AT_ONCE).map(|_| {
        let mut resets = world.resets();
        let request = SubmitResetProofRequest {
            reset_token: reset_token.clone(),
            method_id: "1".to_owned(),
            code: code.clone(),
            request_id: request_id(),
            context: None,
            ..SubmitResetProofRequest::default()
        };
        async move { Ok(resets.submit_reset_proof(request).await?.into_inner().outcome()) }
    }));

    let accepted = |outcome: &&Result<ProofOutcome, String>| **outcome == Ok(ProofOutcome::Accepted);
    let outcomes = outcomes.await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(accepted).count(), 1);
    world.stop().await;
}

async fn many_repudiations_at_once_freeze_once(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let token = world.proved_reset(&zoe).await;
    world.complete_reset(&token, "a meadow full of rain").await.unwrap();
    let repudiation_token = world.repudiation_token(&zoe).await;

    let outcomes = at_once((0..AT_ONCE).map(|_| {
        let mut resets = world.resets();
        let request = RepudiateResetRequest {
            repudiation_token: repudiation_token.clone(),
            request_id: request_id(),
            context: None,
        };
        async move { resets.repudiate_reset(request).await }
    }));

    one_of(outcomes.await, "REPUDIATION_INVALID");
    world.stop().await;
}

async fn two_last_administrators_do_not_remove_each_other(stores: Stores) {
    let world = World::start(stores).await;
    let pair = [world.person("ada").await, world.person("bob").await];
    for person in &pair {
        world.grant(person, Role::GlobalAdministrator).await;
    }

    let outcomes = at_once(pair.iter().map(|person| {
        let mut administration = world.administration();
        let request = RevokeRoleRequest {
            tenant_id: world.tenant_id.clone(),
            account_id: person.account_id.clone(),
            role: Role::GlobalAdministrator.into(),
            request_id: request_id(),
            context: None,
        };
        async move { administration.revoke_role(request).await }
    }));

    one_of(outcomes.await, "LAST_GLOBAL_ADMINISTRATOR");
    assert_eq!(world.count(Part::Identity, "accounts where roles <> 0").await, 1);
    world.stop().await;
}
