//! Recovery codes: how many are left, and new ones, which are shown once: in the answer of the form that made them.
//!
//! A form that was sent again, as by a reload, gets neither the same codes nor others, which would void those that the person has on paper.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;

use super::entries;
use super::security_info::general;
use crate::assets::RECOVERY_CODES_SCRIPT;
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::peers::timestamp_from_wire;
use crate::view::{Values, moment};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields};
use crate::words::interpolate;

const PATH: &str = "/account/recovery-codes";

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    page(&user, None).await
}

pub(super) async fn make(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    let request_id = fields.request_id()?;
    if user.context.was_displayed(&request_id) {
        return user.context.redirect_with_flash(PATH, &user.context.texts().account.codes_shown_before);
    }
    let request = wire::GenerateRecoveryCodesRequest {
        request_id: request_id.clone(),
        context: user.request_context(),
    };
    match SecurityInfoServiceClient::new(user.identity()).generate_recovery_codes(request).await {
        Ok(made) => {
            let codes = codes(&user, &made.into_inner())?;
            user.context.with_one_time_display(codes, request_id)
        }
        Err(status) => {
            let refused = refusal_text(&user.context, &refusal(status.into())?)?;
            page(&user, Some(refused)).await
        }
    }
}

fn codes(user: &CurrentUser, made: &wire::GenerateRecoveryCodesResponse) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let code = |code: &String| Values::default().text("text", code);
    let values = Values::default()
        .text("login", user.login())
        .list("codes", made.recovery_codes.iter().map(code).collect());
    let values = match timestamp_from_wire(made.usable_time.as_ref()) {
        Some(at) => values.part("usable", moment(at)),
        None => values.flag("usable", false),
    };
    let body = context.body("account_codes", values)?;
    let content = PageContent::new(&words.codes_shown_title, body);
    user.page(MenuItem::SecurityInfo, PageContent { script_path: Some(RECOVERY_CODES_SCRIPT), ..content })
}

async fn page(user: &CurrentUser, problem: Option<String>) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let entries = entries::all(user).await?;
    let list = entries.iter().find(|entry| entry.kind() == wire::MethodKind::RecoveryCode);
    let remaining = list.map(|list| list.recovery_codes_remaining);
    let state = match remaining {
        Some(count) => interpolate(&words.codes_remaining, "count", count),
        None => words.codes_none.clone(),
    };
    let values = Values::default()
        .text("state", &state)
        .flag("has_codes", remaining.is_some_and(|count| count > 0))
        .html("hidden", context.hidden_fields(PATH)?);
    let body = context.body("account_recovery_codes", values)?;
    let content = PageContent::new(&words.recovery_codes, body);
    user.page(MenuItem::SecurityInfo, PageContent { problems: general(problem), ..content })
}
