//! "Contact an administrator", from a reset under way or without one. The answer is the same whatever becomes of it.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::id::TenantId;

use super::refusal_texts::{refusal, refusal_text};
use super::{find_reset, path};
use crate::cookies::FlowId;
use crate::domain::{Organisation, Refusal, ResetProgress};
use crate::peers::NewHelpRequest;
use crate::view::{Field, FieldKind, FormProblem, Values};
use crate::web::{Fault, OrganisationForm, PageContent, PageContext, PostedFields};

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

pub(super) async fn show(context: PageContext) -> Result<Response, Fault> {
    let organisation = context.organisation().await?;
    page(&context, &Draft::of(&organisation), None)
}

pub(super) async fn show_in_reset(context: PageContext, Path(flow): Path<String>) -> Result<Response, Fault> {
    let (flow, reset) = find_reset(&context, &flow)?;
    let organisation = context.organisation_of(reset.tenant);
    page(&context, &Draft::in_reset(&reset, &flow, organisation.as_ref()), None)
}

pub(super) async fn ask(context: PageContext, form: OrganisationForm) -> Result<Response, Fault> {
    let OrganisationForm { organisation, fields } = form;
    let (login, message) = (fields.text(LOGIN), fields.text(MESSAGE));
    let draft = Draft { login, message, ..Draft::of(&organisation) };
    if login.is_empty() {
        let problem = FormProblem::of(LOGIN, &context.words().login_missing);
        return page(&context, &draft, Some(problem));
    }
    send(&context, &draft, fields.request_id()?).await
}

pub(super) async fn ask_in_reset(
    context: PageContext,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (flow, reset) = find_reset(&context, &flow)?;
    let organisation = context.organisation_of(reset.tenant);
    let message = fields.text(MESSAGE);
    let draft = Draft { message, ..Draft::in_reset(&reset, &flow, organisation.as_ref()) };
    send(&context, &draft, fields.request_id()?).await
}

pub(super) async fn sent(context: PageContext) -> Result<Response, Fault> {
    let words = context.words();
    let values =
        Values::default().text("text", &words.help_sent_lead).flag("support_code", false).flag("link", false);
    let organisation = context.known_organisation();
    let content = PageContent::new(&words.help_sent_title, context.body("sentence", values)?);
    context.page(PageContent { organisation: organisation.as_ref(), ..content })
}

async fn send(context: &PageContext, draft: &Draft<'_>, request_id: String) -> Result<Response, Fault> {
    let question = NewHelpRequest {
        tenant: draft.tenant,
        login: draft.login,
        reset_token: draft.reset.map(|(reset, _)| reset.token.as_str()),
        message: draft.message,
    };
    let refused = match context.site.identity.request_help(&question, &context.call(request_id)).await {
        Ok(()) => {
            return context.without_stale_organisation(draft.tenant, PageContext::redirect("/help/sent"));
        }
        Err(error) => refusal(error)?,
    };
    let names = |field: &str| matches!(&refused, Refusal::FieldInvalid(fields) if fields.iter().any(|named| named == field));
    let words = context.words();
    let problem = if names(LOGIN) {
        FormProblem::of(LOGIN, &words.login_invalid)
    } else if names(MESSAGE) {
        FormProblem::of(MESSAGE, &words.help_message_refused)
    } else {
        FormProblem::of(MESSAGE, refusal_text(context, &refused)?)
    };
    page(context, draft, Some(problem))
}

fn page(context: &PageContext, draft: &Draft<'_>, problem: Option<FormProblem>) -> Result<Response, Fault> {
    let words = context.words();
    let flow = draft.reset.map(|(_, flow)| flow);
    let hidden = match flow {
        Some(flow) => context.hidden_fields(&path(flow, "help"))?,
        None => context.hidden_fields_of(draft.tenant, PATH)?,
    };
    let wrong = |name: &str| FormProblem::for_field(&problem, name);
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
    let login = if draft.reset.is_none() { Some(context.field(&login)?) } else { None };
    let help_url = draft.organisation.map(|organisation| organisation.help_url.as_str());
    let help_url = help_url.filter(|url| !url.is_empty());
    let values = Values::default()
        .optional("help_url", help_url)
        .optional("flow", flow.map(FlowId::as_str))
        .html("hidden", hidden)
        .optional_html("login_field", login)
        .html("message_field", context.field(&message)?);
    let body = context.body("help", values)?;
    context.page(PageContent {
        organisation: draft.organisation,
        problems: problem.into_iter().collect(),
        ..PageContent::new(&words.help_title, body)
    })
}
