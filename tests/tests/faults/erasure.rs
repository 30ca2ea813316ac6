//! Identity is killed while it erases: every erasure ends, and the chain holds.

use rekey::Part;
use rekey_tests::backend::{Backend, insist};
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::person::request_id;
use rekey_tests::waiting::eventually;
use rekey_wire::identity::v1::account_lifecycle_service_client::AccountLifecycleServiceClient;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::{CreateAccountRequest, EraseAccountRequest, VerifyAuditRequest};
use sqlx::{Connection as _, PgConnection};

/// Enough that a round is cut off in the middle.
const ACCOUNTS: usize = 40;

/// Erasing begins at once and is under way whenever identity is killed.
const SETTINGS: [(&str, &str); 2] =
    [("IDENTITY__JOBS__PURGE_SECONDS", "1"), ("IDENTITY__AUDIT__SEAL_MS", "20")];

#[tokio::test(flavor = "multi_thread")]
async fn every_erasure_ends_when_identity_is_killed() {
    let (mut deployment, backend) = Deployment::start(Ground::new().await, &SETTINGS).await;
    let mut identity = PgConnection::connect(deployment.ground.identity.url()).await.unwrap();
    let mut erased = Vec::new();
    for number in 0..ACCOUNTS {
        erased.push(created(&backend, number).await);
    }
    let sealed = async || {
        let waiting = sqlx::query_scalar::<_, i64>("select count(*) from audit_pending");
        (waiting.fetch_one(&mut identity).await.unwrap() == 0).then_some(())
    };
    eventually("what is to be erased is sealed", sealed).await;
    for (number, account_id) in erased.iter().enumerate() {
        erase(&backend, account_id).await;
        if number % 15 == 14 {
            // Some are under way, some are not begun, and others are to come.
            deployment.kill(Part::Identity);
            deployment.launch(Part::Identity);
            deployment.ready(Part::Identity).await;
        }
    }
    deployment.kill(Part::Identity);
    deployment.launch(Part::Identity);
    deployment.ready(Part::Identity).await;

    let under_way = async || {
        let waiting =
            "select (select count(account_id) from erasures) + (select count(*) from audit_pending)";
        let left: i64 = sqlx::query_scalar(waiting).fetch_one(&mut identity).await.unwrap();
        (left == 0).then_some(())
    };
    eventually("every erasure is done", under_way).await;

    let log: Vec<String> =
        sqlx::query_scalar("select e::text from audit_events e").fetch_all(&mut identity).await.unwrap();
    let named = erased.iter().filter(|id| log.iter().any(|row| row.contains(id.as_str()))).count();
    let kinds = |kind: &str| log.iter().filter(|row| row.contains(kind)).count();
    assert_eq!((named, kinds("account.erased"), kinds("account.purged")), (0, ACCOUNTS, ACCOUNTS));
    let request =
        VerifyAuditRequest { tenant_id: backend.tenant_id.clone(), ..VerifyAuditRequest::default() };
    let audit = AuditServiceClient::new(deployment.connect(Part::Identity));
    let verified = insist(async || audit.clone().verify_audit(request.clone()).await).await.unwrap();
    assert_eq!(verified.r#break, None);
    // That each was created was sealed before.
    assert_eq!(verified.erased_events, i64::try_from(ACCOUNTS).unwrap());
    deployment.stop().await;
}

async fn created(backend: &Backend, number: usize) -> String {
    let request = CreateAccountRequest {
        tenant_id: backend.tenant_id.clone(),
        logins: vec![format!("gone{number}")],
        request_id: request_id(),
        ..CreateAccountRequest::default()
    };
    let accounts = AccountServiceClient::new(backend.identity.clone());
    let created = insist(async || accounts.clone().create_account(request.clone()).await).await.unwrap();
    created.account.unwrap().account_id
}

async fn erase(backend: &Backend, account_id: &str) {
    let request = EraseAccountRequest {
        tenant_id: backend.tenant_id.clone(),
        account_id: account_id.to_owned(),
        etag: String::new(),
        request_id: request_id(),
        context: None,
    };
    let lifecycle = AccountLifecycleServiceClient::new(backend.identity.clone());
    insist(async || lifecycle.clone().erase_account(request.clone()).await).await.unwrap();
}
