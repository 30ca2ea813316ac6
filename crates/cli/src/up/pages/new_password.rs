//! A new password, by the one-time link that an administrator had sent.
//!
//! The form carries the id of its call: a button that is pressed twice sets one password and is answered twice.

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use rekey_client::{Connection, Problem};
use rekey_wire::identity::v1::RedeemResetLinkRequest;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use serde::Deserialize;

use super::{Link, Page, not_now, page};
use crate::profile::request_id;

const PAGE: Page = Page { path: "/new-password", cookie: "rekey_new_password" };

const TITLE: &str = "Choose a new password";

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    request_id: String,
}

pub(super) fn routes(identity: Connection) -> Router {
    Router::new().route(PAGE.path, get(question).post(set)).with_state(identity)
}

async fn question(Query(link): Query<Link>, headers: HeaderMap) -> Response {
    PAGE.opened(link, &headers, TITLE, &form(&[]))
}

async fn set(State(identity): State<Connection>, headers: HeaderMap, Form(typed): Form<Typed>) -> Response {
    if typed.password != typed.again {
        return again(&["must be the same in both fields".to_owned()]);
    }
    let request = RedeemResetLinkRequest {
        link_token: PAGE.token_of(&headers).unwrap_or_default(),
        new_password: typed.password,
        request_id: typed.request_id,
        context: None,
    };
    let redeemed = PasswordResetServiceClient::new(identity).redeem_reset_link(request).await;
    let Err(status) = redeemed else {
        let how = "<p>Sign in with it. You were signed out everywhere else.</p>";
        return page(StatusCode::OK, "Your new password is set", how);
    };
    let problem = Problem::of(&status);
    match problem.reason.as_str() {
        "PASSWORD_REFUSED" => again(&problem.fields.into_iter().map(|(_, what)| what).collect::<Vec<_>>()),
        "FIELD_INVALID" if !wrong_token(&problem) => again(&["must have 1 to 256 characters".to_owned()]),
        "RESET_LINK_INVALID" | "ATTEMPTS_EXHAUSTED" | "FIELD_INVALID" | "TENANT_NOT_FOUND" => page(
            StatusCode::GONE,
            "This link no longer works",
            "<p>It works once and for a day. Ask your administrator for another one.</p>",
        ),
        // Whatever else it is passes, and the link is still good.
        _ => not_now(),
    }
}

/// Whether the link itself is none.
fn wrong_token(problem: &Problem) -> bool {
    problem.fields.iter().any(|(field, _)| field == "link_token")
}

/// The form once more, with what was wrong. The texts are ours and hold nothing that was typed.
fn again(wrong: &[String]) -> Response {
    page(StatusCode::BAD_REQUEST, TITLE, &form(wrong))
}

fn form(wrong: &[String]) -> String {
    let wrong: String = wrong.iter().map(|what| format!("<li>It {}.</li>", escaped(what))).collect();
    let told = if wrong.is_empty() { wrong } else { format!("<ul role=\"alert\">{wrong}</ul>") };
    let field = |name, label| {
        format!(
            "<p><label>{label}<br><input type=\"password\" name=\"{name}\" required maxlength=\"256\" \
             autocomplete=\"new-password\"></label></p>"
        )
    };
    let [once, twice] = [field("password", "New password"), field("again", "The same again")];
    let (id, path) = (request_id(), PAGE.path);
    format!(
        "{told}<form method=\"post\" action=\"{path}\">{once}{twice}<input type=\"hidden\" name=\"request_id\" \
         value=\"{id}\"><button>Set it</button></form>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
