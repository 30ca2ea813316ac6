//! `rekey.identity.v1.PasswordService`.

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::password_service_server::PasswordService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::refusal::status;
use super::{encode, steps};
use crate::operation::Person;
use crate::passwords::{
    ChangeAnswer, ChangePassword, Changed, EvaluatePassword, PasswordRight, Passwords, RuleVerdict,
};

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct PasswordApi {
    pub(super) passwords: Passwords,
}

#[tonic::async_trait]
impl PasswordService for PasswordApi {
    async fn change_password(
        &self,
        request: Request<wire::ChangePasswordRequest>,
    ) -> Result<Response<wire::ChangePasswordResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let person = asking.signed_in()?;
        let mut fields = Fields::default();
        let current_password = fields.password("current_password", sent.current_password);
        let new_password = fields.password("new_password", sent.new_password);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let change = fields.finish(|| {
            Some(ChangePassword {
                current_password: current_password?,
                new_password: new_password?,
                request_id: request_id?,
                context: context?,
            })
        })?;
        let answer = self.passwords.change(&asking.caller(), &person, &change).await;
        let answer = steps::told("password_changed", answer, steps::or_rejected)?;
        Ok(Response::new(wire::ChangePasswordResponse { result: Some(outcome(&answer)) }))
    }

    async fn evaluate_password(
        &self,
        request: Request<wire::EvaluatePasswordRequest>,
    ) -> Result<Response<wire::EvaluatePasswordResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let candidate = fields.password("candidate_password", sent.candidate_password);
        let context = fields.context(&asking, sent.context);
        let tokens =
            SentTokens { reset: sent.reset_token, challenge: sent.challenge_token, link: sent.link_token };
        let by = password_right(&mut fields, asking.person(), tokens);
        let evaluate = fields.finish(|| {
            context?;
            Some(EvaluatePassword { candidate: candidate?, by: by? })
        })?;
        let evaluated = self.passwords.evaluate(&asking.caller(), &evaluate).await.map_err(status)?;
        Ok(Response::new(wire::EvaluatePasswordResponse {
            acceptable: evaluated.acceptable,
            verdicts: evaluated.rules.into_iter().map(verdict).collect(),
        }))
    }
}

/// What was sent beside a session, or in place of one.
struct SentTokens {
    reset: String,
    challenge: String,
    link: String,
}

/// By what the person may set the password: one of four.
fn password_right(fields: &mut Fields, person: Option<Person>, sent: SentTokens) -> Option<PasswordRight> {
    let reset = fields.optional_token("reset_token", sent.reset);
    let challenge = fields.optional_token("challenge_token", sent.challenge);
    let link = fields.optional_token("link_token", sent.link);
    match (person, reset?, challenge?, link?) {
        // A reset beside a session was always passed over.
        (Some(person), _, None, None) => Some(PasswordRight::Session(person)),
        (None, Some(token), None, None) => Some(PasswordRight::Reset(token)),
        (None, None, Some(token), None) => Some(PasswordRight::Challenge(token)),
        (None, None, None, Some(token)) => Some(PasswordRight::Link(token)),
        (None, None, None, None) => {
            fields.take("reset_token", None, "given where neither an access token nor another token is")
        }
        (_, _, Some(_), _) => {
            fields.take("challenge_token", None, "alone, without an access token or another token")
        }
        (_, _, None, Some(_)) => {
            fields.take("link_token", None, "alone, without an access token or another token")
        }
    }
}

fn outcome(answer: &ChangeAnswer) -> wire::change_password_response::Result {
    use wire::change_password_response::Result as Outcome;
    match answer {
        ChangeAnswer::Done(Changed { sessions_revoked, tokens }) => Outcome::Changed(wire::PasswordChanged {
            sessions_revoked: encode::count(*sessions_revoked),
            tokens: tokens.as_ref().map(super::sessions::tokens),
        }),
        ChangeAnswer::Rejected { .. } => Outcome::Rejection(wire::PasswordRejection {}),
    }
}

/// The domain names rules as the contract does, which a test there holds it to.
fn verdict(said: RuleVerdict) -> wire::RuleVerdict {
    let rule = wire::PasswordRule::from_str_name(&format!("PASSWORD_RULE_{}", said.rule));
    wire::RuleVerdict {
        rule: rule.unwrap_or_default().into(),
        passed: said.passed,
        bound: encode::count(said.bound),
    }
}
