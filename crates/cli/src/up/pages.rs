//! The one page that notices link to while there is no portal: "this was not me", confirmed by a POST, because mail
//! scanners follow links.

use axum::Form;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use rekey_client::Connection;
use rekey_wire::identity::v1::RepudiateResetRequest;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use serde::Deserialize;

use crate::profile::request_id;

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    token: String,
}

/// `/not-me`.
pub(crate) fn routes(identity: Connection) -> Router {
    Router::new().route("/not-me", get(question).post(undo)).with_state(identity)
}

async fn question(Query(link): Query<Link>) -> impl IntoResponse {
    // A token is base64url: anything else is not ours and is not echoed.
    let is_token = link.token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if link.token.is_empty() || !is_token {
        return page(
            StatusCode::BAD_REQUEST,
            "This link is not complete",
            "<p>Copy it whole from the message.</p>",
        );
    }
    let form = format!(
        "<p>If you did not reset your password, undo it here. The new password stops working, everybody is signed \
         out, and an administrator has to release your account.</p>\
         <form method=\"post\" action=\"/not-me\"><input type=\"hidden\" name=\"token\" value=\"{}\">\
         <button>This was not me</button></form>",
        link.token
    );
    page(StatusCode::OK, "Did you reset your password?", &form)
}

async fn undo(State(identity): State<Connection>, Form(link): Form<Link>) -> impl IntoResponse {
    let request =
        RepudiateResetRequest { repudiation_token: link.token, request_id: request_id(), context: None };
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

fn page(status: StatusCode, title: &str, body: &str) -> impl IntoResponse + use<> {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><main><h1>{title}</h1>{body}</main></html>"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; form-action 'self'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, Html(html))
}
