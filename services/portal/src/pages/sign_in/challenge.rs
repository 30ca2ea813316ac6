//! What is asked before somebody is signed in: one address, whose page is that of the question.

use axum::extract::Path;
use axum::response::Response;

use super::{new_password, next, reconfirm, second_factor, sent_code};
use crate::cookies::FlowId;
use crate::domain::{Question, Refusal, SignInProgress};
use crate::pages::password_form::WrongPassword;
use crate::pages::sentences::refusal;
use crate::peers::{ChallengeAnswer, SignInOutcome};
use crate::web::{Fault, LocalPath, PostedFields, Visit};

/// A sign-in that waits, and its name.
pub(super) struct Waiting {
    pub(super) flow: FlowId,
    pub(super) progress: SignInProgress,
}

/// What became of an answer.
pub(super) enum Answered {
    /// It leads on.
    There(Response),
    Rejected,
    Refused(Refusal),
}

impl Waiting {
    /// The one that an address names.
    pub(super) fn of(visit: &Visit, flow: &str) -> Result<Self, Fault> {
        let flow = FlowId::parse(flow).ok_or(Fault::NotFound)?;
        let progress = visit.sign_in(&flow).ok_or(Fault::SignInOver)?;
        Ok(Self { flow, progress })
    }

    /// Where its answers are sent.
    pub(super) fn path(&self) -> String {
        format!("/sign-in/continue/{}", self.flow.as_str())
    }

    /// Where the person wanted to go.
    pub(super) fn next(&self) -> LocalPath {
        next(&self.progress.next)
    }

    /// The same with another question.
    pub(super) fn asking(self, question: Question) -> Self {
        Self { progress: SignInProgress { question, ..self.progress }, ..self }
    }

    /// Gives an answer, which may lead to another question.
    pub(super) async fn answer(
        &self,
        visit: &Visit,
        answer: ChallengeAnswer<'_>,
        request_id: String,
        next: &LocalPath,
    ) -> Result<Answered, Fault> {
        let progress = &self.progress;
        let call = visit.call(request_id);
        match visit.site.sign_ins.continue_sign_in(&progress.token, answer, &call).await {
            Ok(SignInOutcome::SignedIn(tokens)) => {
                let there = visit.signed_in(progress.tenant, &progress.login, tokens, next).await?;
                let there = visit.keeping(there, Some(&self.flow), None::<&SignInProgress>)?;
                Ok(Answered::There(there))
            }
            Ok(SignInOutcome::Asked(challenge)) => {
                visit.challenged_again(&self.flow, progress, challenge).map(Answered::There)
            }
            Ok(SignInOutcome::Rejected) => Ok(Answered::Rejected),
            Err(error) => match refusal(error)? {
                Refusal::ChallengeOver => Err(Fault::SignInOver),
                other => Ok(Answered::Refused(other)),
            },
        }
    }
}

pub(super) async fn show(visit: Visit, Path(flow): Path<String>) -> Result<Response, Fault> {
    let waiting = Waiting::of(&visit, &flow)?;
    match &waiting.progress.question {
        Question::SecondFactor { .. } => second_factor::page(&visit, &waiting, &visit.query("with"), None),
        Question::SentCode { .. } => sent_code::page(&visit, &waiting, None),
        Question::NewPassword { .. } => new_password::page(&visit, &waiting, &WrongPassword::default()),
        Question::SecurityInfo(entries) => reconfirm::page(&visit, &waiting, entries, None),
    }
}

pub(super) async fn answer(
    visit: Visit,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let waiting = Waiting::of(&visit, &flow)?;
    match &waiting.progress.question {
        Question::SecondFactor { .. } => second_factor::answer(&visit, &waiting, &fields).await,
        Question::SentCode { .. } => sent_code::answer(&visit, &waiting, &fields).await,
        Question::NewPassword { .. } => new_password::answer(&visit, &waiting, &fields).await,
        Question::SecurityInfo(entries) => reconfirm::answer(&visit, &waiting, entries, &fields).await,
    }
}
