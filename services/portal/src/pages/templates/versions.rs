//! Versions of a text: what the organisation had before, the way back to it, and back to the text that is built in.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::notification::v1 as wire;

use super::super::listing::time_cell;
use super::{TEMPLATES, TextKey, client, fault, frame, is_own, refused, sources};
use crate::view::{Badge, Cell, Confirmation, FormProblem, Table, Values};
use crate::web::{CurrentUser, Fault, PageContent, PostedFields};
use crate::words::{TemplateWords, interpolate};

pub(super) async fn list(
    user: CurrentUser,
    Path((name, locale)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let key = TextKey::open(&user, &name, &locale).await?;
    let request = wire::ListTemplateVersionsRequest {
        tenant_id: user.tenant().to_string(),
        name: key.name.clone(),
        locale: key.locale.clone(),
    };
    let listed = client(&user).list_template_versions(request).await.map_err(fault)?.into_inner().versions;
    let context = &user.context;
    let words = &context.texts().templates;
    let rows = listed.iter().enumerate().map(|(place, version)| row(words, &key, version, place == 0));
    let table = context.table(Table {
        caption: &words.versions_title,
        columns: &[
            &words.column_version,
            &words.column_action,
            &words.column_text,
            &words.column_since,
            &words.column_author,
        ],
        rows: rows.collect(),
        empty: &words.versions_none,
        next: None,
    })?;
    let values = Values::default().html("table", table).text("path", &key.path);
    let title = format!("{}: {}", words.versions_title, key.title(context));
    user.page(TEMPLATES, PageContent::new(&title, context.body("template_versions", values)?))
}

fn row(words: &TemplateWords, key: &TextKey, version: &wire::TemplateVersion, is_newest: bool) -> Vec<Cell> {
    let action = match version.action() {
        wire::TemplateAction::Set | wire::TemplateAction::Unspecified => words.action_set.clone(),
        wire::TemplateAction::Reset => words.action_reset.clone(),
        wire::TemplateAction::RolledBack => {
            interpolate(&words.action_rolled_back, "version", version.restored_version)
        }
    };
    let text = match (is_newest, version.built_in) {
        (true, _) => Cell::Badge(Badge::Good, words.in_force.clone()),
        (false, true) => Cell::Text(words.built_in.clone()),
        (false, false) => Cell::Text(words.own_text.clone()),
    };
    vec![
        Cell::Link {
            path: version_path(key, version.version),
            text: interpolate(&words.version, "version", version.version),
        },
        Cell::Text(action),
        text,
        time_cell(version.create_time.as_ref()),
        Cell::Code(version.author.clone()),
    ]
}

fn version_path(key: &TextKey, version: i32) -> String {
    format!("{}/versions/{version}", key.path)
}

pub(super) fn number(text: &str) -> Result<i32, Fault> {
    text.parse::<i32>().ok().filter(|number| *number > 0).ok_or(Fault::NotFound)
}

/// What is asked before a text is put in the place of another.
struct ReplacementPrompt {
    title: String,
    lead: String,
    button: String,
    /// Where the form is sent.
    action: String,
    /// Whether there is anything to do.
    is_offered: bool,
    /// Why it was not done.
    problem: Option<String>,
}

pub(super) async fn show(
    user: CurrentUser,
    Path((name, locale, version)): Path<(String, String, String)>,
) -> Result<Response, Fault> {
    let key = TextKey::open(&user, &name, &locale).await?;
    version_page(&user, &key, number(&version)?, None).await
}

pub(super) async fn roll_back(
    user: CurrentUser,
    Path((name, locale, version)): Path<(String, String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let key = TextKey::open(&user, &name, &locale).await?;
    let version = number(&version)?;
    let request = wire::RollbackTemplateRequest {
        tenant_id: user.tenant().to_string(),
        name: key.name.clone(),
        locale: key.locale.clone(),
        version,
        etag: fields.text("etag").to_owned(),
        request_id: fields.request_id()?,
    };
    let words = &user.context.texts().templates;
    match client(&user).rollback_template(request).await {
        Ok(_) => {
            user.context.redirect_with_flash(&key.path, &interpolate(&words.rolled_back, "version", version))
        }
        Err(status) => {
            let problem = refused(status)?.sentence(&user.context);
            version_page(&user, &key, version, Some(problem)).await
        }
    }
}

async fn version_page(
    user: &CurrentUser,
    key: &TextKey,
    version: i32,
    problem: Option<String>,
) -> Result<Response, Fault> {
    let earlier = key.version(user, version).await?;
    let in_force = key.version(user, 0).await?;
    let words = &user.context.texts().templates;
    let prompt = ReplacementPrompt {
        title: format!("{}: {}", interpolate(&words.version, "version", version), key.title(&user.context)),
        lead: interpolate(&words.rollback_lead, "version", version),
        button: interpolate(&words.rollback_button, "version", version),
        action: version_path(key, version),
        is_offered: in_force.version != version,
        problem,
    };
    page(user, key, &earlier, &in_force, prompt)
}

pub(super) async fn show_built_in(
    user: CurrentUser,
    Path((name, locale)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let key = TextKey::open(&user, &name, &locale).await?;
    built_in_page(&user, &key, None).await
}

pub(super) async fn reset(
    user: CurrentUser,
    Path((name, locale)): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let key = TextKey::open(&user, &name, &locale).await?;
    let request = wire::ResetTemplateRequest {
        tenant_id: user.tenant().to_string(),
        name: key.name.clone(),
        locale: key.locale.clone(),
        etag: fields.text("etag").to_owned(),
        request_id: fields.request_id()?,
    };
    match client(&user).reset_template(request).await {
        Ok(_) => user.context.redirect_with_flash(&key.path, &user.context.texts().templates.was_reset),
        Err(status) => {
            let problem = refused(status)?.sentence(&user.context);
            built_in_page(&user, &key, Some(problem)).await
        }
    }
}

async fn built_in_page(
    user: &CurrentUser,
    key: &TextKey,
    problem: Option<String>,
) -> Result<Response, Fault> {
    let built_in = key.built_in(user).await?;
    let in_force = key.version(user, 0).await?;
    let words = &user.context.texts().templates;
    let prompt = ReplacementPrompt {
        title: format!("{}: {}", words.built_in, key.title(&user.context)),
        lead: words.reset_lead.clone(),
        button: words.reset_button.clone(),
        action: format!("{}/built-in", key.path),
        is_offered: is_own(&in_force),
        problem,
    };
    page(user, key, &built_in, &in_force, prompt)
}

/// A text beside the one in force, and the question whether to put it in its place.
fn page(
    user: &CurrentUser,
    key: &TextKey,
    text: &wire::TemplateText,
    in_force: &wire::TemplateText,
    prompt: ReplacementPrompt,
) -> Result<Response, Fault> {
    let ReplacementPrompt { title, lead, button, action, is_offered, problem } = prompt;
    let context = &user.context;
    let confirmation = Confirmation {
        text: &lead,
        subjects: &[key.title(context)],
        action: &action,
        hidden: context.hidden_fields(&action)?,
        fields: &[("etag", in_force.etag.as_str())],
        extra_fields: None,
        button: &button,
        // The text of today stays among its versions.
        is_loss: false,
        back: &key.path,
    };
    let values = Values::default()
        .part("shown", sources(text))
        .text("frame", &frame::address(&action, None))
        .text("path", &key.path)
        .flag("is_offered", is_offered)
        .part("in_force", sources(in_force))
        .html("confirmation", context.confirmation(confirmation)?);
    let content = PageContent {
        problems: problem.into_iter().map(|text| FormProblem { field: None, text }).collect(),
        has_mail_frame: true,
        ..PageContent::new(&title, context.body("template_version", values)?)
    };
    user.page(TEMPLATES, content)
}
