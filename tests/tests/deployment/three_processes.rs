//! Three processes with mTLS between them, as in a cluster: a whole reset by real mail, and who is let in.

use rekey::Part;
use rekey_client::{ClientSettings, Connection, Problem};
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::post::{code_to, mail_to};
use rekey_tests::web;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::identity::v1::{ListTenantsRequest, ProofOutcome};
use tonic::{Code, Status};

const NEW: &str = "nine slow rivers and stone";

#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_back_in_by_mail_over_three_processes() {
    let (deployment, backend) = Deployment::start(Ground::new().await, &[]).await;
    let mail = &deployment.ground.mail;
    let zoe = backend.person("zoe").await;

    let started = backend.start(&zoe.login).await.unwrap();
    backend.send(&started.reset_token, "1").await.unwrap();
    let code = code_to(mail, &zoe.login, 1).await;
    let proved = backend.prove(&started.reset_token, "1", &code).await.unwrap();
    backend.complete(&proved.reset_token, NEW).await.unwrap();
    let notice = mail_to(mail, &zoe.login, |mail| mail.raw.contains("not-me")).await;

    assert_eq!((proved.outcome(), proved.proofs_remaining), (ProofOutcome::Accepted, 0));
    assert!(backend.signs_in(&zoe.login, NEW).await);
    assert!(!backend.signs_in(&zoe.login, &zoe.password).await);
    assert!(notice.encrypted && notice.login.is_some());
    assert_eq!(notice.from, "no-reply@acme.example");
    assert!(notice.text.unwrap().contains("https://id.acme.example/not-me?token="));
    assert!(!notice.raw.contains(NEW) && !notice.raw.contains(&code));
    assert_eq!(mail.mails().await.len(), 2);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_callers_with_a_known_certificate_are_let_in() {
    let (deployment, backend) = Deployment::start(Ground::new().await, &[]).await;
    let stranger = deployment.authority.issue("stranger");
    let without =
        ClientSettings { certificate_file: None, key_file: None, ..deployment.client(Part::Identity) };

    let unknown = list_tenants(&deployment.client_with(Part::Identity, &stranger)).await.unwrap_err();
    let nobody = list_tenants(&without).await.unwrap_err();
    let known = list_tenants(&deployment.client(Part::Identity)).await.unwrap();

    let problem = Problem::of(&unknown);
    assert_eq!((problem.code, problem.reason.as_str()), (Code::Unauthenticated, "CALLER_UNKNOWN"));
    assert_eq!(Problem::of(&nobody).reason, "", "{nobody:?}");
    assert_eq!(known, [backend.tenant_id]);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_waits_unready_for_its_schema_and_its_first_tenant_is_written_once() {
    let mut deployment = Deployment::prepare(Ground::new().await, &[]);
    let health = deployment.health(Part::Identity);
    deployment.launch(Part::Identity);
    let unready = rekey_tests::waiting::eventually("identity answers its probes", async || {
        web::get(&health, "/readyz").await
    });
    let unready = unready.await;

    let migrated = deployment.migrate().await;
    deployment.ready(Part::Identity).await;
    let first = deployment.bootstrap("acme").await;
    let second = deployment.bootstrap("other").await;
    let again = deployment.migrate().await;

    assert_eq!(unready.status, 503);
    assert_eq!((migrated.code, first.code, again.code), (Some(0), Some(0), Some(0)));
    assert_eq!(second.code, Some(3), "{second:?}");
    assert!(second.stderr.contains("\"STORE_NOT_EMPTY\"") && second.stdout.is_empty(), "{second:?}");
    deployment.stop().await;
}

async fn list_tenants(settings: &ClientSettings) -> Result<Vec<String>, Status> {
    let connection = Connection::open(settings, || None).unwrap();
    let request = ListTenantsRequest { page_size: 10, ..ListTenantsRequest::default() };
    let page = TenantServiceClient::new(connection).list_tenants(request).await?.into_inner();
    Ok(page.tenants.into_iter().map(|tenant| tenant.tenant_id).collect())
}
