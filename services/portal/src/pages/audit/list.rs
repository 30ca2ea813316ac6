//! The events that fit the filters in the address, newest first.

use axum::response::Response;
use rekey_primitives::clock::Timestamp;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::time::timestamp;

use super::super::listing::{PAGE, next_page};
use super::super::refusal_texts::refusal;
use super::event;
use crate::domain::{AccountReference, EventSearch, Refusal};
use crate::peers::PeerError;
use crate::view::{Choice, Field, FieldKind, FormProblem, Html, Select, Table, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent};
use crate::words::AuditWords;

/// Each row holds all that is known of its event, two kilobytes, and a page with its stylesheet stays below 60.
const ROWS: i32 = 15;

/// How events end, as addresses have it.
const OUTCOMES: [(&str, wire::AuditOutcome); 3] = [
    ("success", wire::AuditOutcome::Success),
    ("refused", wire::AuditOutcome::Refused),
    ("failed", wire::AuditOutcome::Failed),
];

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    let context = &user.context;
    let search = EventSearch::read(|name| context.query(name));
    let (found, wrong) = match find(&user, &search).await? {
        Ok(found) => (Some(found), Vec::new()),
        Err(wrong) => (None, wrong),
    };
    let words = &context.texts().audit;
    let problems: Vec<FormProblem> =
        wrong.into_iter().map(|field| FormProblem::of(field, sentence(words, field))).collect();
    let table = found.map(|found| table(&user, &search, &found)).transpose()?;
    let values = Values::default()
        .list("fields", fields(&user, &search, &problems)?)
        .flag("is_filtered", search != EventSearch::default())
        .optional_html("table", table);
    let content = PageContent::new(&words.title, context.body("audit", values)?);
    user.page(MenuItem::Audit, PageContent { problems, ..content })
}

/// A page of events, or the fields of the form that are wrong.
async fn find(
    user: &CurrentUser,
    search: &EventSearch,
) -> Result<Result<wire::ListEventsResponse, Vec<&'static str>>, Fault> {
    let span = match search.span() {
        Ok(span) => span,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let moment = |at: Option<Timestamp>| at.map(|at| timestamp(at.unix_micros()));
    let (account, actor) = (AccountReference::read(&search.account), AccountReference::read(&search.actor));
    let outcome = OUTCOMES.into_iter().find(|(word, _)| *word == search.outcome);
    let filter = wire::AuditFilter {
        account_id: account.id,
        actor_id: actor.id,
        kind: search.kind.clone(),
        outcome: outcome.map_or(wire::AuditOutcome::Unspecified, |(_, outcome)| outcome).into(),
        start_time: moment(span.start),
        end_time: moment(span.end),
        support_code: search.support_code.clone(),
        account_hash: account.hash,
        actor_hash: actor.hash,
    };
    let request = wire::ListEventsRequest {
        tenant_id: user.tenant().to_string(),
        filter: Some(filter),
        page_size: ROWS,
        page_token: user.context.query(PAGE),
        context: user.request_context(),
    };
    match AuditServiceClient::new(user.identity()).list_events(request).await {
        Ok(found) => Ok(Ok(found.into_inner())),
        Err(status) => match refusal(status.into())? {
            Refusal::FieldInvalid(fields) => wrong_fields(&fields).map(Err),
            other => Err(PeerError::Refused(other).into()),
        },
    }
}

/// Those of the form among the fields that identity names.
fn wrong_fields(named: &[String]) -> Result<Vec<&'static str>, Fault> {
    let field = |name: &String| match name.as_str() {
        "filter.account_id" | "filter.account_hash" => Some(EventSearch::ACCOUNT),
        "filter.actor_id" | "filter.actor_hash" => Some(EventSearch::ACTOR),
        "filter.kind" => Some(EventSearch::KIND),
        "filter.start_time" => Some(EventSearch::FROM),
        "filter.end_time" => Some(EventSearch::TO),
        "filter.support_code" => Some(EventSearch::SUPPORT_CODE),
        _ => None,
    };
    let wrong: Vec<&'static str> = named.iter().filter_map(field).collect();
    // What is left is the token of a page, which nobody types.
    if wrong.is_empty() { Err(Fault::NotFound) } else { Ok(wrong) }
}

