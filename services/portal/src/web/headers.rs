//! What browsers are told about everything that comes from here.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::SharedSite;

/// Nothing but what stands in files of ours. Not even a style or a script within a page runs, so markup that slipped in does nothing.
macro_rules! page_policy {
    () => {
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    };
}

/// What a browser lets an answer do. One that needs more than a page has it among its extensions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ContentPolicy {
    #[default]
    Page,
    /// A page that shows a mail in a frame.
    PageWithMail,
    /// The mail in that frame: its styles stand in its elements, as mail programs want them, it runs nothing, and its links lead nowhere.
    FramedMail,
}

impl ContentPolicy {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Page => page_policy!(),
            Self::PageWithMail => concat!(page_policy!(), "; frame-src 'self'"),
            Self::FramedMail => {
                "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                 frame-ancestors 'self'; sandbox"
            }
        }
    }
}

/// `same-origin` and not `no-referrer`, under which browsers send forms with the origin `null` (Fetch, 3.2).
const SECURITY_HEADERS: [(HeaderName, &str); 6] = [
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
    let policy = response.extensions().get::<ContentPolicy>().copied().unwrap_or_default();
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy.as_str()));
    if policy == ContentPolicy::FramedMail {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
        // Browsers show no page that is both in a sandbox and alone in its group.
        headers.remove("cross-origin-opener-policy");
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
    fn the_policy_of_pages_allows_nothing_inline_and_nobody_elsewhere() {
        let (page, with_mail) = (ContentPolicy::Page.as_str(), ContentPolicy::PageWithMail.as_str());

        for forbidden in ["unsafe-inline", "unsafe-eval", "*", "http:", "https:", "data:"] {
            assert!(!with_mail.contains(forbidden), "{forbidden}");
        }
        assert!(page.contains("default-src 'none'") && page.contains("frame-ancestors 'none'"));
        assert!(!page.contains("frame-src"));
        assert_eq!(with_mail, format!("{page}; frame-src 'self'"));
    }

    #[test]
    fn a_mail_in_its_frame_has_styles_and_nothing_else() {
        let policy = ContentPolicy::FramedMail.as_str();

        let directives: Vec<&str> = policy.split("; ").collect();
        assert_eq!(
            directives,
            [
                "default-src 'none'",
                "style-src 'unsafe-inline'",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'self'",
                "sandbox",
            ]
        );
    }
}
