//! Adding an address, which has a code sent to it.

use rekey_primitives::contact::Destination;
use rekey_primitives::id::{RequestId, SecurityInfoId, from_digest};
use rekey_primitives::method::MethodChange;
use serde::{Deserialize, Serialize};

use super::{Holder, SecurityInfoEntries, change_of, not_changed};
use crate::domain::audit::EventKind;
use crate::domain::refusal::Refusal;
use crate::domain::security_info::{Holding, SecurityInfo, Standing, may_add};
use crate::operation::idempotency::Answer;
use crate::operation::{Error, Failed, JUDGED_AT_MOST, Operation, Owner, Repeatable, Rpc};
use crate::peers::verification::Timers;
use crate::store::StepOutcome;
use crate::store::accounts::{AccountChange, ChangeRefused};
use crate::views::SecurityInfoView;

const RPC: Rpc = Rpc { name: "AddSecurityInfo", event: EventKind::SecurityInfoAdded };

/// An address that was added, and the clocks of its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Added {
    pub entry: SecurityInfoView,
    /// When the code dies, and when it can be sent again.
    #[serde(rename = "sent")]
    pub timers: Timers,
}

impl SecurityInfoEntries {
    /// Adds an address and has a code sent to it.
    pub(crate) async fn add(
        &self,
        owner: &Owner,
        address: &Destination,
        request_id: RequestId,
    ) -> Result<Added, Error> {
        let operation = self.change_operation(RPC, owner, request_id, &[address.as_str().as_bytes()])?;
        self.idempotency.run(&operation, self.add_once(&operation, owner, address)).await
    }

    async fn add_once(
        &self,
        operation: &Repeatable<'_>,
        owner: &Owner,
        address: &Destination,
    ) -> Result<Answer<Added>, Error> {
        // The id comes of the call, so that a repeat after a lost answer goes on with the same entry and code.
        let id = SecurityInfoId::from_uuid(from_digest(operation.key.as_bytes()));
        // It is written before its code is sent: of two calls for one address, only one may send.
        let holder = self.registered(operation, owner, id, address).await?;
        let entry = holder.entry(id)?;
        let timers = self.send_new_code(operation, &holder, entry).await?;
        let entry = SecurityInfoView::of(entry, &holder.rules, operation.now);
        Ok(Answer::to_store(Added { entry, timers }))
    }

    /// The holder with the entry, written by this call or by the one that it repeats.
    async fn registered(
        &self,
        operation: &Repeatable<'_>,
        owner: &Owner,
        id: SecurityInfoId,
        address: &Destination,
    ) -> Result<Holder, Error> {
        for _ in 0..JUDGED_AT_MOST {
            let holder = self.holder(operation, owner.person.account_id).await?;
            if let Ok(entry) = holder.entry(id) {
                let is_same = entry.destination().as_ref() == Some(address);
                return if is_same { Ok(holder) } else { Err(Refusal::RequestIdReused.into()) };
            }
            let entry = self.unconfirmed_entry(operation, &holder, id, Holding::from(address)).await?;
            let event = self.audit.event(operation).at_place(address.masked());
            let notices = self.notices_of(operation, &holder, &entry, MethodChange::Added).await?;
            let change = AccountChange::AddSecurityInfo(entry);
            let change = change_of(&holder.account, change, event, notices, operation.now);
            match self.store.change_account(&operation.scope, &change, None).await? {
                StepOutcome::Done(account) => return Ok(Holder { account, ..holder }),
                StepOutcome::Refused(why) if why != ChangeRefused::Stale => {
                    return Err(not_changed(why).into());
                }
                // The account changed meanwhile and is to be judged anew.
                StepOutcome::Refused(_) | StepOutcome::Repeated(_) | StepOutcome::OtherContent => {}
            }
        }
        Err(Failed::Contended.into())
    }

    /// A new entry, if the account may hold one more.
    pub(super) async fn unconfirmed_entry(
        &self,
        operation: &Operation<'_>,
        holder: &Holder,
        id: SecurityInfoId,
        holding: Holding,
    ) -> Result<SecurityInfo, Error> {
        let entries = &holder.account.security_info;
        may_add(entries, &holding).map_err(Refusal::from)?;
        Ok(SecurityInfo {
            id,
            holding,
            label: None,
            is_default: entries.is_empty(),
            standing: Standing::Unconfirmed,
            disabled: false,
            is_first: self.would_be_first(operation, holder, id).await?,
            added_at: operation.now,
            changed_at: operation.now,
        })
    }
}
