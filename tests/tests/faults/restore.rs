//! The databases come back from a backup: what was ended since lets nobody in, and what waited then is not sent again.

use rekey::Part;
use rekey_tests::backend::Backend;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::person::request_id;
use rekey_tests::processes::run;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{CheckAccessTokenRequest, RefreshSessionRequest, SignInRequest};

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_lets_nobody_in_by_what_was_ended_since() {
    let (mut deployment, backend) = Deployment::start(Ground::new().await, &[]).await;
    let ada = backend.person("ada").await;
    let sign_in = SignInRequest {
        tenant_id: backend.tenant_id.clone(),
        login: ada.login.clone(),
        password: ada.password.clone(),
        request_id: request_id(),
        context: None,
    };
    let mut sessions = SessionServiceClient::new(backend.identity.clone());
    let signed_in = sessions.sign_in(sign_in).await.unwrap().into_inner();
    let Some(SignInResult::Tokens(tokens)) = signed_in.result else { panic!("{signed_in:?}") };
    for part in Part::ALL {
        deployment.kill(part);
    }
    let backups =
        (deployment.ground.identity.back_up().await, deployment.ground.notification.back_up().await);
    // What happens here is lost: whoever ended the session since then finds it alive.
    deployment.ground.identity.restore(&backups.0).await;
    deployment.ground.notification.restore(&backups.1).await;

    let asked = run(deployment.command(&["restore"])).await;
    let restored = run(deployment.command(&["restore", "--yes", "--json"])).await.json();
    deployment.serve().await;

    assert_eq!(asked.code, Some(1), "{asked:?}");
    assert!(asked.stderr.contains("Say --yes"), "{asked:?}");
    // The first administrator as well.
    assert_eq!((&restored["identity"]["tenants"], &restored["identity"]["accounts"]), (&1.into(), &2.into()));
    let mut sessions = SessionServiceClient::new(deployment.connect(Part::Identity));
    let check = CheckAccessTokenRequest { access_token: tokens.access_token };
    let refresh = RefreshSessionRequest {
        refresh_token: tokens.refresh_token,
        request_id: request_id(),
        context: None,
    };
    let checked = sessions.check_access_token(check).await.unwrap().into_inner();
    let refreshed = sessions.refresh_session(refresh).await;
    assert!(refreshed.is_err(), "{refreshed:?}");
    assert!(!checked.active, "{checked:?}");
    let backend = Backend::new(deployment.connect(Part::Identity), backend.tenant_id);
    assert!(backend.signs_in(&ada.login, &ada.password).await);
    deployment.stop().await;
}
