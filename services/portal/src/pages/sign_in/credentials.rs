//! "Sign in" with a login and a password, or with a temporary access pass in its place. Every rejection reads the same.

use axum::response::Response;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};

use super::{NEXT, SignInTarget, next, redirect_after_sign_in};
use crate::assets::PASSKEY_SCRIPT;
use crate::domain::{Organisation, Refusal};
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::peers::{Call, PeerError, SignInOutcome};
use crate::view::{Field, FieldKind, FormProblem, Values};
use crate::web::{Fault, LocalPath, OrganisationForm, PageContent, PageContext};
use crate::words::SigningInWords;

const LOGIN: &str = "login";

/// What goes with the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credential {
    Password,
    AccessPass,
}

/// Who signs in how.
struct Attempt<'a> {
    credential: Credential,
    organisation: &'a Organisation,
    login: &'a str,
    next: &'a LocalPath,
}

impl Credential {
    const fn path(self) -> &'static str {
        match self {
            Self::Password => "/sign-in",
            Self::AccessPass => "/sign-in/access-pass",
        }
    }

    /// The field of its form.
    const fn field(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::AccessPass => "access_pass",
        }
    }

    /// Its field, as it is shown.
    fn secret<'a>(self, texts: &'a SigningInWords, problem: Option<&'a str>) -> Field<'a> {
        let (label, hint, kind) = match self {
            Self::Password => (&texts.password_label, None, FieldKind::Password),
            Self::AccessPass => {
                (&texts.access_pass_label, Some(texts.access_pass_hint.as_str()), FieldKind::SavedCode)
            }
        };
        Field { name: self.field(), label, hint, kind, value: "", problem }
    }

    fn rejected(self, words: &SigningInWords) -> &str {
        match self {
            Self::Password => &words.rejected,
            Self::AccessPass => &words.access_pass_rejected,
        }
    }
}

pub(super) async fn show(context: PageContext) -> Result<Response, Fault> {
    show_form(&context, Credential::Password).await
}

pub(super) async fn show_access_pass(context: PageContext) -> Result<Response, Fault> {
    show_form(&context, Credential::AccessPass).await
}

pub(super) async fn submit(context: PageContext, form: OrganisationForm) -> Result<Response, Fault> {
    submit_form(&context, Credential::Password, &form).await
}

pub(super) async fn submit_access_pass(
    context: PageContext,
    form: OrganisationForm,
) -> Result<Response, Fault> {
    submit_form(&context, Credential::AccessPass, &form).await
}

async fn show_form(context: &PageContext, credential: Credential) -> Result<Response, Fault> {
    let organisation = context.organisation().await?;
    let next = next(&context.query(NEXT));
    let attempt = Attempt { credential, organisation: &organisation, login: "", next: &next };
    let page = page(context, &attempt, None)?;
    context.with_cookie(page, None, Some(&organisation))
}

async fn submit_form(
    context: &PageContext,
    credential: Credential,
    form: &OrganisationForm,
) -> Result<Response, Fault> {
    let OrganisationForm { organisation, fields } = form;
    let next = next(fields.text(NEXT));
    let (login, secret) = (fields.text(LOGIN), fields.secret(credential.field()));
    let attempt = Attempt { credential, organisation, login, next: &next };
    if let Some(problem) = missing(context, &attempt, &secret) {
        return page(context, &attempt, Some(problem));
    }
    let rejected = credential.rejected(&context.texts().signing_in);
    let text = match attempt_sign_in(context, &attempt, &secret, &context.call(fields.request_id()?)).await {
        Ok(outcome) => {
            let who = SignInTarget { tenant: organisation.tenant, login, next: &next };
            match redirect_after_sign_in(context, &who, outcome).await? {
                Some(there) => return context.with_cookie(there, None, Some(organisation)),
                None => rejected.to_owned(),
            }
        }
        Err(error) => match refusal(error)? {
            // Nobody has such a login or such a password.
            Refusal::FieldInvalid(_) => rejected.to_owned(),
            other => refusal_text(context, &other)?,
        },
    };
    page(context, &attempt, Some(FormProblem::of(credential.field(), text)))
}

/// What was not typed.
fn missing(context: &PageContext, attempt: &Attempt<'_>, secret: &SecretString) -> Option<FormProblem> {
    let words = &context.texts().signing_in;
    if attempt.login.is_empty() {
        return Some(FormProblem::of(LOGIN, &context.words().login_missing));
    }
    let text = match attempt.credential {
        Credential::Password => &words.password_missing,
        Credential::AccessPass => &words.access_pass_missing,
    };
    secret.expose_secret().is_empty().then(|| FormProblem::of(attempt.credential.field(), text))
}

async fn attempt_sign_in(
    context: &PageContext,
    attempt: &Attempt<'_>,
    secret: &SecretString,
    call: &Call,
) -> Result<SignInOutcome, PeerError> {
    let (sign_ins, tenant) = (&context.site.sign_ins, attempt.organisation.tenant);
    match attempt.credential {
        Credential::Password => sign_ins.sign_in(tenant, attempt.login, secret, call).await,
        Credential::AccessPass => {
            sign_ins.sign_in_with_access_pass(tenant, attempt.login, secret, call).await
        }
    }
}

fn page(
    context: &PageContext,
    attempt: &Attempt<'_>,
    problem: Option<FormProblem>,
) -> Result<Response, Fault> {
    let (words, texts) = (context.words(), &context.texts().signing_in);
    let credential = attempt.credential;
    let wrong = |name: &str| FormProblem::for_field(&problem, name);
    let login = context.field(&Field {
        name: LOGIN,
        label: &words.login_label,
        hint: None,
        kind: FieldKind::Login,
        value: attempt.login,
        problem: wrong(LOGIN),
    })?;
    let (title, lead) = match credential {
        Credential::Password => (&words.sign_in, &texts.lead),
        Credential::AccessPass => (&texts.access_pass_title, &texts.access_pass_lead),
    };
    let secret = context.field(&credential.secret(texts, wrong(credential.field())))?;
    let values = Values::default()
        .text("lead", lead)
        .text("action", credential.path())
        .html("hidden", context.hidden_fields_of(attempt.organisation.tenant, credential.path())?)
        .text("next", attempt.next.as_str())
        .html("login", login)
        .html("secret", secret)
        .list("options", options(context, attempt));
    context.page(PageContent {
        organisation: Some(attempt.organisation),
        script_path: Some(PASSKEY_SCRIPT),
        problems: problem.into_iter().collect(),
        ..PageContent::new(title, context.body("credentials", values)?)
    })
}

/// The other ways in, each on to where the person wanted to go.
fn options(context: &PageContext, attempt: &Attempt<'_>) -> Vec<Values> {
    let (words, texts) = (context.words(), &context.texts().signing_in);
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair(NEXT, attempt.next.as_str()).finish();
    let other = match attempt.credential {
        Credential::Password => (Credential::AccessPass.path(), &texts.option_access_pass),
        Credential::AccessPass => (Credential::Password.path(), &texts.option_password),
    };
    let option = |path: &str, text: &str, is_passkey| {
        Values::default().text("path", path).text("text", text).flag("is_passkey", is_passkey)
    };
    vec![
        option(&format!("/sign-in/passkey?{query}"), &texts.option_passkey, true),
        option(&format!("{}?{query}", other.0), other.1, false),
        option("/reset", &words.start_forgot, false),
        option("/", &words.start_title, false),
    ]
}
