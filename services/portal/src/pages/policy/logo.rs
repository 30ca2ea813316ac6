//! The logo over the organisation's pages: it comes as a file, so its page has a form of its own and is in force at once.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;

use super::draft::Revision;
use super::fields::{LOGO_DIGEST, LOGO_SENT, place_of};
use super::{ETAG_MISMATCH, POLICY, demand_editor, in_new_look};
use crate::assets::logo_path;
use crate::domain::{Look, PolicyValue, Refusal};
use crate::pages::sentences::{refusal, sentence};
use crate::view::{Confirmation, Problem, Values};
use crate::web::{Content, Fault, Member, PostedFields, PostedFile, Visit};

pub(super) const PATH: &str = "/administration/policy/logo";
pub(super) const REMOVAL_PATH: &str = "/administration/policy/logo/remove";
/// The field with the file.
const FIELD: &str = "logo";

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    demand_editor(&member)?;
    page(&member, None).await
}

/// Takes an image. One that is larger than any form here may be is told like one that identity turns down.
pub(super) async fn submit(member: Member, posted: Result<PostedFile, Fault>) -> Result<Response, Fault> {
    demand_editor(&member)?;
    let words = &member.visit.texts().policy;
    let posted = match posted {
        Ok(posted) if posted.content.is_empty() => return page(&member, Some(&words.logo_missing)).await,
        Ok(posted) => posted,
        Err(Fault::TooLarge) => return page(&member, Some(&words.logo_refused)).await,
        Err(fault) => return Err(fault),
    };
    let logo = wire::PortalPolicy { logo: posted.content, ..wire::PortalPolicy::default() };
    match set(&member, logo, &posted.fields).await? {
        None => in_new_look(&member, member.visit.redirect_saying(PATH, &words.logo_saved)?).await,
        Some(problem) => page(&member, Some(&problem)).await,
    }
}

pub(super) async fn ask_removal(member: Member) -> Result<Response, Fault> {
    demand_editor(&member)?;
    removal(&member, None).await
}

pub(super) async fn remove(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    demand_editor(&member)?;
    match set(&member, wire::PortalPolicy::default(), &fields).await? {
        None => {
            let told = &member.visit.texts().policy.logo_removed;
            in_new_look(&member, member.visit.redirect_saying(PATH, told)?).await
        }
        Some(problem) => removal(&member, Some(problem)).await,
    }
}

/// Has the policy hold this logo, or none; why it does not, as a sentence.
async fn set(
    member: &Member,
    logo: wire::PortalPolicy,
    fields: &PostedFields,
) -> Result<Option<String>, Fault> {
    let request = wire::UpdatePolicyRequest {
        tenant_id: member.tenant().to_string(),
        policy: Some(wire::Policy { portal: Some(logo), ..wire::Policy::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec![LOGO_SENT.to_owned()] }),
        etag: fields.text("etag").to_owned(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let refused = match PolicyServiceClient::new(member.identity()).update_policy(request).await {
        Ok(_) => return Ok(None),
        Err(status) => refusal(status.into())?,
    };
    let words = &member.visit.texts().policy;
    let problem = match &refused {
        Refusal::FieldInvalid(named) if named.iter().any(|name| place_of(name) == place_of(LOGO_SENT)) => {
            words.logo_refused.clone()
        }
        Refusal::Other(reason, _) if reason == ETAG_MISMATCH => words.overtaken.clone(),
        other => sentence(&member.visit, other)?,
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
async fn page(member: &Member, problem: Option<&str>) -> Result<Response, Fault> {
    let policy = Revision::in_force(member).await?;
    let version = Look::of("", digest(&policy)).logo;
    let visit = &member.visit;
    let words = &visit.texts().policy;
    let values = Values::default()
        .html("hidden", visit.hidden(PATH)?)
        .text("etag", &policy.etag)
        .optional("logo_path", version.map(|version| logo_path(member.tenant(), &version)))
        .optional("problem", problem);
    let content = Content {
        problems: problem.map(|text| Problem::of(FIELD, text)).into_iter().collect(),
        ..Content::new(&words.logo_title, visit.body("policy_logo", values)?)
    };
    member.page(POLICY, content)
}

async fn removal(member: &Member, problem: Option<String>) -> Result<Response, Fault> {
    let policy = Revision::in_force(member).await?;
    let visit = &member.visit;
    let words = &visit.texts().policy;
    if digest(&policy).is_empty() {
        return Ok(Visit::redirect(PATH));
    }
    let body = visit.confirmation(Confirmation {
        text: &words.logo_remove_lead,
        subjects: &[],
        action: REMOVAL_PATH,
        hidden: visit.hidden(REMOVAL_PATH)?,
        fields: &[("etag", policy.etag.as_str())],
        questions: None,
        button: &words.logo_remove,
        is_loss: true,
        back: PATH,
    })?;
    let content = Content {
        problems: problem.into_iter().map(|text| Problem { field: None, text }).collect(),
        ..Content::new(&words.logo_remove, body)
    };
    member.page(POLICY, content)
}
