//! Adding an authenticator. Its key is shown once: in the answer of the form that asked for one, as a QR code and for typing.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;

use super::address::RECENT;
use super::confirm;
use super::security_info::general;
use crate::domain::{QrCode, grouped};
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::peers::PeerFailure;
use crate::view::Values;
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PostedFields};

const PATH: &str = "/account/security-info/authenticator";

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    user.require_sign_in_within(RECENT).await?;
    page(&user, None)
}

pub(super) async fn add(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    let request = wire::AddSecurityInfoRequest {
        address: None,
        request_id: fields.request_id()?,
        context: user.request_context(),
        authenticator: Some(wire::NewAuthenticator::default()),
    };
    match SecurityInfoServiceClient::new(user.identity()).add_security_info(request).await {
        Ok(added) => key(&user, added.into_inner()),
        Err(status) => {
            let refused = refusal_text(&user.context, &refusal(status.into())?)?;
            page(&user, Some(refused))
        }
    }
}

/// The key, and the code that the app makes of it.
fn key(user: &CurrentUser, added: wire::AddSecurityInfoResponse) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let entry = added.security_info.ok_or_else(|| PeerFailure::unexpected("the entry is missing"))?;
    let shown = added.authenticator.ok_or_else(|| PeerFailure::unexpected("the key is missing"))?;
    let values = Values::default()
        .text("key", &grouped(&shown.secret))
        .html("form", confirm::form(user, &entry, &words.authenticator_once, None)?);
    let values = match QrCode::read(&shown.qr_code_svg) {
        Some(code) => {
            values.part("qr", Values::default().text("side", &code.side.to_string()).text("path", &code.path))
        }
        None => values.flag("qr", false),
    };
    let body = context.body("account_authenticator_key", values)?;
    user.page(MenuItem::SecurityInfo, PageContent::new(&words.add_authenticator, body))
}

fn page(user: &CurrentUser, problem: Option<String>) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().account);
    let body = context
        .body("account_authenticator", Values::default().html("hidden", context.hidden_fields(PATH)?))?;
    let content = PageContent::new(&words.add_authenticator, body);
    user.page(MenuItem::SecurityInfo, PageContent { problems: general(problem), ..content })
}
