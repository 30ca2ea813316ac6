//! The messages that fit the filters in the address, newest first.

use axum::response::Response;
use rekey_wire::notification::v1 as wire;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;

use super::super::listing::{PAGE, next_page, time_cell};
use super::super::sentences::refusal;
use super::naming::{self, LANES, STATES};
use super::{notification, path};
use crate::domain::Refusal;
use crate::peers::PeerError;
use crate::view::{Cell, Choice, Field, FieldKind, Html, Problem, Select, Table, Values};
use crate::web::{Content, Fault, Member, Place};

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

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    let visit = &member.visit;
    let search = Search {
        state: visit.query(STATE),
        lane: visit.query(LANE),
        reference: visit.query(REFERENCE),
        support_code: visit.query(SUPPORT_CODE),
    };
    let found = find(&member, &search).await?;
    let words = &visit.texts().messages;
    let problem = found.is_none().then_some(words.wrong_support_code.as_str());
    let table = found.map(|found| table(&member, &search, &found)).transpose()?;
    let values = Values::default()
        .list("fields", fields(&member, &search, problem)?)
        .flag("is_filtered", search.pairs().iter().any(|(_, value)| !value.is_empty()))
        .optional_html("table", table);
    let content = Content::new(&words.title, visit.body("messages", values)?);
    let problems = problem.map(|text| Problem::of(SUPPORT_CODE, text)).into_iter().collect();
    member.page(Place::Messages, Content { problems, ..content })
}

/// A page of messages; none where the support code is no code.
async fn find(member: &Member, search: &Search) -> Result<Option<wire::ListNotificationsResponse>, Fault> {
    let request = wire::ListNotificationsRequest {
        tenant_id: member.tenant().to_string(),
        page_size: ROWS,
        page_token: member.visit.query(PAGE),
        state: naming::read(&STATES, &search.state).into(),
        lane: naming::read(&LANES, &search.lane).into(),
        reference: search.reference.clone(),
        support_code: search.support_code.clone(),
    };
    let mut client = NotificationServiceClient::new(notification(member).await?);
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

fn fields(member: &Member, search: &Search, problem: Option<&str>) -> Result<Vec<Values>, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().messages);
    let all = || Choice { value: "", text: &visit.words().all };
    let state = |(value, state)| Choice { value, text: naming::state(words, state).1 };
    let lane = |(value, lane)| Choice { value, text: naming::lane(words, lane) };
    let choose = |name, label, choices, chosen| {
        visit.select(&Select { name, label, hint: None, choices, chosen, problem: None })
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
        visit.field(&reference)?,
        visit.field(&support_code)?,
    ];
    Ok(fields.into_iter().map(|field| Values::default().html("markup", field)).collect())
}

fn table(member: &Member, search: &Search, found: &wire::ListNotificationsResponse) -> Result<Html, Fault> {
    let words = &member.visit.texts().messages;
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
    member.visit.table(Table {
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
        next: next_page(Place::Messages.path(), &search.pairs(), &found.next_page_token),
    })
}
