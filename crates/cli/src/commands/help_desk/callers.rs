//! `rekey help verify`: a code goes to the caller, who reads it back.

use anyhow::Context as _;
use rekey_wire::identity::v1::{
    CallerOutcome, MethodKind, SendCallerCodeRequest, SendCallerCodeResponse, VerifyCallerRequest,
    VerifyCallerResponse,
};
use serde_json::json;

use super::client;
use crate::arguments::{CallerMethod, OnAccount};
use crate::commands::account::find;
use crate::output::Output;
use crate::profile::{Profile, request_id, seconds_until};

pub(super) async fn verify(
    profile: &Profile,
    on: &OnAccount,
    by: Option<CallerMethod>,
    output: Output,
) -> anyhow::Result<()> {
    let account = find(profile, on).await?;
    let kind = match by {
        None => MethodKind::Unspecified,
        Some(CallerMethod::Email) => MethodKind::Email,
        Some(CallerMethod::Phone) => MethodKind::Phone,
    };
    let send = SendCallerCodeRequest {
        tenant_id: account.tenant_id,
        account_id: account.account_id,
        method_kind: kind.into(),
        request_id: request_id(),
        context: None,
    };
    let mut client = client(profile)?;
    let sent = client.send_caller_code(send).await?.into_inner();
    output.report(&asked(&sent));
    let verify = VerifyCallerRequest {
        caller_token: sent.caller_token.clone(),
        code: typed().await?,
        request_id: request_id(),
        context: None,
    };
    let verified = client.verify_caller(verify).await?.into_inner();
    let data = json!({
        "matched": verified.outcome() == CallerOutcome::Matched,
        "masked_destination": sent.masked_destination,
        "help_request_id": Some(&verified.help_request_id).filter(|id| !id.is_empty()),
    });
    output.data(&data, |_| told(&verified))
}

fn asked(sent: &SendCallerCodeResponse) -> String {
    let minutes = sent.code_expire_time.map_or(0, |at| seconds_until(at.seconds) / 60);
    let to = &sent.masked_destination;
    format!("A code went to {to}, good for {minutes} minutes. Type what the caller reads to you:")
}

/// What the caller read, from the standard input.
async fn typed() -> anyhow::Result<String> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = read.await.context("reading the code")?.context("reading the code")?;
    Ok(line.trim().to_owned())
}

fn told(verified: &VerifyCallerResponse) -> String {
    match verified.outcome() {
        CallerOutcome::Matched if verified.help_request_id.is_empty() => {
            "It is right: the caller holds this method.".to_owned()
        }
        CallerOutcome::Matched => {
            let id = &verified.help_request_id;
            format!("It is right: the caller holds this method. Help request {id} says so now.")
        }
        CallerOutcome::Rejected | CallerOutcome::Unspecified => {
            "It is not right. Do not help this caller; to try again, send another code.".to_owned()
        }
    }
}
