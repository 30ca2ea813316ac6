//! The accounts of a tenant as they leave: pages of a walk, each read when its reader takes it, so what is held is one page.
//!
//! A token says how far the walk is, so whoever was cut off goes on with it.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::id::TenantId;
use rekey_primitives::secret::SecretString;
use uuid::Uuid;

use super::{Directory, ImportedAddress};
use crate::domain::account::Account;
use crate::domain::account_filter::{AccountFilter, SearchCursor};
use crate::domain::audit::EventKind;
use crate::domain::authority::Permission;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::domain::security_info::Standing;
use crate::operation::{Administrator, Error, Operation, Rpc};
use crate::store::search::AccountSearch;
use crate::tokens::{AskedPage, List};
use crate::views::AccountView;

const EXPORT: Rpc = Rpc { name: "ExportAccounts", event: EventKind::AccountsExported };

/// What it takes to see addresses whole: those who fill them in and those who look after them do not by themselves.
const ADDRESSES_NEED: [Permission; 2] = [Permission::ManageAccounts, Permission::ManageSecurityInfo];

/// Most accounts of a page: as many as one look of the search gives.
const PAGE: u32 = 250;

/// What to export.
#[derive(Debug, Clone)]
pub(crate) struct AskedExport {
    pub tenant_id: TenantId,
    pub filter: AccountFilter,
    pub with_addresses: bool,
    /// How many accounts a page holds at most; 0 for the usual number.
    pub page_size: u32,
    /// Of an earlier part.
    pub token: Option<SecretString>,
}

/// An export under way.
pub(crate) struct Export {
    directory: Directory,
    administrator: Administrator,
    scope: TenantScope,
    now: Timestamp,
    asked: AskedExport,
    at: Option<SearchCursor>,
    is_over: bool,
}

/// A page of it.
#[derive(Debug, Clone)]
pub(crate) struct ExportPage {
    pub accounts: Vec<ExportedAccount>,
    /// Leads to what follows; nothing on the last.
    pub token: Option<SecretString>,
}

/// An account as it leaves.
#[derive(Debug, Clone)]
pub(crate) struct ExportedAccount {
    pub account: AccountView,
    pub groups: Vec<Uuid>,
    /// None where they were not asked for.
    pub addresses: Vec<ImportedAddress>,
}

impl Directory {
    /// Begins an export, or goes on with one. For a backend in its own name, `may_see_addresses` says whether its entry
    /// allows what they need.
    pub(crate) async fn export_accounts(
        &self,
        administrator: &Administrator,
        asked: AskedExport,
        may_see_addresses: bool,
    ) -> Result<Export, Error> {
        let operation = self.authorisation.operation(EXPORT, administrator, asked.tenant_id)?;
        self.may_export(&operation, administrator, &asked).await?;
        if asked.with_addresses && administrator.person.is_none() && !may_see_addresses {
            self.authorisation.note_denied(&operation, "addresses");
            return Err(Refusal::CallerNotAllowed { missing: "methods" }.into());
        }
        let at = asked.goes_on_at(self, operation.now)?;
        let what = if asked.with_addresses { "with addresses" } else { "without addresses" };
        let what = if at.is_some() { format!("{what}, gone on with") } else { what.to_owned() };
        self.audit.note(self.audit.event(&operation).because(what));
        let (scope, now, administrator) = (operation.scope, operation.now, administrator.clone());
        Ok(Export { directory: self.clone(), administrator, scope, now, asked, at, is_over: false })
    }

    /// Judged for every page: who may not any more gets no other one.
    async fn may_export(
        &self,
        operation: &Operation<'_>,
        administrator: &Administrator,
        asked: &AskedExport,
    ) -> Result<(), Error> {
        let needs = Permission::ReadDirectory;
        self.authorisation.authorise_in_tenant(operation, administrator, needs).await?;
        for needs in ADDRESSES_NEED.into_iter().filter(|_| asked.with_addresses) {
            self.authorisation.authorise_in_tenant(operation, administrator, needs).await?;
        }
        Ok(())
    }
}

impl AskedExport {
    fn goes_on_at(&self, directory: &Directory, now: Timestamp) -> Result<Option<SearchCursor>, Refusal> {
        let page = AskedPage { size: 0, token: self.token.clone() };
        self.in_list(|list| directory.tokens.search_goes_on_at(list, &page, now))
            .map_err(|_| Refusal::ResumeTokenInvalid)
    }

    fn limit(&self) -> u32 {
        if self.page_size == 0 { PAGE } else { self.page_size.min(PAGE) }
    }

    /// The list that tokens are bound to.
    fn in_list<T>(&self, work: impl FnOnce(List<'_>) -> T) -> T {
        let (tenant, filter, flag) =
            (self.tenant_id.as_uuid(), self.filter.canonical(), [u8::from(self.with_addresses)]);
        work(List { name: "accounts exported", arguments: &[tenant.as_bytes(), filter.as_bytes(), &flag] })
    }
}

impl Export {
    /// The next page; nothing after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<ExportPage>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let operation =
            self.directory.authorisation.operation(EXPORT, &self.administrator, self.asked.tenant_id)?;
        self.directory.may_export(&operation, &self.administrator, &self.asked).await?;
        let store = &self.directory.store;
        let search =
            AccountSearch { filter: &self.asked.filter, after: self.at.clone(), limit: self.asked.limit() };
        let found = store.search_accounts(&self.scope, &search).await?;
        let ids: Vec<Uuid> = found.accounts.iter().map(|account| account.id.as_uuid()).collect();
        let mut groups = store.groups_of(&self.scope, &ids).await?;
        let accounts = found.accounts.iter().map(|account| ExportedAccount {
            account: AccountView::from(account),
            groups: groups.remove(&account.id.as_uuid()).unwrap_or_default(),
            addresses: if self.asked.with_addresses { addresses(account) } else { Vec::new() },
        });
        let accounts = accounts.collect();
        self.is_over = found.next.is_none();
        let (tokens, now) = (&self.directory.tokens, self.now);
        let token =
            found.next.clone().map(|at| self.asked.in_list(|list| tokens.search_page_token(list, at, now)));
        self.at = found.next;
        Ok(Some(ExportPage { accounts, token }))
    }
}

/// Mail addresses and phone numbers that are the person's, or were filled in for them.
fn addresses(account: &Account) -> Vec<ImportedAddress> {
    let known = account.security_info.iter().filter(|entry| entry.standing != Standing::Unconfirmed);
    known
        .filter_map(|entry| {
            let address: Destination = entry.destination()?;
            let confirmed = matches!(entry.standing, Standing::Confirmed { .. });
            Some(ImportedAddress { address, confirmed })
        })
        .collect()
}
