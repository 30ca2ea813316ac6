//! Finding accounts: what is looked for stands in the address, so that a search can be kept and sent on. Of those found some are selected
//! for a reset of their passwords.

use axum::response::Response;
use rekey_wire::access::role_named;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::time::timestamp;
use tonic::Status;

use super::super::account_filters::{DELETED, METHODS, STATES, methods, roles, state_name};
use super::super::account_names::account_path;
use super::super::group_choice::{GroupChoice, GroupField, OTHER_GROUP, named};
use super::super::listing::{PAGE, address, next_page, time_or};
use super::access::ACCOUNTS;
use super::batch::SearchPage;
use super::{PATH, lookup_query, refusal, show};
use crate::assets::ACCOUNTS_SCRIPT;
use crate::domain::{AccountSearch, InvalidDay, Refusal, start_of_day};
use crate::peers::PeerError;
use crate::view::{Cell, Choice, Field, FieldKind, FormProblem, Html, Select, Table, Values};
use crate::web::{BATCH_PATH, CurrentUser, Fault, MenuItem, PageContent, PageContext, role_name};
use crate::words::interpolate;

/// As many as can be reset at once: whoever selects a whole page may reset it.
const ROWS: i32 = 40;

/// A page of what was found, and how much there is.
struct Found {
    accounts: Vec<wire::Account>,
    next: String,
    count: wire::CountAccountsResponse,
}

/// What came of a search.
enum Outcome {
    Found(Found),
    /// It was not asked for rightly.
    Wrong(FormProblem),
}

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    let context = &user.context;
    let mut search = AccountSearch::read(|name| context.query(name));
    let words = &context.texts().accounts;
    let (problem, found) = match outcome(&user, &mut search).await? {
        Outcome::Found(found) => (None, Some(found)),
        Outcome::Wrong(problem) => (Some(problem), None),
    };
    let fields = fields(&user, &search, problem.as_ref()).await?;
    let is_later = !context.query(PAGE).is_empty();
    let count = found.as_ref().map(|found| {
        let text = if found.count.at_least { &words.found_at_least } else { &words.found };
        interpolate(text, "count", found.count.count)
    });
    let is_selectable =
        found.as_ref().is_some_and(|found| !found.accounts.is_empty() && !search.is_for_deleted());
    let search_page = SearchPage { page: context.query(PAGE), search };
    let search = &search_page.search;
    let asked = search_page.pairs().into_iter();
    let asked =
        asked.map(|(name, value)| Values::default().text("name", name).text("value", value)).collect();
    let values = Values::default()
        .html("fields", super::concatenate(context, fields)?)
        .flag("may_create", user.has_any(ACCOUNTS))
        .optional("count", count)
        .html("hidden", context.hidden_fields(BATCH_PATH)?)
        .flag("is_selectable", is_selectable)
        .list("asked", asked)
        .optional_html("table", found.map(|found| table(&user, search, &found)).transpose()?)
        .optional("first_page", is_later.then(|| address(PATH, &search.pairs())));
    let body = context.body("accounts_search", values)?;
    let problems = problem.into_iter().collect();
    let content = PageContent::new(&words.title, body);
    let script_path = Some(ACCOUNTS_SCRIPT);
    user.page(MenuItem::Accounts, PageContent { problems, script_path, ..content })
}

/// A group that was typed takes the place of one that was chosen.
async fn outcome(user: &CurrentUser, search: &mut AccountSearch) -> Result<Outcome, Fault> {
    let words = &user.context.texts().accounts;
    let other = user.context.query(OTHER_GROUP);
    if !other.is_empty() {
        match named(user, &other).await? {
            Ok(group) => search.group = group.group_id,
            Err(problem) => return Ok(Outcome::Wrong(problem)),
        }
    }
    let filter = match filter(search) {
        Ok(filter) => filter,
        Err(field) => return Ok(Outcome::Wrong(FormProblem::of(field, &words.day_invalid))),
    };
    let status = match find(user, filter).await {
        Ok(found) => return Ok(Outcome::Found(found)),
        Err(status) => status,
    };
    match refusal(status.into())? {
        Refusal::FieldInvalid(_) => {
            Ok(Outcome::Wrong(FormProblem::of(AccountSearch::PREFIX, &words.search_refused)))
        }
        refused => Err(PeerError::Refused(refused).into()),
    }
}

