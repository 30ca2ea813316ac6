//! `rekey role`: who holds which, granting and taking away.

use std::path::Path;

use anyhow::Context as _;
use rekey_wire::access::{role_named, role_word};
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::administration_service_client::AdministrationServiceClient;
use rekey_wire::identity::v1::{
    Account, AccountFilter, GrantRoleRequest, ListAccountsRequest, RevokeRoleRequest,
};
use rekey_wire::options::v1::Role;
use serde_json::{Value, json};

use super::account::{find, print};
use crate::arguments::{InTenant, RoleCommand};
use crate::output::{Output, table};
use crate::profile::{Profile, request_id};

/// Every role, the mightiest first.
const ROLES: [Role; 7] = [
    Role::GlobalAdministrator,
    Role::UserAdministrator,
    Role::PasswordAdministrator,
    Role::HelpdeskAdministrator,
    Role::AuthenticationAdministrator,
    Role::PolicyAdministrator,
    Role::ReportsReader,
];

pub(crate) async fn run(command: RoleCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    let mut client = AdministrationServiceClient::new(profile.identity()?);
    let account = match command {
        RoleCommand::List { tenant } => return list(&profile, &tenant, output).await,
        RoleCommand::Grant { role, on } => {
            let role = named(&role)?.into();
            let Account { tenant_id, account_id, .. } = find(&profile, &on).await?;
            let request =
                GrantRoleRequest { tenant_id, account_id, role, request_id: request_id(), context: None };
            client.grant_role(request).await?.into_inner().account
        }
        RoleCommand::Revoke { role, on } => {
            let role = named(&role)?.into();
            let Account { tenant_id, account_id, .. } = find(&profile, &on).await?;
            let request =
                RevokeRoleRequest { tenant_id, account_id, role, request_id: request_id(), context: None };
            client.revoke_role(request).await?.into_inner().account
        }
    };
    print(&account.context("the answer holds no account")?, output)
}

/// The role of that word.
pub(super) fn named(word: &str) -> anyhow::Result<Role> {
    role_named(word)
        .with_context(|| format!("no role is called `{word}`; they are {}", ROLES.map(role_word).join(", ")))
}

async fn list(profile: &Profile, tenant: &InTenant, output: Output) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(tenant).await?.tenant_id;
    let mut client = AccountServiceClient::new(profile.identity()?);
    let mut holders: Vec<(Role, Account)> = Vec::new();
    for role in ROLES {
        let filter = Some(AccountFilter { role: role.into(), ..AccountFilter::default() });
        let mut page_token = String::new();
        loop {
            let (tenant_id, filter) = (tenant_id.clone(), filter.clone());
            let request =
                ListAccountsRequest { tenant_id, page_size: 200, page_token, context: None, filter };
            let page = client.list_accounts(request).await?.into_inner();
            holders.extend(page.accounts.into_iter().map(|account| (role, account)));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
    }
    let of = |role: Role| holders.iter().filter(move |(held, _)| *held == role).map(|(_, account)| account);
    let data: Vec<Value> = ROLES
        .iter()
        .map(|role| {
            let accounts: Vec<Value> = of(*role)
                .map(|account| json!({ "account_id": account.account_id, "logins": account.logins }))
                .collect();
            json!({ "role": role_word(*role), "holders": accounts })
        })
        .collect();
    output.data(&data, |_| {
        let head = ["ROLE", "ACCOUNT", "LOGIN", "NAME"].map(str::to_owned).to_vec();
        let row = |(role, account): &(Role, Account)| {
            let login = account.logins.first().cloned().unwrap_or_default();
            vec![role_word(*role), account.account_id.clone(), login, account.display_name.clone()]
        };
        table(&std::iter::once(head).chain(holders.iter().map(row)).collect::<Vec<_>>())
    })
}
