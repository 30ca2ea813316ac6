//! Whom programs ask while they play: for mails, for the clock of the suite, and for what an administrator does meanwhile.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{Html, Json};
use axum::routing::{get, post};
use rekey_client::Connection;
use rekey_notification::inbox::{Inbox, InboxMessage};
use rekey_primitives::clock::{Clock as _, ManualClock};
use rekey_tests::World;
use rekey_tests::person::request_id;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::lookup_account_request::Key;
use rekey_wire::identity::v1::password_administration_service_client::PasswordAdministrationServiceClient;
use rekey_wire::identity::v1::{LookupAccountRequest, PasswordResetMode, ResetPasswordRequest};
use tokio::net::TcpListener;

/// A page of another site, which does what its visitor's program puts into it.
const ELSEWHERE: &str =
    "<!doctype html>\n<html lang=\"en\"><title>Elsewhere</title><h1>Elsewhere</h1></html>\n";

#[derive(Clone)]
struct Control {
    clock: ManualClock,
    identity: Connection,
    inbox: Inbox,
    tenant_id: String,
}

/// Answers for as long as the test runs; where.
pub(crate) async fn serve(world: &World) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (clock, identity, inbox) = (world.clock.clone(), world.identity.clone(), world.inbox());
    let router = Router::new()
        .route("/clock/{seconds}", post(advance))
        .route("/password/{login}/{mode}", post(reset_password))
        .route("/messages/{address}", get(messages))
        .route("/elsewhere", get(async || Html(ELSEWHERE)))
        .with_state(Control { clock, identity, inbox, tenant_id: world.tenant_id.clone() });
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Moves the clock of the suite and says what it shows, in seconds since 1970.
async fn advance(State(control): State<Control>, Path(seconds): Path<u64>) -> String {
    control.clock.advance(Duration::from_secs(seconds));
    control.clock.now().unix_seconds().to_string()
}

/// Everything that was sent to an address, newest first. The inbox has that of everybody, which is much where many were reset.
async fn messages(State(control): State<Control>, Path(address): Path<String>) -> Json<Vec<InboxMessage>> {
    let mut messages = control.inbox.messages();
    messages.retain(|message| message.to == address);
    Json(messages)
}

/// An administrator does something about a password, in a word of the contract; the one that was generated, if one was.
async fn reset_password(
    State(control): State<Control>,
    Path((login, mode)): Path<(String, String)>,
) -> String {
    let Control { identity, tenant_id, .. } = control;
    let lookup =
        LookupAccountRequest { tenant_id: tenant_id.clone(), key: Some(Key::Login(login)), context: None };
    let found = AccountServiceClient::new(identity.clone()).lookup_account(lookup).await.unwrap();
    let mode = PasswordResetMode::from_str_name(&format!("PASSWORD_RESET_MODE_{mode}")).unwrap();
    let reset = ResetPasswordRequest {
        tenant_id,
        account_id: found.into_inner().account.unwrap().account_id,
        mode: mode.into(),
        request_id: request_id(),
        ..ResetPasswordRequest::default()
    };
    let done = PasswordAdministrationServiceClient::new(identity).reset_password(reset).await.unwrap();
    done.into_inner().result.unwrap().generated_password
}
