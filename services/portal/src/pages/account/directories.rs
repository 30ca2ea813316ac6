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
use crate::pages::sentences::{refusal, sentence};
use crate::peers::{PeerFailure, maybe_moment};
use crate::view::{Badge, Cell, Confirmation, Html, Table, Values};
use crate::web::{Content, Fault, LocalPath, Member, Place, PostedFields};
use crate::words::{AccountWords, filled};

/// More than an account may have links.
const ALL: i32 = 200;

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    page(&member, None).await
}

/// The organisation that the person is signed in to.
pub(super) async fn current(member: &Member) -> Result<wire::MyTenant, Fault> {
    let found =
        tenants(member).await?.into_iter().find(|tenant| tenant.state() == wire::MyTenantState::Current);
    found.ok_or_else(|| PeerFailure::unclear("the tenant of the session is missing").into())
}

pub(super) async fn switch(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let tenant = find(&member, &id).await?;
    let request = wire::SwitchTenantRequest {
        tenant_id: tenant.tenant_id.clone(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    match SessionServiceClient::new(member.identity()).switch_tenant(request).await {
        Ok(answer) => {
            let result = answer.into_inner().result.ok_or_else(|| PeerFailure::unclear("no outcome"))?;
            go_over(&member, &tenant, result).await
        }
        Err(status) => {
            let refused = sentence(&member.visit, &refusal(status.into())?)?;
            page(&member, Some(refused)).await
        }
    }
}

/// The other account is signed in, or its own factors are asked for first. The contract does not say its login: pages go on naming the
/// person by the one that they typed.
async fn go_over(member: &Member, tenant: &wire::MyTenant, result: Outcome) -> Result<Response, Fault> {
    let visit = &member.visit;
    let id = TenantId::parse(&tenant.tenant_id).map_err(|_| PeerFailure::unclear("the tenant has no id"))?;
    let organisation = visit.site.identity.find_organisation(&OrganisationKey::Tenant(id)).await?;
    let next = LocalPath::account();
    let there = match result {
        Outcome::Tokens(tokens) => visit.signed_in(id, member.login(), tokens, &next).await?,
        Outcome::Challenge(challenge) => visit.challenged(id, member.login(), challenge, &next)?,
    };
    visit.keeping(there, None, Some(&organisation))
}

/// Asks before a link is ended, by its name.
pub(super) async fn ask(member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    question(&member, &find(&member, &id).await?, None)
}

pub(super) async fn unlink(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let tenant = find(&member, &id).await?;
    let request = wire::UnlinkAccountRequest {
        tenant_id: tenant.tenant_id.clone(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    match LinkedAccountServiceClient::new(member.identity()).unlink_account(request).await {
        Ok(_) => {
            let said = filled(&member.visit.texts().account.unlinked, "organisation", &tenant.display_name);
            member.visit.redirect_saying(Place::Directories.path(), &said)
        }
        Err(status) => {
            let refused = sentence(&member.visit, &refusal(status.into())?)?;
            question(&member, &tenant, Some(refused))
        }
    }
}

fn question(member: &Member, tenant: &wire::MyTenant, problem: Option<String>) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let action = path(tenant, "unlink");
    let body = visit.confirmation(Confirmation {
        text: &words.unlink_lead,
        subjects: std::slice::from_ref(&tenant.display_name),
        action: &action,
        hidden: visit.hidden(&action)?,
        fields: &[],
        questions: None,
        button: &words.unlink_button,
        is_loss: true,
        back: Place::Directories.path(),
    })?;
    let content = Content::new(&words.unlink_title, body);
    member.page(Place::Directories, Content { problems: general(problem), ..content })
}

async fn tenants(member: &Member) -> Result<Vec<wire::MyTenant>, Fault> {
    let request = wire::ListMyTenantsRequest { page_size: ALL, page_token: String::new() };
    Ok(SessionServiceClient::new(member.identity()).list_my_tenants(request).await?.into_inner().tenants)
}

/// The linked organisation that an address names.
async fn find(member: &Member, id: &str) -> Result<wire::MyTenant, Fault> {
    let is_it =
        |tenant: &wire::MyTenant| tenant.tenant_id == id && tenant.state() != wire::MyTenantState::Current;
    tenants(member).await?.into_iter().find(is_it).ok_or(Fault::NotFound)
}

/// The address of a page of an organisation.
fn path(tenant: &wire::MyTenant, page: &str) -> String {
    format!("/account/directories/{}/{page}", tenant.tenant_id)
}

async fn page(member: &Member, problem: Option<String>) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let tenants = tenants(member).await?;
    let rows = tenants.iter().map(|tenant| row(member, tenant)).collect::<Result<Vec<_>, _>>()?;
    let table = visit.table(Table {
        caption: &member.visit.texts().administration.directories,
        columns: &[&words.organisation, &words.state, &words.directory_linked_at, &visit.words().more],
        rows,
        empty: &words.directories_empty,
        next: None,
    })?;
    let body = visit.body("account_directories", Values::default().html("table", table))?;
    let content = Content::new(&member.visit.texts().administration.directories, body);
    member.page(Place::Directories, Content { problems: general(problem), ..content })
}

fn row(member: &Member, tenant: &wire::MyTenant) -> Result<Vec<Cell>, Fault> {
    let words = &member.visit.texts().account;
    let (badge, state) = state(words, tenant.state());
    Ok(vec![
        Cell::Text(tenant.display_name.clone()),
        Cell::Badge(badge, state.to_owned()),
        maybe_moment(tenant.link_time.as_ref()).map_or(Cell::Empty, Cell::Time),
        Cell::Html(actions(member, tenant)?),
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

fn actions(member: &Member, tenant: &wire::MyTenant) -> Result<Html, Fault> {
    let visit = &member.visit;
    let state = tenant.state();
    let switch = path(tenant, "switch");
    let values = Values::default()
        .text("name", &tenant.display_name)
        .optional("switch", (state == wire::MyTenantState::Linked).then_some(&switch))
        .html("hidden", visit.hidden(&switch)?)
        .flag("is_suspended", state == wire::MyTenantState::Suspended)
        .optional("unlink", (state != wire::MyTenantState::Current).then(|| path(tenant, "unlink")));
    visit.body("account_directory_actions", values)
}
