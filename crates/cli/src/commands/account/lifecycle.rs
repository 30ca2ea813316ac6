//! `rekey account update|delete|undelete`.

use anyhow::{Context as _, bail};
use prost_types::FieldMask;
use rekey_client::Connection;
use rekey_primitives::id::AccountId;
use rekey_primitives::login::Login;
use rekey_wire::identity::v1::account_lifecycle_service_client::AccountLifecycleServiceClient;
use rekey_wire::identity::v1::{
    Account, AccountFilter, DeleteAccountRequest, FilteredState, ListAccountsRequest, UndeleteAccountRequest,
    UpdateAccountRequest,
};
use serde_json::Value;

use super::{accounts, find, print, shown};
use crate::arguments::{AccountChanges, OnAccount, UpdateAccount};
use crate::output::Output;
use crate::profile::{Profile, request_id, time};

pub(super) fn lifecycle(profile: &Profile) -> anyhow::Result<AccountLifecycleServiceClient<Connection>> {
    Ok(AccountLifecycleServiceClient::new(profile.identity()?))
}

pub(super) async fn update(profile: &Profile, update: UpdateAccount, output: Output) -> anyhow::Result<()> {
    let account = find(profile, &update.on).await?;
    let request = changed(account, update.changes)?;
    let updated = lifecycle(profile)?.update_account(request).await?.into_inner();
    print(&updated.account.context("the answer holds no account")?, output)
}

/// The request for what was typed. Logins are changed under the etag they were read with, so that two people at once do not undo
/// each other's.
fn changed(account: Account, changes: AccountChanges) -> anyhow::Result<UpdateAccountRequest> {
    let logins = logins(&account.logins, &changes)?;
    let fields = [
        ("logins", logins != account.logins),
        ("display_name", changes.name.is_some()),
        ("external_id", changes.external_id.is_some()),
        ("must_change_password", changes.must_change_password.is_some()),
        ("managed_elsewhere", changes.managed_elsewhere.is_some()),
    ];
    let mut paths: Vec<String> =
        fields.iter().filter(|(_, changes)| *changes).map(|(field, _)| (*field).to_owned()).collect();
    if paths.is_empty() {
        // What was typed changes nothing; the service says so by giving the account as it is.
        paths.push("logins".to_owned());
    }
    let is_read = paths.iter().any(|path| path == "logins");
    Ok(UpdateAccountRequest {
        tenant_id: account.tenant_id,
        account_id: account.account_id,
        etag: if is_read { account.etag } else { String::new() },
        update_mask: Some(FieldMask { paths }),
        logins,
        display_name: changes.name.unwrap_or_default(),
        external_id: changes.external_id.unwrap_or_default(),
        must_change_password: changes.must_change_password.unwrap_or_default(),
        managed_elsewhere: changes.managed_elsewhere.unwrap_or_default(),
        request_id: request_id(),
        context: None,
    })
}

/// The logins as they are to be.
fn logins(today: &[String], changes: &AccountChanges) -> anyhow::Result<Vec<String>> {
    let held = |typed: &String| {
        let canonical = canonical(typed);
        if today.contains(&canonical)
            || changes.add_logins.iter().any(|add| self::canonical(add) == canonical)
        {
            return Ok(canonical);
        }
        bail!("{typed} is no login of this account, which has: {}", today.join(", "))
    };
    let removed = changes.remove_logins.iter().map(held).collect::<anyhow::Result<Vec<_>>>()?;
    let first = changes.first_login.as_ref().map(held).transpose()?;
    let added = changes.add_logins.iter().map(|login| canonical(login));
    let mut logins: Vec<String> = first.into_iter().collect();
    for login in today.iter().cloned().chain(added) {
        if !logins.contains(&login) {
            logins.push(login);
        }
    }
    logins.retain(|login| !removed.contains(login));
    if logins.is_empty() {
        bail!("an account keeps at least one login: add another one with --add-login")
    }
    Ok(logins)
}

/// The canonical form; what has none is left for the service to refuse.
fn canonical(typed: &str) -> String {
    Login::parse(typed).map_or_else(|_| typed.to_owned(), |login| login.as_str().to_owned())
}

