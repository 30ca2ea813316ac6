//! "Contact an administrator", from a reset under way or without one. The answer is the same whatever becomes of it.

use axum::extract::Path;
use axum::response::Response;

use super::sentences::{refusal, sentence};
use super::{belonging, opened, path};
use crate::cookies::FlowId;
use crate::domain::{Organisation, Refusal, ResetProgress};
use crate::peers::HelpQuestion;
use crate::view::{Field, FieldKind, Problem, Values};
use crate::web::{Content, Fault, PostedFields, Visit};

const PATH: &str = "/help";
const LOGIN: &str = "login";
const MESSAGE: &str = "message";

/// Who asks, and what was typed.
struct Draft<'a> {
    organisation: &'a Organisation,
    /// The reset under way.
    reset: Option<(&'a ResetProgress, &'a FlowId)>,
    login: &'a str,
    message: &'a str,
}

pub(super) async fn show(visit: Visit) -> Result<Response, Fault> {
    let organisation = belonging(&visit).await?;
    page(&visit, &Draft { organisation: &organisation, reset: None, login: "", message: "" }, None)
}

pub(super) async fn show_in_reset(visit: Visit, Path(flow): Path<String>) -> Result<Response, Fault> {
    let ((flow, reset), organisation) = (opened(&visit, &flow)?, belonging(&visit).await?);
    let reset = Some((&reset, &flow));
    page(&visit, &Draft { organisation: &organisation, reset, login: "", message: "" }, None)
}

pub(super) async fn ask(visit: Visit, fields: PostedFields) -> Result<Response, Fault> {
    let organisation = belonging(&visit).await?;
    let (login, message) = (fields.text(LOGIN), fields.text(MESSAGE));
    let draft = Draft { organisation: &organisation, reset: None, login, message };
    if login.is_empty() {
        let problem = Problem::of(LOGIN, &visit.words().login_missing);
        return page(&visit, &draft, Some(problem));
    }
    send(&visit, &draft, fields.request_id()?).await
}

pub(super) async fn ask_in_reset(
    visit: Visit,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let ((flow, reset), organisation) = (opened(&visit, &flow)?, belonging(&visit).await?);
    let (login, message) = (reset.login.as_str(), fields.text(MESSAGE));
    let reset = Some((&reset, &flow));
    let draft = Draft { organisation: &organisation, reset, login, message };
    send(&visit, &draft, fields.request_id()?).await
}

pub(super) async fn sent(visit: Visit) -> Result<Response, Fault> {
    let words = visit.words();
    let values =
        Values::default().text("text", &words.help_sent_lead).flag("support_code", false).flag("link", false);
    let organisation = super::organisation_name(&visit);
    let content = Content::new(&words.help_sent_title, visit.body("sentence", values)?);
    visit.page(Content { organisation: organisation.as_deref(), ..content })
}

async fn send(visit: &Visit, draft: &Draft<'_>, request_id: String) -> Result<Response, Fault> {
    let question = HelpQuestion {
        // A reset stays with the tenant it began in, whatever the browser was told since.
        tenant: draft.reset.map_or(draft.organisation.tenant, |(reset, _)| reset.tenant),
        login: draft.login,
        reset_token: draft.reset.map(|(reset, _)| reset.token.as_str()),
        message: draft.message,
    };
    let refused = match visit.site.identity.ask_for_help(&question, &visit.call(request_id)).await {
        Ok(()) => return Ok(Visit::redirect("/help/sent")),
        Err(error) => refusal(error)?,
    };
    let names = |field: &str| matches!(&refused, Refusal::FieldInvalid(fields) if fields.iter().any(|named| named == field));
    let words = visit.words();
    let problem = if names(LOGIN) {
        Problem::of(LOGIN, &words.login_invalid)
    } else if names(MESSAGE) {
        Problem::of(MESSAGE, &words.help_message_refused)
    } else {
        Problem::of(MESSAGE, sentence(visit, &refused)?)
    };
    page(visit, draft, Some(problem))
}

fn page(visit: &Visit, draft: &Draft<'_>, problem: Option<Problem>) -> Result<Response, Fault> {
    let words = visit.words();
    let flow = draft.reset.map(|(_, flow)| flow);
    let action = flow.map_or_else(|| PATH.to_owned(), |flow| path(flow, "help"));
    let wrong = |name: &str| Problem::beside(&problem, name);
    let login = Field {
        name: LOGIN,
        label: &words.login_label,
        hint: None,
        kind: FieldKind::Login,
        value: draft.login,
        problem: wrong(LOGIN),
    };
    let message = Field {
        name: MESSAGE,
        label: &words.help_message_label,
        hint: Some(&words.help_message_hint),
        kind: FieldKind::Message,
        value: draft.message,
        problem: wrong(MESSAGE),
    };
    // Of a reset the login is known: it is not asked again.
    let login = if draft.reset.is_none() { Some(visit.field(&login)?) } else { None };
    let help_url = Some(draft.organisation.help_url.as_str()).filter(|url| !url.is_empty());
    let values = Values::default()
        .optional("help_url", help_url)
        .optional("flow", flow.map(FlowId::as_str))
        .html("hidden", visit.hidden(&action)?)
        .optional_html("login_field", login)
        .html("message_field", visit.field(&message)?);
    let body = visit.body("help", values)?;
    visit.page(Content {
        organisation: Some(&draft.organisation.name),
        problems: problem.into_iter().collect(),
        ..Content::new(&words.help_title, body)
    })
}
