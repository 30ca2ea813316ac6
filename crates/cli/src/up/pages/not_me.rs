//! "This was not me", by the link of a notice.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use rekey_client::Connection;
use rekey_wire::identity::v1::RepudiateResetRequest;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;

use super::{Link, Page, not_now, page};
use crate::profile::request_id;

const PAGE: Page = Page { path: "/not-me", cookie: "rekey_not_me" };

pub(super) fn routes(identity: Connection) -> Router {
    Router::new().route(PAGE.path, get(question).post(undo)).with_state(identity)
}

async fn question(Query(link): Query<Link>, headers: HeaderMap) -> Response {
    let form = "<p>If you did not reset your password, undo it here. The new password stops working, everybody is signed \
                out, and an administrator has to release your account.</p>\
                <form method=\"post\" action=\"/not-me\"><button>This was not me</button></form>";
    PAGE.opened(link, &headers, "Did you reset your password?", form)
}

async fn undo(State(identity): State<Connection>, headers: HeaderMap) -> Response {
    let repudiation_token = PAGE.token_of(&headers).unwrap_or_default();
    let request = RepudiateResetRequest { repudiation_token, request_id: request_id(), context: None };
    match PasswordResetServiceClient::new(identity).repudiate_reset(request).await {
        Ok(_) => page(
            StatusCode::OK,
            "The reset is undone",
            "<p>The account is frozen until an administrator releases it. Tell yours what happened.</p>",
        ),
        Err(status) if status.code() == tonic::Code::Unavailable => not_now(),
        Err(_) => page(
            StatusCode::GONE,
            "This link no longer works",
            "<p>It works once, for 7 days, and only until the next new password.</p>",
        ),
    }
}
