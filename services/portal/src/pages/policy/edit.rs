//! The editor: every field of the policy with what it does. What was typed is reviewed before it is saved, at the same address.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;

use super::draft::{Change, Draft, Revision};
use super::fields::{FIELDS, PolicyField, SCOPE_PLACES, place_of, sections};
use super::groups::Groups;
use super::texts::Texts;
use super::{ETAG_MISMATCH, LOCKS_OUT, PATH, POLICY, require_editor, review, switch, with_current_look};
use crate::domain::{NO, PolicyValue, Refusal, ValueKind, YES};
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::view::{Choice, Field, FieldKind, FormProblem, Html, Select, Toggle, Values};
use crate::web::{CurrentUser, Fault, PageContent, PageContext, PostedFields};
use crate::words::interpolate;

/// What is wrong with a draft.
#[derive(Default)]
pub(super) struct DraftProblems {
    /// By the places of the fields.
    fields: Vec<(usize, String)>,
    whole: Option<String>,
}

impl DraftProblems {
    /// Something about no field.
    pub(super) fn whole(text: String) -> Self {
        Self { fields: Vec::new(), whole: Some(text) }
    }

    fn of(places: impl IntoIterator<Item = usize>, text: &str) -> Self {
        Self { fields: places.into_iter().map(|place| (place, text.to_owned())).collect(), whole: None }
    }
}

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    require_editor(&user)?;
    let draft = Draft::of(Revision::in_force(&user).await?);
    editor(&user, &draft, &DraftProblems::default()).await
}

/// Takes the form of the editor, of the switch or of the review; its button says what for.
pub(super) async fn submit(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    require_editor(&user)?;
    let draft = Draft::sent(&user, &fields).await?;
    let step = fields.text("step");
    if step == "edit" {
        return editor(&user, &draft, &DraftProblems::default()).await;
    }
    let change = match draft.read() {
        Ok(change) => change,
        Err((draft, places)) => {
            let wrong = DraftProblems::of(places, &user.context.texts().policy.unreadable);
            return editor(&user, &draft, &wrong).await;
        }
    };
    if step == "save" {
        return save(&user, change, fields.request_id()?).await;
    }
    review::show(&user, change, None).await
}

/// Saves a change; where it is not taken, it is shown again with the reason.
async fn save(user: &CurrentUser, change: Change, request_id: String) -> Result<Response, Fault> {
    let (policy, mask) = change.sent();
    let request = wire::UpdatePolicyRequest {
        tenant_id: user.tenant().to_string(),
        policy: Some(policy),
        update_mask: Some(mask),
        etag: change.base.etag.clone(),
        request_id,
        context: user.request_context(),
    };
    let words = &user.context.texts().policy;
    let refused = match PolicyServiceClient::new(user.identity()).update_policy(request).await {
        Ok(saved) => {
            let revision = saved.into_inner().policy.unwrap_or_default().revision;
            let told = interpolate(&words.saved, "revision", revision);
            return with_current_look(user, user.context.redirect_with_flash(PATH, &told)?).await;
        }
        Err(status) => refusal(status.into())?,
    };
    let problem = match &refused {
        Refusal::Other(reason, _) if reason == ETAG_MISMATCH => words.overtaken.clone(),
        Refusal::Other(reason, _) if reason == LOCKS_OUT => words.locks_out.clone(),
        _ => return show_rejected(user, change, &refused).await,
    };
    review::show(user, change, Some(problem)).await
}

/// The editor once more, after identity refused what was typed.
pub(super) async fn show_rejected(
    user: &CurrentUser,
    change: Change,
    refused: &Refusal,
) -> Result<Response, Fault> {
    let wrong = match refused {
        Refusal::FieldInvalid(named) if named.iter().any(|name| place_of(name).is_some()) => {
            let places = named.iter().filter_map(|name| place_of(name));
            DraftProblems::of(places, &user.context.texts().policy.out_of_bounds)
        }
        other => DraftProblems::whole(refusal_text(&user.context, other)?),
    };
    editor(user, &change.draft(), &wrong).await
}

