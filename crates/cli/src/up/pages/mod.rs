//! The pages that links in mails lead to while there is no portal. Each acts by a POST alone, because mail scanners follow links.
//!
//! The token leaves the address bar at once, where histories and shoulders would keep it: it goes on in a cookie that no
//! script can read and no other site can send along with a form.

mod new_password;
mod not_me;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use rekey_client::Connection;
use serde::Deserialize;

/// How long a page waits for its button, in seconds: time to think of a password.
const COOKIE_SECONDS: u32 = 600;

/// A page behind a link.
struct Page {
    /// Where it is.
    path: &'static str,
    /// The cookie that holds the token between the link and the button.
    cookie: &'static str,
}

#[derive(Deserialize)]
struct Link {
    token: Option<String>,
}

/// All of them.
pub(crate) fn routes(identity: Connection) -> Router {
    not_me::routes(identity.clone()).merge(new_password::routes(identity))
}

impl Page {
    /// Answers a GET: a token in the address moves into the cookie, and what is shown then is `body`.
    fn opened(&self, link: Link, headers: &HeaderMap, title: &str, body: &str) -> Response {
        let is_whole = link.token.as_deref().is_none_or(is_token);
        if let Some(token) = link.token.filter(|_| is_whole) {
            let Self { path, cookie } = self;
            let cookie =
                format!("{cookie}={token}; Path={path}; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax");
            return ([(header::SET_COOKIE, cookie)], quiet(), Redirect::to(path)).into_response();
        }
        if !is_whole || self.token_of(headers).is_none() {
            let how = "<p>Copy it whole from the message.</p>";
            return page(StatusCode::BAD_REQUEST, "This link is not complete", how);
        }
        page(StatusCode::OK, title, body)
    }

    /// The token that the link left behind.
    fn token_of(&self, headers: &HeaderMap) -> Option<String> {
        let sent = headers.get(header::COOKIE)?.to_str().ok()?;
        let named = |pair: &str| {
            let pair = pair.trim().split_once('=');
            pair.filter(|(name, _)| *name == self.cookie).map(|(_, value)| value.to_owned())
        };
        sent.split(';').find_map(named).filter(|token| is_token(token))
    }
}

/// A token is base64url: anything else is not ours and goes no further.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Nobody answers now.
fn not_now() -> Response {
    page(StatusCode::SERVICE_UNAVAILABLE, "Not now", "<p>Please try again in a minute.</p>")
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
