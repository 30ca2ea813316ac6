//! `rekey repudiate`: "this was not me", by the link of a notice.

use std::path::Path;

use rekey_wire::identity::v1::RepudiateResetRequest;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use serde_json::json;

use crate::output::Output;
use crate::profile::{Profile, request_id};

pub(crate) async fn run(link: &str, profile: &Path, output: Output) -> anyhow::Result<()> {
    let token = link.rsplit_once("token=").map_or(link, |(_, token)| token).trim();
    let mut client = PasswordResetServiceClient::new(Profile::read(profile)?.identity()?);
    let request = RepudiateResetRequest {
        repudiation_token: token.to_owned(),
        request_id: request_id(),
        context: None,
    };
    let undone = client.repudiate_reset(request).await?.into_inner();
    let data = json!({
        "password_voided": undone.password_voided,
        "account_frozen": undone.account_frozen,
        "sessions_revoked": undone.sessions_revoked,
    });
    output.data(&data, |_| {
        let sessions = undone.sessions_revoked;
        format!(
            "The new password is void and the account is frozen; {sessions} sessions ended.\n\
             An administrator releases it with `rekey account unfreeze`."
        )
    })
}
