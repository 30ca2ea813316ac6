//! What the tests of outages share: a world that stands on given databases and tries once, so that the first answer is
//! seen, and what that answer must be.

use std::time::Duration;

use rekey_client::{ClientSettings, Connection, Problem};
use rekey_notification::inbox::InboxMessage;
use rekey_testing::PostgresServer;
use rekey_tests::person::request_id;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World};
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{
    CompletePasswordResetRequest, SignInRequest, StartPasswordResetRequest, SubmitResetProofRequest,
};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tonic::{Code, Response, Status};

/// Settings by which parts try their neighbours once.
const TRY_ONCE: [(&str, &str); 3] = [
    ("IDENTITY__VERIFICATION__ATTEMPTS", "1"),
    ("IDENTITY__NOTIFICATION__ATTEMPTS", "1"),
    ("VERIFICATION__NOTIFICATION__ATTEMPTS", "1"),
];

/// A world in which nobody tries twice.
pub(crate) async fn impatient(stores: Stores, changes: &[(&str, &str)]) -> World {
    let mut world = World::start_with(stores, &[changes, &TRY_ONCE].concat()).await;
    let endpoint = format!("http://{}", world.addresses.identity);
    let settings = ClientSettings::to(endpoint).with_token_file(world.folder.token("cli"));
    world.identity = Connection::open(&ClientSettings { attempts: 1, ..settings }, || None).unwrap();
    world
}

/// The same on a Postgres of the test's own, reached at this port: the server's or a proxy's.
pub(crate) async fn on_postgres(server: &PostgresServer, port: u16, changes: &[(&str, &str)]) -> World {
    let mut admin = PgConnection::connect(&server.url("postgres")).await.unwrap();
    admin.execute("create database identity").await.unwrap();
    admin.execute("create database notification").await.unwrap();
    let reached = |name| server.url(name).replace(&server.port().to_string(), &port.to_string());
    let (identity, notification) = (reached("identity"), reached("notification"));
    let stores = [("IDENTITY__STORE__URL", &*identity), ("NOTIFICATION__STORE__URL", &*notification)];
    impatient(Stores::Embedded, &[&stores, changes].concat()).await
}

/// `UNAVAILABLE`, in the words of the contract, with the time to come back.
pub(crate) fn assert_away(status: &Status) {
    let problem = Problem::of(status);
    assert_eq!((problem.code, problem.reason.as_str()), (Code::Unavailable, "UNAVAILABLE"), "{status:?}");
    assert!(problem.retry_after.is_some(), "{status:?}");
}

/// Opens a reset.
pub(crate) fn start(world: &World, login: &str) -> StartPasswordResetRequest {
    StartPasswordResetRequest { tenant_id: world.tenant_id.clone(), login: login.to_owned(), context: None }
}

/// Shows a code.
pub(crate) fn proof(reset_token: &str, code: &str) -> SubmitResetProofRequest {
    SubmitResetProofRequest {
        reset_token: reset_token.to_owned(),
        method_id: "1".to_owned(),
        code: code.to_owned(),
        request_id: request_id(),
        context: None,
        ..SubmitResetProofRequest::default()
    }
}

/// Sets a password.
pub(crate) fn completion(reset_token: &str, new_password: &str) -> CompletePasswordResetRequest {
    CompletePasswordResetRequest {
        reset_token: reset_token.to_owned(),
        new_password: new_password.to_owned(),
        request_id: request_id(),
        context: None,
    }
}

/// What a call answers once everything is back. Each connection of a pool learns for itself that it broke, and its
/// call fails.
pub(crate) async fn answered<T>(mut call: impl AsyncFnMut() -> Result<Response<T>, Status>) -> T {
    eventually("a call is answered", async || call().await.ok()).await.into_inner()
}

/// Whether a password signs a person in, once everything is back.
pub(crate) async fn signs_in(world: &World, login: &str, password: &str) -> bool {
    let request = SignInRequest {
        tenant_id: world.tenant_id.clone(),
        login: login.to_owned(),
        password: password.to_owned(),
        request_id: request_id(),
        context: None,
    };
    let answer = answered(async || world.sessions().sign_in(request.clone()).await).await;
    matches!(answer.result, Some(SignInResult::Tokens(_)))
}

/// Waits for the notice of a reset, after which there must be no other. Time goes on meanwhile: whoever found
/// Postgres away tries again a little later.
pub(crate) async fn assert_told_once(world: &World, login: &str) {
    let is_notice = |message: &&InboxMessage| message.to == login && message.text.contains("/not-me?token=");
    let told = async || {
        world.clock.advance(Duration::from_millis(500));
        world.mail().iter().any(|message| is_notice(&message)).then_some(())
    };
    eventually("a notice is in the inbox", told).await;
    assert_eq!(world.mail().iter().filter(is_notice).count(), 1);
}
