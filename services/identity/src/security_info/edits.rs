//! What a person does to an entry they have: removing it, and having it offered first.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{RequestId, SecurityInfoId};
use rekey_primitives::method::MethodChange;

use super::{EntryChange, SecurityInfoEntries};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::security_info::{RemovedAddress, SecurityInfo, Standing};
use crate::operation::idempotency::Answer;
use crate::operation::{Error, Failed, JUDGED_AT_MOST, Owner, Repeatable, Rpc};
use crate::store::accounts::AccountChange;
use crate::views::SecurityInfoView;

/// What a person does to an entry of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    Remove,
    MakeDefault,
}

impl SecurityInfoEntries {
    /// Removes an entry; its address is notified of changes for a while longer.
    pub(crate) async fn remove(
        &self,
        owner: &Owner,
        id: SecurityInfoId,
        request_id: RequestId,
    ) -> Result<(), Error> {
        self.edit(owner, id, Edit::Remove, request_id).await.map(drop)
    }

    /// Has an entry offered first.
    pub(crate) async fn set_default(
        &self,
        owner: &Owner,
        id: SecurityInfoId,
        request_id: RequestId,
    ) -> Result<SecurityInfoView, Error> {
        self.edit(owner, id, Edit::MakeDefault, request_id).await
    }

    /// Changes an entry of one's own; gives it as it stands then, or stood before it was removed.
    async fn edit(
        &self,
        owner: &Owner,
        id: SecurityInfoId,
        edit: Edit,
        request_id: RequestId,
    ) -> Result<SecurityInfoView, Error> {
        let operation = self.change_operation(edit.rpc(), owner, request_id, &[id.as_uuid().as_bytes()])?;
        self.idempotency.run(&operation, self.edit_once(&operation, owner, id, edit)).await
    }

    async fn edit_once(
        &self,
        operation: &Repeatable<'_>,
        owner: &Owner,
        id: SecurityInfoId,
        edit: Edit,
    ) -> Result<Answer<SecurityInfoView>, Error> {
        for _ in 0..JUDGED_AT_MOST {
            let holder = self.holder(operation, owner.person.account_id).await?;
            let entry = holder.entry(id)?;
            let mut view = SecurityInfoView::of(entry, &holder.rules, operation.now);
            view.is_default |= edit == Edit::MakeDefault;
            let answering = self.idempotency.answering(operation.key, |_: &Account| view.clone());
            let event = self.audit.event(operation).because(edit.word().as_str());
            let changed = EntryChange { entry, word: edit.word(), change: edit.change(entry, operation.now) };
            let answer = self.change_entry(operation, &holder, changed, event, &answering).await?;
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }
}

impl Edit {
    const fn rpc(self) -> Rpc {
        match self {
            Self::Remove => Rpc { name: "RemoveSecurityInfo", event: EventKind::SecurityInfoRemoved },
            Self::MakeDefault => {
                Rpc { name: "SetDefaultSecurityInfo", event: EventKind::SecurityInfoChanged }
            }
        }
    }

    /// The word for it in notices and the log.
    const fn word(self) -> MethodChange {
        match self {
            Self::Remove => MethodChange::Removed,
            Self::MakeDefault => MethodChange::MadeDefault,
        }
    }

    fn change(self, entry: &SecurityInfo, now: Timestamp) -> AccountChange {
        match self {
            Self::Remove => removal(entry, now),
            Self::MakeDefault => AccountChange::DefaultSecurityInfo(entry.id),
        }
    }
}

/// Takes an entry away and remembers its address. One that nobody confirmed may be a stranger's, and is not notified of
/// anything.
pub(super) fn removal(entry: &SecurityInfo, now: Timestamp) -> AccountChange {
    let was_notified = !matches!(entry.standing, Standing::Unconfirmed);
    AccountChange::RemoveSecurityInfo {
        id: entry.id,
        removed: entry
            .destination()
            .filter(|_| was_notified)
            .map(|destination| RemovedAddress { destination, removed_at: now }),
    }
}