async fn find(user: &CurrentUser, filter: wire::AccountFilter) -> Result<Found, Status> {
    let mut accounts = AccountServiceClient::new(user.identity());
    let list = wire::ListAccountsRequest {
        tenant_id: user.tenant().to_string(),
        page_size: ROWS,
        page_token: user.context.query(PAGE),
        context: user.request_context(),
        filter: Some(filter.clone()),
    };
    let listed = accounts.list_accounts(list).await?.into_inner();
    let count = wire::CountAccountsRequest {
        tenant_id: user.tenant().to_string(),
        filter: Some(filter),
        context: user.request_context(),
    };
    let count = accounts.count_accounts(count).await?.into_inner();
    Ok(Found { accounts: listed.accounts, next: listed.next_page_token, count })
}

/// The search as the contract has it, or the field that is no day.
fn filter(search: &AccountSearch) -> Result<wire::AccountFilter, &'static str> {
    let day = |field: &'static str, text: &str| {
        let begins = start_of_day(text).map_err(|InvalidDay| field)?;
        Ok::<_, &'static str>(begins.map(|at| timestamp(at.unix_micros())))
    };
    let state = STATES.into_iter().chain([DELETED]).find(|(word, _)| *word == search.state);
    let method = METHODS.into_iter().find(|(word, _)| *word == search.method);
    Ok(wire::AccountFilter {
        prefix: search.prefix.clone(),
        state: state.map_or(0, |(_, state)| state.into()),
        role: role_named(&search.role).map_or(0, i32::from),
        group_id: search.group.clone(),
        method_kind: method.map_or(0, |(_, kind)| kind.into()),
        last_sign_in_after: day(AccountSearch::SINCE, &search.since)?,
        last_sign_in_before: day(AccountSearch::BEFORE, &search.before)?,
    })
}

/// The fields of the form that looks for accounts.
async fn fields(
    user: &CurrentUser,
    search: &AccountSearch,
    problem: Option<&FormProblem>,
) -> Result<Vec<Html>, Fault> {
    let context = &user.context;
    let words = &context.texts().accounts;
    let field = |name: &'static str, label: &str, kind: FieldKind, value: &str| {
        context.field(&Field {
            name,
            label,
            hint: None,
            kind,
            value,
            problem: FormProblem::for_field(problem, name),
        })
    };
    let prefix = Field {
        name: AccountSearch::PREFIX,
        label: &words.search_label,
        hint: Some(&words.search_hint),
        kind: FieldKind::Search,
        value: &search.prefix,
        problem: FormProblem::for_field(problem, AccountSearch::PREFIX),
    };
    let mut fields = vec![context.field(&prefix)?];
    fields.extend(selects(context, search)?);
    fields.extend(groups(user, search, problem).await?);
    fields.push(field(AccountSearch::SINCE, &words.since_label, FieldKind::Day, &search.since)?);
    fields.push(field(AccountSearch::BEFORE, &words.before_label, FieldKind::Day, &search.before)?);
    Ok(fields)
}

fn selects(context: &PageContext, search: &AccountSearch) -> Result<[Html; 3], Fault> {
    let texts = context.texts();
    let (words, all) = (&texts.accounts, &context.words().all);
    let select = |name, label: &str, first: &str, chosen: &str, rest: &[(&str, &str)]| {
        let first = Choice { value: "", text: first };
        let rest = rest.iter().map(|(value, text)| Choice { value, text });
        let choices = [first].into_iter().chain(rest).collect();
        context.select(&Select { name, label, hint: None, choices, chosen, problem: None })
    };
    let states = STATES.into_iter().chain([DELETED]);
    let states: Vec<(&str, &str)> = states.map(|(word, state)| (word, state_name(words, state))).collect();
    let roles = roles(&texts.administration);
    let roles: Vec<(&str, &str)> = roles.iter().map(|(word, name)| (word.as_str(), *name)).collect();
    let (any, column) = (&words.state_any, &words.column_method);
    Ok([
        select(AccountSearch::STATE, &words.column_state, any, &search.state, &states)?,
        select(AccountSearch::ROLE, &words.column_role, all, &search.role, &roles)?,
        select(AccountSearch::METHOD, column, all, &search.method, &methods(words))?,
    ])
}

