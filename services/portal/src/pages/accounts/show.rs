//! One account: how it stands, what may be done about it, and everything around it that the roles of whoever looks include.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::{AccountState, ListAccountSessionsResponse, SignInCheckResult};
use rekey_wire::options::v1::Role;

use super::super::listing::{address, time_cell, time_or};
use super::access::{ACCOUNTS, EVENTS, MEMBERSHIPS, METHODS, ROLES, SUPPORT};
use super::act::Act;
use super::{
    EDIT_PAGE, LOGIN, PASS_PAGE, RESET_PAGE, diagnosis, find, is_deleted, lookup_query, page_path, sections,
    unless_out_of_reach,
};
use crate::view::{Badge, Cell, Fact, Html, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, role_name};
use crate::words::AccountsWords;

/// How the account stands to whoever looks at it.
enum Standing {
    /// It is their own.
    Own,
    Deleted,
    /// It holds a role that theirs do not reach.
    OutOfReach,
    InReach(Reached),
}

/// What everybody may know who may act on the account.
struct Reached {
    sessions: ListAccountSessionsResponse,
    checks: Vec<SignInCheckResult>,
}

pub(super) async fn show(user: CurrentUser, Path(id): Path<String>) -> Result<Response, Fault> {
    let account = find(&user, &id, &user.context.query(LOGIN)).await?;
    let standing = standing(&user, &account).await?;
    let words = &user.context.texts().accounts;
    let note = match standing {
        Standing::Own => Some(&words.own_account),
        Standing::OutOfReach => Some(&words.out_of_reach),
        Standing::Deleted | Standing::InReach(_) => None,
    };
    let offers = offers(words, &account, &standing);
    let offers = offers.into_iter().filter(|offer| user.has_any(offer.roles));
    let known = lookup_query(&account);
    let offer = |offer: Offer<'_>| {
        let path = address(&page_path(&account.account_id, offer.page), &known);
        Values::default().text("path", &path).text("text", offer.label).flag("is_first", offer.is_first)
    };
    let values = Values::default()
        .html("facts", user.context.facts(facts(&user, &account, &standing))?)
        .optional("note", note)
        .flag("is_own", matches!(standing, Standing::Own))
        .list("offers", offers.map(offer).collect())
        .list("sections", around(&user, &account, &standing).await?);
    let body = user.context.body("accounts_account", values)?;
    user.page(MenuItem::Accounts, PageContent::new(&account.display_name, body))
}

async fn standing(user: &CurrentUser, account: &wire::Account) -> Result<Standing, Fault> {
    if is_deleted(account) {
        return Ok(Standing::Deleted);
    }
    if account.account_id == user.account_id() {
        return Ok(Standing::Own);
    }
    let sessions = sections::list_sessions(user, &account.account_id).await;
    let Some(sessions) = unless_out_of_reach(sessions)? else { return Ok(Standing::OutOfReach) };
    let login = account.logins.first().map(String::as_str).unwrap_or_default();
    let checks = diagnosis::diagnose(user, login).await?;
    Ok(Standing::InReach(Reached { sessions, checks }))
}

/// Something that may be done about an account.
struct Offer<'a> {
    page: &'static str,
    label: &'a str,
    roles: &'static [Role],
    is_first: bool,
}

impl<'a> Offer<'a> {
    fn of(act: Act, words: &'a AccountsWords) -> Self {
        Self { page: act.word(), label: act.label(words), roles: act.roles(), is_first: false }
    }
}

/// What makes sense as the account stands, whoever may do it.
fn offers<'a>(words: &'a AccountsWords, account: &wire::Account, standing: &Standing) -> Vec<Offer<'a>> {
    let act = |act: Act| Offer::of(act, words);
    match standing {
        Standing::Own | Standing::OutOfReach => return Vec::new(),
        Standing::Deleted => return vec![act(Act::Undelete), act(Act::Erase)],
        Standing::InReach(_) => {}
    }
    let is_in = |state: AccountState| account.state == i32::from(state);
    let page = |page: &'static str, label: &'a str, roles: &'static [Role]| {
        let is_first = page == RESET_PAGE;
        Offer { page, label, roles, is_first }
    };
    let mut offers = Vec::new();
    if !account.managed_elsewhere {
        offers.push(page(RESET_PAGE, &words.reset_password, SUPPORT));
    }
    offers.push(page(EDIT_PAGE, &words.edit, ACCOUNTS));
    offers.push(act(Act::Unlock));
    offers.push(act(if is_in(AccountState::Blocked) { Act::Unblock } else { Act::Block }));
    if is_in(AccountState::Frozen) {
        offers.push(act(Act::Unfreeze));
    }
    offers.push(page(PASS_PAGE, &words.issue_pass, METHODS));
    offers.push(act(Act::RevokePass));
    if account.has_password {
        offers.extend([act(Act::Exempt), act(Act::EndExemption)]);
    }
    offers.extend([act(Act::Delete), act(Act::Erase)]);
    offers
}

