//! Forms that come from pages of ours, sent by the browser that was shown them (CSRF).
//!
//! Two things are asked. The browser says that the page was of this origin: `Sec-Fetch-Site`, or `Origin` where it sends none. And the
//! form holds a token, sealed for its own path, of the secret that stands sealed in a cookie. A token cannot be made without our
//! keys, and one from another browser holds another secret. A form that acts for the organisation that the browser belongs to is sealed
//! for that one as well.

mod organisation;
mod upload;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rekey_primitives::id::{RequestId, TenantId};
use rekey_primitives::secret::{SecretString, Zeroizing, same};
use rekey_sealing::digest;

pub(crate) use self::organisation::OrganisationForm;
pub(crate) use self::upload::PostedFile;
use super::answer::internal;
use super::{Fault, PageContext};
use crate::view::{Html, Values};

/// The field of the token.
const TOKEN: &str = "form_token";
/// The field of the id that makes two presses of a button one call.
const REQUEST_ID: &str = "request_id";
/// No form of ours has as many fields: the largest is the policy with a hundred groups on either side.
const MAX_FIELDS: usize = 400;

/// The largest form of somebody who may be anybody: a question to administrators, or what a passkey signed, with room to spare.
const ANONYMOUS_BODY_BYTES: usize = 16 * 1024;

/// Stands in the extensions of a request once its person is known to be signed in: their forms may be as large as the settings say.
#[derive(Clone, Copy)]
pub(super) struct AuthenticatedRequest;

/// Whether the browser says that a form was sent from a page of this origin.
pub(super) fn is_same_origin(headers: &HeaderMap, origin: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let named = text(header::ORIGIN.as_str());
    match text("sec-fetch-site") {
        Some(site) => site == "same-origin" && named.is_none_or(|named| named == origin),
        None => named == Some(origin),
    }
}

/// What a token is bound to: the form at one path, and the organisation that it acts for, where that is the one that the browser belongs
/// to.
fn token_context(path: &str, tenant: Option<TenantId>) -> Vec<u8> {
    let tenant = tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
    digest(&[b"rekey portal form", path.as_bytes(), tenant.as_bytes()]).to_vec()
}

impl PageContext {
    /// The hidden fields of a form that is sent to a path.
    pub(crate) fn hidden_fields(&self, action: &str) -> Result<Html, Fault> {
        self.render_hidden_fields(action, None)
    }

    /// The hidden fields of a form that acts for an organisation, and that [`OrganisationForm`] takes for no other.
    pub(crate) fn hidden_fields_of(&self, tenant: TenantId, action: &str) -> Result<Html, Fault> {
        self.render_hidden_fields(action, Some(tenant))
    }

    fn render_hidden_fields(&self, action: &str, tenant: Option<TenantId>) -> Result<Html, Fault> {
        let site = &self.site;
        let token =
            site.form_token_keys.seal(&*site.entropy, &token_context(action, tenant), &self.form_secret().0);
        let values = Values::default()
            .text("form_token", &BASE64_URL_SAFE_NO_PAD.encode(token))
            .text("request_id", &self.draw_request_id());
        self.site.view.render("hidden", self.locale, values).map_err(internal)
    }

    /// Whether a token is of a form for this path and this organisation, shown to this browser.
    fn accepts_token(&self, token: &str, tenant: Option<TenantId>) -> bool {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
        let context = token_context(self.path(), tenant);
        let secret = sealed.and_then(|sealed| self.site.form_token_keys.open(&context, &sealed).ok());
        secret.is_some_and(|secret| same(&secret, &self.form_secret().0))
    }
}

/// The fields of a form that was found to be ours.
pub(crate) struct PostedFields(Vec<(String, Zeroizing<String>)>);

impl PostedFields {
    /// All of them, whoever sent them.
    async fn read(request: Request, context: &PageContext) -> Result<Self, Fault> {
        let most = context.site.rules.body_bytes;
        let is_authenticated = request.extensions().get::<AuthenticatedRequest>().is_some();
        let most = if is_authenticated { most } else { most.min(ANONYMOUS_BODY_BYTES) };
        let body = axum::body::to_bytes(request.into_body(), most).await;
        let body = body.map_err(|_| Fault::TooLarge)?;
        let mut pairs = form_urlencoded::parse(&body);
        let fields = pairs.by_ref().take(MAX_FIELDS);
        let fields = fields.map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())));
        let fields = Self(fields.collect());
        // Never taken in part: a policy that lost the last of its groups would be another policy.
        if pairs.next().is_some() { Err(Fault::TooLarge) } else { Ok(fields) }
    }

    /// The same, if they are of a form of ours that this browser was shown, for this organisation where it is of one.
    fn verify_token(self, context: &PageContext, tenant: Option<TenantId>) -> Result<Self, Fault> {
        if context.accepts_token(self.raw(TOKEN), tenant) { Ok(self) } else { Err(Fault::FormExpired) }
    }

    /// What was typed, without blanks around it; empty where nothing was.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// What was typed, blanks included: they count in passwords.
    pub(crate) fn secret(&self, name: &str) -> SecretString {
        self.raw(name).to_owned().into()
    }

    /// Everything that was chosen under a name.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.trim()).collect()
    }

    /// Whether a box was ticked.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.raw(name) == "on"
    }

    /// The id of the call, as it stood in the form.
    pub(crate) fn request_id(&self) -> Result<String, Fault> {
        RequestId::parse(self.raw(REQUEST_ID)).map(|id| id.to_string()).map_err(|_| Fault::FormExpired)
    }

    fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

impl<S: Send + Sync> FromRequest<S> for PostedFields {
    type Rejection = Fault;

    async fn from_request(request: Request, _: &S) -> Result<Self, Fault> {
        let context = context_of(&request);
        Self::read(request, &context).await?.verify_token(&context, None)
    }
}

fn context_of(request: &Request) -> PageContext {
    let context = request.extensions().get::<PageContext>().cloned();
    context.expect("every page stands behind `web::page_middleware`, which puts it there")
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn same_origin(pairs: &[(&'static str, &'static str)]) -> bool {
        let header = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        is_same_origin(&pairs.iter().map(header).collect(), "https://id.example.com")
    }

    #[test]
    fn a_form_is_taken_from_pages_of_this_origin_alone() {
        let ours = ("origin", "https://id.example.com");

        assert!(same_origin(&[("sec-fetch-site", "same-origin"), ours]));
        assert!(same_origin(&[("sec-fetch-site", "same-origin")]) && same_origin(&[ours]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!same_origin(&[("sec-fetch-site", site), ours]), "{site}");
        }
        for origin in ["null", "http://id.example.com", "https://id.example.com.evil.example"] {
            assert!(!same_origin(&[("origin", origin)]), "{origin}");
            assert!(!same_origin(&[("sec-fetch-site", "same-origin"), ("origin", origin)]), "{origin}");
        }
        assert!(!same_origin(&[]));
    }
}
