//! "Contact an administrator", from a reset under way or without one. The answer is the same whatever becomes of it.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::id::TenantId;

use super::sentences::{refusal, sentence};
use super::{opened, path};
use crate::cookies::FlowId;
use crate::domain::{Organisation, Refusal, ResetProgress};
use crate::peers::HelpQuestion;
use crate::view::{Field, FieldKind, Problem, Values};
use crate::web::{Content, Fault, OrganisationForm, PostedFields, Visit};

const PATH: &str = "/help";
const LOGIN: &str = "login";
const MESSAGE: &str = "message";

/// Who asks, and what was typed.
struct Draft<'a> {
    tenant: TenantId,
    /// None where the browser does not know it.
    organisation: Option<&'a Organisation>,
    /// The reset under way.
    reset: Option<(&'a ResetProgress, &'a FlowId)>,
    login: &'a str,
    message: &'a str,
}

impl<'a> Draft<'a> {
    fn of(organisation: &'a Organisation) -> Self {
        let (tenant, organisation) = (organisation.tenant, Some(organisation));
        Self { tenant, organisation, reset: None, login: "", message: "" }
    }

    /// A reset stays with the tenant it began in, whatever the browser was told since.
    fn in_reset(reset: &'a ResetProgress, flow: &'a FlowId, organisation: Option<&'a Organisation>) -> Self {
        let (tenant, login) = (reset.tenant, reset.login.as_str());
        Self { tenant, organisation, reset: Some((reset, flow)), login, message: "" }
    }
}

pub(super) async fn show(visit: Visit) -> Result<Response, Fault> {
    let organisation = visit.organisation().await?;
    page(&visit, &Draft::of(&organisation), None)
}

pub(super) async fn show_in_reset(visit: Visit, Path(flow): Path<String>) -> Result<Response, Fault> {
    let (flow, reset) = opened(&visit, &flow)?;
    let organisation = visit.organisation_of(reset.tenant);
    page(&visit, &Draft::in_reset(&reset, &flow, organisation.as_ref()), None)
}

pub(super) async fn ask(visit: Visit, form: OrganisationForm) -> Result<Response, Fault> {
    let OrganisationForm { organisation, fields } = form;
    let (login, message) = (fields.text(LOGIN), fields.text(MESSAGE));
    let draft = Draft { login, message, ..Draft::of(&organisation) };
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
    let (flow, reset) = opened(&visit, &flow)?;
    let organisation = visit.organisation_of(reset.tenant);
    let message = fields.text(MESSAGE);
    let draft = Draft { message, ..Draft::in_reset(&reset, &flow, organisation.as_ref()) };
    send(&visit, &draft, fields.request_id()?).await
}

pub(super) async fn sent(visit: Visit) -> Result<Response, Fault> {
    let words = visit.words();
    let values =
        Values::default().text("text", &words.help_sent_lead).flag("support_code", false).flag("link", false);
    let organisation = visit.known_organisation();
    let content = Content::new(&words.help_sent_title, visit.body("sentence", values)?);
    visit.page(Content { organisation: organisation.as_ref(), ..content })
}

async fn send(visit: &Visit, draft: &Draft<'_>, request_id: String) -> Result<Response, Fault> {
    let question = HelpQuestion {
        tenant: draft.tenant,
        login: draft.login,
        reset_token: draft.reset.map(|(reset, _)| reset.token.as_str()),
        message: draft.message,
    };
    let refused = match visit.site.identity.ask_for_help(&question, &visit.call(request_id)).await {
        Ok(()) => return visit.ending(draft.tenant, Visit::redirect("/help/sent")),
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
    let hidden = match flow {
        Some(flow) => visit.hidden(&path(flow, "help"))?,
        None => visit.hidden_of(draft.tenant, PATH)?,
    };
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
    let help_url = draft.organisation.map(|organisation| organisation.help_url.as_str());
    let help_url = help_url.filter(|url| !url.is_empty());
    let values = Values::default()
        .optional("help_url", help_url)
        .optional("flow", flow.map(FlowId::as_str))
        .html("hidden", hidden)
        .optional_html("login_field", login)
        .html("message_field", visit.field(&message)?);
    let body = visit.body("help", values)?;
    visit.page(Content {
        organisation: draft.organisation,
        problems: problem.into_iter().collect(),
        ..Content::new(&words.help_title, body)
    })
}