/// The word for a state, as lists and pages show it.
pub(super) fn state(words: &AccountsWords, state: i32) -> Cell {
    let (badge, text) = match AccountState::try_from(state) {
        Ok(AccountState::Active) => (Badge::Good, words.state_active.as_str()),
        Ok(AccountState::Blocked) => (Badge::Bad, words.state_blocked.as_str()),
        Ok(AccountState::Frozen) => (Badge::Warning, words.state_frozen.as_str()),
        Ok(AccountState::Deleted) => (Badge::Bad, words.state_deleted.as_str()),
        Ok(AccountState::Unspecified) | Err(_) => (Badge::Plain, "?"),
    };
    Cell::Badge(badge, text.to_owned())
}

fn facts<'a>(user: &'a CurrentUser, account: &wire::Account, standing: &Standing) -> Vec<Fact<'a>> {
    let (words, general) = (&user.context.texts().accounts, user.context.words());
    let names = &user.context.texts().administration;
    let fact = |term: &'a str, cell: Cell| Fact { term, cell };
    let mut facts = vec![
        fact(&words.column_state, state(words, account.state)),
        fact(&words.column_logins, Cell::Text(account.logins.join(", "))),
    ];
    if let Standing::InReach(reached) = standing
        && let Some(until) = diagnosis::locked_until(&reached.checks)
    {
        facts.insert(1, fact(&words.locked_until, Cell::Time(until)));
    }
    if account.delete_time.is_some() {
        facts.insert(1, fact(&words.deleted_at, time_cell(account.delete_time.as_ref())));
    }
    if !account.external_id.is_empty() {
        facts.push(fact(&words.external_id_label, Cell::Code(account.external_id.clone())));
    }
    if !account.roles.is_empty() {
        let roles: Vec<&str> = account.roles.iter().map(|role| role_name(names, *role)).collect();
        facts.push(fact(&words.roles_title, Cell::Text(roles.join(", "))));
    }
    facts.push(fact(&words.password, password(words, account)));
    if account.must_change_password {
        facts.push(fact(&words.must_change, Cell::Badge(Badge::Warning, general.yes.clone())));
    }
    facts.push(fact(&words.column_last_sign_in, time_or(account.last_sign_in_time.as_ref(), &general.never)));
    facts.push(fact(&words.created_at, time_cell(account.create_time.as_ref())));
    facts
}

/// When the password was set, or why there is none here.
fn password(words: &AccountsWords, account: &wire::Account) -> Cell {
    if account.managed_elsewhere {
        return Cell::Text(words.password_elsewhere.clone());
    }
    time_or(account.password_time.as_ref(), &words.password_none)
}

/// The sections of the page, each with its title.
async fn around(
    user: &CurrentUser,
    account: &wire::Account,
    standing: &Standing,
) -> Result<Vec<Values>, Fault> {
    let texts = user.context.texts();
    let words = &texts.accounts;
    let section = |title: &str, body: Html| Values::default().text("title", title).html("body", body);
    let mut sections = Vec::new();
    if let Standing::InReach(reached) = standing {
        sections.push(section(&texts.diagnosis.title, diagnosis::table(user, &reached.checks)?));
        if user.has_any(METHODS)
            && let Some(methods) = sections::methods(user, account).await?
        {
            sections.push(section(&words.methods_title, methods));
        }
        let sessions = sections::sessions(user, account, &reached.sessions)?;
        sections.push(section(&words.sessions_title, sessions));
        if user.has_any(ROLES) {
            sections.push(section(&words.roles_title, sections::roles(user, account)?));
        }
    }
    if !matches!(standing, Standing::Deleted) && user.has_any(MEMBERSHIPS) {
        sections.push(section(&texts.groups.title, sections::groups(user, account).await?));
    }
    if user.has_any(EVENTS) {
        sections.push(section(&words.timeline_title, sections::timeline(user, account).await?));
    }
    Ok(sections)
}
