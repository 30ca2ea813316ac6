//! Addresses that an administrator or an integrator writes into another's account.

use rekey_primitives::contact::Destination;
use rekey_primitives::id::SecurityInfoId;
use rekey_primitives::method::MethodChange;

use super::{change_of, not_changed};
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Outcome};
use crate::domain::authority::{Needs, Permission};
use crate::domain::security_info::{SecurityInfo, Standing};
use crate::flows::administration::{LOOKS, Target};
use crate::flows::administrator::Administrator;
use crate::flows::once::{Call, Settled};
use crate::flows::shown::ShownEntry;
use crate::flows::{Error, Failed, Identity};
use crate::store::accounts::{AccountKey, Change, NotChanged};

const RPC: &str = "PrefillSecurityInfo";

/// Filling an address in belongs to managing accounts, as at their creation, and to managing security info. Roles are
/// read anew, so which of the two is held cannot be told from the token.
pub(crate) const NEEDS: Needs = Needs::Either(Permission::ManageAccounts, Permission::ManageSecurityInfo);

/// An address to fill in.
#[derive(Debug, Clone)]
pub(crate) struct Prefill {
    /// Into which account.
    pub target: Target,
    /// The address.
    pub address: Destination,
}

impl Identity {
    /// Fills an address in. It proves nothing until the person confirms it, unless the tenant accepts such.
    pub(crate) async fn prefill_security_info(
        &self,
        administrator: &Administrator,
        prefill: &Prefill,
    ) -> Result<ShownEntry, Error> {
        let now = self.now();
        let Target { tenant_id, account_id, request_id } = prefill.target;
        let scope = self.scope_of(administrator, tenant_id, RPC, now)?;
        let who = administrator.who();
        let call = Call { rpc: RPC, who: &who, tenant_id, request_id };
        let content = [account_id.as_uuid().into_bytes().to_vec(), prefill.address.as_str().into()];
        let call = self.repeatable(call, &content.each_ref().map(Vec::as_slice), now);
        if let Some(first) = self.recall(&scope, &call, now).await? {
            return Ok(first);
        }
        let id = SecurityInfoId::generate(&*self.entropy, now);
        for _ in 0..LOOKS {
            let held = self.held(&scope, AccountKey::Id(account_id)).await?;
            self.authorise(&scope, administrator, &held.account, (RPC, NEEDS), now).await?;
            let entry = self.unconfirmed_entry(&scope, &held, id, &prefill.address, now).await?;
            let entry = SecurityInfo { standing: Standing::Prefilled, ..entry };
            let shown = ShownEntry::of(&entry, &held.rules, now);
            let event = self
                .event(tenant_id, EventKind::SecurityInfoPrefilled, Outcome::Success, now)
                .by(administrator.actor())
                .on(account_id)
                .through(&administrator.caller)
                .from(&administrator.context)
                .to_place(shown.masked_destination.clone());
            let change = (&entry, MethodChange::Prefilled);
            let notices = self.told_of_entry(&scope, &held, change, None, now).await?;
            let change = change_of(&held.account, Change::AddSecurityInfo(entry), event, notices, now);
            let answer = |_: &Account| self.seal_answer(&call, &shown);
            let step = self.store.change_account(&scope, &change, Some(call.once(&answer))).await?;
            match self.settle(&call, step)? {
                Settled::Done(_) => return Ok(shown),
                Settled::Repeated(first) => return Ok(first),
                Settled::Refused(NotChanged::Stale) => {}
                Settled::Refused(why) => return Err(not_changed(why).into()),
            }
        }
        Err(Failed::Contended.into())
    }
}
