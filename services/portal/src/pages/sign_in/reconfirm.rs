//! Whether the security info is still right: asked once in a while.

use axum::response::Response;

use super::challenge::{Answered, Waiting};
use super::next;
use crate::domain::{KnownMethod, MethodKind};
use crate::pages::sentences::sentence;
use crate::peers::ChallengeAnswer;
use crate::view::{Problem, Values};
use crate::web::{Content, Fault, Place, PostedFields, Visit};
use crate::words::filled;

/// The answer: one of the two buttons.
const VERDICT: &str = "verdict";

pub(super) async fn answer(
    visit: &Visit,
    waiting: &Waiting,
    entries: &[KnownMethod],
    fields: &PostedFields,
) -> Result<Response, Fault> {
    let texts = &visit.texts().signing_in;
    let is_still_right = match fields.text(VERDICT) {
        "right" => true,
        "changed" => false,
        _ => return page(visit, waiting, entries, Some(&texts.verdict_missing)),
    };
    let there = if is_still_right { waiting.next() } else { next(Place::SecurityInfo.path()) };
    let answer = ChallengeAnswer::SecurityInfo { is_still_right };
    let text = match waiting.answer(visit, answer, fields.request_id()?, &there).await? {
        Answered::There(there) => return Ok(there),
        Answered::Rejected => return Err(Fault::SignInOver),
        Answered::Refused(other) => sentence(visit, &other)?,
    };
    page(visit, waiting, entries, Some(&text))
}

pub(super) fn page(
    visit: &Visit,
    waiting: &Waiting,
    entries: &[KnownMethod],
    problem: Option<&str>,
) -> Result<Response, Fault> {
    let texts = &visit.texts().signing_in;
    let entry = |entry: &KnownMethod| Values::default().text("text", &name(visit, entry));
    let action = waiting.path();
    let values = Values::default()
        .text("lead", &texts.reconfirm_lead)
        .list("entries", entries.iter().map(entry).collect())
        .text("action", &action)
        .html("hidden", visit.hidden(&action)?);
    let organisation = visit.organisation_of(waiting.progress.tenant);
    let problem = problem.map(|text| Problem { field: None, text: text.to_owned() });
    visit.page(Content {
        organisation: organisation.as_ref(),
        problems: problem.into_iter().collect(),
        ..Content::new(&texts.reconfirm_title, visit.body("reconfirm", values)?)
    })
}

/// An entry as its person knows it.
fn name(visit: &Visit, entry: &KnownMethod) -> String {
    let texts = &visit.texts().signing_in;
    let text = match entry.kind {
        MethodKind::Email => &texts.entry_email,
        MethodKind::Phone => &texts.entry_phone,
        MethodKind::Authenticator => &texts.entry_authenticator,
        MethodKind::RecoveryCode => &texts.entry_recovery_codes,
        MethodKind::Passkey => &texts.entry_passkey,
    };
    filled(text, "name", visit.locale.isolated(&entry.name))
}
