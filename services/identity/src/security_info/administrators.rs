//! Other people's security info, seen and removed by administrators. They see what its person sees: masks, and no secret.

use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId};
use rekey_primitives::method::MethodChange;

use super::edits::removal;
use super::{EntryChange, Holder, SecurityInfoEntries};
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Subject};
use crate::domain::authority::{Needs, Permission};
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Administrator, Error, Failed, JUDGED_AT_MOST, Operation, Repeatable, Rpc, Target};
use crate::tokens::{AskedPage, List, Page};
use crate::views::SecurityInfoView;

// Whoever reads leaves no event but a denial.
const LIST: Rpc = Rpc { name: "ListAccountSecurityInfo", event: EventKind::PermissionDenied };
const REMOVE: Rpc = Rpc { name: "RemoveAccountSecurityInfo", event: EventKind::SecurityInfoRemoved };

/// What both take.
pub(crate) const PERMISSION: Permission = Permission::ManageSecurityInfo;

impl SecurityInfoEntries {
    /// Lists the security info of an account, the default first, then the oldest.
    pub(crate) async fn list_of_account(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        account_id: AccountId,
        asked: &AskedPage,
    ) -> Result<Page<SecurityInfoView>, Error> {
        let operation =
            self.authorisation.operation(LIST, administrator, tenant_id)?.on(Subject::Account(account_id));
        let holder = self.administered(&operation, administrator, account_id).await?;
        let (tenant, account) = (tenant_id.as_uuid(), account_id.as_uuid());
        let arguments = [tenant.as_bytes().as_slice(), account.as_bytes()];
        let list = List { name: "account security info", arguments: &arguments };
        let entries = SecurityInfoView::list(&holder.account.security_info, &holder.rules, operation.now);
        self.page_of(list, asked, entries, operation.now)
    }

    /// Removes an entry of an account.
    pub(crate) async fn remove_of_account(
        &self,
        administrator: &Administrator,
        target: Target,
        id: SecurityInfoId,
    ) -> Result<(), Error> {
        let operation = self
            .authorisation
            .operation(REMOVE, administrator, target.tenant_id)?
            .on(Subject::Account(target.account_id));
        let (who, account, entry) = (administrator.name(), target.account_id.as_uuid(), id.as_uuid());
        let content = [account.as_bytes().as_slice(), entry.as_bytes()];
        let named = Request { who: &who, id: target.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        let work = self.remove_of_account_once(&operation, administrator, target.account_id, id);
        // Whether they still may is judged before an earlier answer is given.
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn remove_of_account_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        account_id: AccountId,
        id: SecurityInfoId,
    ) -> Result<Answer<()>, Error> {
        for _ in 0..JUDGED_AT_MOST {
            let holder = self.administered(operation, administrator, account_id).await?;
            let entry = holder.entry(id)?;
            let answering = self.idempotency.answering(operation.key, |_: &Account| ());
            let event = self.audit.event(operation).because(entry.kind().as_str());
            let change = removal(entry, operation.now);
            let changed = EntryChange { entry, word: MethodChange::Removed, change };
            let answer = self.change_entry(operation, &holder, changed, event, &answering).await?;
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }

    /// The account, if there is one and the administrator may see and remove its security info.
    async fn administered(
        &self,
        operation: &Operation<'_>,
        administrator: &Administrator,
        account_id: AccountId,
    ) -> Result<Holder, Error> {
        self.authorisation.authorise_in_tenant(operation, administrator, PERMISSION).await?;
        let holder = self.holder(operation, account_id).await?;
        let needs = Needs::This(PERMISSION);
        self.authorisation.authorise(operation, administrator, &holder.account, needs).await?;
        Ok(holder)
    }
}
