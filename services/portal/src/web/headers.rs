//! What browsers are told about everything that comes from here.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::SharedSite;

/// Nothing but what stands in files of ours. Not even a style or a script within a page runs, so markup that slipped in does nothing.
pub(crate) const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// `same-origin` and not `no-referrer`, under which browsers send forms with the origin `null` (Fetch, 3.2).
const SECURITY_HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    ),
];

/// A year, as browsers expect of a host that will not go back.
const HSTS_ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds them. What says nothing of how long it may be kept is kept by nobody: "back" shows no page of somebody who left.
pub(crate) async fn add_security_headers(
    State(site): State<SharedSite>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if site.rules.is_protected() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS_ONE_YEAR);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_nothing_inline_and_nobody_elsewhere() {
        for forbidden in ["unsafe-inline", "unsafe-eval", "*", "http:", "https:", "data:"] {
            assert!(!CONTENT_POLICY.contains(forbidden), "{forbidden}");
        }
        assert!(
            CONTENT_POLICY.contains("default-src 'none'")
                && CONTENT_POLICY.contains("frame-ancestors 'none'")
        );
    }
}
