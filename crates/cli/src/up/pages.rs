//! The one page that notices link to while there is no portal: "this was not me", confirmed by a POST, because mail
//! scanners follow links.
//!
//! The token leaves the address bar at once, where histories and shoulders would keep it: it goes on in a cookie that no
//! script can read and no other site can send along with a form.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use rekey_client::Connection;
use rekey_wire::identity::v1::RepudiateResetRequest;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use serde::Deserialize;

use crate::profile::request_id;

/// Where the page is.
const PATH: &str = "/not-me";

/// The cookie that holds the token between the link and the button.
const COOKIE: &str = "rekey_not_me";

#[derive(Deserialize)]
struct Link {
    token: Option<String>,
}

/// `/not-me`.
pub(crate) fn routes(identity: Connection) -> Router {
    Router::new().route(PATH, get(question).post(undo)).with_state(identity)
}

async fn question(Query(link): Query<Link>, headers: HeaderMap) -> Response {
    let is_whole = link.token.as_deref().is_none_or(is_token);
    if let Some(token) = link.token.filter(|_| is_whole) {
        let cookie = format!("{COOKIE}={token}; Path={PATH}; Max-Age=600; HttpOnly; SameSite=Lax");
        return ([(header::SET_COOKIE, cookie)], quiet(), Redirect::to(PATH)).into_response();
    }
    if !is_whole || token_of(&headers).is_none() {
        let how = "<p>Copy it whole from the message.</p>";
        return page(StatusCode::BAD_REQUEST, "This link is not complete", how);
    }
    let form = "<p>If you did not reset your password, undo it here. The new password stops working, everybody is signed \
                out, and an administrator has to release your account.</p>\
                <form method=\"post\" action=\"/not-me\"><button>This was not me</button></form>";
    page(StatusCode::OK, "Did you reset your password?", form)
}

async fn undo(State(identity): State<Connection>, headers: HeaderMap) -> Response {
    let repudiation_token = token_of(&headers).unwrap_or_default();
    let request = RepudiateResetRequest { repudiation_token, request_id: request_id(), context: None };
    match PasswordResetServiceClient::new(identity).repudiate_reset(request).await {
        Ok(_) => page(
            StatusCode::OK,
            "The reset is undone",
            "<p>The account is frozen until an administrator releases it. Tell yours what happened.</p>",
        ),
        Err(status) if status.code() == tonic::Code::Unavailable => {
            page(StatusCode::SERVICE_UNAVAILABLE, "Not now", "<p>Please try again in a minute.</p>")
        }
        Err(_) => page(
            StatusCode::GONE,
            "This link no longer works",
            "<p>It works once, for 7 days, and only until the next new password.</p>",
        ),
    }
}

/// The token that the link left behind.
fn token_of(headers: &HeaderMap) -> Option<String> {
    let sent = headers.get(header::COOKIE)?.to_str().ok()?;
    let named = |pair: &str| {
        pair.trim().split_once('=').filter(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned())
    };
    sent.split(';').find_map(named).filter(|token| is_token(token))
}

/// A token is base64url: anything else is not ours and goes no further.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><main><h1>{title}</h1>{body}</main></html>"
    );
    (status, quiet(), Html(html)).into_response()
}

/// Headers of a page that no one else frames, keeps or hears of.
fn quiet() -> [(header::HeaderName, &'static str); 4] {
    [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; form-action 'self'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ]
}