/// The page.
pub(super) async fn editor(
    user: &CurrentUser,
    draft: &Draft,
    wrong: &DraftProblems,
) -> Result<Response, Fault> {
    let groups = Groups::of(user).await?;
    let context = &user.context;
    let texts = Texts::of(context, &groups);
    let problem_at =
        |place: usize| wrong.fields.iter().find(|(wrong, _)| *wrong == place).map(|(_, text)| text.as_str());
    let mut shown = Vec::new();
    for (name, fields) in sections() {
        let mut markup = Vec::new();
        for (place, field) in fields.into_iter().filter(|(place, _)| !SCOPE_PLACES.contains(place)) {
            let html = typed_field(context, &texts, field, &draft.typed[place], problem_at(place))?;
            markup.push(Values::default().html("markup", html));
        }
        shown.push(Values::default().text("title", texts.section(name)).list("fields", markup));
    }
    let values = Values::default()
        .html("hidden", context.hidden_fields(super::EDIT_PATH)?)
        .text("base", &draft.base.number.to_string())
        .html("switch", switch::fields(context, &texts, draft, &wrong.fields)?)
        .list("sections", shown);
    let of_fields = wrong.fields.iter().filter_map(|(place, text)| {
        let field = FIELDS.get(*place)?;
        Some(FormProblem::of(field.name, format!("{}: {text}", texts.label(field))))
    });
    let of_all = wrong.whole.iter().map(|text| FormProblem { field: None, text: text.clone() });
    let content = PageContent {
        problems: of_all.chain(of_fields).collect(),
        ..PageContent::new(&texts.words.edit_title, context.body("policy_editor", values)?)
    };
    user.page(POLICY, content)
}

/// A field as it is typed or chosen.
fn typed_field(
    context: &PageContext,
    texts: &Texts<'_>,
    field: &'static PolicyField,
    typed: &[String],
    problem: Option<&str>,
) -> Result<Html, Fault> {
    let (name, label, hint) = (field.name, texts.label(field), texts.hint(field));
    let value = typed.first().map_or("", String::as_str);
    let of = |kind| Field { name, label, hint, kind, value, problem };
    match field.kind {
        ValueKind::Flag => context.toggle(&Toggle { name, label, hint, is_on: !typed.is_empty() }),
        ValueKind::Answer => {
            let words = context.words();
            let choices =
                vec![Choice { value: YES, text: &words.yes }, Choice { value: NO, text: &words.no }];
            context.select(&Select { name, label, hint, choices, chosen: value, problem })
        }
        ValueKind::Choice(words) => {
            let named: Vec<(&str, String)> = words.iter().map(|word| (*word, texts.choice(word))).collect();
            let choices = named.iter().map(|(value, text)| Choice { value, text }).collect();
            context.select(&Select { name, label, hint, choices, chosen: value, problem })
        }
        ValueKind::Several(words) => {
            let choice = |word: &&str| {
                let is_chosen = typed.iter().any(|chosen| chosen == word);
                let values = Values::default().text("word", word).text("text", &texts.choice(word));
                values.flag("is_chosen", is_chosen)
            };
            several(context, texts, field, words.iter().map(choice).collect(), problem)
        }
        ValueKind::Number | ValueKind::Span(_) | ValueKind::Lapse(_) => context.field(&of(FieldKind::Number)),
        ValueKind::Lines | ValueKind::Ids => context.field(&of(FieldKind::LongText)),
        ValueKind::Colour => context.field(&of(FieldKind::Colour)),
        ValueKind::Image => image(context, texts, field, value),
    }
}

/// An image, which is chosen on a page of its own and carried along by the form.
fn image(context: &PageContext, texts: &Texts<'_>, field: &PolicyField, digest: &str) -> Result<Html, Fault> {
    let shown = texts.value(field, &PolicyValue::Text(digest.to_owned()));
    let values = Values::default()
        .text("name", field.name)
        .text("label", texts.label(field))
        .optional("hint", texts.hint(field))
        .text("digest", digest)
        .text("shown", &shown);
    context.body("policy_image", values)
}

/// Boxes to tick, one for each word.
fn several(
    context: &PageContext,
    texts: &Texts<'_>,
    field: &PolicyField,
    choices: Vec<Values>,
    problem: Option<&str>,
) -> Result<Html, Fault> {
    let values = Values::default()
        .text("name", field.name)
        .text("label", texts.label(field))
        .optional("hint", texts.hint(field))
        .optional("problem", problem)
        .list("choices", choices);
    context.body("policy_several", values)
}
