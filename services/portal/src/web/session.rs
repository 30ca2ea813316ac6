//! Who is signed in: the session in the browser's cookie, kept fresh, and the pages that it may open.
//!
//! The cookie holds identity's tokens. An access token lives for minutes, so whoever looks at a page with one that is about to end gets
//! fresh tokens first. Identity judges the token of every call: what is kept here says what pages offer, never what is allowed.

mod challenge;
mod local_path;
mod menu;
mod stash;

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;
use rekey_client::Connection;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::array;
use rekey_primitives::id::TenantId;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::options::v1::Role;

pub(crate) use self::local_path::LocalPath;
pub(crate) use self::menu::MenuItem;
use super::answer::internal;
use super::forms::AuthenticatedRequest;
use super::{Fault, PageContent, PageContext};
use crate::cookies::{CallerCode, FormSecret, SessionCookie, StashedSession};
use crate::domain::{Organisation, SentCode};
use crate::peers::{PeerFailure, request_context, timestamp_from_wire};
use crate::view::{Menu, MenuLink};
use crate::words::{AdministrationWords, Words};

/// An access token that ends sooner is made anew: pages take seconds.
const REFRESH_BEFORE_END: Duration = Duration::from_secs(30);

/// The roles that there are, in the order of the contract.
pub(crate) const ALL_ROLES: [Role; 7] = [
    Role::GlobalAdministrator,
    Role::UserAdministrator,
    Role::PasswordAdministrator,
    Role::HelpdeskAdministrator,
    Role::AuthenticationAdministrator,
    Role::PolicyAdministrator,
    Role::ReportsReader,
];

/// Somebody who is signed in, looking at a page. Pages take it as an extractor: without a session the person is asked to sign in.
#[derive(Clone)]
pub(crate) struct CurrentUser {
    pub(crate) context: PageContext,
    session: SessionCookie,
    identity: Connection,
}

impl CurrentUser {
    fn with(context: PageContext, session: SessionCookie) -> Result<Self, Fault> {
        let identity = context.site.identity_connection.acting_for(&session.access_token.clone().into());
        Ok(Self { identity: identity.map_err(internal)?, context, session })
    }

    /// Identity, on behalf of the person: the generated clients take it.
    pub(crate) fn identity(&self) -> Connection {
        self.identity.clone()
    }

    pub(crate) fn tenant(&self) -> TenantId {
        self.session.tenant
    }

    pub(crate) fn account_id(&self) -> &str {
        &self.session.account_id
    }

    pub(crate) fn login(&self) -> &str {
        &self.session.login
    }

    /// What identity is told of the person's browser.
    pub(crate) fn request_context(&self) -> Option<wire::RequestContext> {
        request_context(&self.context.client_info())
    }

    /// The roles that the person had when the tokens were made, by their numbers in the contract.
    pub(crate) fn roles(&self) -> &[i32] {
        &self.session.roles
    }

    /// Whether the person had one of these roles when the tokens were made.
    pub(crate) fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.session.roles.contains(&i32::from(*role)))
    }

    /// Asks identity whether the person has one of these roles at this moment. For what is not identity's to refuse, such as pages about
    /// messages.
    pub(crate) async fn require_role(&self, roles: &[Role]) -> Result<(), Fault> {
        let found = self.context.site.sign_ins.roles(&self.session.access_token).await?;
        let found = found.ok_or(Fault::SignedOut)?;
        if roles.iter().any(|role| found.contains(&i32::from(*role))) {
            Ok(())
        } else {
            Err(Fault::NotAllowed)
        }
    }

    /// Asks whoever signed in longer ago than that to do so again, before they type what identity would not take from them.
    pub(crate) async fn require_sign_in_within(&self, span: Duration) -> Result<(), Fault> {
        let request = wire::CheckAccessTokenRequest { access_token: self.session.access_token.clone() };
        let mut sessions = SessionServiceClient::new(self.context.site.identity_connection.clone());
        let found = sessions.check_access_token(request).await?.into_inner();
        if !found.active {
            return Err(Fault::SignedOut);
        }
        let signed_in_at = moment(found.sign_in_time.as_ref())?;
        if self.context.now.has_reached(signed_in_at.plus(span)) {
            Err(Fault::SignInNotRecent)
        } else {
            Ok(())
        }
    }

    /// Goes on with tokens that identity gave in place of those that a change has ended. The refresh token at hand goes on serving.
    pub(crate) async fn replace_tokens(&self, tokens: wire::SessionTokens) -> Result<(), Fault> {
        let tokens = wire::SessionTokens { refresh_token: self.session.refresh_token.clone(), ..tokens };
        let session =
            session_from_tokens(&self.context, self.session.tenant, self.session.login.clone(), tokens)
                .await?;
        self.context.store_session(&session)
    }

    /// The organisation of the session by the name that identity tells; its look is known to a browser that belongs to it.
    pub(crate) fn organisation(&self, name: &str) -> Organisation {
        let known = self.context.organisation_of(self.tenant());
        let look = known.map(|known| known.look).unwrap_or_default();
        Organisation { tenant: self.tenant(), name: name.to_owned(), help_url: String::new(), look }
    }

    /// A page with the menu, at its item.
    pub(crate) fn page(&self, item: MenuItem, content: PageContent<'_>) -> Result<Response, Fault> {
        let texts = self.context.texts();
        let words = &texts.administration;
        let link = |to: MenuItem| MenuLink { path: to.path(), text: to.name(words), is_current: to == item };
        let items = MenuItem::ALL.into_iter().filter(|to| to.is_administration() == item.is_administration());
        let items = items.filter(|to| to.roles().is_empty() || self.has_any(to.roles()));
        let menu = Menu {
            label: &words.navigation,
            links: items.map(link).collect(),
            area_switch: self.area_switch(item, &texts.general),
            login: self.login(),
            sign_out: self.context.hidden_fields("/sign-out")?,
        };
        let known = self.context.organisation_of(self.tenant());
        let organisation = content.organisation.or(known.as_ref());
        self.context.page_within(Some(menu), PageContent { organisation, ..content })
    }

    /// From one's own account to administration, for who has a role, and back.
    fn area_switch<'a>(&self, item: MenuItem, words: &'a Words) -> Option<MenuLink<'a>> {
        if item.is_administration() {
            return Some(MenuLink {
                path: MenuItem::Overview.path(),
                text: &words.my_account,
                is_current: false,
            });
        }
        let first =
            MenuItem::ALL.into_iter().find(|to| to.is_administration() && self.has_any(to.roles()))?;
        Some(MenuLink { path: first.path(), text: &words.to_administration, is_current: false })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let context = parts.extensions.get::<PageContext>().cloned();
        let context = context.expect("every page stands behind `web::page_middleware`, which puts it there");
        let session: SessionCookie = context.cookie().ok_or(Fault::SignedOut)?;
        let session = refresh_if_due(&context, session).await?;
        parts.extensions.insert(AuthenticatedRequest);
        Self::with(context, session)
    }
}

