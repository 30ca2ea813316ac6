//! "Let users reset their own passwords": nobody, some groups, everybody.

use super::draft::Draft;
use super::fields::{FIELDS, SCOPE_PLACES, SCOPES};
use super::texts::Texts;
use crate::view::{Field, FieldKind, Html, Values};
use crate::web::{Fault, PageContext};

/// The fields of the scope.
pub(super) fn fields(
    context: &PageContext,
    texts: &Texts<'_>,
    draft: &Draft,
    problems: &[(usize, String)],
) -> Result<Html, Fault> {
    let [scope, included, excluded] = SCOPE_PLACES;
    let chosen = draft.typed.get(scope).and_then(|typed| typed.first()).map_or("", String::as_str);
    let choice = |word: &&str| {
        Values::default()
            .text("word", word)
            .text("text", &texts.choice(word))
            .flag("is_chosen", *word == chosen)
            .flag("has_groups", *word == "groups")
    };
    let problem = problems.iter().find(|(place, _)| *place == scope).map(|(_, text)| text);
    let is_named = |place: usize| draft.typed[place].iter().any(|typed| !typed.trim().is_empty());
    let values = Values::default()
        .optional("problem", problem)
        .list("choices", SCOPES.iter().map(choice).collect())
        .flag("may_list", texts.groups.may_list)
        .flag("has_none", texts.groups.is_empty() && !is_named(included) && !is_named(excluded))
        .html("included", picker(context, texts, draft, included, problems)?)
        .html("excluded", picker(context, texts, draft, excluded, problems)?);
    context.body("policy_switch", values)
}

/// Groups to tick, and where not all of them are listed, a field for the ids of others.
fn picker(
    context: &PageContext,
    texts: &Texts<'_>,
    draft: &Draft,
    place: usize,
    problems: &[(usize, String)],
) -> Result<Html, Fault> {
    let field = &FIELDS[place];
    let problem = problems.iter().find(|(wrong, _)| *wrong == place).map(|(_, text)| text.as_str());
    let named: Vec<String> =
        draft.typed[place].iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect();
    let others = Field {
        name: field.name,
        label: &texts.words.other_groups,
        hint: Some(&texts.words.other_groups_hint),
        kind: FieldKind::Text,
        value: "",
        problem,
    };
    let is_asked = problem.is_some() || texts.groups.has_unlisted();
    let others = is_asked.then(|| context.field(&others)).transpose()?;
    let values = Values::default()
        .text("name", field.name)
        .text("label", texts.label(field))
        .optional("hint", texts.hint(field))
        .list("groups", texts.groups.choices(&named))
        .optional_html("others", others);
    context.body("policy_groups", values)
}
