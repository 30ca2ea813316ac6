//! Earlier revisions: who made which change when, what a revision has that today's policy has not, and the way back to it.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;

use super::draft::{Change, Revision};
use super::fields::{FIELDS, place_of};
use super::forecast::Forecast;
use super::groups::Groups;
use super::texts::Texts;
use super::{EDITORS, ETAG_MISMATCH, LOCKS_OUT, PATH, POLICY, demand_editor, grades, in_new_look, review};
use crate::domain::Refusal;
use crate::pages::account_names::{AccountNames, account_path};
use crate::pages::listing::{PAGE, next_page, time_cell};
use crate::pages::sentences::{refusal, sentence};
use crate::view::{Cell, Confirmation, Html, Problem, Table, Values, moment};
use crate::web::{Content, Fault, Member, Place, PostedFields};
use crate::words::filled;

const LIST_PATH: &str = "/administration/policy/revisions";
/// So many on a page: whoever made them is asked for by name.
const ROWS: i32 = 20;

pub(super) async fn list(member: Member) -> Result<Response, Fault> {
    let request = wire::ListPolicyRevisionsRequest {
        tenant_id: member.tenant().to_string(),
        page_size: ROWS,
        page_token: member.visit.query(PAGE),
        context: member.context(),
    };
    let mut policies = PolicyServiceClient::new(member.identity());
    let listed = policies.list_policy_revisions(request).await?.into_inner();
    let made = listed.revisions.iter().filter(|_| sees_accounts(&member));
    let authors = AccountNames::of(&member, made.map(|revision| revision.account_id.clone()).collect()).await;
    let groups = Groups::default();
    let texts = Texts::of(&member.visit, &groups);
    let words = texts.words;
    let table = member.visit.table(Table {
        caption: &words.revisions_title,
        columns: &[&words.column_revision, &words.column_when, &words.column_who, &words.column_what],
        rows: listed.revisions.iter().map(|revision| row(&member, &texts, &authors, revision)).collect(),
        empty: &words.revisions_none,
        next: next_page(LIST_PATH, &[], &listed.next_page_token),
    })?;
    let body = member.visit.body("policy_revisions", Values::default().html("table", table))?;
    member.page(POLICY, Content::new(&words.revisions_title, body))
}

fn sees_accounts(member: &Member) -> bool {
    member.has_any(Place::Accounts.roles())
}

fn row(
    member: &Member,
    texts: &Texts<'_>,
    authors: &AccountNames,
    revision: &wire::PolicyRevision,
) -> Vec<Cell> {
    let id = &revision.account_id;
    let who = if id.is_empty() {
        Cell::Text(texts.words.by_no_person.clone())
    } else if id == member.account_id() {
        Cell::Text(texts.words.by_you.clone())
    } else if sees_accounts(member) {
        Cell::Link { path: account_path(id), text: authors.name(id).to_owned() }
    } else {
        Cell::Code(id.clone())
    };
    let changed: Vec<&str> = revision
        .changed_fields
        .iter()
        .map(|path| place_of(path).map_or(path.as_str(), |place| texts.label(&FIELDS[place])))
        .collect();
    let what = if changed.is_empty() { texts.words.first_revision.clone() } else { changed.join("; ") };
    vec![
        Cell::Link {
            path: path(revision.revision),
            text: filled(&texts.words.revision, "revision", revision.revision),
        },
        time_cell(revision.create_time.as_ref()),
        who,
        Cell::Text(what),
    ]
}

fn path(revision: i64) -> String {
    format!("{LIST_PATH}/{revision}")
}

fn number(text: &str) -> Result<i64, Fault> {
    text.parse::<i64>().ok().filter(|number| *number > 0).ok_or(Fault::NotFound)
}

pub(super) async fn show(member: Member, Path(revision): Path<String>) -> Result<Response, Fault> {
    page(&member, number(&revision)?, None).await
}

