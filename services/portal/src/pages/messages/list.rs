//! The messages that fit the filters in the address, newest first.

use axum::response::Response;
use rekey_wire::notification::v1 as wire;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;

use super::super::listing::{PAGE, next_page, time_cell};
use super::super::refusal_texts::refusal;
use super::naming::{self, LANES, STATES};
use super::{notification, path};
use crate::domain::Refusal;
use crate::peers::PeerError;
use crate::view::{Cell, Choice, Field, FieldKind, FormProblem, Html, Select, Table, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent};

const ROWS: i32 = 50;

const STATE: &str = "state";
const LANE: &str = "lane";
const REFERENCE: &str = "reference";
const SUPPORT_CODE: &str = "support_code";

/// What is looked for, as texts of the address; an empty one asks for nothing.
struct Search {
    state: String,
    lane: String,
    reference: String,
    support_code: String,
}

impl Search {
    fn pairs(&self) -> [(&'static str, &str); 4] {
        [
            (STATE, self.state.as_str()),
            (LANE, self.lane.as_str()),
            (REFERENCE, self.reference.as_str()),
            (SUPPORT_CODE, self.support_code.as_str()),
        ]
    }
}

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    let context = &user.context;
    let search = Search {
        state: context.query(STATE),
        lane: context.query(LANE),
        reference: context.query(REFERENCE),
        support_code: context.query(SUPPORT_CODE),
    };
    let found = find(&user, &search).await?;
    let words = &context.texts().messages;
    let problem = found.is_none().then_some(words.wrong_support_code.as_str());
    let table = found.map(|found| table(&user, &search, &found)).transpose()?;
    let values = Values::default()
        .list("fields", fields(&user, &search, problem)?)
        .flag("is_filtered", search.pairs().iter().any(|(_, value)| !value.is_empty()))
        .optional_html("table", table);
    let content = PageContent::new(&words.title, context.body("messages", values)?);
    let problems = problem.map(|text| FormProblem::of(SUPPORT_CODE, text)).into_iter().collect();
    user.page(MenuItem::Messages, PageContent { problems, ..content })
}

/// A page of messages; none where the support code is no code.
async fn find(user: &CurrentUser, search: &Search) -> Result<Option<wire::ListNotificationsResponse>, Fault> {
    let request = wire::ListNotificationsRequest {
        tenant_id: user.tenant().to_string(),
        page_size: ROWS,
        page_token: user.context.query(PAGE),
        state: naming::read(&STATES, &search.state).into(),
        lane: naming::read(&LANES, &search.lane).into(),
        reference: search.reference.clone(),
        support_code: search.support_code.clone(),
    };
    let mut client = NotificationServiceClient::new(notification(user).await?);
    match client.list_notifications(request).await {
        Ok(found) => Ok(Some(found.into_inner())),
        Err(status) => match refusal(status.into())? {
            Refusal::FieldInvalid(fields) if fields.iter().any(|field| field == SUPPORT_CODE) => Ok(None),
            // What is left is the token of a page, which nobody types.
            Refusal::FieldInvalid(_) => Err(Fault::NotFound),
            other => Err(PeerError::Refused(other).into()),
        },
    }
}

fn fields(user: &CurrentUser, search: &Search, problem: Option<&str>) -> Result<Vec<Values>, Fault> {
    let (context, words) = (&user.context, &user.context.texts().messages);
    let all = || Choice { value: "", text: &context.words().all };
    let state = |(value, state)| Choice { value, text: naming::state(words, state).1 };
    let lane = |(value, lane)| Choice { value, text: naming::lane(words, lane) };
    let choose = |name, label, choices, chosen| {
        context.select(&Select { name, label, hint: None, choices, chosen, problem: None })
    };
    let states = [all()].into_iter().chain(STATES.into_iter().map(state)).collect();
    let lanes = [all()].into_iter().chain(LANES.into_iter().map(lane)).collect();
    let reference = Field {
        name: REFERENCE,
        label: &words.reference,
        hint: None,
        kind: FieldKind::Search,
        value: &search.reference,
        problem: None,
    };
    let support_code = Field {
        name: SUPPORT_CODE,
        label: &words.support_code,
        hint: None,
        kind: FieldKind::Search,
        value: &search.support_code,
        problem,
    };
    let fields = [
        choose(STATE, words.state.as_str(), states, search.state.as_str())?,
        choose(LANE, words.lane.as_str(), lanes, search.lane.as_str())?,
        context.field(&reference)?,
        context.field(&support_code)?,
    ];
    Ok(fields.into_iter().map(|field| Values::default().html("markup", field)).collect())
}

fn table(
    user: &CurrentUser,
    search: &Search,
    found: &wire::ListNotificationsResponse,
) -> Result<Html, Fault> {
    let words = &user.context.texts().messages;
    let row = |message: &wire::Notification| {
        let (badge, state) = naming::state(words, message.state());
        let name = if message.template.is_empty() { &words.channel_webhook } else { &message.template };
        vec![
            Cell::Link { path: path(&message.notification_id), text: name.clone() },
            Cell::Code(message.masked_destination.clone()),
            Cell::Text(naming::channel(words, message.channel()).to_owned()),
            Cell::Badge(badge, state.to_owned()),
            time_cell(message.create_time.as_ref()),
            Cell::Text(message.tries.to_string()),
            Cell::Text(message.provider.clone()),
        ]
    };
    let is_last = found.next_page_token.is_empty();
    user.context.table(Table {
        caption: &words.caption,
        columns: &[
            &words.template,
            &words.to,
            &words.channel,
            &words.state,
            &words.accepted,
            &words.tries,
            &words.provider,
        ],
        rows: found.notifications.iter().map(row).collect(),
        empty: if is_last { &words.empty } else { &words.empty_page },
        next: next_page(MenuItem::Messages.path(), &search.pairs(), &found.next_page_token),
    })
}
