//! `rekey account erase`: what is left of an account is a hash, and there is no way back.

use std::io::{IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};
use rekey_client::Problem;
use rekey_primitives::id::AccountId;
use rekey_wire::identity::v1::{Account, EraseAccountRequest};
use serde_json::json;

use super::find;
use super::lifecycle::{DeletedName, find_deleted, lifecycle};
use crate::arguments::EraseAccount;
use crate::output::Output;
use crate::profile::{Profile, request_id};

pub(super) async fn run(profile: &Profile, erase: &EraseAccount, output: Output) -> anyhow::Result<()> {
    let account = find_any(profile, erase).await?;
    if !erase.yes {
        confirm(&account)?;
    }
    let request = EraseAccountRequest {
        tenant_id: account.tenant_id,
        account_id: account.account_id.clone(),
        etag: String::new(),
        request_id: request_id(),
        context: None,
    };
    let hash = lifecycle(profile)?.erase_account(request).await?.into_inner().account_hash;
    let data = json!({ "account_id": account.account_id, "account_hash": hash });
    output.data(&data, |_| {
        format!(
            "Erased: {}. Within minutes all of it is purged, and what is left in the audit log is a hash in its place:\n\
             rekey audit list --erased-account {hash}",
            account.account_id
        )
    })
}

/// The account, whether it lives or is deleted.
async fn find_any(profile: &Profile, erase: &EraseAccount) -> anyhow::Result<Account> {
    let living = find(profile, &erase.on).await;
    let is_missing = |error: &anyhow::Error| {
        let status = error.downcast_ref::<tonic::Status>();
        status.is_some_and(|status| Problem::of(status).reason == "ACCOUNT_NOT_FOUND")
    };
    match living {
        Err(error) if is_missing(&error) => {
            let tenant_id = profile.tenant(&erase.on.tenant).await?.tenant_id;
            let typed = erase.on.account.as_str();
            let name = if AccountId::parse(typed).is_ok() {
                DeletedName::Id(typed)
            } else {
                DeletedName::Login(typed)
            };
            find_deleted(profile, &tenant_id, name).await
        }
        found => found,
    }
}

/// Asks for the login, so that nobody erases a person by the wrong line of their history.
fn confirm(account: &Account) -> anyhow::Result<()> {
    let login = account.logins.first().context("the account has no login")?;
    if !std::io::stdin().is_terminal() {
        bail!("erasing {login} cannot be undone: say --yes where nobody can be asked")
    }
    let mut terminal = std::io::stderr();
    write!(
        terminal,
        "This signs {login} out and erases the account for good: nothing brings it back, and what is left of it are keyed hashes \
         in the audit log. Type the login, {login}, to go on: "
    )?;
    terminal.flush()?;
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed)?;
    if typed.trim() == login { Ok(()) } else { bail!("that is not {login}: nothing was erased") }
}
