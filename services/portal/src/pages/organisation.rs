//! "Which organisation are you with?": asked once, where the portal has several. Which ones there are is told to nobody.

use axum::extract::Path;
use axum::response::Response;

use super::refusal_texts::{refusal, refusal_text};
use crate::domain::{OrganisationKey, Refusal};
use crate::view::{Field, FieldKind, FormProblem, Values};
use crate::web::{Fault, PageContent, PageContext, PostedFields};

const PATH: &str = "/organisation";
const FIELD: &str = "organisation";

pub(super) async fn show(context: PageContext) -> Result<Response, Fault> {
    if context.site.rules.tenant.is_some() {
        return Ok(PageContext::redirect("/"));
    }
    page(&context, "", None)
}

/// An organisation's own address, which colleagues hand on.
pub(super) async fn choose_by_handle(
    context: PageContext,
    Path(handle): Path<String>,
) -> Result<Response, Fault> {
    choose_organisation(&context, &handle).await
}

pub(super) async fn choose(context: PageContext, fields: PostedFields) -> Result<Response, Fault> {
    choose_organisation(&context, fields.text(FIELD)).await
}

async fn choose_organisation(context: &PageContext, typed: &str) -> Result<Response, Fault> {
    let words = context.words();
    if context.site.rules.tenant.is_some() {
        return Ok(PageContext::redirect("/"));
    }
    let Some(key) = OrganisationKey::parse(typed) else {
        return page(context, typed, Some(&words.organisation_missing));
    };
    let refused = match context.site.identity.find_organisation(&key).await {
        Ok(found) => return context.with_cookie(PageContext::redirect("/"), None, Some(&found)),
        Err(error) => refusal(error)?,
    };
    let problem = match &refused {
        Refusal::OrganisationUnknown | Refusal::FieldInvalid(_) => words.organisation_unknown.clone(),
        Refusal::OrganisationElsewhere => words.organisation_elsewhere.clone(),
        other => refusal_text(context, other)?,
    };
    page(context, typed, Some(&problem))
}

fn page(context: &PageContext, typed: &str, problem: Option<&str>) -> Result<Response, Fault> {
    let words = context.words();
    let field = context.field(&Field {
        name: FIELD,
        label: &words.organisation_label,
        hint: Some(&words.organisation_hint),
        kind: FieldKind::Organisation,
        value: typed,
        problem,
    })?;
    let values = Values::default().html("hidden", context.hidden_fields(PATH)?).html("field", field);
    let body = context.body("organisation", values)?;
    let problems = problem.map(|text| FormProblem::of(FIELD, text)).into_iter().collect();
    context.page(PageContent { problems, ..PageContent::new(&words.organisation_title, body) })
}