/// The session, with tokens that outlive the page.
async fn refresh_if_due(context: &PageContext, session: SessionCookie) -> Result<SessionCookie, Fault> {
    if context.now.has_reached(session.ends_at) {
        return Err(Fault::SignedOut);
    }
    if !context.now.plus(REFRESH_BEFORE_END).has_reached(session.access_ends_at) {
        return Ok(session);
    }
    let request = wire::RefreshSessionRequest {
        refresh_token: session.refresh_token.clone(),
        request_id: context.draw_request_id(),
        context: request_context(&context.client_info()),
    };
    let refreshed =
        SessionServiceClient::new(context.site.identity_connection.clone()).refresh_session(request).await;
    let tokens = refreshed?.into_inner().tokens.ok_or_else(|| PeerFailure::unexpected("no tokens"))?;
    let session = session_from_tokens(context, session.tenant, session.login, tokens).await?;
    context.store_session(&session)?;
    Ok(session)
}

impl PageContext {
    /// Has the browser keep a session, whatever the answer is.
    fn store_session(&self, session: &SessionCookie) -> Result<(), Fault> {
        self.queue_cookie(self.cookies().set(session, None, self.now).map_err(internal)?);
        Ok(())
    }

    /// Keeps somebody signed in from now on, and leads to a page. Forms of the time before are none any more: a secret that was slipped
    /// into the browser before opens nothing behind sign-in.
    pub(crate) async fn start_session(
        &self,
        tenant: TenantId,
        login: &str,
        tokens: wire::SessionTokens,
        next: &LocalPath,
    ) -> Result<Response, Fault> {
        let session = session_from_tokens(self, tenant, login.to_owned(), tokens).await?;
        self.store_session(&session)?;
        self.with_new_form_secret(Self::redirect(next.as_str()))
    }

    /// Forms that were shown until now are none any more.
    pub(crate) fn with_new_form_secret(&self, response: Response) -> Result<Response, Fault> {
        let secret = FormSecret(array(&*self.site.entropy));
        self.with_cookie(response, None, Some(&secret))
    }

    /// Ends what is kept of a session in this browser, with the forms of its pages and what was under way on them. A session that waits
    /// is none that whoever comes next could go back to.
    pub(crate) fn clear_session(&self, response: Response) -> Result<Response, Fault> {
        let response = self.with_cookie(response, None, None::<&SessionCookie>)?;
        let response = self.with_cookie(response, None, None::<&StashedSession>)?;
        let response = self.with_cookie(response, None, None::<&CallerCode>)?;
        let response = self.with_cookie(response, None, None::<&SentCode>)?;
        self.with_cookie(response, None, None::<&FormSecret>)
    }
}

/// What the browser keeps of fresh tokens.
async fn session_from_tokens(
    context: &PageContext,
    tenant: TenantId,
    login: String,
    tokens: wire::SessionTokens,
) -> Result<SessionCookie, Fault> {
    let roles = context.site.sign_ins.roles(&tokens.access_token).await?;
    Ok(SessionCookie {
        tenant,
        login,
        account_id: tokens.account_id,
        access_token: tokens.access_token,
        access_ends_at: moment(tokens.access_expire_time.as_ref())?,
        refresh_token: tokens.refresh_token,
        ends_at: moment(tokens.session_expire_time.as_ref())?,
        roles: roles.ok_or(Fault::SignedOut)?,
    })
}

fn moment(at: Option<&prost_types::Timestamp>) -> Result<Timestamp, PeerFailure> {
    timestamp_from_wire(at).ok_or_else(|| PeerFailure::unexpected("a time is missing"))
}

/// The name of a role for people; its word in the contract for one that this release does not know.
pub(crate) fn role_name(words: &AdministrationWords, role: i32) -> &str {
    match Role::try_from(role) {
        Ok(Role::GlobalAdministrator) => &words.role_global_administrator,
        Ok(Role::UserAdministrator) => &words.role_user_administrator,
        Ok(Role::PasswordAdministrator) => &words.role_password_administrator,
        Ok(Role::HelpdeskAdministrator) => &words.role_helpdesk_administrator,
        Ok(Role::AuthenticationAdministrator) => &words.role_authentication_administrator,
        Ok(Role::PolicyAdministrator) => &words.role_policy_administrator,
        Ok(Role::ReportsReader) => &words.role_reports_reader,
        Ok(Role::Unspecified) | Err(_) => "?",
    }
}
