//! `rekey pass`: temporary access passes.

use std::path::Path;

use rekey_wire::identity::v1::access_pass_service_client::AccessPassServiceClient;
use rekey_wire::identity::v1::{Account, IssueTemporaryAccessPassRequest, RevokeTemporaryAccessPassRequest};
use rekey_wire::time::duration;
use serde_json::json;

use super::account::find;
use crate::arguments::PassCommand;
use crate::output::Output;
use crate::profile::{Profile, request_id, time};

pub(crate) async fn run(command: PassCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    let mut client = AccessPassServiceClient::new(profile.identity()?);
    match command {
        PassCommand::Issue { on, length, minutes, one_time } => {
            let Account { tenant_id, account_id, logins, .. } = find(&profile, &on).await?;
            let life = std::time::Duration::from_secs(60 * u64::from(minutes));
            let request = IssueTemporaryAccessPassRequest {
                tenant_id,
                account_id,
                length: length.into(),
                life: Some(duration(life)),
                one_time,
                request_id: request_id(),
                context: None,
            };
            let issued = client.issue_temporary_access_pass(request).await?.into_inner();
            let until = issued.expire_time.map(|at| time(at.seconds)).unwrap_or_default();
            let data = json!({ "access_pass": issued.access_pass, "expire_time": until });
            let login = logins.first().cloned().unwrap_or_default();
            output.data(&data, |_| {
                format!(
                    "The access pass of {login}: {}\nIt is shown this once, and serves until {until}.",
                    issued.access_pass
                )
            })
        }
        PassCommand::Revoke(on) => {
            let Account { tenant_id, account_id, .. } = find(&profile, &on).await?;
            let request_id = request_id();
            let request =
                RevokeTemporaryAccessPassRequest { tenant_id, account_id, request_id, context: None };
            let revoked = client.revoke_temporary_access_pass(request).await?.into_inner().revoked;
            output.data(&json!({ "revoked": revoked }), |_| {
                let said = if revoked { "The pass is ended." } else { "There was no pass." };
                said.to_owned()
            })
        }
    }
}
