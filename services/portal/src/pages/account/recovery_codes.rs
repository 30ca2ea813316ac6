//! Recovery codes: how many are left, and new ones, which are shown once: in the answer of the form that made them.
//!
//! A form that was sent again, as by a reload, gets neither the same codes nor others, which would void those that the person has on paper.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;

use super::entries;
use super::security_info::general;
use crate::assets::RECOVERY_CODES_SCRIPT;
use crate::pages::sentences::{refusal, sentence};
use crate::peers::maybe_moment;
use crate::view::{Values, moment};
use crate::web::{Content, Fault, Member, Place, PostedFields};
use crate::words::filled;

const PATH: &str = "/account/recovery-codes";

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    page(&member, None).await
}

pub(super) async fn make(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    let request_id = fields.request_id()?;
    if member.visit.was_shown(&request_id) {
        return member.visit.redirect_saying(PATH, &member.visit.texts().account.codes_shown_before);
    }
    let request =
        wire::GenerateRecoveryCodesRequest { request_id: request_id.clone(), context: member.context() };
    match SecurityInfoServiceClient::new(member.identity()).generate_recovery_codes(request).await {
        Ok(made) => {
            let codes = codes(&member, &made.into_inner())?;
            member.visit.showing_once(codes, request_id)
        }
        Err(status) => {
            let refused = sentence(&member.visit, &refusal(status.into())?)?;
            page(&member, Some(refused)).await
        }
    }
}

fn codes(member: &Member, made: &wire::GenerateRecoveryCodesResponse) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let code = |code: &String| Values::default().text("text", code);
    let values = Values::default()
        .text("login", member.login())
        .list("codes", made.recovery_codes.iter().map(code).collect());
    let values = match maybe_moment(made.usable_time.as_ref()) {
        Some(at) => values.part("usable", moment(at)),
        None => values.flag("usable", false),
    };
    let body = visit.body("account_codes", values)?;
    let content = Content::new(&words.codes_shown_title, body);
    member.page(Place::SecurityInfo, Content { script_path: Some(RECOVERY_CODES_SCRIPT), ..content })
}

async fn page(member: &Member, problem: Option<String>) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let entries = entries::all(member).await?;
    let list = entries.iter().find(|entry| entry.kind() == wire::MethodKind::RecoveryCode);
    let remaining = list.map(|list| list.recovery_codes_remaining);
    let state = match remaining {
        Some(count) => filled(&words.codes_remaining, "count", count),
        None => words.codes_none.clone(),
    };
    let values = Values::default()
        .text("state", &state)
        .flag("has_codes", remaining.is_some_and(|count| count > 0))
        .html("hidden", visit.hidden(PATH)?);
    let body = visit.body("account_recovery_codes", values)?;
    let content = Content::new(&words.recovery_codes, body);
    member.page(Place::SecurityInfo, Content { problems: general(problem), ..content })
}
