//! The stylesheet and the few lines of script, as they are built in.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::get;

/// Where the stylesheet is; a release brings another address, so that none is kept beyond its pages.
pub(crate) const STYLE_PATH: &str = concat!("/assets/style.css?v=", env!("CARGO_PKG_VERSION"));

/// Where the script is.
pub(crate) const SCRIPT_PATH: &str = concat!("/assets/portal.js?v=", env!("CARGO_PKG_VERSION"));

/// Where the script is that previews texts while they are written.
pub(crate) const TEMPLATES_SCRIPT_PATH: &str = concat!("/assets/templates.js?v=", env!("CARGO_PKG_VERSION"));

/// An hour: pages load at once, and a new build of the same version is seen the same day.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// Their routes, which need to know nobody.
pub(crate) fn routes() -> Router {
    Router::new()
        .route(
            "/assets/style.css",
            get(async || asset("text/css; charset=utf-8", include_str!("assets/style.css"))),
        )
        .route(
            "/assets/portal.js",
            get(async || asset("text/javascript; charset=utf-8", include_str!("assets/portal.js"))),
        )
        .route(
            "/assets/templates.js",
            get(async || asset("text/javascript; charset=utf-8", include_str!("assets/templates.js"))),
        )
}

fn asset(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(content_type)), (header::CACHE_CONTROL, CACHED)];
    (headers, text)
}
