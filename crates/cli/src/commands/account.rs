//! `rekey account`: create, list, show, update, delete, undelete, erase, unlock, block, unblock, unfreeze, its password and its sessions.

mod bulk;
mod erase;
mod expiring;
mod lifecycle;
mod list;
mod passwords;
mod sessions;
mod show;

use std::path::Path;

use anyhow::Context as _;
use rekey_client::Connection;
use rekey_primitives::id::AccountId;
use rekey_wire::access::role_word;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::administration_service_client::AdministrationServiceClient;
use rekey_wire::identity::v1::lookup_account_request::Key;
use rekey_wire::identity::v1::{
    Account, AccountState, BlockSignInRequest, CreateAccountRequest, GetAccountRequest, LookupAccountRequest,
    UnblockSignInRequest, UnfreezeAccountRequest, UnlockAccountRequest,
};
use serde_json::{Value, json};

pub(super) use list::filter;

use crate::arguments::{AccountCommand, OnAccount};
use crate::output::{Output, table};
use crate::profile::{Profile, request_id, secret_file, time};

/// An administrator's step on one account.
enum Step {
    Unlock,
    Block,
    Unblock,
    Unfreeze,
}

pub(crate) async fn run(command: AccountCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    match command {
        AccountCommand::List { filter, count: true, tenant } => {
            list::count(&profile, &tenant, filter, output).await
        }
        AccountCommand::List { filter, count: false, tenant } => {
            list::list(&profile, &tenant, filter, output).await
        }
        AccountCommand::Show(on) => show::run(&profile, &on, output).await,
        AccountCommand::Update(update) => lifecycle::update(&profile, update, output).await,
        AccountCommand::Delete(on) => lifecycle::delete(&profile, &on, output).await,
        AccountCommand::Erase(erase) => erase::run(&profile, &erase, output).await,
        AccountCommand::Undelete(on) => lifecycle::undelete(&profile, &on, output).await,
        AccountCommand::Unlock(on) => step(&profile, &on, Step::Unlock, output).await,
        AccountCommand::Block(on) => step(&profile, &on, Step::Block, output).await,
        AccountCommand::Unblock(on) => step(&profile, &on, Step::Unblock, output).await,
        AccountCommand::Unfreeze(on) => step(&profile, &on, Step::Unfreeze, output).await,
        AccountCommand::Expiring { days, tenant } => expiring::list(&profile, &tenant, days, output).await,
        AccountCommand::ExemptExpiry(on) => expiring::exempt(&profile, &on, true, output).await,
        AccountCommand::UnexemptExpiry(on) => expiring::exempt(&profile, &on, false, output).await,
        AccountCommand::Reset(reset) => passwords::reset(&profile, &reset, output).await,
        AccountCommand::ResetMany(several) => passwords::reset_many(&profile, several, output).await,
        AccountCommand::Bulk { command } => bulk::run(&profile, command, output).await,
        AccountCommand::Sessions(on) => sessions::list(&profile, &on, output).await,
        AccountCommand::RevokeSessions { on, sessions: named } => {
            sessions::revoke(&profile, &on, named, output).await
        }
        AccountCommand::Create {
            logins,
            name,
            emails,
            phones,
            confirmed,
            password_file,
            external_id,
            tenant,
        } => {
            let request = CreateAccountRequest {
                tenant_id: profile.tenant(&tenant).await?.tenant_id,
                logins,
                display_name: name,
                external_id,
                password: password_file.as_ref().map(secret_file).transpose()?.unwrap_or_default(),
                email_addresses: emails,
                phone_numbers: phones,
                addresses_confirmed: confirmed,
                must_change_password: false,
                managed_elsewhere: false,
                request_id: request_id(),
                context: None,
            };
            let created = accounts(&profile)?.create_account(request).await?.into_inner();
            print(&created.account.context("the answer holds no account")?, output)
        }
    }
}

fn accounts(profile: &Profile) -> anyhow::Result<AccountServiceClient<Connection>> {
    Ok(AccountServiceClient::new(profile.identity()?))
}

