//! `rekey export`: people, a line each, as they come: the memory it takes does not grow.

use std::collections::HashMap;
use std::path::Path;

use rekey_wire::identity::v1::account_export_service_client::AccountExportServiceClient;
use rekey_wire::identity::v1::group_service_client::GroupServiceClient;
use rekey_wire::identity::v1::imported_address::Address;
use rekey_wire::identity::v1::{
    AccountState, ExportAccountsRequest, ExportAccountsResponse, ExportedAccount, GetGroupRequest,
};

use super::account::filter;
use super::import::{Record, RecordAddress};
use super::resumption::stopped_at;
use crate::arguments::{ExportAccounts, ExportAccountsFormat};
use crate::output::{csv_record, write};
use crate::profile::Profile;

/// The columns of a table, which `rekey import` reads.
const COLUMNS: [&str; 7] = ["login", "display_name", "external_id", "email", "phone", "blocked", "groups"];

/// An export under way.
struct Writing {
    format: ExportAccountsFormat,
    groups: GroupServiceClient<rekey_client::Connection>,
    /// Names of groups by their ids.
    names: HashMap<String, String>,
    tenant_id: String,
}

pub(crate) async fn run(typed: ExportAccounts, profile: &Path) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    let tenant_id = profile.tenant(&typed.tenant).await?.tenant_id;
    let mut request = ExportAccountsRequest {
        tenant_id: tenant_id.clone(),
        filter: Some(filter(typed.filter)?),
        include_addresses: typed.addresses,
        page_size: 0,
        resume_token: typed.resume.clone().unwrap_or_default(),
        context: None,
    };
    let (format, groups) = (typed.format, GroupServiceClient::new(profile.identity()?));
    let mut writing = Writing { format, groups, names: HashMap::new(), tenant_id };
    if format == ExportAccountsFormat::Csv
        && request.resume_token.is_empty()
        && !write(&csv_record(COLUMNS)?)?
    {
        return Ok(());
    }
    let mut client = AccountExportServiceClient::new(profile.identity()?);
    loop {
        match writing.stream(&mut client, &mut request).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => return Err(stopped_at(&request.resume_token, "accounts", error)),
        }
    }
}

impl Writing {
    /// Writes what one stream sends; true when there is nothing more to write.
    async fn stream(
        &mut self,
        client: &mut AccountExportServiceClient<rekey_client::Connection>,
        request: &mut ExportAccountsRequest,
    ) -> anyhow::Result<bool> {
        let mut pages = client.export_accounts(request.clone()).await?.into_inner();
        while let Some(ExportAccountsResponse { accounts, resume_token, complete }) = pages.message().await? {
            let mut text = Vec::new();
            for account in accounts {
                text.extend(self.line(account).await?);
            }
            // Written before it is passed: whoever goes on misses nobody.
            let goes_on = write(&text)?;
            request.resume_token = resume_token;
            if complete || !goes_on {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn line(&mut self, exported: ExportedAccount) -> anyhow::Result<Vec<u8>> {
        let mut groups = Vec::new();
        for id in &exported.group_ids {
            groups.push(self.name(id).await?);
        }
        let record = record(exported, groups);
        match self.format {
            ExportAccountsFormat::Jsonl => Ok(format!("{}\n", serde_json::to_string(&record)?).into_bytes()),
            ExportAccountsFormat::Csv => csv_record(fields(&record)),
        }
    }

    /// What a group is called; its id where it is gone.
    async fn name(&mut self, id: &str) -> anyhow::Result<String> {
        if let Some(name) = self.names.get(id) {
            return Ok(name.clone());
        }
        let request =
            GetGroupRequest { tenant_id: self.tenant_id.clone(), group_id: id.to_owned(), context: None };
        let found = match self.groups.get_group(request).await {
            Ok(found) => found.into_inner().group.map(|group| group.display_name),
            Err(status) if status.code() == tonic::Code::NotFound => None,
            Err(status) => return Err(status.into()),
        };
        let name = found.unwrap_or_else(|| id.to_owned());
        self.names.insert(id.to_owned(), name.clone());
        Ok(name)
    }
}

fn record(exported: ExportedAccount, groups: Vec<String>) -> Record {
    let account = exported.account.unwrap_or_default();
    let addresses = exported.addresses.into_iter().filter_map(|entry| {
        Some(match entry.address? {
            Address::EmailAddress(text) => RecordAddress::email(text, entry.confirmed),
            Address::PhoneNumber(text) => RecordAddress::phone(text, entry.confirmed),
        })
    });
    let blocked = account.state() == AccountState::Blocked;
    Record {
        logins: account.logins,
        display_name: account.display_name,
        external_id: account.external_id,
        addresses: addresses.collect(),
        must_change_password: account.must_change_password,
        blocked,
        managed_elsewhere: account.managed_elsewhere,
        groups,
        ..Record::default()
    }
}

fn fields(record: &Record) -> [String; COLUMNS.len()] {
    let listed = |of: fn(&RecordAddress) -> &str| {
        let texts = record.addresses.iter().map(of).filter(|text| !text.is_empty());
        texts.collect::<Vec<_>>().join(";")
    };
    [
        record.logins.join(";"),
        record.display_name.clone(),
        record.external_id.clone(),
        listed(|address| &address.email),
        listed(|address| &address.phone),
        record.blocked.to_string(),
        record.groups.join(";"),
    ]
}
