//! Adding a passkey, and what it is called. The browser makes it, so this page alone needs a script; without one it says so.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::passkey_service_client::PasskeyServiceClient;

use super::entries;
use super::security_info::{done, general};
use crate::assets::PASSKEY_SCRIPT;
use crate::domain::Refusal;
use crate::pages::proof_forms::CREDENTIAL;
use crate::pages::sentences::{refusal, sentence};
use crate::view::{Field, FieldKind, Problem, Values};
use crate::web::{Content, Fault, Member, Place, PostedFields};
use crate::words::filled;

const PATH: &str = "/account/security-info/passkey";
/// What the person calls it.
const NAME: &str = "name";
/// Carries the registration from the page to its form.
const REGISTRATION: &str = "registration";

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    page(&member, "", None).await
}

pub(super) async fn add(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    let (name, words) = (fields.text(NAME), &member.visit.texts().account);
    let credential = fields.text(CREDENTIAL);
    if credential.is_empty() {
        return page(&member, name, Some(Problem { field: None, text: words.passkey_failed.clone() })).await;
    }
    let request = wire::CompletePasskeyRegistrationRequest {
        registration_token: fields.text(REGISTRATION).to_owned(),
        credential_json: credential.to_owned(),
        display_name: if name.is_empty() { words.passkey_default_name.clone() } else { name.to_owned() },
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let refused =
        match PasskeyServiceClient::new(member.identity()).complete_passkey_registration(request).await {
            Ok(_) => return done(&member, &words.passkey_added),
            Err(status) => refusal(status.into())?,
        };
    let problem = match &refused {
        Refusal::FieldInvalid(fields) if fields.iter().any(|field| field == "display_name") => {
            Problem::of(NAME, &words.rename_refused)
        }
        Refusal::FieldInvalid(_) => Problem { field: None, text: words.passkey_failed.clone() },
        other => Problem { field: None, text: sentence(&member.visit, other)? },
    };
    page(&member, name, Some(problem)).await
}

/// Each time it is shown with what a new passkey is made of. Where identity takes none, it says why.
async fn page(member: &Member, name: &str, problem: Option<Problem>) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let request = wire::StartPasskeyRegistrationRequest { context: member.context() };
    let started = match PasskeyServiceClient::new(member.identity()).start_passkey_registration(request).await
    {
        Ok(started) => started.into_inner(),
        Err(status) => {
            let text = sentence(visit, &refusal(status.into())?)?;
            return without_form(member, text);
        }
    };
    let field = visit.field(&Field {
        name: NAME,
        label: &words.passkey_name_label,
        hint: Some(&words.passkey_name_hint),
        kind: FieldKind::Text,
        value: name,
        problem: Problem::beside(&problem, NAME),
    })?;
    let values = Values::default()
        .flag("has_form", true)
        .html("hidden", visit.hidden(PATH)?)
        .html("field", field)
        .text("options", &started.creation_options_json)
        .text("registration", &started.registration_token);
    let body = visit.body("account_passkey", values)?;
    let problems = problem.into_iter().collect();
    let content = Content { script_path: Some(PASSKEY_SCRIPT), ..Content::new(&words.add_passkey, body) };
    member.page(Place::SecurityInfo, Content { problems, ..content })
}

fn without_form(member: &Member, problem: String) -> Result<Response, Fault> {
    let body = member.visit.body("account_passkey", Values::default().flag("has_form", false))?;
    let content = Content::new(&member.visit.texts().account.add_passkey, body);
    member.page(Place::SecurityInfo, Content { problems: general(Some(problem)), ..content })
}

pub(super) async fn show_name(member: Member, Path(id): Path<String>) -> Result<Response, Fault> {
    let passkey = find(&member, &id).await?;
    name_page(&member, &passkey, &passkey.display_name, None)
}

pub(super) async fn rename(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (passkey, words) = (find(&member, &id).await?, &member.visit.texts().account);
    let name = fields.text(NAME);
    if name.is_empty() {
        return name_page(&member, &passkey, "", Some(&words.rename_missing));
    }
    let request = wire::RenamePasskeyRequest {
        security_info_id: passkey.security_info_id.clone(),
        display_name: name.to_owned(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let refused = match PasskeyServiceClient::new(member.identity()).rename_passkey(request).await {
        Ok(_) => return done(&member, &words.renamed),
        Err(status) => refusal(status.into())?,
    };
    let problem = match &refused {
        Refusal::FieldInvalid(_) => words.rename_refused.clone(),
        other => sentence(&member.visit, other)?,
    };
    name_page(&member, &passkey, name, Some(&problem))
}

/// The passkey that an address names.
async fn find(member: &Member, id: &str) -> Result<wire::SecurityInfo, Fault> {
    let entry = entries::find(member, id).await?;
    if entry.kind() == wire::MethodKind::Passkey { Ok(entry) } else { Err(Fault::NotFound) }
}

fn name_page(
    member: &Member,
    passkey: &wire::SecurityInfo,
    typed: &str,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let action = entries::path(passkey, "rename");
    let field = visit.field(&Field {
        name: NAME,
        label: &words.rename_label,
        hint: None,
        kind: FieldKind::Text,
        value: typed,
        problem,
    })?;
    let values = Values::default()
        .text("lead", &filled(&words.rename_lead, "name", &passkey.display_name))
        .text("action", &action)
        .html("hidden", visit.hidden(&action)?)
        .html("field", field);
    let problems = problem.map(|text| Problem::of(NAME, text)).into_iter().collect();
    let body = visit.body("account_rename", values)?;
    member.page(Place::SecurityInfo, Content { problems, ..Content::new(&words.rename_title, body) })
}
