//! `rekey account show`: all that an administrator needs to know of one account before they act on it.

use rekey_client::Problem;
use rekey_wire::identity::v1::help_desk_service_client::HelpDeskServiceClient;
use rekey_wire::identity::v1::{
    Account, DiagnoseSignInRequest, HelpRequest, HelpRequestState, ListHelpRequestsRequest, SignInCheckResult,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::{find, rows, sessions, shown};
use crate::arguments::OnAccount;
use crate::commands::{help_desk, security_info};
use crate::output::Output;
use crate::profile::Profile;

/// What one call found; none where this caller may not know, and why.
type Seen<T> = Result<T, String>;

pub(super) async fn run(profile: &Profile, on: &OnAccount, output: Output) -> anyhow::Result<()> {
    let account = find(profile, on).await?;
    let checks = allowed(checks(profile, &account).await)?;
    let methods = allowed(security_info::all(profile, &account).await)?;
    let sessions = allowed(sessions::all(profile, &account).await)?;
    let help = allowed(pending_help(profile, &account).await)?;
    let mut data = shown(&account);
    data["sign_in_checks"] = each(&checks, help_desk::check_shown);
    data["security_info"] = each(&methods, security_info::shown);
    data["sessions"] = each(&sessions, sessions::shown);
    data["help_requests"] = each(&help, help_desk::shown);
    output.data(&data, |_| {
        let parts = [
            rows(std::slice::from_ref(&account)),
            part("Sign-in", &checks, help_desk::diagnosis, "Nothing is known."),
            part("Security info", &methods, security_info::rows, "None."),
            part("Sessions", &sessions, sessions::rows, "None."),
            part("Help requests", &help, help_desk::rows, "None is pending."),
        ];
        parts.join("\n")
    })
}

/// What stands in the way of signing in, the lock among it.
async fn checks(profile: &Profile, account: &Account) -> anyhow::Result<Vec<SignInCheckResult>> {
    let request = DiagnoseSignInRequest {
        tenant_id: account.tenant_id.clone(),
        login: account.logins.first().cloned().unwrap_or_default(),
        context: None,
    };
    let mut client = HelpDeskServiceClient::new(profile.identity()?);
    Ok(client.diagnose_sign_in(request).await?.into_inner().checks)
}

/// What the account asks for: at most one request is pending.
async fn pending_help(profile: &Profile, account: &Account) -> anyhow::Result<Vec<HelpRequest>> {
    let request = ListHelpRequestsRequest {
        tenant_id: account.tenant_id.clone(),
        account_id: account.account_id.clone(),
        ..ListHelpRequestsRequest::default()
    };
    let mut client = HelpDeskServiceClient::new(profile.identity()?);
    let mut found = client.list_help_requests(request).await?.into_inner().help_requests;
    found.retain(|request| matches!(request.state(), HelpRequestState::Open | HelpRequestState::Claimed));
    Ok(found)
}

/// Lets a refusal of this one look stand beside what the others found; whatever else went wrong ends the command.
fn allowed<T>(outcome: anyhow::Result<T>) -> anyhow::Result<Seen<T>> {
    outcome.map(Ok).or_else(|error| match error.downcast_ref::<Status>() {
        Some(status) if status.code() == Code::PermissionDenied => Ok(Err(Problem::of(status).reason)),
        _ => Err(error),
    })
}

fn each<T>(seen: &Seen<Vec<T>>, shown: fn(&T) -> Value) -> Value {
    match seen {
        Ok(found) => found.iter().map(shown).collect(),
        Err(reason) => json!({ "refused": reason }),
    }
}

fn part<T>(title: &str, seen: &Seen<Vec<T>>, rows: fn(&[T]) -> String, none: &str) -> String {
    match seen {
        Ok(found) if found.is_empty() => format!("{title}\n{none}\n"),
        Ok(found) => format!("{title}\n{}", rows(found)),
        Err(reason) => format!("{title}\nNot for you to see: {reason}.\n"),
    }
}
