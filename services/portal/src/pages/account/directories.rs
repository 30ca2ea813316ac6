//! "Directories": the organisations in which the person has linked accounts, going over to one, and ending a link.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::id::TenantId;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::linked_account_service_client::LinkedAccountServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::switch_tenant_response::Result as Outcome;

use super::security_info::general;
use crate::domain::OrganisationKey;
use crate::pages::listing::time_cell;
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::peers::PeerFailure;
use crate::view::{Badge, Cell, Confirmation, Html, Table, Values};
use crate::web::{CurrentUser, Fault, LocalPath, MenuItem, PageContent, PostedFields};
use crate::words::{AccountWords, interpolate};

/// More than an account may have links.
const ALL: i32 = 200;

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    page(&user, None).await
}

/// The organisation that the person is signed in to.
pub(super) async fn current(user: &CurrentUser) -> Result<wire::MyTenant, Fault> {
    let found =
        tenants(user).await?.into_iter().find(|tenant| tenant.state() == wire::MyTenantState::Current);
    found.ok_or_else(|| PeerFailure::unexpected("the tenant of the session is missing").into())
}

pub(super) async fn switch(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let tenant = find(&user, &id).await?;
    let request = wire::SwitchTenantRequest {
        tenant_id: tenant.tenant_id.clone(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    match SessionServiceClient::new(user.identity()).switch_tenant(request).await {
        Ok(answer) => {
            let result = answer.into_inner().result.ok_or_else(|| PeerFailure::unexpected("no outcome"))?;
            go_over(&user, &tenant, result).await
        }
        Err(status) => {
            let refused = refusal_text(&user.context, &refusal(status.into())?)?;
            page(&user, Some(refused)).await
        }
    }
}

/// The other account is signed in, or its own factors are asked for first. The contract does not say its login: pages go on naming the
/// person by the one that they typed.
async fn go_over(user: &CurrentUser, tenant: &wire::MyTenant, result: Outcome) -> Result<Response, Fault> {
    let context = &user.context;
    let id =
        TenantId::parse(&tenant.tenant_id).map_err(|_| PeerFailure::unexpected("the tenant has no id"))?;
    let organisation = context.site.identity.find_organisation(&OrganisationKey::Tenant(id)).await?;
    let next = LocalPath::account();
    let there = match result {
        Outcome::Tokens(tokens) => context.start_session(id, user.login(), tokens, &next).await?,
        Outcome::Challenge(challenge) => context.start_challenge(id, user.login(), challenge, &next)?,
    };
    context.with_cookie(there, None, Some(&organisation))
}

/// Asks before a link is ended, by its name.
pub(super) async fn ask(user: CurrentUser, Path(id): Path<String>) -> Result<Response, Fault> {
    confirmation_page(&user, &find(&user, &id).await?, None)
}

pub(super) async fn unlink(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let tenant = find(&user, &id).await?;
    let request = wire::UnlinkAccountRequest {
        tenant_id: tenant.tenant_id.clone(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    match LinkedAccountServiceClient::new(user.identity()).unlink_account(request).await {
        Ok(_) => {
            let said =
                interpolate(&user.context.texts().account.unlinked, "organisation", &tenant.display_name);
            user.context.redirect_with_flash(MenuItem::Directories.path(), &said)
        }
        Err(status) => {
            let refused = refusal_text(&user.context, &refusal(status.into())?)?;
            confirmation_page(&user, &tenant, Some(refused))
        }
    }
}

fn confirmation_page(
    user: &CurrentUser,
    tenant: &wire::MyTenant,
    problem: Option<String>,
) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let action = path(tenant, "unlink");
    let body = context.confirmation(Confirmation {
        text: &words.unlink_lead,
        subjects: std::slice::from_ref(&tenant.display_name),
        action: &action,
        hidden: context.hidden_fields(&action)?,
        fields: &[],
        extra_fields: None,
        button: &words.unlink_button,
        is_loss: true,
        back: MenuItem::Directories.path(),
    })?;
    let content = PageContent::new(&words.unlink_title, body);
    user.page(MenuItem::Directories, PageContent { problems: general(problem), ..content })
}

async fn tenants(user: &CurrentUser) -> Result<Vec<wire::MyTenant>, Fault> {
    let request = wire::ListMyTenantsRequest { page_size: ALL, page_token: String::new() };
    Ok(SessionServiceClient::new(user.identity()).list_my_tenants(request).await?.into_inner().tenants)
}

/// The linked organisation that an address names.
async fn find(user: &CurrentUser, id: &str) -> Result<wire::MyTenant, Fault> {
    let is_it =
        |tenant: &wire::MyTenant| tenant.tenant_id == id && tenant.state() != wire::MyTenantState::Current;
    tenants(user).await?.into_iter().find(is_it).ok_or(Fault::NotFound)
}

/// The address of a page of an organisation.
fn path(tenant: &wire::MyTenant, page: &str) -> String {
    format!("/account/directories/{}/{page}", tenant.tenant_id)
}

async fn page(user: &CurrentUser, problem: Option<String>) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let tenants = tenants(user).await?;
    let rows = tenants.iter().map(|tenant| row(user, tenant)).collect::<Result<Vec<_>, _>>()?;
    let table = context.table(Table {
        caption: &user.context.texts().administration.directories,
        columns: &[&words.organisation, &words.state, &words.directory_linked_at, &context.words().more],
        rows,
        empty: &words.directories_empty,
        next: None,
    })?;
    let body = context.body("account_directories", Values::default().html("table", table))?;
    let content = PageContent::new(&user.context.texts().administration.directories, body);
    user.page(MenuItem::Directories, PageContent { problems: general(problem), ..content })
}

fn row(user: &CurrentUser, tenant: &wire::MyTenant) -> Result<Vec<Cell>, Fault> {
    let words = &user.context.texts().account;
    let (badge, state) = state(words, tenant.state());
    Ok(vec![
        Cell::Text(tenant.display_name.clone()),
        Cell::Badge(badge, state.to_owned()),
        time_cell(tenant.link_time.as_ref()),
        Cell::Html(actions(user, tenant)?),
    ])
}

fn state(words: &AccountWords, state: wire::MyTenantState) -> (Badge, &str) {
    match state {
        wire::MyTenantState::Current => (Badge::Good, &words.directory_current),
        wire::MyTenantState::Linked => (Badge::Plain, &words.directory_linked),
        wire::MyTenantState::Suspended => (Badge::Warning, &words.directory_suspended),
        wire::MyTenantState::Unspecified => (Badge::Plain, "?"),
    }
}

fn actions(user: &CurrentUser, tenant: &wire::MyTenant) -> Result<Html, Fault> {
    let context = &user.context;
    let state = tenant.state();
    let switch = path(tenant, "switch");
    let values = Values::default()
        .text("name", &tenant.display_name)
        .optional("switch", (state == wire::MyTenantState::Linked).then_some(&switch))
        .html("hidden", context.hidden_fields(&switch)?)
        .flag("is_suspended", state == wire::MyTenantState::Suspended)
        .optional("unlink", (state != wire::MyTenantState::Current).then(|| path(tenant, "unlink")));
    context.body("account_directory_actions", values)
}
