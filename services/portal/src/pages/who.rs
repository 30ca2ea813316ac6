//! "Who are you?": the first of the four pages of a reset. A login that nobody has is taken like any other.

use axum::response::Response;
use rekey_primitives::secret::ExposeSecret as _;

use super::path;
use super::sentences::{refusal, sentence};
use crate::cookies::FlowId;
use crate::domain::{Organisation, Refusal, ResetProgress};
use crate::peers::StartedReset;
use crate::view::{Field, FieldKind, Problem, Step, Values};
use crate::web::{Content, Fault, OrganisationForm, Visit};

const PATH: &str = "/reset";
const FIELD: &str = "login";

pub(super) async fn show(visit: Visit) -> Result<Response, Fault> {
    let organisation = visit.organisation().await?;
    let page = page(&visit, &organisation, "", None)?;
    visit.keeping(page, None, Some(&organisation))
}

pub(super) async fn start(visit: Visit, form: OrganisationForm) -> Result<Response, Fault> {
    let OrganisationForm { organisation, fields } = form;
    let (login, words) = (fields.text(FIELD), visit.words());
    if login.is_empty() {
        return page(&visit, &organisation, "", Some(&words.login_missing));
    }
    let identity = &visit.site.identity;
    let refused = match identity.start_reset(organisation.tenant, login, &visit.visitor()).await {
        Ok(started) => return begin(&visit, &organisation, login, &started),
        Err(error) => refusal(error)?,
    };
    let problem = match &refused {
        Refusal::FieldInvalid(fields) if fields.iter().any(|field| field == FIELD) => {
            words.login_invalid.clone()
        }
        other => sentence(&visit, other)?,
    };
    page(&visit, &organisation, login, Some(&problem))
}

/// From here on the reset goes by a name of its own, so that one in another tab stays another.
fn begin(
    visit: &Visit,
    organisation: &Organisation,
    login: &str,
    started: &StartedReset,
) -> Result<Response, Fault> {
    let flow = FlowId::draw(&*visit.site.entropy);
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
    let reset = if visit.has_room(&flow, &reset) { reset } else { reset.without_passkeys() };
    visit.beginning(Visit::redirect(&path(&flow, "prove")), &flow, &reset)
}

fn page(
    visit: &Visit,
    organisation: &Organisation,
    typed: &str,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let words = visit.words();
    let field = visit.field(&Field {
        name: FIELD,
        label: &words.login_label,
        hint: None,
        kind: FieldKind::Login,
        value: typed,
        problem,
    })?;
    let values =
        Values::default().html("hidden", visit.hidden_of(organisation.tenant, PATH)?).html("field", field);
    visit.page(Content {
        organisation: Some(organisation),
        step: Some(Step::Who),
        problems: problem.map(|text| Problem::of(FIELD, text)).into_iter().collect(),
        ..Content::new(&words.who_title, visit.body("who", values)?)
    })
}
