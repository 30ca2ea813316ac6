//! Addresses that an administrator or an integrator writes into another's account.

use rekey_primitives::contact::Destination;
use rekey_primitives::id::SecurityInfoId;
use rekey_primitives::method::MethodChange;

use super::{change_of, not_changed};
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Outcome};
use crate::domain::authority::Permission;
use crate::domain::security_info::{SecurityInfo, Standing};
use crate::flows::administration::{LOOKS, Target};
use crate::flows::administrator::Administrator;
use crate::flows::once::{Call, Settled};
use crate::flows::shown::ShownEntry;
use crate::flows::{Error, Failed, Identity};
use crate::store::accounts::{AccountKey, Change, NotChanged};

/// An address to fill in.
#[derive(Debug, Clone)]
pub struct Prefill {
    /// Into which account.
    pub target: Target,
    /// The address.
    pub address: Destination,
}

impl Identity {
    /// Fills an address in. It proves nothing until the person confirms it, unless the tenant accepts such.
    pub async fn prefill_security_info(
        &self,
        administrator: &Administrator,
        prefill: &Prefill,
    ) -> Result<ShownEntry, Error> {
        let now = self.now();
        let Target { tenant_id, account_id, request_id } = prefill.target;
        let scope = administrator.scope(tenant_id)?;
        let who = administrator.who();
        let call = Call { rpc: "PrefillSecurityInfo", who: &who, tenant_id, request_id };
        let content = [account_id.as_uuid().into_bytes().to_vec(), prefill.address.as_str().into()];
        let call = self.repeatable(call, &content.each_ref().map(Vec::as_slice), now);
        if let Some(first) = self.recall(&scope, &call, now).await? {
            return Ok(first);
        }
        let id = SecurityInfoId::generate(&*self.entropy, now);
        for _ in 0..LOOKS {
            let held = self.held(&scope, AccountKey::Id(account_id)).await?;
            let permission = filling_in(administrator);
            self.authorise(&scope, administrator, &held.account, permission, now).await?;
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

/// Filling an address in belongs to managing accounts, as at their creation, and to managing security info: either
/// permission will do.
fn filling_in(administrator: &Administrator) -> Permission {
    let roles = administrator.person.as_ref().map(|person| person.roles).unwrap_or_default();
    match roles.grants(Permission::ManageSecurityInfo) {
        Ok(()) => Permission::ManageSecurityInfo,
        Err(_) => Permission::ManageAccounts,
    }
}
