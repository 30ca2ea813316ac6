//! "Sign in" with a login and a password, or with a temporary access pass in its place. Every rejection reads the same.

use axum::response::Response;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};

use super::{NEXT, Newcomer, led, next};
use crate::assets::PASSKEY_SCRIPT;
use crate::domain::{Organisation, Refusal};
use crate::pages::sentences::{refusal, sentence};
use crate::peers::{Call, PeerError, SignInOutcome};
use crate::view::{Field, FieldKind, Problem, Values};
use crate::web::{Content, Fault, LocalPath, OrganisationForm, Visit};
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

pub(super) async fn show(visit: Visit) -> Result<Response, Fault> {
    shown(&visit, Credential::Password).await
}

pub(super) async fn show_access_pass(visit: Visit) -> Result<Response, Fault> {
    shown(&visit, Credential::AccessPass).await
}

pub(super) async fn submit(visit: Visit, form: OrganisationForm) -> Result<Response, Fault> {
    submitted(&visit, Credential::Password, &form).await
}

pub(super) async fn submit_access_pass(visit: Visit, form: OrganisationForm) -> Result<Response, Fault> {
    submitted(&visit, Credential::AccessPass, &form).await
}

async fn shown(visit: &Visit, credential: Credential) -> Result<Response, Fault> {
    let organisation = visit.organisation().await?;
    let next = next(&visit.query(NEXT));
    let attempt = Attempt { credential, organisation: &organisation, login: "", next: &next };
    let page = page(visit, &attempt, None)?;
    visit.keeping(page, None, Some(&organisation))
}

async fn submitted(
    visit: &Visit,
    credential: Credential,
    form: &OrganisationForm,
) -> Result<Response, Fault> {
    let OrganisationForm { organisation, fields } = form;
    let next = next(fields.text(NEXT));
    let (login, secret) = (fields.text(LOGIN), fields.secret(credential.field()));
    let attempt = Attempt { credential, organisation, login, next: &next };
    if let Some(problem) = missing(visit, &attempt, &secret) {
        return page(visit, &attempt, Some(problem));
    }
    let rejected = credential.rejected(&visit.texts().signing_in);
    let text = match tried(visit, &attempt, &secret, &visit.call(fields.request_id()?)).await {
        Ok(outcome) => {
            let who = Newcomer { tenant: organisation.tenant, login, next: &next };
            match led(visit, &who, outcome).await? {
                Some(there) => return visit.keeping(there, None, Some(organisation)),
                None => rejected.to_owned(),
            }
        }
        Err(error) => match refusal(error)? {
            // Nobody has such a login or such a password.
            Refusal::FieldInvalid(_) => rejected.to_owned(),
            other => sentence(visit, &other)?,
        },
    };
    page(visit, &attempt, Some(Problem::of(credential.field(), text)))
}

/// What was not typed.
fn missing(visit: &Visit, attempt: &Attempt<'_>, secret: &SecretString) -> Option<Problem> {
    let words = &visit.texts().signing_in;
    if attempt.login.is_empty() {
        return Some(Problem::of(LOGIN, &visit.words().login_missing));
    }
    let text = match attempt.credential {
        Credential::Password => &words.password_missing,
        Credential::AccessPass => &words.access_pass_missing,
    };
    secret.expose_secret().is_empty().then(|| Problem::of(attempt.credential.field(), text))
}

async fn tried(
    visit: &Visit,
    attempt: &Attempt<'_>,
    secret: &SecretString,
    call: &Call,
) -> Result<SignInOutcome, PeerError> {
    let (sign_ins, tenant) = (&visit.site.sign_ins, attempt.organisation.tenant);
    match attempt.credential {
        Credential::Password => sign_ins.sign_in(tenant, attempt.login, secret, call).await,
        Credential::AccessPass => {
            sign_ins.sign_in_with_access_pass(tenant, attempt.login, secret, call).await
        }
    }
}

fn page(visit: &Visit, attempt: &Attempt<'_>, problem: Option<Problem>) -> Result<Response, Fault> {
    let (words, texts) = (visit.words(), &visit.texts().signing_in);
    let credential = attempt.credential;
    let wrong = |name: &str| Problem::beside(&problem, name);
    let login = visit.field(&Field {
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
    let secret = visit.field(&credential.secret(texts, wrong(credential.field())))?;
    let values = Values::default()
        .text("lead", lead)
        .text("action", credential.path())
        .html("hidden", visit.hidden_of(attempt.organisation.tenant, credential.path())?)
        .text("next", attempt.next.as_str())
        .html("login", login)
        .html("secret", secret)
        .list("options", options(visit, attempt));
    visit.page(Content {
        organisation: Some(attempt.organisation),
        script_path: Some(PASSKEY_SCRIPT),
        problems: problem.into_iter().collect(),
        ..Content::new(title, visit.body("credentials", values)?)
    })
}

/// The other ways in, each on to where the person wanted to go.
fn options(visit: &Visit, attempt: &Attempt<'_>) -> Vec<Values> {
    let (words, texts) = (visit.words(), &visit.texts().signing_in);
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
