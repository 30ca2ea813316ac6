//! The stylesheet and the few lines of script, as they are built in, and where an organisation's own are.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rekey_primitives::colour::Colour;
use rekey_primitives::id::TenantId;

/// Where the stylesheet is; a release brings another address, so that none is kept beyond its pages.
pub(crate) const STYLE_PATH: &str = concat!("/assets/style.css?v=", env!("CARGO_PKG_VERSION"));

/// Where the script is.
pub(crate) const SCRIPT_PATH: &str = concat!("/assets/portal.js?v=", env!("CARGO_PKG_VERSION"));

/// Where the stylesheet of an accent is: what it says follows from its address.
pub(crate) fn accent_path(accent: Colour) -> String {
    let accent = accent.to_string();
    let digits = accent.trim_start_matches('#');
    format!("/look/style/{digits}?v={}", env!("CARGO_PKG_VERSION"))
}

/// Where the logo of an organisation is; another logo has another address.
pub(crate) fn logo_path(tenant: TenantId, version: &str) -> String {
    format!("/look/logo/{tenant}?v={version}")
}

/// Where the script of pages is that ask for a passkey or make one.
pub(crate) const PASSKEY_SCRIPT: &str = concat!("/assets/passkey.js?v=", env!("CARGO_PKG_VERSION"));

/// Where the script is that prints and copies recovery codes.
pub(crate) const RECOVERY_CODES_SCRIPT: &str =
    concat!("/assets/recovery-codes.js?v=", env!("CARGO_PKG_VERSION"));

/// The script of the pages of accounts.
pub(crate) const ACCOUNTS_SCRIPT: &str = concat!("/assets/accounts.js?v=", env!("CARGO_PKG_VERSION"));

/// Where the script of a bulk reset's page is.
pub(crate) const BULK_SCRIPT: &str = concat!("/assets/bulk.js?v=", env!("CARGO_PKG_VERSION"));

/// Where the script is that previews texts while they are written.
pub(crate) const TEMPLATES_SCRIPT: &str = concat!("/assets/templates.js?v=", env!("CARGO_PKG_VERSION"));

/// What addresses of this release ask for.
const RELEASE: &str = concat!("v=", env!("CARGO_PKG_VERSION"));

/// An hour: pages load at once, and a new build of the same version is seen the same day.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// Their routes, which need to know nobody.
pub(crate) fn routes() -> Router {
    Router::new()
        .route(
            "/assets/style.css",
            get(async || asset("text/css; charset=utf-8", include_str!("assets/style.css"))),
        )
        .route("/assets/icon.svg", get(async || asset("image/svg+xml", include_str!("assets/icon.svg"))))
        .route("/assets/portal.js", get(async || script(include_str!("assets/portal.js"))))
        .route("/assets/passkey.js", get(async || script(include_str!("assets/passkey.js"))))
        .route("/assets/recovery-codes.js", get(async || script(include_str!("assets/recovery-codes.js"))))
        .route("/assets/accounts.js", get(async || script(include_str!("assets/accounts.js"))))
        .route("/assets/bulk.js", get(async || script(include_str!("assets/bulk.js"))))
        .route("/assets/templates.js", get(async || script(include_str!("assets/templates.js"))))
        .route_layer(from_fn(keep_own))
}

/// Whether pages of this release have such an address. While replicas are replaced one by one, pages of another one ask here as well: what
/// they get is kept by nobody, or it would stand under that address for whoever loads the next page.
pub(crate) fn is_of_this_release(query: Option<&str>) -> bool {
    query.is_none_or(|query| query == RELEASE)
}

/// Takes back that a file may be kept where it is not the one that was asked for.
async fn keep_own(request: Request, next: Next) -> Response {
    let is_own = is_of_this_release(request.uri().query());
    let mut response = next.run(request).await;
    if !is_own {
        response.headers_mut().remove(header::CACHE_CONTROL);
    }
    response
}

fn script(text: &'static str) -> impl IntoResponse {
    asset("text/javascript; charset=utf-8", text)
}

fn asset(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(content_type)), (header::CACHE_CONTROL, CACHED)];
    (headers, text)
}
