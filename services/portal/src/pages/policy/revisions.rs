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
use super::{
    EDITORS, ETAG_MISMATCH, LOCKS_OUT, PATH, POLICY, grades, require_editor, review, with_current_look,
};
use crate::domain::Refusal;
use crate::pages::account_names::{AccountNames, account_path};
use crate::pages::listing::{PAGE, next_page, time_cell};
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::view::{Cell, Confirmation, FormProblem, Html, Table, Values, moment};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields};
use crate::words::interpolate;

const LIST_PATH: &str = "/administration/policy/revisions";
/// So many on a page: whoever made them is asked for by name.
const ROWS: i32 = 20;

pub(super) async fn list(user: CurrentUser) -> Result<Response, Fault> {
    let request = wire::ListPolicyRevisionsRequest {
        tenant_id: user.tenant().to_string(),
        page_size: ROWS,
        page_token: user.context.query(PAGE),
        context: user.request_context(),
    };
    let mut policies = PolicyServiceClient::new(user.identity());
    let listed = policies.list_policy_revisions(request).await?.into_inner();
    let made = listed.revisions.iter().filter(|_| sees_accounts(&user));
    let authors = AccountNames::of(&user, made.map(|revision| revision.account_id.clone()).collect()).await;
    let groups = Groups::default();
    let texts = Texts::of(&user.context, &groups);
    let words = texts.words;
    let table = user.context.table(Table {
        caption: &words.revisions_title,
        columns: &[&words.column_revision, &words.column_when, &words.column_who, &words.column_what],
        rows: listed.revisions.iter().map(|revision| row(&user, &texts, &authors, revision)).collect(),
        empty: &words.revisions_none,
        next: next_page(LIST_PATH, &[], &listed.next_page_token),
    })?;
    let body = user.context.body("policy_revisions", Values::default().html("table", table))?;
    user.page(POLICY, PageContent::new(&words.revisions_title, body))
}

fn sees_accounts(user: &CurrentUser) -> bool {
    user.has_any(MenuItem::Accounts.roles())
}

fn row(
    user: &CurrentUser,
    texts: &Texts<'_>,
    authors: &AccountNames,
    revision: &wire::PolicyRevision,
) -> Vec<Cell> {
    let id = &revision.account_id;
    let who = if id.is_empty() {
        Cell::Text(texts.words.by_no_person.clone())
    } else if id == user.account_id() {
        Cell::Text(texts.words.by_you.clone())
    } else if sees_accounts(user) {
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
            text: interpolate(&texts.words.revision, "revision", revision.revision),
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

pub(super) async fn show(user: CurrentUser, Path(revision): Path<String>) -> Result<Response, Fault> {
    page(&user, number(&revision)?, None).await
}

/// Puts a revision in force again.
pub(super) async fn roll_back(
    user: CurrentUser,
    Path(revision): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    require_editor(&user)?;
    let revision = number(&revision)?;
    let request = wire::RollbackPolicyRequest {
        tenant_id: user.tenant().to_string(),
        revision,
        etag: fields.text("etag").to_owned(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let words = &user.context.texts().policy;
    match PolicyServiceClient::new(user.identity()).rollback_policy(request).await {
        Ok(_) => {
            let told = interpolate(&words.rolled_back, "revision", revision);
            with_current_look(&user, user.context.redirect_with_flash(PATH, &told)?).await
        }
        Err(status) => {
            let problem = refused(&user, &refusal(status.into())?)?;
            page(&user, revision, Some(problem)).await
        }
    }
}

/// Why there is no way back, as a sentence.
fn refused(user: &CurrentUser, refused: &Refusal) -> Result<String, Fault> {
    let words = &user.context.texts().policy;
    match refused {
        Refusal::Other(reason, _) if reason == ETAG_MISMATCH => Ok(words.overtaken.clone()),
        Refusal::Other(reason, _) if reason == LOCKS_OUT => Ok(words.locks_out.clone()),
        Refusal::FieldInvalid(_) => Ok(words.rollback_refused.clone()),
        other => refusal_text(&user.context, other),
    }
}

async fn page(user: &CurrentUser, revision: i64, problem: Option<String>) -> Result<Response, Fault> {
    let earlier = Revision::get(user, revision).await?;
    let at = earlier.at;
    let change = Change::to(Revision::in_force(user).await?, earlier.values);
    let may_go_back = user.has_any(EDITORS) && !change.places.is_empty();
    let foretold = if may_go_back { Some(Forecast::of(user, &change).await) } else { None };
    let (forecast, problem) = match foretold {
        Some(Ok(forecast)) => (Some((forecast, grades::today(user).await?)), problem),
        Some(Err(status)) => (None, Some(refused(user, &refusal(status.into())?)?)),
        None => (None, problem),
    };
    let groups = Groups::of(user).await?;
    let texts = Texts::of(&user.context, &groups);
    let values = Values::default().html("difference", review::difference(user, &texts, &change)?);
    let values = match at {
        Some(at) => values.part("at", moment(at)),
        None => values.flag("at", false),
    };
    let values = match forecast {
        Some((forecast, today)) => {
            let is_loss = forecast.strands() || grades::fall(&today, &forecast.grades);
            values
                .html("forecast", forecast.shown(user, &texts)?)
                .html("grades", grades::compared(&user.context, &texts, &today, &forecast.grades)?)
                .html("confirmation", confirmation(user, &texts, &change, revision, is_loss)?)
        }
        None => values.flag("forecast", false),
    };
    let title = interpolate(&texts.words.revision, "revision", revision);
    let content = PageContent {
        problems: problem.into_iter().map(|text| FormProblem { field: None, text }).collect(),
        ..PageContent::new(&title, user.context.body("policy_revision", values)?)
    };
    user.page(POLICY, content)
}

fn confirmation(
    user: &CurrentUser,
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
    user.context.confirmation(Confirmation {
        text: &interpolate(&texts.words.rollback_lead, "revision", revision),
        subjects: &subjects,
        action: &action,
        hidden: user.context.hidden_fields(&action)?,
        fields: &[("etag", change.base.etag.as_str())],
        extra_fields: None,
        button: &interpolate(&texts.words.rollback_button, "revision", revision),
        is_loss,
        back: LIST_PATH,
    })
}
