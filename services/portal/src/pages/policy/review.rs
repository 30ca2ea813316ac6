//! A change before it is saved: what differs, whom it would strand, how the policy is graded today and then, and what somebody else
//! changed while it was made.

use axum::response::Response;

use super::draft::{Change, Revision};
use super::edit::{DraftProblems, editor, show_rejected};
use super::forecast::Forecast;
use super::groups::Groups;
use super::texts::Texts;
use super::{EDIT_PATH, POLICY, grades};
use crate::domain::{PolicyValue, differences};
use crate::pages::refusal_texts::refusal;
use crate::view::{FormProblem, Html, Table, Values};
use crate::web::{CurrentUser, Fault, PageContent};
use crate::words::{PolicyWords, interpolate};

/// What changed in the policy in force while the change was made: the places, and the values of before.
struct ConcurrentChange {
    places: Vec<usize>,
    before: Vec<PolicyValue>,
}

/// Shows a change as one of the policy in force, whichever it was made on.
pub(super) async fn show(
    user: &CurrentUser,
    change: Change,
    problem: Option<String>,
) -> Result<Response, Fault> {
    let (change, meanwhile) = on_newest(change, Revision::in_force(user).await?);
    if change.places.is_empty() {
        let wrong = DraftProblems::whole(user.context.texts().policy.nothing_changed.clone());
        return editor(user, &change.draft(), &wrong).await;
    }
    let forecast = match Forecast::of(user, &change).await {
        Ok(forecast) => forecast,
        Err(status) => return show_rejected(user, change, &refusal(status.into())?).await,
    };
    let today = grades::today(user).await?;
    let groups = Groups::of(user).await?;
    let context = &user.context;
    let texts = Texts::of(context, &groups);
    let words = texts.words;
    let fields = change.fields();
    let fields = fields.iter().map(|(name, value)| Values::default().text("name", name).text("value", value));
    let values = Values::default()
        .html("hidden", context.hidden_fields(EDIT_PATH)?)
        .list("fields", fields.collect())
        .text("save", &save_button(words, change.places.len()))
        .flag("is_loss", forecast.strands() || grades::fall(&today, &forecast.grades))
        .optional_html("meanwhile", concurrent_change_table(user, &texts, &change, meanwhile.as_ref())?)
        .html("difference", difference(user, &texts, &change)?)
        .html("forecast", forecast.shown(user, &texts)?)
        .text("grade_today", &grades::summary(&texts, &today))
        .text("grade_then", &grades::summary(&texts, &forecast.grades))
        .html("grades", grades::compared(context, &texts, &today, &forecast.grades)?);
    let content = PageContent {
        problems: problem.into_iter().map(|text| FormProblem { field: None, text }).collect(),
        ..PageContent::new(&words.review_title, context.body("policy_review", values)?)
    };
    user.page(POLICY, content)
}

fn save_button(words: &PolicyWords, changes: usize) -> String {
    if changes == 1 { words.save_one.clone() } else { interpolate(&words.save_many, "number", changes) }
}

/// The change as one of the newest policy, and what has changed there since it was begun.
fn on_newest(change: Change, newest: Revision) -> (Change, Option<ConcurrentChange>) {
    if newest.number == change.base.number {
        return (change, None);
    }
    let before = change.base.values.clone();
    let places = differences(&before, &newest.values);
    (change.onto(newest), Some(ConcurrentChange { places, before }))
}

/// The table of what differs.
pub(super) fn difference(user: &CurrentUser, texts: &Texts<'_>, change: &Change) -> Result<Html, Fault> {
    let words = texts.words;
    user.context.table(Table {
        caption: &words.difference,
        columns: &[&words.column_setting, &words.column_today, &words.column_then],
        rows: texts.difference(&change.places, &change.base.values, &change.values),
        empty: &words.nothing_differs,
        next: None,
    })
}

/// The table of what somebody else changed.
fn concurrent_change_table(
    user: &CurrentUser,
    texts: &Texts<'_>,
    change: &Change,
    meanwhile: Option<&ConcurrentChange>,
) -> Result<Option<Html>, Fault> {
    let Some(ConcurrentChange { places, before }) = meanwhile else { return Ok(None) };
    let words = texts.words;
    let table = Table {
        caption: &words.meanwhile_title,
        columns: &[&words.column_setting, &words.column_before, &words.column_today],
        rows: texts.difference(places, before, &change.base.values),
        empty: &words.nothing_differs,
        next: None,
    };
    user.context.table(table).map(Some)
}
