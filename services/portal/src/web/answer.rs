//! Answers: pages and redirects, with the cookies they set.

use axum::http::{HeaderValue, StatusCode, Version, header};
use axum::response::{Html as HtmlPage, IntoResponse, Redirect, Response};

use super::fault::CarriedFault;
use super::headers::ContentPolicy;
use super::{Fault, PageContext};
use crate::assets::{self, SCRIPT_PATH, STYLE_PATH};
use crate::cookies::{CookieJar, CookieKind, FlashMessage, FlowId, SessionCookie};
use crate::domain::Organisation;
use crate::view::{
    Confirmation, Fact, Field, FormProblem, Html, Layout, Menu, ResetStep, Select, Table, Toggle, Values,
};
use crate::words::interpolate;

/// A page within its layout.
pub(crate) struct PageContent<'a> {
    pub(crate) title: &'a str,
    /// The organisation that it is of, whose name and look it has; none where that is not known.
    pub(crate) organisation: Option<&'a Organisation>,
    pub(crate) step: Option<ResetStep>,
    pub(crate) problems: Vec<FormProblem>,
    pub(crate) refresh_seconds: Option<u64>,
    /// A script that this page alone has.
    pub(crate) script_path: Option<&'static str>,
    /// Whether it shows a mail in a frame, which is an answer of its own ([`PageContext::framed_mail`]).
    pub(crate) has_mail_frame: bool,
    pub(crate) body: Html,
}

impl<'a> PageContent<'a> {
    /// A page with nothing wrong in it.
    pub(crate) fn new(title: &'a str, body: Html) -> Self {
        Self {
            title,
            organisation: None,
            step: None,
            problems: Vec::new(),
            refresh_seconds: None,
            script_path: None,
            has_mail_frame: false,
            body,
        }
    }
}

pub(super) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::Internal(Box::new(error))
}

impl PageContext {
    /// What stands within the layout.
    pub(crate) fn body(&self, template: &str, values: Values) -> Result<Html, Fault> {
        self.site.view.render(template, self.locale, values).map_err(internal)
    }

    pub(crate) fn field(&self, field: &Field<'_>) -> Result<Html, Fault> {
        self.site.view.field(self.locale, field).map_err(internal)
    }

    pub(crate) fn select(&self, select: &Select<'_>) -> Result<Html, Fault> {
        self.site.view.select(self.locale, select).map_err(internal)
    }

    pub(crate) fn toggle(&self, toggle: &Toggle<'_>) -> Result<Html, Fault> {
        self.site.view.toggle(self.locale, toggle).map_err(internal)
    }

    pub(crate) fn confirmation(&self, confirmation: Confirmation<'_>) -> Result<Html, Fault> {
        self.site.view.confirmation(self.locale, confirmation).map_err(internal)
    }

    pub(crate) fn table(&self, table: Table<'_>) -> Result<Html, Fault> {
        self.site.view.table(self.locale, table).map_err(internal)
    }

    pub(crate) fn facts(&self, facts: Vec<Fact<'_>>) -> Result<Html, Fault> {
        self.site.view.facts(self.locale, facts).map_err(internal)
    }

    /// A page. With something wrong in it, it says so to programs, too.
    pub(crate) fn page(&self, content: PageContent<'_>) -> Result<Response, Fault> {
        self.page_within(None, content)
    }

    /// A page of somebody who is signed in.
    pub(super) fn page_within(
        &self,
        menu: Option<Menu<'_>>,
        content: PageContent<'_>,
    ) -> Result<Response, Fault> {
        let status =
            if content.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        self.page_with(status, menu, content)
    }

    fn page_with(
        &self,
        status: StatusCode,
        menu: Option<Menu<'_>>,
        content: PageContent<'_>,
    ) -> Result<Response, Fault> {
        let notice: Option<FlashMessage> = self.flash_message();
        let scripts: Vec<&'static str> = [SCRIPT_PATH].into_iter().chain(content.script_path).collect();
        // A page of nobody's, such as one that asks for the organisation, looks like nobody's.
        let whose = content.organisation;
        let accent_path = whose.and_then(|whose| whose.look.accent).map(assets::accent_path);
        let logo_path =
            whose.and_then(|whose| Some(assets::logo_path(whose.tenant, whose.look.logo.as_deref()?)));
        let query = self.query_besides_language();
        let layout = Layout {
            locale: self.locale,
            organisation: whose.map_or(self.words().portal_name.as_str(), |whose| whose.name.as_str()),
            title: content.title,
            step: content.step,
            problems: &content.problems,
            refresh_seconds: content.refresh_seconds,
            style_path: STYLE_PATH,
            accent_path: accent_path.as_deref(),
            logo_path: logo_path.as_deref(),
            script_paths: &scripts,
            notice: notice.as_ref().map(|notice| notice.text.as_str()),
            menu,
            query: &query,
        };
        let page = self.site.view.page(&layout, content.body).map_err(internal)?;
        let mut page = (status, HtmlPage(page)).into_response();
        if content.has_mail_frame {
            page.extensions_mut().insert(ContentPolicy::PageWithMail);
        }
        let page = if content.refresh_seconds.is_some() { self.closing_connection(page) } else { page };
        if notice.is_some() { self.with_cookie(page, None, None::<&FlashMessage>) } else { Ok(page) }
    }

