//! Addresses that an administrator or an integrator writes into another's account.

use rekey_primitives::contact::Destination;
use rekey_primitives::id::SecurityInfoId;
use rekey_primitives::method::MethodChange;

use super::{EntryChange, SecurityInfoEntries};
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Subject};
use crate::domain::authority::{Needs, Permission};
use crate::domain::security_info::{Holding, SecurityInfo, Standing};
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Administrator, Error, Failed, JUDGED_AT_MOST, Repeatable, Rpc, Target};
use crate::store::accounts::AccountChange;
use crate::views::SecurityInfoView;

const RPC: Rpc = Rpc { name: "PrefillSecurityInfo", event: EventKind::SecurityInfoPrefilled };

/// Filling an address in belongs to managing accounts, as at their creation, and to managing security info. Roles are
/// read anew, so which of the two is held cannot be told from the token.
pub(crate) const NEEDS: Needs = Needs::Either(Permission::ManageAccounts, Permission::ManageSecurityInfo);

/// An address to fill in.
#[derive(Debug, Clone)]
pub(crate) struct Prefill {
    /// Into which account.
    pub target: Target,
    pub address: Destination,
}

impl SecurityInfoEntries {
    /// Fills an address in. It proves nothing until the person confirms it, unless the tenant accepts such.
    pub(crate) async fn prefill(
        &self,
        administrator: &Administrator,
        prefill: &Prefill,
    ) -> Result<SecurityInfoView, Error> {
        let Target { tenant_id, account_id, request_id } = prefill.target;
        let operation =
            self.authorisation.operation(RPC, administrator, tenant_id)?.on(Subject::Account(account_id));
        self.authorisation.authorise_in_tenant(&operation, administrator, NEEDS).await?;
        let (who, uuid) = (administrator.name(), account_id.as_uuid());
        let content = [uuid.as_bytes().as_slice(), prefill.address.as_str().as_bytes()];
        let named = Request { who: &who, id: request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run(&operation, self.prefill_once(&operation, administrator, prefill)).await
    }

    async fn prefill_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        prefill: &Prefill,
    ) -> Result<Answer<SecurityInfoView>, Error> {
        let id = SecurityInfoId::generate(&*self.entropy, operation.now);
        for _ in 0..JUDGED_AT_MOST {
            let holder = self.holder(operation, prefill.target.account_id).await?;
            self.authorisation.authorise(operation, administrator, &holder.account, NEEDS).await?;
            let entry =
                self.unconfirmed_entry(operation, &holder, id, Holding::from(&prefill.address)).await?;
            let entry = SecurityInfo { standing: Standing::Prefilled, ..entry };
            let view = SecurityInfoView::of(&entry, &holder.rules, operation.now);
            let event = self.audit.event(operation).at_place(view.masked_destination.clone());
            let answering = self.idempotency.answering(operation.key, |_: &Account| view.clone());
            let change = AccountChange::AddSecurityInfo(entry.clone());
            let changed = EntryChange { entry: &entry, word: MethodChange::Prefilled, change };
            let answer = self.change_entry(operation, &holder, changed, event, &answering).await?;
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }
}