pub(super) async fn delete(profile: &Profile, on: &OnAccount, output: Output) -> anyhow::Result<()> {
    let Account { tenant_id, account_id, .. } = find(profile, on).await?;
    let request = DeleteAccountRequest {
        tenant_id,
        account_id,
        etag: String::new(),
        request_id: request_id(),
        context: None,
    };
    let deleted = lifecycle(profile)?.delete_account(request).await?.into_inner();
    let account = deleted.account.context("the answer holds no account")?;
    let until = deleted.purge_time.map(|at| time(at.seconds)).unwrap_or_default();
    let mut data = shown(&account);
    data["purge_time"] = Value::from(until.clone());
    output.data(&data, |_| {
        let id = &account.account_id;
        format!("Deleted: {id}. Until {until}, `rekey account undelete {id}` brings it back.")
    })
}

pub(super) async fn undelete(profile: &Profile, on: &OnAccount, output: Output) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(&on.tenant).await?.tenant_id;
    let account_id = if AccountId::parse(&on.account).is_ok() {
        on.account.clone()
    } else {
        find_deleted(profile, &tenant_id, DeletedName::Login(&on.account)).await?.account_id
    };
    let request = UndeleteAccountRequest { tenant_id, account_id, request_id: request_id(), context: None };
    let back = lifecycle(profile)?.undelete_account(request).await?.into_inner();
    print(&back.account.context("the answer holds no account")?, output)
}

/// What somebody typed to name a deleted account.
#[derive(Clone, Copy)]
pub(super) enum DeletedName<'a> {
    Id(&'a str),
    Login(&'a str),
}

/// The deleted account of this name.
pub(super) async fn find_deleted(
    profile: &Profile,
    tenant_id: &str,
    name: DeletedName<'_>,
) -> anyhow::Result<Account> {
    let (prefix, shown) = match name {
        DeletedName::Login(login) => (login, format!("the login {login}")),
        DeletedName::Id(id) => ("", format!("the id {id}")),
    };
    let is_it = |account: &Account| match name {
        DeletedName::Login(login) => account.logins.contains(&canonical(login)),
        DeletedName::Id(id) => account.account_id == id,
    };
    let filter = AccountFilter {
        prefix: prefix.to_owned(),
        state: FilteredState::Deleted.into(),
        ..AccountFilter::default()
    };
    let (mut client, mut page_token) = (accounts(profile)?, String::new());
    loop {
        let request = ListAccountsRequest {
            tenant_id: tenant_id.to_owned(),
            page_size: 200,
            page_token,
            context: None,
            filter: Some(filter.clone()),
        };
        let page = client.list_accounts(request).await?.into_inner();
        if let Some(account) = page.accounts.into_iter().find(is_it) {
            return Ok(account);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            bail!("no deleted account has {shown}; `rekey account list --state deleted` shows all")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes() -> AccountChanges {
        AccountChanges {
            add_logins: Vec::new(),
            remove_logins: Vec::new(),
            first_login: None,
            name: None,
            external_id: None,
            must_change_password: None,
            managed_elsewhere: None,
        }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn logins_are_added_removed_and_put_first_in_any_spelling() {
        let typed = AccountChanges {
            add_logins: texts(&["A.Stein"]),
            remove_logins: texts(&["ANNA"]),
            first_login: Some("a.stein".to_owned()),
            ..changes()
        };

        let changed = logins(&texts(&["anna", "anna.blume"]), &typed).unwrap();

        assert_eq!(changed, texts(&["a.stein", "anna.blume"]));
    }

    #[test]
    fn who_takes_what_is_not_there_is_told_what_is() {
        let foreign = AccountChanges { remove_logins: texts(&["bert"]), ..changes() };
        let last = AccountChanges { remove_logins: texts(&["anna"]), ..changes() };

        let foreign = logins(&texts(&["anna"]), &foreign).unwrap_err().to_string();
        let last = logins(&texts(&["anna"]), &last).unwrap_err().to_string();

        assert!(foreign.contains("bert is no login") && foreign.contains("anna"), "{foreign}");
        assert!(last.contains("--add-login"), "{last}");
    }

    #[test]
    fn logins_are_changed_under_the_etag_and_nothing_else_is() {
        let account = Account { logins: texts(&["anna"]), etag: "\"7\"".to_owned(), ..Account::default() };

        let renamed = AccountChanges { name: Some("Anna Stein".to_owned()), ..changes() };
        let renamed = changed(account.clone(), renamed).unwrap();
        let more = AccountChanges { add_logins: texts(&["a.stein"]), ..changes() };
        let more = changed(account, more).unwrap();

        assert_eq!(
            (renamed.etag.as_str(), renamed.update_mask.unwrap().paths),
            ("", texts(&["display_name"]))
        );
        assert_eq!((more.etag.as_str(), more.update_mask.unwrap().paths), ("\"7\"", texts(&["logins"])));
    }
}
