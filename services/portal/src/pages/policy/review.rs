//! A change before it is saved: what differs, whom it would strand, how the policy is graded today and then, and what somebody else
//! changed while it was made.

use axum::response::Response;

use super::draft::{Change, Revision};
use super::edit::{Wrong, editor, turned_down};
use super::forecast::Forecast;
use super::groups::Groups;
use super::texts::Texts;
use super::{EDIT_PATH, POLICY, grades};
use crate::domain::{PolicyValue, differences};
use crate::pages::sentences::refusal;
use crate::view::{Html, Problem, Table, Values};
use crate::web::{Content, Fault, Member};
use crate::words::{PolicyWords, filled};

/// What changed in the policy in force while the change was made: the places, and the values of before.
struct Meanwhile {
    places: Vec<usize>,
    before: Vec<PolicyValue>,
}

/// Shows a change as one of the policy in force, whichever it was made on.
pub(super) async fn show(
    member: &Member,
    change: Change,
    problem: Option<String>,
) -> Result<Response, Fault> {
    let (change, meanwhile) = on_newest(change, Revision::in_force(member).await?);
    if change.places.is_empty() {
        let wrong = Wrong::whole(member.visit.texts().policy.nothing_changed.clone());
        return editor(member, &change.draft(), &wrong).await;
    }
    let forecast = match Forecast::of(member, &change).await {
        Ok(forecast) => forecast,
        Err(status) => return turned_down(member, change, &refusal(status.into())?).await,
    };
    let today = grades::today(member).await?;
    let groups = Groups::of(member).await?;
    let visit = &member.visit;
    let texts = Texts::of(visit, &groups);
    let words = texts.words;
    let fields = change.fields();
    let fields = fields.iter().map(|(name, value)| Values::default().text("name", name).text("value", value));
    let values = Values::default()
        .html("hidden", visit.hidden(EDIT_PATH)?)
        .list("fields", fields.collect())
        .text("save", &save_button(words, change.places.len()))
        .flag("is_loss", forecast.strands() || grades::fall(&today, &forecast.grades))
        .optional_html("meanwhile", overtaking(member, &texts, &change, meanwhile.as_ref())?)
        .html("difference", difference(member, &texts, &change)?)
        .html("forecast", forecast.shown(member, &texts)?)
        .text("grade_today", &grades::summary(&texts, &today))
        .text("grade_then", &grades::summary(&texts, &forecast.grades))
        .html("grades", grades::compared(visit, &texts, &today, &forecast.grades)?);
    let content = Content {
        problems: problem.into_iter().map(|text| Problem { field: None, text }).collect(),
        ..Content::new(&words.review_title, visit.body("policy_review", values)?)
    };
    member.page(POLICY, content)
}

fn save_button(words: &PolicyWords, changes: usize) -> String {
    if changes == 1 { words.save_one.clone() } else { filled(&words.save_many, "number", changes) }
}

/// The change as one of the newest policy, and what has changed there since it was begun.
fn on_newest(change: Change, newest: Revision) -> (Change, Option<Meanwhile>) {
    if newest.number == change.base.number {
        return (change, None);
    }
    let before = change.base.values.clone();
    let places = differences(&before, &newest.values);
    (change.onto(newest), Some(Meanwhile { places, before }))
}

/// The table of what differs.
pub(super) fn difference(member: &Member, texts: &Texts<'_>, change: &Change) -> Result<Html, Fault> {
    let words = texts.words;
    member.visit.table(Table {
        caption: &words.difference,
        columns: &[&words.column_setting, &words.column_today, &words.column_then],
        rows: texts.difference(&change.places, &change.base.values, &change.values),
        empty: &words.nothing_differs,
        next: None,
    })
}

/// The table of what somebody else changed.
fn overtaking(
    member: &Member,
    texts: &Texts<'_>,
    change: &Change,
    meanwhile: Option<&Meanwhile>,
) -> Result<Option<Html>, Fault> {
    let Some(Meanwhile { places, before }) = meanwhile else { return Ok(None) };
    let words = texts.words;
    let table = Table {
        caption: &words.meanwhile_title,
        columns: &[&words.column_setting, &words.column_before, &words.column_today],
        rows: texts.difference(places, before, &change.base.values),
        empty: &words.nothing_differs,
        next: None,
    };
    member.visit.table(table).map(Some)
}
