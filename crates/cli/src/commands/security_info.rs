//! `rekey security-info`: what an account proves itself by, for administrators.

use std::path::Path;

use rekey_wire::identity::v1::account_security_info_service_client::AccountSecurityInfoServiceClient;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;
use rekey_wire::identity::v1::{
    Account, ListAccountSecurityInfoRequest, PrefillSecurityInfoRequest, RemoveAccountSecurityInfoRequest,
    SecurityInfo, SecurityInfoAddress, security_info_address,
};
use serde_json::{Value, json};

use super::account::find;
use crate::arguments::OnAccount;
use crate::arguments::security_info::SecurityInfoCommand;
use crate::output::{Output, table};
use crate::profile::{Profile, request_id, time};

pub(crate) async fn run(command: SecurityInfoCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = &Profile::read(profile)?;
    match command {
        SecurityInfoCommand::List(on) => list(profile, &on, output).await,
        SecurityInfoCommand::Prefill { on, address } => {
            let address = match (address.email, address.phone) {
                (Some(email), _) => security_info_address::Address::EmailAddress(email),
                (None, phone) => security_info_address::Address::PhoneNumber(phone.unwrap_or_default()),
            };
            prefill(profile, &on, address, output).await
        }
        SecurityInfoCommand::Remove { on, security_info_id } => {
            remove(profile, &on, security_info_id, output).await
        }
    }
}

async fn list(profile: &Profile, on: &OnAccount, output: Output) -> anyhow::Result<()> {
    let found = all(profile, &find(profile, on).await?).await?;
    let data: Vec<Value> = found.iter().map(shown).collect();
    output.data(&data, |_| rows(&found))
}

/// Everything that an account proves itself by.
pub(super) async fn all(profile: &Profile, account: &Account) -> anyhow::Result<Vec<SecurityInfo>> {
    let mut client = AccountSecurityInfoServiceClient::new(profile.identity()?);
    let mut found: Vec<SecurityInfo> = Vec::new();
    let mut page_token = String::new();
    loop {
        let (tenant_id, account_id) = (account.tenant_id.clone(), account.account_id.clone());
        let request = ListAccountSecurityInfoRequest {
            tenant_id,
            account_id,
            page_size: 200,
            page_token,
            context: None,
        };
        let page = client.list_account_security_info(request).await?.into_inner();
        found.extend(page.security_info);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}

async fn prefill(
    profile: &Profile,
    on: &OnAccount,
    address: security_info_address::Address,
    output: Output,
) -> anyhow::Result<()> {
    let Account { tenant_id, account_id, .. } = find(profile, on).await?;
    let request = PrefillSecurityInfoRequest {
        tenant_id,
        account_id,
        address: Some(SecurityInfoAddress { address: Some(address) }),
        request_id: request_id(),
        context: None,
    };
    let mut client = SecurityInfoServiceClient::new(profile.identity()?);
    let entry = client.prefill_security_info(request).await?.into_inner().security_info.unwrap_or_default();
    output.data(&shown(&entry), |_| {
        format!("Filled in {}. It counts once the person has confirmed it.", entry.masked_destination)
    })
}

async fn remove(
    profile: &Profile,
    on: &OnAccount,
    security_info_id: String,
    output: Output,
) -> anyhow::Result<()> {
    let Account { tenant_id, account_id, .. } = find(profile, on).await?;
    let removed = security_info_id.clone();
    let request = RemoveAccountSecurityInfoRequest {
        tenant_id,
        account_id,
        security_info_id,
        request_id: request_id(),
        context: None,
    };
    let mut client = AccountSecurityInfoServiceClient::new(profile.identity()?);
    client.remove_account_security_info(request).await?;
    output.data(&json!({ "security_info_id": removed }), |_| {
        "Removed. Every address of the account is told.".to_owned()
    })
}

pub(super) fn shown(entry: &SecurityInfo) -> Value {
    json!({
        "security_info_id": entry.security_info_id,
        "kind": kind(entry),
        "masked_destination": entry.masked_destination,
        "display_name": entry.display_name,
        "state": state(entry),
        "is_default": entry.is_default,
        "recovery_codes_remaining": entry.recovery_codes_remaining,
        "create_time": entry.create_time.map(|at| time(at.seconds)),
        "usable_time": entry.usable_time.map(|at| time(at.seconds)),
    })
}

pub(super) fn rows(entries: &[SecurityInfo]) -> String {
    let head = ["SECURITY INFO", "KIND", "ADDRESS OR NAME", "STATE", "ADDED"].map(str::to_owned).to_vec();
    let row = |entry: &SecurityInfo| {
        let state = if entry.is_default { format!("{}, default", state(entry)) } else { state(entry) };
        let added = entry.create_time.map_or_else(String::new, |at| time(at.seconds));
        // Passkeys have a name and no address.
        let called = format!("{}{}", entry.masked_destination, entry.display_name);
        vec![entry.security_info_id.clone(), kind(entry), called, state, added]
    };
    table(&std::iter::once(head).chain(entries.iter().map(row)).collect::<Vec<_>>())
}

/// The word without the prefix of its enumeration.
fn kind(entry: &SecurityInfo) -> String {
    entry.kind().as_str_name().trim_start_matches("METHOD_KIND_").to_lowercase()
}

fn state(entry: &SecurityInfo) -> String {
    entry.state().as_str_name().trim_start_matches("SECURITY_INFO_STATE_").to_lowercase()
}
