//! "Requests": who asks for help, newest first, by how far the request is.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::HelpRequestState;
use rekey_wire::identity::v1::help_desk_service_client::HelpDeskServiceClient;

use super::super::account_names::AccountNames;
use super::super::listing::{PAGE, next_page, time_cell};
use super::{NamedRequest, state_badge};
use crate::view::{Badge, Cell, Choice, Select, Table, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent};
use crate::words::RequestWords;

const STATE: &str = "state";

/// Each row asks for two names.
const ROWS: i32 = 25;

/// So much of a message stands in its row; the rest stands on its page.
const EXCERPT: usize = 120;

/// What can be asked for, by its word in the address. The first is shown where nothing is asked.
const FILTERS: [(&str, HelpRequestState); 6] = [
    ("open", HelpRequestState::Open),
    ("claimed", HelpRequestState::Claimed),
    ("resolved", HelpRequestState::Resolved),
    ("denied", HelpRequestState::Denied),
    ("expired", HelpRequestState::Expired),
    ("all", HelpRequestState::Unspecified),
];

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    let (context, path) = (&user.context, MenuItem::Requests.path());
    let words = &context.texts().requests;
    let (word, state) = asked(&context.query(STATE));
    let request = wire::ListHelpRequestsRequest {
        tenant_id: user.tenant().to_string(),
        state: state.into(),
        page_size: ROWS,
        page_token: context.query(PAGE),
        context: user.request_context(),
        account_id: String::new(),
    };
    let mut help_desk = HelpDeskServiceClient::new(user.identity());
    let listed = help_desk.list_help_requests(request).await?.into_inner();
    let found = &listed.help_requests;
    let people = found.iter().flat_map(|one| [one.account_id.clone(), one.handler_account_id.clone()]);
    let names = AccountNames::of(&user, people.collect()).await;
    let table = context.table(Table {
        caption: &words.title,
        columns: &[&words.who, &words.message, &words.proof, &words.state, &words.handler, &words.asked_at],
        rows: found.iter().map(|one| row(words, &names, one)).collect(),
        empty: if word == "open" { &words.none_open } else { &words.none },
        next: next_page(path, &[(STATE, word)], &listed.next_page_token),
    })?;
    let values = Values::default()
        .html("state", context.select(&states(words, &context.words().all, word))?)
        .html("table", table);
    user.page(MenuItem::Requests, PageContent::new(&words.title, context.body("requests_list", values)?))
}

/// The filter of an address.
fn asked(word: &str) -> (&'static str, HelpRequestState) {
    FILTERS.into_iter().find(|(known, _)| *known == word).unwrap_or(FILTERS[0])
}

fn states<'a>(words: &'a RequestWords, all: &'a str, chosen: &'a str) -> Select<'a> {
    let choice = |(value, state): (&'static str, HelpRequestState)| Choice {
        value,
        text: if state == HelpRequestState::Unspecified { all } else { state_badge(words, state).1 },
    };
    Select {
        name: STATE,
        label: &words.state,
        hint: None,
        choices: FILTERS.into_iter().map(choice).collect(),
        chosen,
        problem: None,
    }
}

fn row(words: &RequestWords, names: &AccountNames, one: &wire::HelpRequest) -> Vec<Cell> {
    let named = NamedRequest { account: one.account_id.clone(), request: one.help_request_id.clone() };
    let (mark, state) = state_badge(words, one.state());
    let proof = if one.proved {
        Cell::Badge(Badge::Good, words.proved.clone())
    } else {
        Cell::Badge(Badge::Warning, words.not_proved.clone())
    };
    vec![
        Cell::Link { path: named.path(), text: names.name(&one.account_id).to_owned() },
        Cell::Text(excerpt(&one.message)),
        proof,
        Cell::Badge(mark, state.to_owned()),
        Cell::Text(names.name(&one.handler_account_id).to_owned()),
        time_cell(one.create_time.as_ref()),
    ]
}

/// The beginning of a message.
fn excerpt(message: &str) -> String {
    match message.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", message[..end].trim_end()),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_nobody_knows_is_the_first() {
        assert_eq!(asked("denied"), ("denied", HelpRequestState::Denied));
        assert_eq!(asked("all"), ("all", HelpRequestState::Unspecified));
        for word in ["", "OPEN", "2"] {
            assert_eq!(asked(word), ("open", HelpRequestState::Open), "{word}");
        }
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        assert_eq!(excerpt("Help"), "Help");
        assert_eq!(excerpt(&"ä".repeat(EXCERPT)), "ä".repeat(EXCERPT));
        assert_eq!(excerpt(&"ä".repeat(EXCERPT + 1)), format!("{}…", "ä".repeat(EXCERPT)));
    }
}
