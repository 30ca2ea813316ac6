//! Neighbours that are dead or hang: identity says so in time, loses nothing, and goes on when they are back.

use std::sync::Arc;
use std::time::Duration;

use rekey::Part;
use rekey_client::{ClientSettings, Connection};
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::post::{code_to, codes_to, mail_to};
use rekey_wire::identity::v1::SendResetCodeRequest;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use tonic::{Code, Status};

use crate::faults::outage::assert_away;

const NEW: &str = "nine slow rivers and stone";
/// The most that identity grants a call.
const DEADLINE: (&str, &str) = ("IDENTITY__SERVER__DEADLINE_CEILING_MS", "3000");
/// A call that is not over by then was kept past its deadline.
const FAR_PAST_THE_DEADLINE: Duration = Duration::from_secs(9);

#[tokio::test(flavor = "multi_thread")]
async fn without_notification_a_code_is_asked_for_again_and_comes_once() {
    let (mut deployment, backend) = Deployment::start(Ground::new().await, &[]).await;
    let zoe = backend.person("zoe").await;
    let request = send(&backend.start(&zoe.login).await.unwrap().reset_token);

    deployment.kill(Part::Notification);
    let away = once(&deployment, &request).await.unwrap_err();
    deployment.launch(Part::Notification);
    deployment.ready(Part::Notification).await;
    repeated(&deployment, &request).await;

    assert_away(&away);
    let mail = &deployment.ground.mail;
    let code = code_to(mail, &zoe.login, 1).await;
    let proved = backend.prove(&request.reset_token, "1", &code).await.unwrap();
    backend.complete(&proved.reset_token, NEW).await.unwrap();
    mail_to(mail, &zoe.login, |mail| mail.raw.contains("not-me")).await;
    assert_eq!(codes_to(&mail.mails().await, &zoe.login), [code]);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_waits_until_notification_is_back() {
    let (mut deployment, backend) = Deployment::start(Ground::new().await, &[]).await;
    let zoe = backend.person("zoe").await;
    let started = backend.start(&zoe.login).await.unwrap();
    backend.send(&started.reset_token, "1").await.unwrap();
    let code = code_to(&deployment.ground.mail, &zoe.login, 1).await;
    let proved = backend.prove(&started.reset_token, "1", &code).await.unwrap();

    deployment.kill(Part::Notification);
    backend.complete(&proved.reset_token, NEW).await.unwrap();
    let signs_in = backend.signs_in(&zoe.login, NEW).await;
    deployment.launch(Part::Notification);

    assert!(signs_in);
    mail_to(&deployment.ground.mail, &zoe.login, |mail| mail.raw.contains("not-me")).await;
    deployment.ready(Part::Notification).await;
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_that_hangs_keeps_nobody_past_their_deadline() {
    let (mut deployment, backend) = Deployment::start(Ground::new().await, &[DEADLINE]).await;
    let zoe = backend.person("zoe").await;
    let request = send(&backend.start(&zoe.login).await.unwrap().reset_token);

    deployment.process(Part::Verification).pause();
    let hung = tokio::time::timeout(FAR_PAST_THE_DEADLINE, once(&deployment, &request)).await;
    let signs_in = backend.signs_in(&zoe.login, &zoe.password).await;
    deployment.process(Part::Verification).resume();
    repeated(&deployment, &request).await;

    let hung = hung.expect("the deadline is kept").unwrap_err();
    assert!(matches!(hung.code(), Code::DeadlineExceeded | Code::Unavailable), "{hung:?}");
    assert!(signs_in);
    let code = code_to(&deployment.ground.mail, &zoe.login, 1).await;
    let proved = backend.prove(&request.reset_token, "1", &code).await.unwrap();
    assert_eq!(proved.proofs_remaining, 0);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_hangs_holds_up_mail_and_nobody() {
    let (mut deployment, backend) = Deployment::start(Ground::new().await, &[]).await;
    let zoe = backend.person("zoe").await;
    let started = backend.start(&zoe.login).await.unwrap();

    Arc::get_mut(&mut deployment.ground.mail).unwrap().pause();
    let send = tokio::time::timeout(FAR_PAST_THE_DEADLINE, backend.send(&started.reset_token, "1")).await;
    Arc::get_mut(&mut deployment.ground.mail).unwrap().resume();

    send.expect("nobody waits for a relay").unwrap();
    let code = code_to(&deployment.ground.mail, &zoe.login, 1).await;
    let proved = backend.prove(&started.reset_token, "1", &code).await.unwrap();
    assert_eq!(proved.proofs_remaining, 0);
    deployment.stop().await;
}

fn send(reset_token: &str) -> SendResetCodeRequest {
    SendResetCodeRequest {
        reset_token: reset_token.to_owned(),
        method_id: "1".to_owned(),
        request_id: rekey_tests::person::request_id(),
        context: None,
    }
}

/// The first answer to a call, whatever it is.
async fn once(deployment: &Deployment, request: &SendResetCodeRequest) -> Result<(), Status> {
    let settings = ClientSettings { attempts: 1, ..deployment.client(Part::Identity) };
    let connection = Connection::open(&settings, || None).unwrap();
    PasswordResetServiceClient::new(connection).send_reset_code(request.clone()).await.map(drop)
}

/// The same call, until it is answered.
async fn repeated(deployment: &Deployment, request: &SendResetCodeRequest) {
    let answered = async || once(deployment, request).await.ok();
    rekey_tests::waiting::eventually("the code is on its way", answered).await;
}
