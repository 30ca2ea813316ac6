//! Whether the security info is still right: asked once in a while.

use axum::response::Response;

use super::challenge::{AnswerOutcome, PendingSignIn};
use super::next;
use crate::domain::{MethodKind, SecurityInfoEntry};
use crate::pages::refusal_texts::refusal_text;
use crate::peers::ChallengeAnswer;
use crate::view::{FormProblem, Values};
use crate::web::{Fault, MenuItem, PageContent, PageContext, PostedFields};
use crate::words::interpolate;

/// The answer: one of the two buttons.
const VERDICT: &str = "verdict";

pub(super) async fn answer(
    context: &PageContext,
    pending: &PendingSignIn,
    entries: &[SecurityInfoEntry],
    fields: &PostedFields,
) -> Result<Response, Fault> {
    let texts = &context.texts().signing_in;
    let is_still_right = match fields.text(VERDICT) {
        "right" => true,
        "changed" => false,
        _ => return page(context, pending, entries, Some(&texts.verdict_missing)),
    };
    let there = if is_still_right { pending.next() } else { next(MenuItem::SecurityInfo.path()) };
    let answer = ChallengeAnswer::SecurityInfo { is_still_right };
    let text = match pending.answer(context, answer, fields.request_id()?, &there).await? {
        AnswerOutcome::Redirect(there) => return Ok(there),
        AnswerOutcome::Rejected => return Err(Fault::SignInOver),
        AnswerOutcome::Refused(other) => refusal_text(context, &other)?,
    };
    page(context, pending, entries, Some(&text))
}

pub(super) fn page(
    context: &PageContext,
    pending: &PendingSignIn,
    entries: &[SecurityInfoEntry],
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let texts = &context.texts().signing_in;
    let entry = |entry: &SecurityInfoEntry| Values::default().text("text", &name(context, entry));
    let action = pending.path();
    let values = Values::default()
        .text("lead", &texts.reconfirm_lead)
        .list("entries", entries.iter().map(entry).collect())
        .text("action", &action)
        .html("hidden", context.hidden_fields(&action)?);
    let organisation = context.organisation_of(pending.progress.tenant);
    let problem = problem.map(|text| FormProblem { field: None, text: text.to_owned() });
    context.page(PageContent {
        organisation: organisation.as_ref(),
        problems: problem.into_iter().collect(),
        ..PageContent::new(&texts.reconfirm_title, context.body("reconfirm", values)?)
    })
}

/// An entry as its person knows it.
fn name(context: &PageContext, entry: &SecurityInfoEntry) -> String {
    let texts = &context.texts().signing_in;
    let text = match entry.kind {
        MethodKind::Email => &texts.entry_email,
        MethodKind::Phone => &texts.entry_phone,
        MethodKind::Authenticator => &texts.entry_authenticator,
        MethodKind::RecoveryCode => &texts.entry_recovery_codes,
        MethodKind::Passkey => &texts.entry_passkey,
    };
    interpolate(text, "name", context.locale.isolated(&entry.name))
}