/// The groups to choose from.
async fn groups(
    user: &CurrentUser,
    search: &AccountSearch,
    problem: Option<&FormProblem>,
) -> Result<Vec<Html>, Fault> {
    let context = &user.context;
    let typed = if problem.is_some() { context.query(OTHER_GROUP) } else { String::new() };
    let question = GroupField {
        name: AccountSearch::GROUP,
        label: &context.texts().accounts.group_label,
        hint: None,
        none: &context.words().all,
        chosen: &search.group,
        typed: &typed,
        problem,
    };
    GroupChoice::of(user, &search.group).await?.fields(user, &question)
}

fn table(user: &CurrentUser, search: &AccountSearch, found: &Found) -> Result<Html, Fault> {
    let context = &user.context;
    let words = &context.texts().accounts;
    let rows: Result<Vec<_>, Fault> = found.accounts.iter().map(|account| row(user, account)).collect();
    let next = next_page(PATH, &search.pairs(), &found.next);
    context.table(Table {
        caption: &words.title,
        columns: &[
            &words.column_name,
            &words.column_logins,
            &words.column_state,
            &words.roles_title,
            &words.column_last_sign_in,
        ],
        rows: rows?,
        empty: if next.is_some() { &words.empty_so_far } else { &words.empty },
        next,
    })
}

fn row(user: &CurrentUser, account: &wire::Account) -> Result<Vec<Cell>, Fault> {
    let (context, known) = (&user.context, lookup_query(account));
    let (words, names) = (&context.texts().accounts, &context.texts().administration);
    let path = address(&account_path(&account.account_id), &known);
    // What is deleted has no password to be reset.
    let id = known.is_empty().then_some(account.account_id.as_str());
    let values = Values::default()
        .optional("id", id)
        .text("label", &interpolate(&words.select_one, "name", &account.display_name))
        .text("path", &path)
        .text("name", &account.display_name);
    let roles: Vec<&str> = account.roles.iter().map(|role| role_name(names, *role)).collect();
    Ok(vec![
        Cell::Html(context.body("accounts_pick", values)?),
        Cell::Text(account.logins.join(", ")),
        show::state(words, account.state),
        Cell::Text(roles.join(", ")),
        time_or(account.last_sign_in_time.as_ref(), &context.words().never),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_becomes_a_filter_of_the_contract() {
        let search = AccountSearch {
            prefix: "zo".to_owned(),
            state: "frozen".to_owned(),
            role: "reports_reader".to_owned(),
            method: "passkey".to_owned(),
            before: "1970-01-02".to_owned(),
            ..AccountSearch::default()
        };

        let filter = filter(&search).unwrap();

        assert_eq!((filter.prefix.as_str(), filter.state, filter.role, filter.method_kind), ("zo", 3, 7, 5));
        assert_eq!(filter.last_sign_in_before, Some(timestamp(86_400_000_000)));
        assert_eq!((filter.last_sign_in_after, filter.group_id.as_str()), (None, ""));
    }

    #[test]
    fn words_that_nobody_knows_filter_nothing_and_what_is_no_day_is_said() {
        let unknown =
            AccountSearch { state: "asleep".to_owned(), role: "king".to_owned(), ..Default::default() };
        let no_day = AccountSearch { since: "soon".to_owned(), ..Default::default() };

        assert_eq!(filter(&unknown), Ok(wire::AccountFilter::default()));
        assert_eq!(filter(&no_day), Err(AccountSearch::SINCE));
    }
}
