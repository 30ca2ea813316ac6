//! "All of it is still right": nothing changes but when a sign-in asks again.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;
use serde::{Deserialize, Serialize};

use super::{Owner, change_of, not_changed, own_event};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::refusal::Refusal;
use crate::flows::administration::LOOKS;
use crate::flows::once::Settled;
use crate::flows::{Error, Failed, Identity};
use crate::store::accounts::{AccountKey, Change, NotChanged};

/// When it was said, as it is kept for a repeat.
#[derive(Serialize, Deserialize)]
struct Kept {
    reconfirmed_at: i64,
}

impl Identity {
    /// Notes that a person's security info is still right, and gives the time of it. No entry changes, so no fresh
    /// sign-in is needed and nobody is told. Who has no entry has nothing to confirm.
    pub(crate) async fn reconfirm_security_info(
        &self,
        owner: &Owner,
        request_id: RequestId,
    ) -> Result<Timestamp, Error> {
        let now = self.now();
        let scope = owner.scope()?;
        let call = self.own_call(owner, "ReconfirmSecurityInfo", request_id, &[], now);
        if let Some(first) = self.recall::<Kept>(&scope, &call, now).await? {
            return Ok(first.into());
        }
        for _ in 0..LOOKS {
            let held = self.held(&scope, AccountKey::Id(owner.person.account_id)).await?;
            if held.account.security_info.is_empty() {
                return Err(Refusal::SecurityInfoNotFound.into());
            }
            let event = own_event(self, owner, EventKind::SecurityInfoReconfirmed, now);
            let change = change_of(&held.account, Change::Reconfirmed, event, Vec::new(), now);
            let answer = |_: &Account| self.seal_answer(&call, &Kept { reconfirmed_at: now.unix_micros() });
            let step = self.store.change_account(&scope, &change, Some(call.once(&answer))).await?;
            match self.settle::<_, _, Kept>(&call, step)? {
                Settled::Done(_) => return Ok(now),
                Settled::Repeated(first) => return Ok(first.into()),
                Settled::Refused(NotChanged::Stale) => {}
                Settled::Refused(why) => return Err(not_changed(why).into()),
            }
        }
        Err(Failed::Contended.into())
    }
}

impl From<Kept> for Timestamp {
    fn from(kept: Kept) -> Self {
        Self::from_unix_micros(kept.reconfirmed_at)
    }
}
