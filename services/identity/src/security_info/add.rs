//! Adding an address, which has a code sent to it.

use rekey_primitives::contact::Destination;
use rekey_primitives::id::{RequestId, SecurityInfoId, from_digest};
use rekey_primitives::method::MethodChange;
use serde::{Deserialize, Serialize};

use super::{EntryChange, Holder, SecurityInfoEntries};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::refusal::Refusal;
use crate::domain::security_info::{Holding, SecurityInfo, Standing, may_add};
use crate::operation::idempotency::Answer;
use crate::operation::{Error, Failed, JUDGED_AT_MOST, Operation, Owner, Rpc};
use crate::peers::verification::Timers;
use crate::store::accounts::AccountChange;
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
        operation: &Operation<'_>,
        owner: &Owner,
        address: &Destination,
    ) -> Result<Answer<Added>, Error> {
        // The id comes of the call, so that a repeat after a lost answer goes on with the same entry and code.
        let id = SecurityInfoId::from_uuid(from_digest(operation.key.as_bytes()));
        let mut sent = None;
        for _ in 0..JUDGED_AT_MOST {
            let holder = self.holder(operation, owner.person.account_id).await?;
            let entry = self.unconfirmed_entry(operation, &holder, id, address).await?;
            let timers = match sent {
                Some(timers) => timers,
                None => *sent.insert(self.send_new_code(operation, &holder, &entry).await?),
            };
            let added = Added { entry: SecurityInfoView::of(&entry, &holder.rules, operation.now), timers };
            let answering = self.idempotency.answering(operation.key, |_: &Account| added.clone());
            let event = self.audit.event(operation).at_place(address.masked());
            let change = AccountChange::AddSecurityInfo(entry.clone());
            let changed = EntryChange { entry: &entry, word: MethodChange::Added, change };
            let answer = self.change_entry(operation, &holder, changed, event, &answering).await?;
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }

    /// A new entry for an address, if the account may hold one more.
    pub(super) async fn unconfirmed_entry(
        &self,
        operation: &Operation<'_>,
        holder: &Holder,
        id: SecurityInfoId,
        address: &Destination,
    ) -> Result<SecurityInfo, Error> {
        let (entries, holding) = (&holder.account.security_info, Holding::from(address));
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
