//! The policy in force: the switch, its grades, and every section in plain words.

use axum::response::Response;

use super::draft::{Draft, Revision};
use super::fields::{PolicyField, Section, sections};
use super::groups::Groups;
use super::texts::Texts;
use super::{EDIT_PATH, EDITORS, POLICY, grades, switch};
use crate::domain::ValueKind;
use crate::view::Values;
use crate::web::{CurrentUser, Fault, PageContent};
use crate::words::interpolate;

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    let draft = Draft::of(Revision::in_force(&user).await?);
    let graded = grades::today(&user).await?;
    let groups = Groups::of(&user).await?;
    let context = &user.context;
    let texts = Texts::of(context, &groups);
    let may_change = user.has_any(EDITORS);
    let switch = if may_change { Some(switch::fields(context, &texts, &draft, &[])?) } else { None };
    let revision = interpolate(&texts.words.revision, "revision", draft.base.number);
    let values = Values::default()
        .html("hidden", context.hidden_fields(EDIT_PATH)?)
        .text("base", &draft.base.number.to_string())
        .optional_html("switch", switch)
        .text("revision", &revision)
        .text("grade_summary", &grades::summary(&texts, &graded))
        .html("grades", grades::table(context, &texts, &graded)?)
        .list("sections", settings(&texts, &draft.base, may_change));
    user.page(POLICY, PageContent::new(&texts.words.title, context.body("policy", values)?))
}

/// Every section with its values. Words that passwords may not hold are shown to nobody who may not change them.
fn settings(texts: &Texts<'_>, policy: &Revision, may_change: bool) -> Vec<Values> {
    let setting = |(place, field): (usize, &'static PolicyField)| {
        Values::default()
            .text("label", texts.label(field))
            .text("value", &texts.value(field, &policy.values[place]))
    };
    let section = |(name, fields): Section| {
        let shown = fields.into_iter().filter(|(_, field)| may_change || field.kind != ValueKind::Lines);
        Values::default().text("title", texts.section(name)).list("fields", shown.map(setting).collect())
    };
    sections().into_iter().map(section).collect()
}
