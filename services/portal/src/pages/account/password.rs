//! "Change password": the one of today, and a new one twice. Whoever changes it is signed out everywhere else.

use axum::response::Response;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::change_password_response::Result as Outcome;
use rekey_wire::identity::v1::password_service_client::PasswordServiceClient;

use crate::domain::RuleInForce;
use crate::pages::password_form::{PASSWORD, PasswordForm, PasswordProblems, typed_password};
use crate::pages::password_rules;
use crate::pages::refusal_texts::refusal;
use crate::peers::{PeerError, PeerFailure, Verdict};
use crate::view::{Field, FieldKind, FormProblem, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields};

const PATH: &str = "/account/password";
const CURRENT: &str = "current";

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    page(&user, None, &PasswordProblems::default()).await
}

pub(super) async fn change(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    let words = &user.context.texts().account;
    if password_rules::are_asked(&fields) {
        let verdicts = verdicts(&user, &fields.secret(PASSWORD)).await?;
        return Ok(password_rules::for_script(&verdicts));
    }
    let current = fields.secret(CURRENT);
    let missing = current.expose_secret().is_empty().then_some(words.current_password_missing.as_str());
    let new = match (typed_password(&user.context, &fields), missing) {
        (Ok(new), None) => new,
        (typed, missing) => return page(&user, missing, &typed.err().unwrap_or_default()).await,
    };
    let request = wire::ChangePasswordRequest {
        current_password: current.expose_secret().to_owned(),
        new_password: new.expose_secret().to_owned(),
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    match PasswordServiceClient::new(user.identity()).change_password(request).await {
        Ok(answer) => match answer.into_inner().result {
            Some(Outcome::Changed(changed)) => changed_to(&user, changed).await,
            Some(Outcome::Rejection(_)) => {
                let rejected = Some(words.current_password_rejected.as_str());
                page(&user, rejected, &PasswordProblems::default()).await
            }
            None => Err(PeerFailure::unexpected("no outcome").into()),
        },
        Err(status) => {
            let wrong = PasswordProblems::of(&user.context, refusal(status.into())?)?;
            page(&user, None, &wrong).await
        }
    }
}

/// The access token at hand is dead: the session goes on with the next.
async fn changed_to(user: &CurrentUser, changed: wire::PasswordChanged) -> Result<Response, Fault> {
    let tokens = changed.tokens.ok_or_else(|| PeerFailure::unexpected("no tokens"))?;
    user.replace_tokens(tokens).await?;
    user.context
        .redirect_with_flash(MenuItem::Overview.path(), &user.context.texts().account.password_changed)
}

/// The rules in force, and what they say of a candidate.
async fn verdicts(user: &CurrentUser, candidate: &SecretString) -> Result<Vec<Verdict>, Fault> {
    let request = wire::EvaluatePasswordRequest {
        candidate_password: candidate.expose_secret().to_owned(),
        context: user.request_context(),
        ..wire::EvaluatePasswordRequest::default()
    };
    let evaluated = PasswordServiceClient::new(user.identity()).evaluate_password(request).await;
    let evaluated = evaluated.map(|answer| crate::peers::verdicts(&answer.into_inner()));
    password_rules::verdicts(&user.context, evaluated.map_err(PeerError::from), Fault::SignedOut)
}

async fn page(
    user: &CurrentUser,
    of_current: Option<&str>,
    wrong: &PasswordProblems,
) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let evaluated = verdicts(user, &password_rules::any_candidate()).await?;
    let rules: Vec<RuleInForce> = evaluated.iter().map(|verdict| verdict.in_force).collect();
    let current = Field {
        name: CURRENT,
        label: &words.current_password_label,
        hint: None,
        kind: FieldKind::Password,
        value: "",
        problem: of_current,
    };
    let form = PasswordForm {
        lead: &words.password_lead,
        action: PATH,
        login: user.login(),
        current: Some(&current),
        rules: &rules,
        wrong,
    };
    let body = context.body("account_narrow", Values::default().html("body", form.body(context)?))?;
    let of_current = of_current.map(|text| FormProblem::of(CURRENT, text));
    let problems = of_current.into_iter().chain(form.problems(context)).collect();
    user.page(MenuItem::Password, PageContent { problems, ..PageContent::new(&words.change_password, body) })
}
