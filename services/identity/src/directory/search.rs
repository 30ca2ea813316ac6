//! Finding the accounts of a tenant, and counting them.

use rekey_primitives::id::{AccountId, TenantId};

use super::Directory;
use crate::domain::account_filter::{AccountFilter, SearchCursor};
use crate::domain::audit::EventKind;
use crate::domain::authority::Permission;
use crate::operation::{Administrator, Error, Rpc};
use crate::store::search::{AccountCount, AccountSearch};
use crate::tokens::{AskedPage, List, Page};
use crate::views::AccountView;

// Whoever reads leaves no event but a denial.
const LIST: Rpc = Rpc { name: "ListAccounts", event: EventKind::PermissionDenied };
const COUNT: Rpc = Rpc { name: "CountAccounts", event: EventKind::PermissionDenied };

impl Directory {
    /// Lists the accounts of a tenant, oldest first.
    pub(crate) async fn list_accounts(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        asked: &AskedPage,
    ) -> Result<Page<AccountView>, Error> {
        let operation = self.authorisation.operation(LIST, administrator, tenant_id)?;
        let needs = Permission::ReadDirectory;
        self.authorisation.authorise_in_tenant(&operation, administrator, needs).await?;
        let tenant = tenant_id.as_uuid();
        let list = List { name: "accounts", arguments: &[tenant.as_bytes()] };
        let after = self.tokens.page_begins_after(list, asked, operation.now)?.map(AccountId::from_uuid);
        let read = self.store.lagging().list_accounts(&operation.scope, after, asked.limit()).await?;
        let read = read.iter().map(AccountView::from).collect();
        Ok(self.tokens.page(list, asked, read, |account| account.account_id, operation.now))
    }

    /// Lists the accounts of a filter, in the order of what leads in it.
    pub(crate) async fn search_accounts(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        filter: &AccountFilter,
        asked: &AskedPage,
    ) -> Result<Page<AccountView>, Error> {
        if filter.is_empty() {
            return self.list_accounts(administrator, tenant_id, asked).await;
        }
        let operation = self.authorisation.operation(LIST, administrator, tenant_id)?;
        let needs = Permission::ReadDirectory;
        self.authorisation.authorise_in_tenant(&operation, administrator, needs).await?;
        let (tenant, filtered) = (tenant_id.as_uuid(), filter.canonical());
        let list = List { name: "accounts found", arguments: &[tenant.as_bytes(), filtered.as_bytes()] };
        let after: Option<SearchCursor> = self.tokens.search_goes_on_at(list, asked, operation.now)?;
        let search = AccountSearch { filter, after, limit: asked.size() };
        let found = self.store.lagging().search_accounts(&operation.scope, &search).await?;
        let next = found.next.map(|at| self.tokens.search_page_token(list, at, operation.now));
        Ok(Page { items: found.accounts.iter().map(AccountView::from).collect(), next })
    }

    /// Counts the accounts of a filter.
    pub(crate) async fn count_accounts(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        filter: &AccountFilter,
    ) -> Result<AccountCount, Error> {
        let operation = self.authorisation.operation(COUNT, administrator, tenant_id)?;
        let needs = Permission::ReadDirectory;
        self.authorisation.authorise_in_tenant(&operation, administrator, needs).await?;
        Ok(self.store.lagging().count_accounts(&operation.scope, filter).await?)
    }
}
