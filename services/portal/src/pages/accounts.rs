//! Administrators' pages of accounts: finding some, creating one, looking at one, and what is done to them.
//!
//! | Room | Does |
//! |---|---|
//! | `search` | finds accounts, and selects some for a reset |
//! | `form`, `new`, `edit` | what an account is called and how it is kept |
//! | `show`, `sections`, `diagnosis` | one account |
//! | `act`, `act_pages` | what is done to an account by saying yes |
//! | `reset`, `batch`, `access_pass` | what ends with something to hand over, shown in that answer alone |
//! | `access` | whose roles may do what |
//!
//! What a person's roles do not include is not offered; identity judges every call all the same.

mod access;
mod access_pass;
mod act;
mod act_pages;
mod batch;
mod diagnosis;
mod edit;
mod form;
mod new;
mod reset;
mod search;
mod sections;
mod show;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use rekey_primitives::id::AccountId;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use tonic::Status;

use super::refusal_texts::{refusal, refusal_text};
use crate::domain::Refusal;
use crate::peers::{PeerError, PeerFailure};
use crate::view::{Html, Values};
use crate::web::{BATCH_PATH, CurrentUser, Fault, MenuItem, PageContext};

/// Where accounts are found.
const PATH: &str = MenuItem::Accounts.path();
/// What follows the address of an account.
const EDIT_PAGE: &str = "names";
const RESET_PAGE: &str = "reset-password";
const PASS_PAGE: &str = "access-pass";
/// The login of a deleted account, by which identity finds it.
const LOGIN: &str = "login";
/// The longest list that identity gives at once.
const LONGEST_LIST: i32 = 200;

pub(super) fn routes() -> Router {
    Router::new()
        .route("/administration/accounts", get(search::show))
        .route("/administration/accounts/new", get(new::show).post(new::create))
        .route(BATCH_PATH, get(batch::redirect_to_search).post(batch::answer))
        .route("/administration/accounts/{id}", get(show::show))
        .route("/administration/accounts/{id}/names", get(edit::show).post(edit::save))
        .route("/administration/accounts/{id}/reset-password", get(reset::ask).post(reset::answer))
        .route("/administration/accounts/{id}/access-pass", get(access_pass::ask).post(access_pass::issue))
        .route("/administration/accounts/{id}/{act}", get(act_pages::ask).post(act_pages::answer))
}

/// A page about an account.
fn page_path(account_id: &str, page: &str) -> String {
    format!("{PATH}/{account_id}/{page}")
}

/// The id in an address, as identity writes it.
fn parse_account_id(path: &str) -> Result<String, Fault> {
    AccountId::parse(path).map(|id| id.to_string()).map_err(|_| Fault::NotFound)
}

/// The account that an address names. Identity knows a deleted one no more but in lists: that takes a login of it.
async fn find(user: &CurrentUser, id: &str, login: &str) -> Result<wire::Account, Fault> {
    let account_id = parse_account_id(id)?;
    let request = wire::GetAccountRequest {
        tenant_id: user.tenant().to_string(),
        account_id: account_id.clone(),
        context: user.request_context(),
    };
    match AccountServiceClient::new(user.identity()).get_account(request).await {
        Ok(found) => Ok(found.into_inner().account.ok_or_else(|| PeerFailure::unexpected("no account"))?),
        Err(status) => match Fault::from(status) {
            Fault::NotFound if !login.is_empty() => find_deleted(user, &account_id, login).await,
            fault => Err(fault),
        },
    }
}

async fn find_deleted(user: &CurrentUser, account_id: &str, login: &str) -> Result<wire::Account, Fault> {
    let filter = wire::AccountFilter {
        prefix: login.to_owned(),
        state: wire::FilteredState::Deleted.into(),
        ..wire::AccountFilter::default()
    };
    let request = wire::ListAccountsRequest {
        tenant_id: user.tenant().to_string(),
        page_size: LONGEST_LIST,
        page_token: String::new(),
        context: user.request_context(),
        filter: Some(filter),
    };
    let listed = match AccountServiceClient::new(user.identity()).list_accounts(request).await {
        Ok(listed) => listed.into_inner().accounts,
        Err(status) => {
            return Err(match refusal(status.into())? {
                Refusal::FieldInvalid(_) => Fault::NotFound,
                refused => PeerError::Refused(refused).into(),
            });
        }
    };
    listed.into_iter().find(|account| account.account_id == account_id).ok_or(Fault::NotFound)
}

/// Whether an account is deleted.
fn is_deleted(account: &wire::Account) -> bool {
    account.state == i32::from(wire::AccountState::Deleted)
}

/// What an address has to say so that its page finds the account.
fn lookup_query(account: &wire::Account) -> Vec<(&'static str, &str)> {
    let login = account.logins.first().filter(|_| is_deleted(account));
    login.map(|login| (LOGIN, login.as_str())).into_iter().collect()
}

/// What identity answers; nothing where the account holds a role that those of whoever asks do not reach.
fn unless_out_of_reach<T>(answer: Result<T, Status>) -> Result<Option<T>, Fault> {
    let status = match answer {
        Ok(found) => return Ok(Some(found)),
        Err(status) => status,
    };
    match refusal(status.into())? {
        Refusal::Other(reason, _) if reason == "AUTHORITY_MISSING" => Ok(None),
        refused => Err(PeerError::Refused(refused).into()),
    }
}

/// Back from a form that was answered before: what was shown with the answer is not shown again, and nothing is done twice.
fn already_shown(context: &PageContext, path: &str) -> Result<Response, Fault> {
    context.redirect_with_flash(path, &context.texts().accounts.shown_before)
}

/// What there is to say of a call that was refused.
fn status_text(context: &PageContext, status: Status) -> Result<String, Fault> {
    refusal_text(context, &refusal(status.into())?)
}

/// Parts of a page, one after the other.
fn concatenate(context: &PageContext, parts: Vec<Html>) -> Result<Html, Fault> {
    let parts = parts.into_iter().map(|part| Values::default().html("markup", part)).collect();
    context.body("accounts_parts", Values::default().list("parts", parts))
}