    /// The document of a mail, for the frame of a page of ours.
    pub(crate) fn framed_mail(status: StatusCode, document: String) -> Response {
        let mut response = (status, HtmlPage(document)).into_response();
        response.extensions_mut().insert(ContentPolicy::FramedMail);
        response
    }

    /// An answer that will be asked for again: nobody waits for that with an open connection, whose buffers are larger than the answer.
    /// HTTP/2 has no such header, and one connection a browser.
    pub(crate) fn closing_connection(&self, mut response: Response) -> Response {
        if self.http_version() <= Version::HTTP_11 {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// A redirect by GET, to a path of ours.
    pub(crate) fn redirect(path: &str) -> Response {
        debug_assert!(path.starts_with('/') && !path.starts_with("//"), "only to paths of ours");
        Redirect::to(path).into_response()
    }

    /// A redirect to a page that says first what was done.
    pub(crate) fn redirect_with_flash(&self, path: &str, text: &str) -> Result<Response, Fault> {
        let notice = FlashMessage { text: text.to_owned() };
        self.with_cookie(Self::redirect(path), None, Some(&notice))
    }

    /// An answer that changes a cookie as well: the browser keeps the value, or forgets the one it has.
    pub(crate) fn with_cookie<K: CookieKind>(
        &self,
        mut response: Response,
        flow: Option<&FlowId>,
        value: Option<&K>,
    ) -> Result<Response, Fault> {
        let cookie = match value {
            Some(value) => self.cookies().set(value, flow, self.now),
            None => CookieJar::forget::<K>(flow),
        };
        response.headers_mut().append(header::SET_COOKIE, cookie.map_err(internal)?);
        Ok(response)
    }

    /// The answer as it leaves: a fault as a page, and the cookies that the browser lacks.
    pub(super) fn finish(&self, response: Response) -> Response {
        let fault = response.extensions().get::<CarriedFault>().and_then(CarriedFault::take);
        let mut response = match fault {
            Some(fault) => self.fault_page(&fault),
            None => response,
        };
        // What may be kept is for everybody, and would hand on the cookies of one.
        if !response.headers().contains_key(header::CACHE_CONTROL) {
            for cookie in self.pending_cookies() {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
        }
        response
    }

    fn fault_page(&self, fault: &Fault) -> Response {
        fault.log();
        let (words, signing_in) = (self.words(), &self.texts().signing_in);
        let (title, text, link) = match fault {
            Fault::NoOrganisation => return Self::redirect("/organisation"),
            Fault::SignedOut => return self.to_sign_in(),
            Fault::SignInNotRecent => return self.to_sign_in_again(),
            Fault::ListMoved => return Self::redirect(&self.first_page()),
            Fault::NotAllowed => (&words.not_allowed_title, &words.not_allowed_lead, "/account"),
            Fault::NotFound => (&words.not_found_title, &words.not_found_lead, "/"),
            Fault::FormExpired => (&words.form_expired_title, &words.form_expired_lead, "/"),
            Fault::TooLarge => (&words.too_large_title, &words.too_large_lead, "/"),
            Fault::ResetOver => (&words.reset_over_title, &words.reset_over_lead, "/reset"),
            Fault::SignInOver => (&signing_in.over_title, &signing_in.over_lead, "/sign-in"),
            Fault::LinkIncomplete => {
                (&signing_in.link_incomplete_title, &signing_in.link_incomplete_lead, "/")
            }
            Fault::LinkOver => (&signing_in.link_over_title, &signing_in.link_over_lead, "/"),
            Fault::Peer(failure) if !failure.is_transient => (&words.broken_title, &words.broken_lead, "/"),
            Fault::DeadlineExceeded | Fault::Peer(_) => {
                (&words.unavailable_title, &words.unavailable_lead, "/")
            }
            Fault::Internal(_) => (&words.broken_title, &words.broken_lead, "/"),
        };
        let support_code = fault.support_code();
        let values = Values::default()
            .text("text", text)
            .optional("support_code", support_code.map(|code| interpolate(&words.support_code, "code", code)))
            .text("link", link)
            .text("link_text", &words.start_again);
        let body = self.body("sentence", values);
        let page = body.and_then(|body| self.page_with(fault.status(), None, PageContent::new(title, body)));
        let mut page = page.unwrap_or_else(|_| fault.status().into_response());
        if let Fault::Peer(failure) = fault
            && let Some(wait) = failure.retry_after
        {
            page.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        page
    }

    /// To the form that signs in, and from there back to this page; the browser forgets the session that is none any more.
    fn to_sign_in(&self) -> Response {
        let there = Self::redirect(&self.sign_in_path());
        self.with_cookie(there, None, None::<&SessionCookie>).unwrap_or_else(IntoResponse::into_response)
    }

    /// The same for somebody who signed in too long ago. Whoever turns back there is signed in as before.
    fn to_sign_in_again(&self) -> Response {
        let there = self.redirect_with_flash(&self.sign_in_path(), &self.texts().account.sign_in_again);
        there.unwrap_or_else(IntoResponse::into_response)
    }

    fn sign_in_path(&self) -> String {
        let next = self.page_after_sign_in();
        let next = form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
        format!("/sign-in?{next}")
    }
}
