//! A browser that keeps cookies, follows no redirect by itself, and sends the forms that pages show it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use http_body_util::BodyExt as _;
use rekey_client::{ClientSettings, Connection};
use rekey_primitives::clock::ManualClock;
use rekey_primitives::entropy::SystemEntropy;
use rekey_primitives::id::TenantId;
use rekey_runtime::server::Peer;
use rekey_sealing::AeadKeys;
use tower::ServiceExt as _;

use super::fake_identity::{FakeIdentity, NOW};
use crate::config::SiteRules;
use crate::cookies::CookieJar;
use crate::view::{Values, View};
use crate::web::{
    CurrentUser, Fault, LogoCache, MenuItem, PageContent, PageContext, PostedFields, PostedFile, Site, router,
};

const KEY: &str = "now active AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(super) const ORIGIN: &str = "https://id.example.com";

/// The portal, and whom it asks.
pub(super) struct World {
    pub(super) identity: Arc<FakeIdentity>,
    pub(super) clock: ManualClock,
    router: Router,
}

impl World {
    pub(super) fn new() -> Self {
        Self::of(None)
    }

    /// The portal of one organisation, or of several.
    pub(super) fn of(tenant: Option<TenantId>) -> Self {
        let (identity, clock) = (Arc::new(FakeIdentity::default()), ManualClock::starting_at(NOW));
        let (keys, entropy) = (AeadKeys::from_text(KEY).unwrap(), Arc::new(SystemEntropy));
        let site = Site {
            rules: SiteRules {
                origin: ORIGIN.to_owned(),
                tenant,
                trusted_proxies: Vec::new(),
                body_bytes: 32_768,
                deadline: Duration::from_secs(10),
            },
            identity: identity.clone(),
            sign_ins: identity.clone(),
            identity_connection: nobody(),
            notification_connection: nobody(),
            cookies: CookieJar::new(keys.clone(), entropy.clone()),
            form_token_keys: keys,
            view: View::load().unwrap(),
            logos: LogoCache::default(),
            clock: Arc::new(clock.clone()),
            entropy,
        };
        let pages = crate::pages::routes().route(MEMBERS, get(members)).route(FILES, get(form).post(taken));
        let pages = pages.route(ASIDE, get(aside)).route(NOTES, get(note).post(noted));
        Self { identity, clock, router: router(Arc::new(site), pages) }
    }

    pub(super) fn browser(&self) -> Browser {
        Browser { router: self.router.clone(), cookies: RefCell::default(), language: "en" }
    }

    /// A browser that was told its organisation.
    pub(super) async fn browser_of_acme(&self) -> Browser {
        let browser = self.browser();
        browser.get("/o/acme").await;
        self.identity.asked();
        browser
    }
}

/// A page behind sign-in that asks nobody anything.
pub(super) const MEMBERS: &str = "/members";

async fn members(user: CurrentUser) -> Result<Response, Fault> {
    let body = user.context.body("done", Values::default())?;
    user.page(MenuItem::Overview, PageContent::new("Members", body))
}

/// A page that sets the session aside, as the one does that links accounts.
pub(super) const ASIDE: &str = "/aside";

async fn aside(user: CurrentUser) -> Result<Response, Fault> {
    user.stash_session(PageContext::redirect(MEMBERS))
}

/// A page behind sign-in whose form is of any size; what came of it is said.
pub(super) const NOTES: &str = "/notes";

async fn note(user: CurrentUser) -> Result<Response, Fault> {
    user.context.page(PageContent::new("A note", user.context.hidden_fields(NOTES)?))
}

async fn noted(_: CurrentUser, fields: PostedFields) -> String {
    format!("{} characters", fields.text("note").len())
}

/// A page whose form brings a file; what came of it is said.
pub(super) const FILES: &str = "/files";

async fn form(context: PageContext) -> Result<Response, Fault> {
    context.page(PageContent::new("A file", context.hidden_fields(FILES)?))
}

async fn taken(PostedFile { fields, content }: PostedFile) -> String {
    format!("{} bytes of {}", content.len(), fields.text("owner"))
}

/// A peer that these pages do not call.
fn nobody() -> Connection {
    let settings: ClientSettings = toml::from_str("endpoint = 'http://127.0.0.1:1'").unwrap();
    Connection::open(&settings, || None).unwrap()
}

/// How a file begins in a form.
const FILE_PART: &str = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\
                         Content-Type: image/png\r\n\r\n";

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    /// Where it sends the browser.
    pub(super) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The value of a field of its first form.
    pub(super) fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self.text.split_once(&start).map(|(_, rest)| rest).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

pub(super) struct Browser {
    router: Router,
    cookies: RefCell<BTreeMap<String, String>>,
    pub(super) language: &'static str,
}

impl Browser {
    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// What the first form of a page says of itself.
    pub(super) async fn hidden_of(&self, page: &str) -> Vec<(&'static str, String)> {
        let shown = self.get(page).await;
        ["form_token", "request_id"].map(|name| (name, shown.field(name))).into()
    }

    /// Opens a page, fills its form in and sends it where the form says.
    pub(super) async fn fill(&self, page: &str, action: &str, typed: &[(&str, &str)]) -> Answer {
        let shown = self.get(page).await;
        assert!(shown.text.contains(&format!("action=\"{action}\"")), "{page}: {}", shown.text);
        let token = shown.field("form_token");
        let request_id = shown.field("request_id");
        let fields = [("form_token", token.as_str()), ("request_id", request_id.as_str())];
        self.post(action, &[&fields[..], typed].concat()).await
    }

    /// Sends a form as a browser does from a page of the portal.
    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from(path, fields, &[("origin", ORIGIN), ("sec-fetch-site", "same-origin")]).await
    }

    pub(super) async fn post_from(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = self.request(Method::POST, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let content_type = "application/x-www-form-urlencoded";
        self.send(request.header(header::CONTENT_TYPE, content_type).body(Body::from(body)).unwrap()).await
    }

    /// Sends a form with a file as a browser does from a page of the portal.
    pub(super) async fn upload(&self, path: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
        let mut body = Vec::new();
        for (name, value) in fields {
            let part = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        body.extend_from_slice(FILE_PART.as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let request = self.request(Method::POST, path).header(header::ORIGIN, ORIGIN);
        let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Its cookies by name, as another browser would have stolen them.
    pub(super) fn cookie_names(&self) -> Vec<String> {
        self.cookies.borrow().keys().cloned().collect()
    }

    fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let pairs: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT_LANGUAGE, self.language)
            .header(header::COOKIE, pairs.join("; "))
            .extension(Peer::at("192.0.2.7:40000".parse().unwrap()))
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        for line in head.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        // As a browser reads what the engine escapes in paths.
        let text = text.replace("&#x2f;", "/");
        Answer { status: head.status, headers: head.headers, text }
    }
}
