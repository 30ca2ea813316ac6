//! The logo over the organisation's pages: it comes as a file, so its page has a form of its own and is in force at once.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;

use super::draft::Revision;
use super::fields::{LOGO_DIGEST, LOGO_SENT, place_of};
use super::{ETAG_MISMATCH, POLICY, require_editor, with_current_look};
use crate::assets::logo_path;
use crate::domain::{Look, PolicyValue, Refusal};
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::view::{Confirmation, FormProblem, Values};
use crate::web::{CurrentUser, Fault, PageContent, PageContext, PostedFields, PostedFile};

pub(super) const PATH: &str = "/administration/policy/logo";
pub(super) const REMOVAL_PATH: &str = "/administration/policy/logo/remove";
/// The field with the file.
const FIELD: &str = "logo";

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    require_editor(&user)?;
    page(&user, None).await
}

/// Takes an image. One that is larger than any form here may be is told like one that identity turns down.
pub(super) async fn submit(user: CurrentUser, posted: Result<PostedFile, Fault>) -> Result<Response, Fault> {
    require_editor(&user)?;
    let words = &user.context.texts().policy;
    let posted = match posted {
        Ok(posted) if posted.content.is_empty() => return page(&user, Some(&words.logo_missing)).await,
        Ok(posted) => posted,
        Err(Fault::TooLarge) => return page(&user, Some(&words.logo_refused)).await,
        Err(fault) => return Err(fault),
    };
    let logo = wire::PortalPolicy { logo: posted.content, ..wire::PortalPolicy::default() };
    match set(&user, logo, &posted.fields).await? {
        None => with_current_look(&user, user.context.redirect_with_flash(PATH, &words.logo_saved)?).await,
        Some(problem) => page(&user, Some(&problem)).await,
    }
}

pub(super) async fn ask_removal(user: CurrentUser) -> Result<Response, Fault> {
    require_editor(&user)?;
    removal(&user, None).await
}

pub(super) async fn remove(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    require_editor(&user)?;
    match set(&user, wire::PortalPolicy::default(), &fields).await? {
        None => {
            let told = &user.context.texts().policy.logo_removed;
            with_current_look(&user, user.context.redirect_with_flash(PATH, told)?).await
        }
        Some(problem) => removal(&user, Some(problem)).await,
    }
}

/// Has the policy hold this logo, or none; why it does not, as a sentence.
async fn set(
    user: &CurrentUser,
    logo: wire::PortalPolicy,
    fields: &PostedFields,
) -> Result<Option<String>, Fault> {
    let request = wire::UpdatePolicyRequest {
        tenant_id: user.tenant().to_string(),
        policy: Some(wire::Policy { portal: Some(logo), ..wire::Policy::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec![LOGO_SENT.to_owned()] }),
        etag: fields.text("etag").to_owned(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let refused = match PolicyServiceClient::new(user.identity()).update_policy(request).await {
        Ok(_) => return Ok(None),
        Err(status) => refusal(status.into())?,
    };
    let words = &user.context.texts().policy;
    let problem = match &refused {
        Refusal::FieldInvalid(named) if named.iter().any(|name| place_of(name) == place_of(LOGO_SENT)) => {
            words.logo_refused.clone()
        }
        Refusal::Other(reason, _) if reason == ETAG_MISMATCH => words.overtaken.clone(),
        other => refusal_text(&user.context, other)?,
    };
    Ok(Some(problem))
}

/// The digest of the logo that a policy has; empty where it has none.
fn digest(policy: &Revision) -> &str {
    match place_of(LOGO_DIGEST).and_then(|place| policy.values.get(place)) {
        Some(PolicyValue::Text(digest)) => digest,
        _ => "",
    }
}

/// The page. What is wrong with an image is said beside the field.
async fn page(user: &CurrentUser, problem: Option<&str>) -> Result<Response, Fault> {
    let policy = Revision::in_force(user).await?;
    let version = Look::of("", digest(&policy)).logo;
    let context = &user.context;
    let words = &context.texts().policy;
    let values = Values::default()
        .html("hidden", context.hidden_fields(PATH)?)
        .text("etag", &policy.etag)
        .optional("logo_path", version.map(|version| logo_path(user.tenant(), &version)))
        .optional("problem", problem);
    let content = PageContent {
        problems: problem.map(|text| FormProblem::of(FIELD, text)).into_iter().collect(),
        ..PageContent::new(&words.logo_title, context.body("policy_logo", values)?)
    };
    user.page(POLICY, content)
}

async fn removal(user: &CurrentUser, problem: Option<String>) -> Result<Response, Fault> {
    let policy = Revision::in_force(user).await?;
    let context = &user.context;
    let words = &context.texts().policy;
    if digest(&policy).is_empty() {
        return Ok(PageContext::redirect(PATH));
    }
    let body = context.confirmation(Confirmation {
        text: &words.logo_remove_lead,
        subjects: &[],
        action: REMOVAL_PATH,
        hidden: context.hidden_fields(REMOVAL_PATH)?,
        fields: &[("etag", policy.etag.as_str())],
        extra_fields: None,
        button: &words.logo_remove,
        is_loss: true,
        back: PATH,
    })?;
    let content = PageContent {
        problems: problem.into_iter().map(|text| FormProblem { field: None, text }).collect(),
        ..PageContent::new(&words.logo_remove, body)
    };
    user.page(POLICY, content)
}
