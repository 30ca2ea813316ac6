//! One text: its sources, and the message that they make. All is done by buttons of one form: "Preview" sends the draft into the frame of
//! the page, "Check" shows the page with it, and "Save" puts it in force. A script does the first while somebody types.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::notification::v1 as wire;

use super::frame::{self, Placeholder};
use super::list::templates;
use super::preview::{Preview, live};
use super::{Refused, TEMPLATES, TextKey, client, is_own, language, part, refused, sources};
use crate::assets::TEMPLATES_SCRIPT;
use crate::view::{Field, FieldKind, FormProblem, Html, Values};
use crate::web::{CurrentUser, Fault, PageContent, PageContext, PostedFields};
use crate::words::interpolate;

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
    /// What the frame says until the draft is sent into it; without a draft it shows the mail.
    placeholder: Option<Placeholder>,
    /// What is wrong, by field; of none where it is about the whole.
    wrong: Vec<(Option<&'static str>, String)>,
    /// Whether somebody else was faster.
    is_overtaken: bool,
}

impl Sheet {
    /// What was typed, with what notification does not take of it.
    fn refused(context: &PageContext, parts: wire::TemplateParts, refused: &Refused) -> Self {
        let wrong = match refused {
            Refused::Parts(named) => {
                let text = &context.texts().templates.part_refused;
                named.iter().map(|(field, what)| (part(field), interpolate(text, "what", what))).collect()
            }
            other => vec![(None, other.sentence(context))],
        };
        let does_not_pass = matches!(refused, Refused::Parts(_));
        let placeholder = if does_not_pass { Placeholder::Refused } else { Placeholder::Unseen };
        let is_overtaken = matches!(refused, Refused::Overtaken);
        Self { parts, wrong, is_overtaken, placeholder: Some(placeholder), preview: Preview::default() }
    }

    fn problem(&self, field: &'static str) -> Option<&str> {
        self.wrong.iter().find(|(named, _)| *named == Some(field)).map(|(_, text)| text.as_str())
    }
}

pub(super) async fn show(
    user: CurrentUser,
    Path((name, locale)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let key = TextKey::open(&user, &name, &locale).await?;
    let in_force = key.version(&user, 0).await?;
    let preview = Preview::of(&user, &key, None).await?.unwrap_or_default();
    let parts = in_force.parts.clone().unwrap_or_default();
    page(&user, &key, &in_force, &Sheet { parts, preview, ..Sheet::default() }).await
}

pub(super) async fn submit(
    user: CurrentUser,
    Path((name, locale)): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let key = TextKey::open(&user, &name, &locale).await?;
    let typed = |name: &str| fields.text(name).replace("\r\n", "\n");
    let parts = wire::TemplateParts { subject: typed(SUBJECT), text: typed(TEXT), sms: typed(SMS) };
    let step = fields.text("step");
    if step == "save" {
        return save(&user, &key, parts, &fields).await;
    }
    let previewed = Preview::of(&user, &key, Some(parts.clone())).await?;
    match step {
        "frame" => return frame::document(&user.context, &previewed),
        "live" => return Ok(live(&user.context, &previewed)),
        _ => {}
    }
    let sheet = match previewed {
        Ok(preview) => Sheet { parts, preview, placeholder: Some(Placeholder::Unseen), ..Sheet::default() },
        Err(refused) => Sheet::refused(&user.context, parts, &refused),
    };
    let in_force = key.version(&user, 0).await?;
    page(&user, &key, &in_force, &sheet).await
}

async fn save(
    user: &CurrentUser,
    key: &TextKey,
    parts: wire::TemplateParts,
    fields: &PostedFields,
) -> Result<Response, Fault> {
    let request = wire::SetTemplateRequest {
        tenant_id: user.tenant().to_string(),
        name: key.name.clone(),
        locale: key.locale.clone(),
        parts: Some(parts.clone()),
        etag: fields.text("etag").to_owned(),
        request_id: fields.request_id()?,
    };
    let context = &user.context;
    match client(user).set_template(request).await {
        Ok(_) => context.redirect_with_flash(&key.path, &context.texts().templates.saved),
        Err(status) => {
            let sheet = Sheet::refused(context, parts, &refused(status)?);
            let in_force = key.version(user, 0).await?;
            page(user, key, &in_force, &sheet).await
        }
    }
}

/// The page, whose form saves over the text that is in force now.
async fn page(
    user: &CurrentUser,
    key: &TextKey,
    in_force: &wire::TemplateText,
    sheet: &Sheet,
) -> Result<Response, Fault> {
    let known = templates(user).await?;
    let template = known.into_iter().find(|template| template.name == key.name).ok_or(Fault::NotFound)?;
    let context = &user.context;
    let variables = template.variables.iter();
    let values = Values::default()
        .text("path", &key.path)
        .text("name", &key.name)
        .text("locale", &key.locale)
        .html("hidden", context.hidden_fields(&key.path)?)
        .text("etag", &in_force.etag)
        .text("origin", &origin(context, in_force))
        .flag("is_own", is_own(in_force))
        .list("variables", variables.map(|one| variable(context, one)).collect())
        .html("fields", typed_fields(context, sheet)?)
        .text("frame", &frame::address(&key.path, sheet.placeholder))
        .part("preview", sheet.preview.values());
    let values = if sheet.is_overtaken {
        values.part("in_force", sources(in_force))
    } else {
        values.flag("in_force", false)
    };
    let problem =
        |(field, text): &(Option<&'static str>, String)| FormProblem { field: *field, text: text.clone() };
    let title = key.title(context);
    let content = PageContent {
        problems: sheet.wrong.iter().map(problem).collect(),
        script_path: Some(TEMPLATES_SCRIPT),
        has_mail_frame: true,
        ..PageContent::new(&title, context.body("template_editor", values)?)
    };
    user.page(TEMPLATES, content)
}

fn typed_fields(context: &PageContext, sheet: &Sheet) -> Result<Html, Fault> {
    let words = &context.texts().templates;
    let field = |name, label: &str, hint: &str, kind, value: &str| {
        context.field(&Field { name, label, hint: Some(hint), kind, value, problem: sheet.problem(name) })
    };
    let parts = &sheet.parts;
    let values = Values::default()
        .html(
            SUBJECT,
            field(SUBJECT, &words.subject_label, &words.subject_hint, FieldKind::Text, &parts.subject)?,
        )
        .html(TEXT, field(TEXT, &words.text_label, &words.text_hint, FieldKind::LongText, &parts.text)?)
        .html(SMS, field(SMS, &words.sms_label, &words.sms_hint, FieldKind::LongText, &parts.sms)?);
    context.body("template_fields", values)
}

/// Whose text is in force, and in which language it is written.
fn origin(context: &PageContext, text: &wire::TemplateText) -> String {
    let words = &context.texts().templates;
    let sentence = match text.origin() {
        wire::TemplateOrigin::Tenant if is_own(text) => {
            interpolate(&words.origin_own, "version", text.version)
        }
        wire::TemplateOrigin::Tenant => words.origin_own_nearest.clone(),
        wire::TemplateOrigin::BuiltIn | wire::TemplateOrigin::Unspecified => words.origin_built_in.clone(),
    };
    interpolate(&sentence, "language", language(&text.source_locale))
}

/// What it holds is said in the reader's language; in the words of notification where it is of a later release.
fn variable(context: &PageContext, variable: &wire::TemplateVariable) -> Values {
    let words = &context.texts().templates;
    Values::default()
        .text("name", &format!("{{{{ {} }}}}", variable.name))
        .text("description", words.variable(&variable.name).unwrap_or(&variable.description))
        .flag("is_required", variable.required)
}
