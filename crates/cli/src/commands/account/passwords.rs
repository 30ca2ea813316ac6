//! `rekey account reset` and `reset-many`.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Context as _;
use rekey_client::Connection;
use rekey_wire::identity::v1::batch_password_result::Outcome;
use rekey_wire::identity::v1::password_administration_service_client::PasswordAdministrationServiceClient;
use rekey_wire::identity::v1::{
    Account, BatchPasswordResult, BatchResetPasswordsRequest, PasswordResetMode, PasswordResetResult,
    ResetPasswordRequest,
};
use serde_json::{Value, json};

use super::find;
use crate::arguments::{InTenant, OnAccount, ResetAccount, ResetAccounts};
use crate::output::{Output, Partial, table};
use crate::profile::{Profile, request_id, secret_file, time};

/// How many one call takes.
const BATCH: usize = 40;

/// The time for a call that hashes as many passwords.
const BATCH_SECONDS: u64 = 60;

pub(super) async fn reset(profile: &Profile, reset: &ResetAccount, output: Output) -> anyhow::Result<()> {
    let Account { tenant_id, account_id, logins, .. } = find(profile, &reset.on).await?;
    let new_password = reset.password_file.as_ref().map(secret_file).transpose()?.unwrap_or_default();
    let mode = match &reset.password_file {
        Some(_) => PasswordResetMode::Set,
        None => mode(reset.require_change, reset.link),
    };
    let request = ResetPasswordRequest {
        tenant_id,
        account_id,
        mode: mode.into(),
        new_password,
        request_id: request_id(),
        context: None,
    };
    let result = client(profile)?.reset_password(request).await?.into_inner().result;
    let result = result.context("the answer holds no result")?;
    let login = logins.first().cloned().unwrap_or_default();
    output.data(&shown(&result), |_| told(&login, &result))
}

pub(super) async fn reset_many(
    profile: &Profile,
    several: ResetAccounts,
    output: Output,
) -> anyhow::Result<()> {
    let ResetAccounts { mut accounts, from, require_change, link, tenant } = several;
    if let Some(path) = from {
        let listed = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        accounts.extend(listed.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
    }
    let mode = mode(require_change, link);
    let (tenant_id, found) = found(profile, accounts, tenant).await?;
    let (mut client, mut results, mut ended) = (client(profile)?, Vec::new(), Ok(()));
    for some in found.chunks(BATCH) {
        match reset_batch(&mut client, &tenant_id, some, mode).await {
            Ok(answered) => results.extend(some.iter().cloned().zip(answered)),
            Err(error) => {
                ended = Err(error);
                break;
            }
        }
    }
    // Passwords of batches that were answered are shown this once, whatever became of the next.
    let data: Vec<Value> = results.iter().map(|(_, result)| outcome(result)).collect();
    let partial = Partial::counted(results.len(), found.len(), "accounts");
    output.as_far_as(&data, |_| rows(&results), ended, partial)
}

async fn reset_batch(
    client: &mut PasswordAdministrationServiceClient<Connection>,
    tenant_id: &str,
    accounts: &[Account],
    mode: PasswordResetMode,
) -> anyhow::Result<Vec<BatchPasswordResult>> {
    let mut request = tonic::Request::new(BatchResetPasswordsRequest {
        tenant_id: tenant_id.to_owned(),
        account_ids: accounts.iter().map(|account| account.account_id.clone()).collect(),
        mode: mode.into(),
        request_id: request_id(),
        context: None,
    });
    request.set_timeout(std::time::Duration::from_secs(BATCH_SECONDS));
    Ok(client.batch_reset_passwords(request).await?.into_inner().results)
}

/// One that can be read out is generated, unless something else is asked for.
const fn mode(require_change: bool, link: bool) -> PasswordResetMode {
    match (require_change, link) {
        (true, _) => PasswordResetMode::RequireChange,
        (_, true) => PasswordResetMode::Link,
        (false, false) => PasswordResetMode::Generate,
    }
}

/// The accounts that were named, each once, before anything is done to one.
async fn found(
    profile: &Profile,
    named: Vec<String>,
    tenant: InTenant,
) -> anyhow::Result<(String, Vec<Account>)> {
    let tenant_id = profile.tenant(&tenant).await?.tenant_id;
    let (mut seen, mut accounts) = (BTreeSet::new(), Vec::new());
    for name in named {
        let tenant = InTenant { tenant: Some(tenant_id.clone()) };
        let account = find(profile, &OnAccount { account: name.clone(), tenant }).await;
        let account = account.with_context(|| format!("looking for {name}; nothing was reset"))?;
        if seen.insert(account.account_id.clone()) {
            accounts.push(account);
        }
    }
    Ok((tenant_id, accounts))
}

fn client(profile: &Profile) -> anyhow::Result<PasswordAdministrationServiceClient<Connection>> {
    Ok(PasswordAdministrationServiceClient::new(profile.identity()?))
}

fn shown(result: &PasswordResetResult) -> Value {
    let account_id = result.account.as_ref().map(|account| account.account_id.clone());
    json!({
        "account_id": account_id,
        "generated_password": Some(&result.generated_password).filter(|password| !password.is_empty()),
        "password_expire_time": result.password_expire_time.map(|at| time(at.seconds)),
        "sessions_revoked": result.sessions_revoked,
        "link_expire_time": result.link_expire_time.map(|at| time(at.seconds)),
        "masked_destinations": result.masked_destinations,
    })
}

fn outcome(result: &BatchPasswordResult) -> Value {
    match &result.outcome {
        Some(Outcome::Reset(reset)) => shown(reset),
        Some(Outcome::Refused(reason)) => json!({ "account_id": result.account_id, "refused": reason }),
        None => json!({ "account_id": result.account_id }),
    }
}

fn told(login: &str, result: &PasswordResetResult) -> String {
    let mut lines = Vec::new();
    if !result.generated_password.is_empty() {
        lines.push(format!("The password of {login}: {}", result.generated_password));
        lines.push("It is shown this once. Read it out to the person and to nobody else.".to_owned());
    }
    if let Some(at) = result.link_expire_time {
        let to = result.masked_destinations.join(", ");
        lines.push(format!("A link for {login} went to {to}. It works once, until {}.", time(at.seconds)));
        lines.push("The password before does not serve any more.".to_owned());
    } else {
        if let Some(at) = result.password_expire_time {
            lines.push(format!("It serves until {}.", time(at.seconds)));
        }
        lines.push("The next sign-in asks for a new one.".to_owned());
    }
    lines.push(format!("Sessions ended: {}.", result.sessions_revoked));
    lines.join("\n")
}

fn rows(results: &[(Account, BatchPasswordResult)]) -> String {
    let head = ["ACCOUNT", "LOGIN", "RESULT", "PASSWORD"].map(str::to_owned).to_vec();
    let row = |(account, result): &(Account, BatchPasswordResult)| {
        let (said, password) = match &result.outcome {
            Some(Outcome::Reset(reset)) => ("reset".to_owned(), reset.generated_password.clone()),
            Some(Outcome::Refused(reason)) => (reason.clone(), String::new()),
            None => (String::new(), String::new()),
        };
        let login = account.logins.first().cloned().unwrap_or_default();
        vec![account.account_id.clone(), login, said, password]
    };
    table(&std::iter::once(head).chain(results.iter().map(row)).collect::<Vec<_>>())
}