/// What is wrong with a field.
fn sentence<'a>(words: &'a AuditWords, field: &str) -> &'a str {
    match field {
        EventSearch::KIND => &words.wrong_kind,
        EventSearch::SUPPORT_CODE => &words.wrong_support_code,
        EventSearch::FROM | EventSearch::TO => &words.wrong_day,
        _ => &words.wrong_account,
    }
}

fn fields(user: &CurrentUser, search: &EventSearch, problems: &[FormProblem]) -> Result<Vec<Values>, Fault> {
    let (context, words) = (&user.context, &user.context.texts().audit);
    let typed = |name: &'static str, label, hint, kind, value| {
        context.field(&Field {
            name,
            label,
            hint,
            kind,
            value,
            problem: FormProblem::for_field(problems, name),
        })
    };
    let utc = Some(words.day_hint.as_str());
    let kind_hint = Some(words.kind_hint.as_str());
    let account_hint = Some(words.account_hint.as_str());
    let fields = [
        typed(EventSearch::FROM, &words.filter_from, utc, FieldKind::Day, &search.from)?,
        typed(EventSearch::TO, &words.filter_to, utc, FieldKind::Day, &search.to)?,
        typed(EventSearch::KIND, &words.filter_kind, kind_hint, FieldKind::Search, &search.kind)?,
        outcome_field(user, search)?,
        typed(EventSearch::ACCOUNT, &words.filter_account, account_hint, FieldKind::Search, &search.account)?,
        typed(EventSearch::ACTOR, &words.filter_actor, account_hint, FieldKind::Search, &search.actor)?,
        typed(
            EventSearch::SUPPORT_CODE,
            &words.filter_support_code,
            None,
            FieldKind::Search,
            &search.support_code,
        )?,
    ];
    Ok(fields.into_iter().map(|field| Values::default().html("markup", field)).collect())
}

fn outcome_field(user: &CurrentUser, search: &EventSearch) -> Result<Html, Fault> {
    let (context, words) = (&user.context, &user.context.texts().audit);
    let all = Choice { value: "", text: &context.words().all };
    let choice = |(value, outcome)| Choice { value, text: event::outcome(words, outcome).1 };
    context.select(&Select {
        name: EventSearch::OUTCOME,
        label: &words.filter_outcome,
        hint: None,
        choices: [all].into_iter().chain(OUTCOMES.into_iter().map(choice)).collect(),
        chosen: &search.outcome,
        problem: None,
    })
}

fn table(user: &CurrentUser, search: &EventSearch, found: &wire::ListEventsResponse) -> Result<Html, Fault> {
    let words = &user.context.texts().audit;
    let rows = found.events.iter().map(|event| event::row(user, event)).collect::<Result<_, _>>()?;
    let is_last = found.next_page_token.is_empty();
    user.context.table(Table {
        caption: &words.caption,
        columns: &[
            &words.column_time,
            &words.column_kind,
            &words.filter_outcome,
            &words.column_actor,
            &words.column_account,
            &words.details,
        ],
        rows,
        empty: if is_last { &words.empty } else { &words.empty_page },
        next: next_page(MenuItem::Audit.path(), &search.pairs(), &found.next_page_token),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_identity_refuses_is_a_field_of_the_form() {
        let named = ["filter.account_hash", "filter.kind", "page_token"].map(str::to_owned);

        assert_eq!(wrong_fields(&named).unwrap(), [EventSearch::ACCOUNT, EventSearch::KIND]);
        assert!(matches!(wrong_fields(&["page_token".to_owned()]), Err(Fault::NotFound)));
    }
}
