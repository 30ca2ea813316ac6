//! One request: when, by whom, in which language, and with which cookies.
//!
//! Pages get it as an extractor. The clock was read once for all of it.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Version, header};
use axum::response::Response;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{array, uuid_v4};
use rekey_runtime::server::Peer;

use super::client_address::client_address;
use super::{Fault, LocalPath, SharedSite};
use crate::cookies::{CookieJar, CookieKind, FlashMessage, FlowId, FormSecret, LocaleChoice};
use crate::domain::{Organisation, ResetProgress};
use crate::peers::{Call, ClientInfo};
use crate::words::{Texts, UiLocale, Words};

/// What identity reads of a user agent (`RequestContext`).
const USER_AGENT_CHARACTERS: usize = 512;

/// What asks for a page in another language.
const LANGUAGE: &str = "lang";

/// Resets, and sign-ins, that one browser has under way. Each is a cookie that is sent with every page, and a port or a proxy takes 8 to 16
/// KiB of headers.
const FLOWS: usize = 3;

/// A request. Clones share it.
#[derive(Clone)]
pub(crate) struct PageContext {
    pub(crate) site: SharedSite,
    pub(crate) now: Timestamp,
    pub(crate) locale: UiLocale,
    request: Arc<RequestFacts>,
}

struct RequestFacts {
    version: Version,
    headers: HeaderMap,
    path: String,
    query: String,
    address: Option<IpAddr>,
    /// What forms of this browser are bound to.
    form_secret: FormSecret,
    /// Cookies that the answer sets whatever it is: those that the browser lacks, and those that were made anew on the way.
    pending: Mutex<Vec<HeaderValue>>,
    /// The organisation that this very request found out.
    organisation: OnceLock<Organisation>,
}

