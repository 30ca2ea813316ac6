//! Versions of a text: what the organisation had before, the way back to it, and back to the text that is built in.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::notification::v1 as wire;

use super::super::listing::time_cell;
use super::{TEMPLATES, TextKey, client, fault, is_own, refused, sources};
use crate::view::{Badge, Cell, Confirmation, Problem, Table, Values};
use crate::web::{Content, Fault, Member, PostedFields};
use crate::words::{TemplateWords, filled};

pub(super) async fn list(
    member: Member,
    Path((name, locale)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let key = TextKey::open(&member, &name, &locale).await?;
    let request = wire::ListTemplateVersionsRequest {
        tenant_id: member.tenant().to_string(),
        name: key.name.clone(),
        locale: key.locale.clone(),
    };
    let listed = client(&member).list_template_versions(request).await.map_err(fault)?.into_inner().versions;
    let visit = &member.visit;
    let words = &visit.texts().templates;
    let rows = listed.iter().enumerate().map(|(place, version)| row(words, &key, version, place == 0));
    let table = visit.table(Table {
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
    let title = format!("{}: {}", words.versions_title, key.title(visit));
    member.page(TEMPLATES, Content::new(&title, visit.body("template_versions", values)?))
}

fn row(words: &TemplateWords, key: &TextKey, version: &wire::TemplateVersion, is_newest: bool) -> Vec<Cell> {
    let action = match version.action() {
        wire::TemplateAction::Set | wire::TemplateAction::Unspecified => words.action_set.clone(),
        wire::TemplateAction::Reset => words.action_reset.clone(),
        wire::TemplateAction::RolledBack => {
            filled(&words.action_rolled_back, "version", version.restored_version)
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
            text: filled(&words.version, "version", version.version),
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

fn number(text: &str) -> Result<i32, Fault> {
    text.parse::<i32>().ok().filter(|number| *number > 0).ok_or(Fault::NotFound)
}

/// What is asked before a text is put in the place of another.
struct Question {
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
    member: Member,
    Path((name, locale, version)): Path<(String, String, String)>,
) -> Result<Response, Fault> {
    let key = TextKey::open(&member, &name, &locale).await?;
    version_page(&member, &key, number(&version)?, None).await
}

pub(super) async fn roll_back(
    member: Member,
    Path((name, locale, version)): Path<(String, String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let key = TextKey::open(&member, &name, &locale).await?;
    let version = number(&version)?;
    let request = wire::RollbackTemplateRequest {
        tenant_id: member.tenant().to_string(),
        name: key.name.clone(),
        locale: key.locale.clone(),
        version,
        etag: fields.text("etag").to_owned(),
        request_id: fields.request_id()?,
    };
    let words = &member.visit.texts().templates;
    match client(&member).rollback_template(request).await {
        Ok(_) => member.visit.redirect_saying(&key.path, &filled(&words.rolled_back, "version", version)),
        Err(status) => {
            let problem = refused(status)?.sentence(&member.visit);
            version_page(&member, &key, version, Some(problem)).await
        }
    }
}

async fn version_page(
    member: &Member,
    key: &TextKey,
    version: i32,
    problem: Option<String>,
) -> Result<Response, Fault> {
    let earlier = key.version(member, version).await?;
    let in_force = key.version(member, 0).await?;
    let words = &member.visit.texts().templates;
    let question = Question {
        title: format!("{}: {}", filled(&words.version, "version", version), key.title(&member.visit)),
        lead: filled(&words.rollback_lead, "version", version),
        button: filled(&words.rollback_button, "version", version),
        action: version_path(key, version),
        is_offered: in_force.version != version,
        problem,
    };
    page(member, key, &earlier, &in_force, question)
}

pub(super) async fn show_built_in(
    member: Member,
    Path((name, locale)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let key = TextKey::open(&member, &name, &locale).await?;
    built_in_page(&member, &key, None).await
}

pub(super) async fn reset(
    member: Member,
    Path((name, locale)): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let key = TextKey::open(&member, &name, &locale).await?;
    let request = wire::ResetTemplateRequest {
        tenant_id: member.tenant().to_string(),
        name: key.name.clone(),
        locale: key.locale.clone(),
        etag: fields.text("etag").to_owned(),
        request_id: fields.request_id()?,
    };
    match client(&member).reset_template(request).await {
        Ok(_) => member.visit.redirect_saying(&key.path, &member.visit.texts().templates.was_reset),
        Err(status) => {
            let problem = refused(status)?.sentence(&member.visit);
            built_in_page(&member, &key, Some(problem)).await
        }
    }
}

async fn built_in_page(member: &Member, key: &TextKey, problem: Option<String>) -> Result<Response, Fault> {
    let built_in = key.built_in(member).await?;
    let in_force = key.version(member, 0).await?;
    let words = &member.visit.texts().templates;
    let question = Question {
        title: format!("{}: {}", words.built_in, key.title(&member.visit)),
        lead: words.reset_lead.clone(),
        button: words.reset_button.clone(),
        action: format!("{}/built-in", key.path),
        is_offered: is_own(&in_force),
        problem,
    };
    page(member, key, &built_in, &in_force, question)
}

/// A text beside the one in force, and the question whether to put it in its place.
fn page(
    member: &Member,
    key: &TextKey,
    text: &wire::TemplateText,
    in_force: &wire::TemplateText,
    question: Question,
) -> Result<Response, Fault> {
    let Question { title, lead, button, action, is_offered, problem } = question;
    let visit = &member.visit;
    let confirmation = Confirmation {
        text: &lead,
        subjects: &[key.title(visit)],
        action: &action,
        hidden: visit.hidden(&action)?,
        fields: &[("etag", in_force.etag.as_str())],
        questions: None,
        button: &button,
        // The text of today stays among its versions.
        is_loss: false,
        back: &key.path,
    };
    let values = Values::default()
        .part("shown", sources(text))
        .text("path", &key.path)
        .flag("is_offered", is_offered)
        .part("in_force", sources(in_force))
        .html("confirmation", visit.confirmation(confirmation)?);
    let content = Content {
        problems: problem.into_iter().map(|text| Problem { field: None, text }).collect(),
        ..Content::new(&title, visit.body("template_version", values)?)
    };
    member.page(TEMPLATES, content)
}
