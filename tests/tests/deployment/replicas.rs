//! Two processes of identity on the same stores: it does not matter which of them a call reaches.

use prost_types::FieldMask;
use rekey::Part;
use rekey_client::Problem;
use rekey_tests::backend::Backend;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::person::{Person, request_id};
use rekey_tests::post::code_to;
use rekey_wire::identity::v1::administration_service_client::AdministrationServiceClient;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{
    BlockSignInRequest, CheckAccessTokenRequest, CheckAccessTokenResponse, GetPolicyRequest,
    GrantRoleRequest, RevokeAccountSessionsRequest, SessionTokens, SignInRequest, UpdatePolicyRequest,
};
use rekey_wire::options::v1::Role;

const NEW: &str = "nine slow rivers and stone";
const OTHER: &str = "four loud hammers of brass";

/// Wrong passwords in a row that lock an account.
const WRONG_TO_LOCK: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_goes_on_at_whichever_replica_it_reaches() {
    let (deployment, one, other) = replicated().await;
    let zoe = one.person("zoe").await;

    let started = one.start(&zoe.login).await.unwrap();
    other.send(&started.reset_token, "1").await.unwrap();
    let code = code_to(&deployment.ground.mail, &zoe.login, 1).await;
    let proved = one.prove(&started.reset_token, "1", &code).await.unwrap();
    other.complete(&proved.reset_token, NEW).await.unwrap();
    let again = one.complete(&proved.reset_token, OTHER).await.unwrap_err();

    assert!(one.signs_in(&zoe.login, NEW).await);
    assert!(!other.signs_in(&zoe.login, zoe.password.as_str()).await);
    assert_eq!(Problem::of(&again).reason, "RESET_INVALID");
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_replicas_that_complete_one_reset_one_wins() {
    let (deployment, one, other) = replicated().await;
    let zoe = one.person("zoe").await;
    let started = one.start(&zoe.login).await.unwrap();
    one.send(&started.reset_token, "1").await.unwrap();
    let code = code_to(&deployment.ground.mail, &zoe.login, 1).await;
    let token = one.prove(&started.reset_token, "1", &code).await.unwrap().reset_token;

    let (first, second) = tokio::join!(one.complete(&token, NEW), other.complete(&token, OTHER));

    let (winner, loser, refused) = match (first, second) {
        (Ok(_), Err(refused)) => (NEW, OTHER, refused),
        (Err(refused), Ok(_)) => (OTHER, NEW, refused),
        both => panic!("one must win: {both:?}"),
    };
    assert_eq!(Problem::of(&refused).reason, "RESET_INVALID", "{refused:?}");
    assert!(other.signs_in(&zoe.login, winner).await);
    assert!(!one.signs_in(&zoe.login, loser).await);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_at_one_replica_lock_the_other_too() {
    let (deployment, one, other) = replicated().await;
    let (zoe, ben) = (one.person("zoe").await, one.person("ben").await);

    for number in 0..WRONG_TO_LOCK {
        assert!(!one.signs_in(&zoe.login, &format!("wrong guess number {number}")).await);
    }

    assert!(!other.signs_in(&zoe.login, &zoe.password).await);
    assert!(other.signs_in(&ben.login, &ben.password).await);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_changed_at_one_replica_is_in_force_at_the_other() {
    let (deployment, one, other) = replicated().await;
    let zoe = one.person("zoe").await;
    let started = one.start(&zoe.login).await.unwrap();
    one.send(&started.reset_token, "1").await.unwrap();
    let code = code_to(&deployment.ground.mail, &zoe.login, 1).await;
    let token = one.prove(&started.reset_token, "1", &code).await.unwrap().reset_token;
    let mut policies = PolicyServiceClient::new(one.identity.clone());
    let get = GetPolicyRequest { tenant_id: one.tenant_id.clone(), context: None, revision: 0 };
    let mut policy = policies.get_policy(get).await.unwrap().into_inner().policy.unwrap();
    policy.password.as_mut().unwrap().minimum_length = 40;
    let update = UpdatePolicyRequest {
        tenant_id: one.tenant_id.clone(),
        etag: policy.etag.clone(),
        policy: Some(policy),
        update_mask: Some(FieldMask { paths: vec!["password.minimum_length".to_owned()] }),
        request_id: request_id(),
        context: None,
    };

    policies.update_policy(update).await.unwrap();
    let refused = other.complete(&token, NEW).await.unwrap_err();

    assert_eq!(Problem::of(&refused).reason, "PASSWORD_REFUSED");
    deployment.stop().await;
}

/// What an administrator does through a balancer at one replica, the other one goes by at its very next call: nothing of an
/// account is remembered by a process.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_does_at_one_replica_holds_at_the_other() {
    let (mut deployment, one) = Deployment::start(Ground::new().await, &[]).await;
    let replica = deployment.replicate(Part::Identity).await;
    let balancer = deployment.balance_identity(replica).await;
    let [one, other] =
        [(); 2].map(|()| Backend::new(deployment.connect_to(balancer.port()), one.tenant_id.clone()));
    let [zoe, ben, eve] = [one.person("zoe").await, one.person("ben").await, other.person("eve").await];
    let [of_zoe, of_ben, of_eve] =
        [tokens(&other, &zoe).await, tokens(&other, &ben).await, tokens(&one, &eve).await];

    block(&one, &zoe).await;
    end_sessions(&one, &ben).await;
    grant(&other, &eve, Role::ReportsReader).await;

    assert!(!checked(&other, &of_zoe).await.active);
    assert!(!other.signs_in(&zoe.login, &zoe.password).await);
    assert!(!checked(&other, &of_ben).await.active);
    assert!(other.signs_in(&ben.login, &ben.password).await);
    assert_eq!(checked(&one, &of_eve).await.roles, [i32::from(Role::ReportsReader)]);
    deployment.stop().await;
}

async fn tokens(backend: &Backend, person: &Person) -> SessionTokens {
    let request = SignInRequest {
        tenant_id: backend.tenant_id.clone(),
        login: person.login.clone(),
        password: person.password.clone(),
        request_id: request_id(),
        context: None,
    };
    let answer = SessionServiceClient::new(backend.identity.clone()).sign_in(request).await.unwrap();
    match answer.into_inner().result {
        Some(SignInResult::Tokens(tokens)) => tokens,
        other => panic!("not signed in: {other:?}"),
    }
}

async fn checked(backend: &Backend, tokens: &SessionTokens) -> CheckAccessTokenResponse {
    let request = CheckAccessTokenRequest { access_token: tokens.access_token.clone() };
    let answer = SessionServiceClient::new(backend.identity.clone()).check_access_token(request).await;
    answer.unwrap().into_inner()
}

async fn block(backend: &Backend, person: &Person) {
    let request = BlockSignInRequest {
        tenant_id: backend.tenant_id.clone(),
        account_id: person.account_id.clone(),
        request_id: request_id(),
        context: None,
    };
    AdministrationServiceClient::new(backend.identity.clone()).block_sign_in(request).await.unwrap();
}

async fn end_sessions(backend: &Backend, person: &Person) {
    let request = RevokeAccountSessionsRequest {
        tenant_id: backend.tenant_id.clone(),
        account_id: person.account_id.clone(),
        session_ids: Vec::new(),
        request_id: request_id(),
        context: None,
    };
    let mut administration = AdministrationServiceClient::new(backend.identity.clone());
    administration.revoke_account_sessions(request).await.unwrap();
}

async fn grant(backend: &Backend, person: &Person, role: Role) {
    let request = GrantRoleRequest {
        tenant_id: backend.tenant_id.clone(),
        account_id: person.account_id.clone(),
        role: role.into(),
        request_id: request_id(),
        context: None,
    };
    AdministrationServiceClient::new(backend.identity.clone()).grant_role(request).await.unwrap();
}

/// A backend at each of two replicas.
async fn replicated() -> (Deployment, Backend, Backend) {
    let (mut deployment, one) = Deployment::start(Ground::new().await, &[]).await;
    let replica = deployment.replicate(Part::Identity).await;
    let other = Backend::new(deployment.connect_to(replica), one.tenant_id.clone());
    (deployment, one, other)
}