impl PageContext {
    pub(super) fn of(site: SharedSite, head: &Parts) -> Self {
        let now = site.clock.now();
        let mut pending = Vec::new();
        let locale = negotiate_locale(&site, head, now, &mut pending);
        let kept = site.cookies.read::<FormSecret>(&head.headers, None, now);
        let form_secret = kept.unwrap_or_else(|| {
            let secret = FormSecret(array(&*site.entropy));
            queue(&mut pending, site.cookies.set(&secret, None, now));
            secret
        });
        let peer = head.extensions.get::<Peer>().map(|peer| peer.address().ip());
        let address = peer.and_then(|peer| client_address(peer, &head.headers, &site.rules.trusted_proxies));
        let request = RequestFacts {
            version: head.version,
            headers: head.headers.clone(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            address,
            form_secret,
            pending: Mutex::new(pending),
            organisation: OnceLock::new(),
        };
        Self { site, now, locale, request: Arc::new(request) }
    }

    /// What every page may say.
    pub(crate) fn words(&self) -> &Words {
        &self.texts().general
    }

    /// What pages say, by their area.
    pub(crate) fn texts(&self) -> &Texts {
        self.site.view.texts(self.locale)
    }

    /// What is asked of the page behind its path; empty where it is not.
    pub(crate) fn query(&self, name: &str) -> String {
        let mut pairs = form_urlencoded::parse(self.request.query.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    }

    /// What is asked of the page besides its language, to be asked again: filters, and where somebody wanted to go. Neither the token of a
    /// mailed link nor a way to another site.
    pub(super) fn query_besides_language(&self) -> String {
        let pairs = form_urlencoded::parse(self.request.query.as_bytes());
        let kept = pairs.filter(|(name, value)| match &**name {
            LANGUAGE | "token" => false,
            "next" => LocalPath::parse(value).is_some(),
            _ => true,
        });
        form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }

    /// The first page of the list that this page is of, asked for in the same way.
    pub(super) fn first_page(&self) -> String {
        self.address_without(&["page"])
    }

    /// Where to come back to after signing in: the first page of this list with its filters, if these are fit for an address that is taken
    /// from outside.
    pub(super) fn page_after_sign_in(&self) -> String {
        let asked = self.address_without(&["page", LANGUAGE, "token"]);
        if LocalPath::parse(&asked).is_some() { asked } else { self.path().to_owned() }
    }

    /// The path of the page, and what is asked of it but for these.
    fn address_without(&self, left_out: &[&str]) -> String {
        let pairs = form_urlencoded::parse(self.request.query.as_bytes());
        let kept = pairs.filter(|(name, _)| !left_out.contains(&&**name));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
        if query.is_empty() { self.path().to_owned() } else { format!("{}?{query}", self.path()) }
    }

    /// The path of the page, without what is asked of it.
    pub(crate) fn path(&self) -> &str {
        &self.request.path
    }

    pub(super) fn http_version(&self) -> Version {
        self.request.version
    }

    pub(super) fn form_secret(&self) -> &FormSecret {
        &self.request.form_secret
    }

    pub(super) fn pending_cookies(&self) -> Vec<HeaderValue> {
        self.request.pending.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has the answer set a cookie, whatever it is.
    pub(super) fn queue_cookie(&self, cookie: HeaderValue) {
        self.request.pending.lock().unwrap_or_else(PoisonError::into_inner).push(cookie);
    }

    /// What was done before this page was asked for.
    pub(super) fn flash_message(&self) -> Option<FlashMessage> {
        self.cookie()
    }

    /// What the browser brings of a kind that is kept once.
    pub(crate) fn cookie<K: CookieKind>(&self) -> Option<K> {
        self.site.cookies.read(&self.request.headers, None, self.now)
    }

    /// What the browser brings of a kind that is kept under a name.
    pub(super) fn flow_cookie<K: CookieKind>(&self, flow: &FlowId) -> Option<K> {
        self.site.cookies.read(&self.request.headers, Some(flow), self.now)
    }

    /// An answer that begins a flow. Those that were left longest ago are forgotten, for a browser with too many is answered no more.
    pub(crate) fn with_new_flow<K: CookieKind>(
        &self,
        response: Response,
        flow: &FlowId,
        value: &K,
    ) -> Result<Response, Fault> {
        let mut response = self.with_cookie(response, Some(flow), Some(value))?;
        for left in self.site.cookies.excess_flows::<K>(&self.request.headers, FLOWS - 1) {
            response = self.with_cookie(response, Some(&left), None::<&K>)?;
        }
        Ok(response)
    }

    /// Whether the browser keeps a flow that begins with a value.
    pub(crate) fn has_room<K: CookieKind>(&self, flow: &FlowId, value: &K) -> bool {
        self.site.cookies.has_room(value, flow, self.now)
    }

    /// What identity is told of the person.
    pub(crate) fn client_info(&self) -> ClientInfo {
        let user_agent = self.request.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let user_agent = user_agent.unwrap_or_default().chars().take(USER_AGENT_CHARACTERS).collect();
        ClientInfo { address: self.request.address, user_agent, locale: self.locale.tag() }
    }

    /// A call under the id that stood in a form.
    pub(crate) fn call(&self, request_id: String) -> Call {
        Call { request_id, client: self.client_info() }
    }

    /// An id for a form that is shown: pressing its button twice is one call.
    pub(crate) fn draw_request_id(&self) -> String {
        uuid_v4(&*self.site.entropy).hyphenated().to_string()
    }

    /// The organisation that the browser is known to belong to: as this request found it, or as a cookie says.
    pub(super) fn remembered_organisation(&self) -> Option<Organisation> {
        let found = self.request.organisation.get().cloned();
        found.or_else(|| self.cookie())
    }

    /// Remembers what was found out, for the rest of this request.
    pub(super) fn remember_organisation(&self, organisation: &Organisation) {
        self.request.organisation.get_or_init(|| organisation.clone());
    }

    /// The reset of this name, while it lives.
    pub(crate) fn reset(&self, flow: &FlowId) -> Option<ResetProgress> {
        let reset: ResetProgress = self.flow_cookie(flow)?;
        (!self.now.has_reached(reset.expires_at)).then_some(reset)
    }

    pub(super) fn cookies(&self) -> &CookieJar {
        &self.site.cookies
    }
}

/// The language of this request: as asked for now, as chosen before, as the browser prefers it, or English.
fn negotiate_locale(
    site: &SharedSite,
    head: &Parts,
    now: Timestamp,
    pending: &mut Vec<HeaderValue>,
) -> UiLocale {
    let query = head.uri.query().unwrap_or_default();
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(UiLocale::parse);
    if let Some(locale) = asked {
        queue(pending, site.cookies.set(&LocaleChoice { tag: locale.tag().to_owned() }, None, now));
        return locale;
    }
    let kept = site.cookies.read::<LocaleChoice>(&head.headers, None, now);
    let kept = kept.and_then(|choice| UiLocale::parse(&choice.tag));
    let accepted = head.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    kept.or_else(|| accepted.and_then(UiLocale::negotiate)).unwrap_or(UiLocale::En)
}

/// Neither of these cookies can be too large; one that is would be drawn anew with each page.
fn queue<E>(pending: &mut Vec<HeaderValue>, cookie: Result<HeaderValue, E>) {
    pending.extend(cookie);
}

impl<S: Send + Sync> FromRequestParts<S> for PageContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let context = parts.extensions.get::<Self>().cloned();
        Ok(context.expect("every page stands behind `web::page_middleware`, which puts it there"))
    }
}
