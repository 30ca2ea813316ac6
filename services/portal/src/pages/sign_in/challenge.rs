//! What is asked before somebody is signed in: one address, whose page is that of the question.

use axum::extract::Path;
use axum::response::Response;

use super::{new_password, next, reconfirm, second_factor, sent_code};
use crate::cookies::FlowId;
use crate::domain::{Refusal, SignInProgress, SignInQuestion};
use crate::pages::password_form::PasswordProblems;
use crate::pages::refusal_texts::refusal;
use crate::peers::{ChallengeAnswer, SignInOutcome};
use crate::web::{Fault, LocalPath, PageContext, PostedFields};

/// A sign-in that waits, and its name.
pub(super) struct PendingSignIn {
    pub(super) flow: FlowId,
    pub(super) progress: SignInProgress,
}

/// What became of an answer.
pub(super) enum AnswerOutcome {
    /// It leads on.
    Redirect(Response),
    Rejected,
    Refused(Refusal),
}

impl PendingSignIn {
    /// The one that an address names.
    pub(super) fn of(context: &PageContext, flow: &str) -> Result<Self, Fault> {
        let flow = FlowId::parse(flow).ok_or(Fault::NotFound)?;
        let progress = context.sign_in(&flow).ok_or(Fault::SignInOver)?;
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
    pub(super) fn with_question(self, question: SignInQuestion) -> Self {
        Self { progress: SignInProgress { question, ..self.progress }, ..self }
    }

    /// Gives an answer, which may lead to another question.
    pub(super) async fn answer(
        &self,
        context: &PageContext,
        answer: ChallengeAnswer<'_>,
        request_id: String,
        next: &LocalPath,
    ) -> Result<AnswerOutcome, Fault> {
        let progress = &self.progress;
        let call = context.call(request_id);
        match context.site.sign_ins.continue_sign_in(&progress.token, answer, &call).await {
            Ok(SignInOutcome::SignedIn(tokens)) => {
                let there = context.start_session(progress.tenant, &progress.login, tokens, next).await?;
                let there = context.with_cookie(there, Some(&self.flow), None::<&SignInProgress>)?;
                Ok(AnswerOutcome::Redirect(there))
            }
            Ok(SignInOutcome::Challenged(challenge)) => {
                context.next_challenge(&self.flow, progress, challenge).map(AnswerOutcome::Redirect)
            }
            Ok(SignInOutcome::Rejected) => Ok(AnswerOutcome::Rejected),
            Err(error) => match refusal(error)? {
                Refusal::ChallengeOver => Err(Fault::SignInOver),
                other => Ok(AnswerOutcome::Refused(other)),
            },
        }
    }
}

pub(super) async fn show(context: PageContext, Path(flow): Path<String>) -> Result<Response, Fault> {
    let pending = PendingSignIn::of(&context, &flow)?;
    match &pending.progress.question {
        SignInQuestion::SecondFactor { .. } => {
            second_factor::page(&context, &pending, &context.query("with"), None)
        }
        SignInQuestion::SentCode { .. } => sent_code::page(&context, &pending, None),
        SignInQuestion::NewPassword { .. } => {
            new_password::page(&context, &pending, &PasswordProblems::default()).await
        }
        SignInQuestion::SecurityInfo(entries) => reconfirm::page(&context, &pending, entries, None),
    }
}

pub(super) async fn answer(
    context: PageContext,
    Path(flow): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let pending = PendingSignIn::of(&context, &flow)?;
    match &pending.progress.question {
        SignInQuestion::SecondFactor { .. } => second_factor::answer(&context, &pending, &fields).await,
        SignInQuestion::SentCode { .. } => sent_code::answer(&context, &pending, &fields).await,
        SignInQuestion::NewPassword { .. } => new_password::answer(&context, &pending, &fields).await,
        SignInQuestion::SecurityInfo(entries) => {
            reconfirm::answer(&context, &pending, entries, &fields).await
        }
    }
}
