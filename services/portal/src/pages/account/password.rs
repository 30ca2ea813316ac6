//! "Change password": the one of today, and a new one twice. Whoever changes it is signed out everywhere else.

use axum::response::Response;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::change_password_response::Result as Outcome;
use rekey_wire::identity::v1::password_service_client::PasswordServiceClient;

use crate::domain::RuleInForce;
use crate::pages::password_form::{PASSWORD, PasswordForm, WrongPassword, typed_password};
use crate::pages::password_rules;
use crate::pages::sentences::refusal;
use crate::peers::{PeerError, PeerFailure, Verdict};
use crate::view::{Field, FieldKind, Problem, Values};
use crate::web::{Content, Fault, Member, Place, PostedFields};

const PATH: &str = "/account/password";
const CURRENT: &str = "current";

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    page(&member, None, &WrongPassword::default()).await
}

pub(super) async fn change(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    let words = &member.visit.texts().account;
    if password_rules::are_asked(&fields) {
        let verdicts = verdicts(&member, &fields.secret(PASSWORD)).await?;
        return Ok(password_rules::for_script(&verdicts));
    }
    let current = fields.secret(CURRENT);
    let missing = current.expose_secret().is_empty().then_some(words.current_password_missing.as_str());
    let new = match (typed_password(&member.visit, &fields), missing) {
        (Ok(new), None) => new,
        (typed, missing) => return page(&member, missing, &typed.err().unwrap_or_default()).await,
    };
    let request = wire::ChangePasswordRequest {
        current_password: current.expose_secret().to_owned(),
        new_password: new.expose_secret().to_owned(),
        request_id: fields.request_id()?,
        context: member.context(),
    };
    match PasswordServiceClient::new(member.identity()).change_password(request).await {
        Ok(answer) => match answer.into_inner().result {
            Some(Outcome::Changed(changed)) => changed_to(&member, changed).await,
            Some(Outcome::Rejection(_)) => {
                let rejected = Some(words.current_password_rejected.as_str());
                page(&member, rejected, &WrongPassword::default()).await
            }
            None => Err(PeerFailure::unclear("no outcome").into()),
        },
        Err(status) => {
            let wrong = WrongPassword::of(&member.visit, refusal(status.into())?)?;
            page(&member, None, &wrong).await
        }
    }
}

/// The access token at hand is dead: the session goes on with the next.
async fn changed_to(member: &Member, changed: wire::PasswordChanged) -> Result<Response, Fault> {
    let tokens = changed.tokens.ok_or_else(|| PeerFailure::unclear("no tokens"))?;
    member.goes_on_with(tokens).await?;
    member.visit.redirect_saying(Place::Overview.path(), &member.visit.texts().account.password_changed)
}

/// The rules in force, and what they say of a candidate.
async fn verdicts(member: &Member, candidate: &SecretString) -> Result<Vec<Verdict>, Fault> {
    let request = wire::EvaluatePasswordRequest {
        candidate_password: candidate.expose_secret().to_owned(),
        reset_token: String::new(),
        context: member.context(),
    };
    let evaluated = PasswordServiceClient::new(member.identity()).evaluate_password(request).await;
    let evaluated = evaluated.map(|answer| crate::peers::verdicts(&answer.into_inner()));
    password_rules::verdicts(&member.visit, evaluated.map_err(PeerError::from), Fault::SignedOut)
}

async fn page(member: &Member, of_current: Option<&str>, wrong: &WrongPassword) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let evaluated = verdicts(member, &password_rules::any_candidate()).await?;
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
        login: member.login(),
        current: Some(&current),
        rules: &rules,
        is_evaluated: true,
        wrong,
    };
    let body = visit.body("account_narrow", Values::default().html("body", form.body(visit)?))?;
    let of_current = of_current.map(|text| Problem::of(CURRENT, text));
    let problems = of_current.into_iter().chain(form.problems(visit)).collect();
    member.page(Place::Password, Content { problems, ..Content::new(&words.change_password, body) })
}