/// Puts a revision in force again.
pub(super) async fn roll_back(
    member: Member,
    Path(revision): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    demand_editor(&member)?;
    let revision = number(&revision)?;
    let request = wire::RollbackPolicyRequest {
        tenant_id: member.tenant().to_string(),
        revision,
        etag: fields.text("etag").to_owned(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let words = &member.visit.texts().policy;
    match PolicyServiceClient::new(member.identity()).rollback_policy(request).await {
        Ok(_) => {
            let told = filled(&words.rolled_back, "revision", revision);
            in_new_look(&member, member.visit.redirect_saying(PATH, &told)?).await
        }
        Err(status) => {
            let problem = refused(&member, &refusal(status.into())?)?;
            page(&member, revision, Some(problem)).await
        }
    }
}

/// Why there is no way back, as a sentence.
fn refused(member: &Member, refused: &Refusal) -> Result<String, Fault> {
    let words = &member.visit.texts().policy;
    match refused {
        Refusal::Other(reason, _) if reason == ETAG_MISMATCH => Ok(words.overtaken.clone()),
        Refusal::Other(reason, _) if reason == LOCKS_OUT => Ok(words.locks_out.clone()),
        Refusal::FieldInvalid(_) => Ok(words.rollback_refused.clone()),
        other => sentence(&member.visit, other),
    }
}

async fn page(member: &Member, revision: i64, problem: Option<String>) -> Result<Response, Fault> {
    let earlier = Revision::get(member, revision).await?;
    let at = earlier.at;
    let change = Change::to(Revision::in_force(member).await?, earlier.values);
    let may_go_back = member.has_any(EDITORS) && !change.places.is_empty();
    let foretold = if may_go_back { Some(Forecast::of(member, &change).await) } else { None };
    let (forecast, problem) = match foretold {
        Some(Ok(forecast)) => (Some((forecast, grades::today(member).await?)), problem),
        Some(Err(status)) => (None, Some(refused(member, &refusal(status.into())?)?)),
        None => (None, problem),
    };
    let groups = Groups::of(member).await?;
    let texts = Texts::of(&member.visit, &groups);
    let values = Values::default().html("difference", review::difference(member, &texts, &change)?);
    let values = match at {
        Some(at) => values.part("at", moment(at)),
        None => values.flag("at", false),
    };
    let values = match forecast {
        Some((forecast, today)) => {
            let is_loss = forecast.strands() || grades::fall(&today, &forecast.grades);
            values
                .html("forecast", forecast.shown(member, &texts)?)
                .html("grades", grades::compared(&member.visit, &texts, &today, &forecast.grades)?)
                .html("confirmation", confirmation(member, &texts, &change, revision, is_loss)?)
        }
        None => values.flag("forecast", false),
    };
    let title = filled(&texts.words.revision, "revision", revision);
    let content = Content {
        problems: problem.into_iter().map(|text| Problem { field: None, text }).collect(),
        ..Content::new(&title, member.visit.body("policy_revision", values)?)
    };
    member.page(POLICY, content)
}

fn confirmation(
    member: &Member,
    texts: &Texts<'_>,
    change: &Change,
    revision: i64,
    is_loss: bool,
) -> Result<Html, Fault> {
    let subject = |place: &usize| {
        let field = FIELDS.get(*place)?;
        Some(format!("{}: {}", texts.section(field.section), texts.label(field)))
    };
    let subjects: Vec<String> = change.places.iter().filter_map(subject).collect();
    let action = path(revision);
    member.visit.confirmation(Confirmation {
        text: &filled(&texts.words.rollback_lead, "revision", revision),
        subjects: &subjects,
        action: &action,
        hidden: member.visit.hidden(&action)?,
        fields: &[("etag", change.base.etag.as_str())],
        questions: None,
        button: &filled(&texts.words.rollback_button, "revision", revision),
        is_loss,
        back: LIST_PATH,
    })
}
