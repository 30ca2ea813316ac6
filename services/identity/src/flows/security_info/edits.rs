//! What a person does to an entry they have: removing it, and having it offered first.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{RequestId, SecurityInfoId};
use rekey_primitives::method::MethodChange;

use super::{Owner, change_of, not_changed, own_event};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::security_info::{RemovedAddress, SecurityInfo, Standing};
use crate::flows::administration::LOOKS;
use crate::flows::once::Settled;
use crate::flows::shown::ShownEntry;
use crate::flows::{Error, Failed, Identity};
use crate::store::accounts::{AccountKey, Change, NotChanged};

/// What a person does to an entry of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    Remove,
    MakeDefault,
}

impl Identity {
    /// Removes an entry; its address is told of changes for a while longer.
    pub(crate) async fn remove_security_info(
        &self,
        owner: &Owner,
        id: SecurityInfoId,
        request_id: RequestId,
    ) -> Result<(), Error> {
        self.edit_entry(owner, id, Edit::Remove, request_id).await.map(|_| ())
    }

    /// Has an entry offered first.
    pub(crate) async fn set_default_security_info(
        &self,
        owner: &Owner,
        id: SecurityInfoId,
        request_id: RequestId,
    ) -> Result<ShownEntry, Error> {
        self.edit_entry(owner, id, Edit::MakeDefault, request_id).await
    }

    /// Changes an entry of one's own; gives it as it stands then, or stood before it was removed.
    async fn edit_entry(
        &self,
        owner: &Owner,
        id: SecurityInfoId,
        edit: Edit,
        request_id: RequestId,
    ) -> Result<ShownEntry, Error> {
        let now = self.now();
        let scope = owner.scope_for_change(now)?;
        let call = self.own_call(owner, edit.rpc(), request_id, &[id.as_uuid().as_bytes()], now);
        if let Some(first) = self.recall(&scope, &call, now).await? {
            return Ok(first);
        }
        let locale = owner.context.locale.as_ref();
        for _ in 0..LOOKS {
            let held = self.held(&scope, AccountKey::Id(owner.person.account_id)).await?;
            let entry = held.entry(id)?;
            let mut shown = ShownEntry::of(entry, &held.rules, now);
            shown.is_default |= edit == Edit::MakeDefault;
            let event = own_event(self, owner, edit.event(), now).because(edit.word().as_str());
            let notices = self.told_of_entry(&scope, &held, (entry, edit.word()), locale, now).await?;
            let change = change_of(&held.account, edit.change(entry, now), event, notices, now);
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

impl Edit {
    const fn rpc(self) -> &'static str {
        match self {
            Self::Remove => "RemoveSecurityInfo",
            Self::MakeDefault => "SetDefaultSecurityInfo",
        }
    }

    const fn event(self) -> EventKind {
        match self {
            Self::Remove => EventKind::SecurityInfoRemoved,
            Self::MakeDefault => EventKind::SecurityInfoChanged,
        }
    }

    /// The word for it in notices and the log.
    const fn word(self) -> MethodChange {
        match self {
            Self::Remove => MethodChange::Removed,
            Self::MakeDefault => MethodChange::MadeDefault,
        }
    }

    fn change(self, entry: &SecurityInfo, now: Timestamp) -> Change {
        // An address that nobody confirmed may be a stranger's, and is not told of anything.
        let was_told = !matches!(entry.standing, Standing::Unconfirmed);
        match self {
            Self::Remove => Change::RemoveSecurityInfo {
                id: entry.id,
                removed: entry
                    .destination()
                    .filter(|_| was_told)
                    .map(|destination| RemovedAddress { destination, removed_at: now }),
            },
            Self::MakeDefault => Change::DefaultSecurityInfo(entry.id),
        }
    }
}
