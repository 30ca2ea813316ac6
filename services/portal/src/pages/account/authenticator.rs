//! Adding an authenticator. Its key is shown once: in the answer of the form that asked for one, as a QR code and for typing.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;

use super::address::RECENT;
use super::confirm;
use super::security_info::general;
use crate::domain::{QrCode, grouped};
use crate::pages::sentences::{refusal, sentence};
use crate::peers::PeerFailure;
use crate::view::Values;
use crate::web::{Content, Fault, Member, Place, PostedFields};

const PATH: &str = "/account/security-info/authenticator";

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    member.demand_sign_in_within(RECENT).await?;
    page(&member, None)
}

pub(super) async fn add(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    let request = wire::AddSecurityInfoRequest {
        address: None,
        request_id: fields.request_id()?,
        context: member.context(),
        authenticator: Some(wire::NewAuthenticator::default()),
    };
    match SecurityInfoServiceClient::new(member.identity()).add_security_info(request).await {
        Ok(added) => key(&member, added.into_inner()),
        Err(status) => {
            let refused = sentence(&member.visit, &refusal(status.into())?)?;
            page(&member, Some(refused))
        }
    }
}

/// The key, and the code that the app makes of it.
fn key(member: &Member, added: wire::AddSecurityInfoResponse) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let entry = added.security_info.ok_or_else(|| PeerFailure::unclear("the entry is missing"))?;
    let shown = added.authenticator.ok_or_else(|| PeerFailure::unclear("the key is missing"))?;
    let values = Values::default()
        .text("key", &grouped(&shown.secret))
        .html("form", confirm::form(member, &entry, &words.authenticator_once, None)?);
    let values = match QrCode::read(&shown.qr_code_svg) {
        Some(code) => {
            values.part("qr", Values::default().text("side", &code.side.to_string()).text("path", &code.path))
        }
        None => values.flag("qr", false),
    };
    let body = visit.body("account_authenticator_key", values)?;
    member.page(Place::SecurityInfo, Content::new(&words.add_authenticator, body))
}

fn page(member: &Member, problem: Option<String>) -> Result<Response, Fault> {
    let (visit, words) = (&member.visit, &member.visit.texts().account);
    let body = visit.body("account_authenticator", Values::default().html("hidden", visit.hidden(PATH)?))?;
    let content = Content::new(&words.add_authenticator, body);
    member.page(Place::SecurityInfo, Content { problems: general(problem), ..content })
}
