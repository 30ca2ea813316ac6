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
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::view::{Field, FieldKind, FormProblem, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields};
use crate::words::interpolate;

const PATH: &str = "/account/security-info/passkey";
/// What the person calls it.
const NAME: &str = "name";
/// Carries the registration from the page to its form.
const REGISTRATION: &str = "registration";

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    page(&user, "", None).await
}

pub(super) async fn add(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    let (name, words) = (fields.text(NAME), &user.context.texts().account);
    let credential = fields.text(CREDENTIAL);
    if credential.is_empty() {
        return page(&user, name, Some(FormProblem { field: None, text: words.passkey_failed.clone() }))
            .await;
    }
    let request = wire::CompletePasskeyRegistrationRequest {
        registration_token: fields.text(REGISTRATION).to_owned(),
        credential_json: credential.to_owned(),
        display_name: if name.is_empty() { words.passkey_default_name.clone() } else { name.to_owned() },
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let refused =
        match PasskeyServiceClient::new(user.identity()).complete_passkey_registration(request).await {
            Ok(_) => return done(&user, &words.passkey_added),
            Err(status) => refusal(status.into())?,
        };
    let problem = match &refused {
        Refusal::FieldInvalid(fields) if fields.iter().any(|field| field == "display_name") => {
            FormProblem::of(NAME, &words.rename_refused)
        }
        Refusal::FieldInvalid(_) => FormProblem { field: None, text: words.passkey_failed.clone() },
        other => FormProblem { field: None, text: refusal_text(&user.context, other)? },
    };
    page(&user, name, Some(problem)).await
}

/// Each time it is shown with what a new passkey is made of. Where identity takes none, it says why.
async fn page(user: &CurrentUser, name: &str, problem: Option<FormProblem>) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let request = wire::StartPasskeyRegistrationRequest { context: user.request_context() };
    let started = match PasskeyServiceClient::new(user.identity()).start_passkey_registration(request).await {
        Ok(started) => started.into_inner(),
        Err(status) => {
            let text = refusal_text(context, &refusal(status.into())?)?;
            return without_form(user, text);
        }
    };
    let field = context.field(&Field {
        name: NAME,
        label: &words.passkey_name_label,
        hint: Some(&words.passkey_name_hint),
        kind: FieldKind::Text,
        value: name,
        problem: FormProblem::for_field(&problem, NAME),
    })?;
    let values = Values::default()
        .flag("has_form", true)
        .html("hidden", context.hidden_fields(PATH)?)
        .html("field", field)
        .text("options", &started.creation_options_json)
        .text("registration", &started.registration_token);
    let body = context.body("account_passkey", values)?;
    let problems = problem.into_iter().collect();
    let content =
        PageContent { script_path: Some(PASSKEY_SCRIPT), ..PageContent::new(&words.add_passkey, body) };
    user.page(MenuItem::SecurityInfo, PageContent { problems, ..content })
}

fn without_form(user: &CurrentUser, problem: String) -> Result<Response, Fault> {
    let body = user.context.body("account_passkey", Values::default().flag("has_form", false))?;
    let content = PageContent::new(&user.context.texts().account.add_passkey, body);
    user.page(MenuItem::SecurityInfo, PageContent { problems: general(Some(problem)), ..content })
}

pub(super) async fn show_name(user: CurrentUser, Path(id): Path<String>) -> Result<Response, Fault> {
    let passkey = find(&user, &id).await?;
    name_page(&user, &passkey, &passkey.display_name, None)
}

pub(super) async fn rename(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let (passkey, words) = (find(&user, &id).await?, &user.context.texts().account);
    let name = fields.text(NAME);
    if name.is_empty() {
        return name_page(&user, &passkey, "", Some(&words.rename_missing));
    }
    let request = wire::RenamePasskeyRequest {
        security_info_id: passkey.security_info_id.clone(),
        display_name: name.to_owned(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let refused = match PasskeyServiceClient::new(user.identity()).rename_passkey(request).await {
        Ok(_) => return done(&user, &words.renamed),
        Err(status) => refusal(status.into())?,
    };
    let problem = match &refused {
        Refusal::FieldInvalid(_) => words.rename_refused.clone(),
        other => refusal_text(&user.context, other)?,
    };
    name_page(&user, &passkey, name, Some(&problem))
}

/// The passkey that an address names.
async fn find(user: &CurrentUser, id: &str) -> Result<wire::SecurityInfo, Fault> {
    let entry = entries::find(user, id).await?;
    if entry.kind() == wire::MethodKind::Passkey { Ok(entry) } else { Err(Fault::NotFound) }
}

fn name_page(
    user: &CurrentUser,
    passkey: &wire::SecurityInfo,
    typed: &str,
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let action = entries::path(passkey, "rename");
    let field = context.field(&Field {
        name: NAME,
        label: &words.rename_label,
        hint: None,
        kind: FieldKind::Text,
        value: typed,
        problem,
    })?;
    let values = Values::default()
        .text("lead", &interpolate(&words.rename_lead, "name", &passkey.display_name))
        .text("action", &action)
        .html("hidden", context.hidden_fields(&action)?)
        .html("field", field);
    let problems = problem.map(|text| FormProblem::of(NAME, text)).into_iter().collect();
    let body = context.body("account_rename", values)?;
    user.page(MenuItem::SecurityInfo, PageContent { problems, ..PageContent::new(&words.rename_title, body) })
}