pub(crate) async fn find(profile: &Profile, on: &OnAccount) -> anyhow::Result<Account> {
    let tenant_id = profile.tenant(&on.tenant).await?.tenant_id;
    let mut client = accounts(profile)?;
    let account = if AccountId::parse(&on.account).is_ok() {
        let request = GetAccountRequest { tenant_id, account_id: on.account.clone(), context: None };
        client.get_account(request).await?.into_inner().account
    } else {
        let key = Some(Key::Login(on.account.clone()));
        let request = LookupAccountRequest { tenant_id, key, context: None };
        client.lookup_account(request).await?.into_inner().account
    };
    account.context("the answer holds no account")
}

async fn step(profile: &Profile, on: &OnAccount, step: Step, output: Output) -> anyhow::Result<()> {
    let Account { tenant_id, account_id, .. } = find(profile, on).await?;
    let mut client = AdministrationServiceClient::new(profile.identity()?);
    let (request_id, context) = (request_id(), None);
    let account = match step {
        Step::Unlock => {
            let request = UnlockAccountRequest { tenant_id, account_id, request_id, context };
            client.unlock_account(request).await?.into_inner().account
        }
        Step::Block => {
            let request = BlockSignInRequest { tenant_id, account_id, request_id, context };
            client.block_sign_in(request).await?.into_inner().account
        }
        Step::Unblock => {
            let request = UnblockSignInRequest { tenant_id, account_id, request_id, context };
            client.unblock_sign_in(request).await?.into_inner().account
        }
        Step::Unfreeze => {
            let request = UnfreezeAccountRequest { tenant_id, account_id, request_id, context };
            client.unfreeze_account(request).await?.into_inner().account
        }
    };
    print(&account.context("the answer holds no account")?, output)
}

pub(super) fn print(account: &Account, output: Output) -> anyhow::Result<()> {
    output.data(&shown(account), |_| rows(std::slice::from_ref(account)))
}

fn shown(account: &Account) -> Value {
    json!({
        "account_id": account.account_id,
        "tenant_id": account.tenant_id,
        "logins": account.logins,
        "display_name": account.display_name,
        "external_id": account.external_id,
        "roles": roles(account),
        "has_password": account.has_password,
        "must_change_password": account.must_change_password,
        "state": state(account),
        "create_time": account.create_time.map(|at| time(at.seconds)),
        "password_time": account.password_time.map(|at| time(at.seconds)),
        "last_sign_in_time": account.last_sign_in_time.map(|at| time(at.seconds)),
        "delete_time": account.delete_time.map(|at| time(at.seconds)),
        "etag": account.etag,
    })
}

fn state(account: &Account) -> &'static str {
    match AccountState::try_from(account.state) {
        Ok(AccountState::Active) => "active",
        Ok(AccountState::Blocked) => "blocked",
        Ok(AccountState::Frozen) => "frozen",
        Ok(AccountState::Deleted) => "deleted",
        Ok(AccountState::Unspecified) | Err(_) => "unknown",
    }
}

fn roles(account: &Account) -> Vec<String> {
    account.roles().map(role_word).collect()
}

fn rows(accounts: &[Account]) -> String {
    let head = ["ACCOUNT", "LOGIN", "NAME", "STATE", "ROLES"].map(str::to_owned).to_vec();
    let row = |account: &Account| {
        let notes = [
            (account.state() != AccountState::Active, state(account)),
            (account.must_change_password, "must change password"),
            (!account.has_password, "no password"),
        ];
        let noted: Vec<&str> = notes.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect();
        let noted = if noted.is_empty() { state(account).to_owned() } else { noted.join(", ") };
        let login = account.logins.first().cloned().unwrap_or_default();
        vec![account.account_id.clone(), login, account.display_name.clone(), noted, roles(account).join(" ")]
    };
    table(&std::iter::once(head).chain(accounts.iter().map(row)).collect::<Vec<_>>())
}
