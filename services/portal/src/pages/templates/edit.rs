//! One text: its sources, and the message that they make. "Preview" and "Save" are two buttons of one form; a script presses the first
//! while somebody types.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::notification::v1 as wire;

use super::list::templates;
use super::preview::{Preview, live};
use super::{Refused, TEMPLATES, TextKey, client, is_own, language, part, refused, sources};
use crate::assets::TEMPLATES_SCRIPT;
use crate::view::{Field, FieldKind, Html, Problem, Values};
use crate::web::{Content, Fault, Member, PostedFields, Visit};
use crate::words::filled;

const SUBJECT: &str = "subject";
const TEXT: &str = "text";
const SMS: &str = "sms";

/// The fields of the form.
pub(super) const PARTS: [&str; 3] = [SUBJECT, TEXT, SMS];

/// What the page shows.
#[derive(Default)]
struct Sheet {
    parts: wire::TemplateParts,
    preview: Preview,
    /// What is wrong, by field; of none where it is about the whole.
    wrong: Vec<(Option<&'static str>, String)>,
    /// Whether somebody else was faster.
    is_overtaken: bool,
}

impl Sheet {
    /// What was typed, with what notification does not take of it.
    fn refused(visit: &Visit, parts: wire::TemplateParts, refused: &Refused) -> Self {
        let wrong = match refused {
            Refused::Parts(named) => {
                let text = &visit.texts().templates.part_refused;
                named.iter().map(|(field, what)| (part(field), filled(text, "what", what))).collect()
            }
            other => vec![(None, other.sentence(visit))],
        };
        let is_overtaken = matches!(refused, Refused::Overtaken);
        Self { parts, wrong, is_overtaken, preview: Preview::default() }
    }

    fn problem(&self, field: &'static str) -> Option<&str> {
        self.wrong.iter().find(|(named, _)| *named == Some(field)).map(|(_, text)| text.as_str())
    }
}

pub(super) async fn show(
    member: Member,
    Path((name, locale)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let key = TextKey::open(&member, &name, &locale).await?;
    let in_force = key.version(&member, 0).await?;
    let preview = Preview::of(&member, &key, None).await?.unwrap_or_default();
    let parts = in_force.parts.clone().unwrap_or_default();
    page(&member, &key, &in_force, &Sheet { parts, preview, ..Sheet::default() }).await
}

pub(super) async fn submit(
    member: Member,
    Path((name, locale)): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let key = TextKey::open(&member, &name, &locale).await?;
    let typed = |name: &str| fields.text(name).replace("\r\n", "\n");
    let parts = wire::TemplateParts { subject: typed(SUBJECT), text: typed(TEXT), sms: typed(SMS) };
    let step = fields.text("step");
    if step == "save" {
        return save(&member, &key, parts, &fields).await;
    }
    let previewed = Preview::of(&member, &key, Some(parts.clone())).await?;
    if step == "live" {
        return Ok(live(&member.visit, &previewed));
    }
    let sheet = match previewed {
        Ok(preview) => Sheet { parts, preview, ..Sheet::default() },
        Err(refused) => Sheet::refused(&member.visit, parts, &refused),
    };
    let in_force = key.version(&member, 0).await?;
    page(&member, &key, &in_force, &sheet).await
}

async fn save(
    member: &Member,
    key: &TextKey,
    parts: wire::TemplateParts,
    fields: &PostedFields,
) -> Result<Response, Fault> {
    let request = wire::SetTemplateRequest {
        tenant_id: member.tenant().to_string(),
        name: key.name.clone(),
        locale: key.locale.clone(),
        parts: Some(parts.clone()),
        etag: fields.text("etag").to_owned(),
        request_id: fields.request_id()?,
    };
    let visit = &member.visit;
    match client(member).set_template(request).await {
        Ok(_) => visit.redirect_saying(&key.path, &visit.texts().templates.saved),
        Err(status) => {
            let sheet = Sheet::refused(visit, parts, &refused(status)?);
            let in_force = key.version(member, 0).await?;
            page(member, key, &in_force, &sheet).await
        }
    }
}

/// The page, whose form saves over the text that is in force now.
async fn page(
    member: &Member,
    key: &TextKey,
    in_force: &wire::TemplateText,
    sheet: &Sheet,
) -> Result<Response, Fault> {
    let known = templates(member).await?;
    let template = known.into_iter().find(|template| template.name == key.name).ok_or(Fault::NotFound)?;
    let visit = &member.visit;
    let values = Values::default()
        .text("path", &key.path)
        .text("name", &key.name)
        .text("locale", &key.locale)
        .html("hidden", visit.hidden(&key.path)?)
        .text("etag", &in_force.etag)
        .text("origin", &origin(visit, in_force))
        .flag("is_own", is_own(in_force))
        .list("variables", template.variables.iter().map(variable).collect())
        .html("fields", typed_fields(visit, sheet)?)
        .part("preview", sheet.preview.values());
    let values = if sheet.is_overtaken {
        values.part("in_force", sources(in_force))
    } else {
        values.flag("in_force", false)
    };
    let problem =
        |(field, text): &(Option<&'static str>, String)| Problem { field: *field, text: text.clone() };
    let title = key.title(visit);
    let content = Content {
        problems: sheet.wrong.iter().map(problem).collect(),
        script_path: Some(TEMPLATES_SCRIPT),
        ..Content::new(&title, visit.body("template_editor", values)?)
    };
    member.page(TEMPLATES, content)
}

fn typed_fields(visit: &Visit, sheet: &Sheet) -> Result<Html, Fault> {
    let words = &visit.texts().templates;
    let field = |name, label: &str, hint: &str, kind, value: &str| {
        visit.field(&Field { name, label, hint: Some(hint), kind, value, problem: sheet.problem(name) })
    };
    let parts = &sheet.parts;
    let values = Values::default()
        .html(
            SUBJECT,
            field(SUBJECT, &words.subject_label, &words.subject_hint, FieldKind::Text, &parts.subject)?,
        )
        .html(TEXT, field(TEXT, &words.text_label, &words.text_hint, FieldKind::LongText, &parts.text)?)
        .html(SMS, field(SMS, &words.sms_label, &words.sms_hint, FieldKind::LongText, &parts.sms)?);
    visit.body("template_fields", values)
}

/// Whose text is in force, and in which language it is written.
fn origin(visit: &Visit, text: &wire::TemplateText) -> String {
    let words = &visit.texts().templates;
    let sentence = match text.origin() {
        wire::TemplateOrigin::Tenant if is_own(text) => filled(&words.origin_own, "version", text.version),
        wire::TemplateOrigin::Tenant => words.origin_own_nearest.clone(),
        wire::TemplateOrigin::BuiltIn | wire::TemplateOrigin::Unspecified => words.origin_built_in.clone(),
    };
    filled(&sentence, "language", language(&text.source_locale))
}

fn variable(variable: &wire::TemplateVariable) -> Values {
    Values::default()
        .text("name", &format!("{{{{ {} }}}}", variable.name))
        .text("description", &variable.description)
        .flag("is_required", variable.required)
}
