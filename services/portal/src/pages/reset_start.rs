//! "Who are you?": the first of the four pages of a reset. A login that nobody has is taken like any other.

use axum::response::Response;
use rekey_primitives::secret::ExposeSecret as _;

use super::path;
use super::refusal_texts::{refusal, refusal_text};
use crate::cookies::FlowId;
use crate::domain::{Organisation, Refusal, ResetProgress};
use crate::peers::StartedReset;
use crate::view::{Field, FieldKind, FormProblem, ResetStep, Values};
use crate::web::{Fault, OrganisationForm, PageContent, PageContext};

const PATH: &str = "/reset";
const FIELD: &str = "login";

pub(super) async fn show(context: PageContext) -> Result<Response, Fault> {
    let organisation = context.organisation().await?;
    let page = page(&context, &organisation, "", None)?;
    context.with_cookie(page, None, Some(&organisation))
}

pub(super) async fn start(context: PageContext, form: OrganisationForm) -> Result<Response, Fault> {
    let OrganisationForm { organisation, fields } = form;
    let (login, words) = (fields.text(FIELD), context.words());
    if login.is_empty() {
        return page(&context, &organisation, "", Some(&words.login_missing));
    }
    let identity = &context.site.identity;
    let refused = match identity.start_reset(organisation.tenant, login, &context.client_info()).await {
        Ok(started) => return begin(&context, &organisation, login, &started),
        Err(error) => refusal(error)?,
    };
    let problem = match &refused {
        Refusal::FieldInvalid(fields) if fields.iter().any(|field| field == FIELD) => {
            words.login_invalid.clone()
        }
        other => refusal_text(&context, other)?,
    };
    page(&context, &organisation, login, Some(&problem))
}

/// From here on the reset goes by a name of its own, so that one in another tab stays another.
fn begin(
    context: &PageContext,
    organisation: &Organisation,
    login: &str,
    started: &StartedReset,
) -> Result<Response, Fault> {
    let flow = FlowId::draw(&*context.site.entropy);
    let reset = ResetProgress {
        tenant: organisation.tenant,
        login: login.to_owned(),
        token: started.token.expose_secret().to_owned(),
        methods: started.methods.clone(),
        proofs_remaining: started.proofs_required,
        expires_at: started.expires_at,
        sent: None,
    };
    // Beside a very long login there may be no room for passkeys. The reset begins all the same, as that of a login without any.
    let reset = if context.has_room(&flow, &reset) { reset } else { reset.without_passkeys() };
    context.with_new_flow(PageContext::redirect(&path(&flow, "prove")), &flow, &reset)
}

fn page(
    context: &PageContext,
    organisation: &Organisation,
    typed: &str,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let words = context.words();
    let field = context.field(&Field {
        name: FIELD,
        label: &words.login_label,
        hint: None,
        kind: FieldKind::Login,
        value: typed,
        problem,
    })?;
    let values = Values::default()
        .html("hidden", context.hidden_fields_of(organisation.tenant, PATH)?)
        .html("field", field);
    context.page(PageContent {
        organisation: Some(organisation),
        step: Some(ResetStep::Who),
        problems: problem.map(|text| FormProblem::of(FIELD, text)).into_iter().collect(),
        ..PageContent::new(&words.who_title, context.body("who", values)?)
    })
}
