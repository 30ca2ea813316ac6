//! "Which organisation are you with?": asked once, where the portal has several. Which ones there are is told to nobody.

use axum::extract::Path;
use axum::response::Response;

use super::sentences::{refusal, sentence};
use crate::domain::{OrganisationKey, Refusal};
use crate::view::{Field, FieldKind, Problem, Values};
use crate::web::{Content, Fault, PostedFields, Visit};

const PATH: &str = "/organisation";
const FIELD: &str = "organisation";

pub(super) async fn show(visit: Visit) -> Result<Response, Fault> {
    if visit.site.rules.tenant.is_some() {
        return Ok(Visit::redirect("/"));
    }
    page(&visit, "", None)
}

/// An organisation's own address, which colleagues hand on.
pub(super) async fn come(visit: Visit, Path(handle): Path<String>) -> Result<Response, Fault> {
    take(&visit, &handle).await
}

pub(super) async fn choose(visit: Visit, fields: PostedFields) -> Result<Response, Fault> {
    take(&visit, fields.text(FIELD)).await
}

async fn take(visit: &Visit, typed: &str) -> Result<Response, Fault> {
    let words = visit.words();
    if visit.site.rules.tenant.is_some() {
        return Ok(Visit::redirect("/"));
    }
    let Some(key) = OrganisationKey::parse(typed) else {
        return page(visit, typed, Some(&words.organisation_missing));
    };
    let refused = match visit.site.identity.find_organisation(&key).await {
        Ok(found) => return visit.keeping(Visit::redirect("/"), None, Some(&found)),
        Err(error) => refusal(error)?,
    };
    let problem = match &refused {
        Refusal::OrganisationUnknown | Refusal::FieldInvalid(_) => words.organisation_unknown.clone(),
        Refusal::OrganisationElsewhere => words.organisation_elsewhere.clone(),
        other => sentence(visit, other)?,
    };
    page(visit, typed, Some(&problem))
}

fn page(visit: &Visit, typed: &str, problem: Option<&str>) -> Result<Response, Fault> {
    let words = visit.words();
    let field = visit.field(&Field {
        name: FIELD,
        label: &words.organisation_label,
        hint: Some(&words.organisation_hint),
        kind: FieldKind::Organisation,
        value: typed,
        problem,
    })?;
    let values = Values::default().html("hidden", visit.hidden(PATH)?).html("field", field);
    let body = visit.body("organisation", values)?;
    let problems = problem.map(|text| Problem::of(FIELD, text)).into_iter().collect();
    visit.page(Content { problems, ..Content::new(&words.organisation_title, body) })
}
