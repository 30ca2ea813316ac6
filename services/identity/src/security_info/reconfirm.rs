//! "All of it is still right": nothing changes but when a sign-in asks again.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;
use serde::{Deserialize, Serialize};

use super::{SecurityInfoEntries, change_of, not_changed};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::refusal::Refusal;
use crate::operation::idempotency::Answer;
use crate::operation::{Error, Failed, JUDGED_AT_MOST, Owner, Repeatable, Rpc};
use crate::store::accounts::{AccountChange, ChangeRefused};

const RPC: Rpc = Rpc { name: "ReconfirmSecurityInfo", event: EventKind::SecurityInfoReconfirmed };

/// When it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reconfirmed {
    pub reconfirmed_at: Timestamp,
}

impl SecurityInfoEntries {
    /// Notes that a person's security info is still right. No entry changes, so no fresh sign-in is needed and nobody is
    /// notified. Who has no entry has nothing to confirm.
    pub(crate) async fn reconfirm(&self, owner: &Owner, request_id: RequestId) -> Result<Reconfirmed, Error> {
        let operation = self.operation(RPC, owner, request_id, &[])?;
        self.idempotency.run(&operation, self.reconfirm_once(&operation, owner)).await
    }

    async fn reconfirm_once(
        &self,
        operation: &Repeatable<'_>,
        owner: &Owner,
    ) -> Result<Answer<Reconfirmed>, Error> {
        let now = operation.now;
        let answering =
            self.idempotency.answering(operation.key, |_: &Account| Reconfirmed { reconfirmed_at: now });
        for _ in 0..JUDGED_AT_MOST {
            let holder = self.holder(operation, owner.person.account_id).await?;
            if holder.account.security_info.is_empty() {
                return Err(Refusal::SecurityInfoNotFound.into());
            }
            let event = self.audit.event(operation);
            let change = change_of(&holder.account, AccountChange::Reconfirmed, event, Vec::new(), now);
            let step = self.store.change_account(&operation.scope, &change, Some(answering.once())).await?;
            match answering.settle(step)? {
                Ok(answer) => return Ok(answer),
                Err(ChangeRefused::Stale) => {}
                Err(why) => return Err(not_changed(why).into()),
            }
        }
        Err(Failed::Contended.into())
    }
}
