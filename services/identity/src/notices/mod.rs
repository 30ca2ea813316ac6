//! Notices: what people are told about their accounts, sealed into the outbox within the step they belong to.
//!
//! The variables of each template are exactly those it takes. A notice goes to every notified address of its person, whatever
//! complained about it before; each address gets a notice of its own, so one that bounces holds up none.

mod content;

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::entropy::{SharedEntropy, uuid_v7};
use rekey_primitives::id::TenantId;
use rekey_primitives::secret::Zeroizing;
use uuid::Uuid;

pub(crate) use content::{NoticeContent, VARIABLE_MAX, readable};

use crate::domain::account::{Account, Sealed};
use crate::domain::authority::Role;
use crate::domain::help::RECIPIENTS_MAX;
use crate::domain::scope::TenantScope;
use crate::domain::security_info::notified;
use crate::domain::tenant::Tenant;
use crate::keys::Keys;
use crate::peers::notification::Message;
use crate::store::outbox::Notice;
use crate::store::{self, Store};

/// The layout of a queued message.
const VERSION: u8 = 1;

/// Seals notices and knows whom they go to.
#[derive(Clone)]
pub(crate) struct Notices {
    pub store: Store,
    pub keys: Arc<Keys>,
    pub entropy: SharedEntropy,
    /// How long a notice is worth sending.
    pub life: Duration,
}

impl Notices {
    /// The notice for each of these addresses, sealed for the outbox.
    pub(crate) fn to(&self, destinations: &[Destination], content: &NoticeContent) -> Vec<Notice> {
        let not_after = content.at.plus(self.life);
        destinations
            .iter()
            .map(|destination| {
                let id = uuid_v7(&*self.entropy, content.at);
                let sealed = self.seal(content.tenant_id, id, &content.message(destination));
                Notice { id, tenant_id: content.tenant_id, content: sealed, not_after }
            })
            .collect()
    }

    /// Every address that is notified of what happens to an account, those removed of late included.
    pub(crate) async fn notified(
        &self,
        scope: &TenantScope,
        account: &Account,
        now: Timestamp,
    ) -> Result<Vec<Destination>, store::Failure> {
        let removed = self.store.removed_addresses(scope, account.id).await?;
        Ok(notified(&account.security_info, &removed, now))
    }

    /// What other global administrators are told when an administrator's password was reset: such an account is the one
    /// worth stealing.
    pub(crate) async fn administrator_reset(
        &self,
        scope: &TenantScope,
        tenant: &Tenant,
        account: &Account,
        now: Timestamp,
    ) -> Result<Vec<Notice>, store::Failure> {
        let administrators = self.store.administrators(scope).await?;
        let others = administrators
            .iter()
            .filter(|other| other.id != account.id && other.roles.contains(Role::GlobalAdministrator));
        let addresses = mailboxes(others.take(RECIPIENTS_MAX));
        let alarm = NoticeContent::alarm("administrator_reset_alarm", tenant, account, now);
        Ok(self.to(&addresses, &alarm))
    }

    fn seal(&self, tenant_id: TenantId, id: Uuid, message: &Message) -> Sealed {
        // In JSON for one release more: the relay of a replica that is not replaced yet reads nothing else, and takes what
        // does not open for lost.
        let json = Zeroizing::new(
            serde_json::to_vec(message).expect("messages are plain structs, which always have a JSON form"),
        );
        Sealed::new(self.keys.tokens.seal(&*self.entropy, &outbox_context(tenant_id, id), &json))
    }
}

impl Keys {
    /// Opens a queued notice, for the relay; `None` if its key is gone.
    pub(crate) fn open_notice(&self, notice: &Notice) -> Option<Message> {
        let context = outbox_context(notice.tenant_id, notice.id);
        self.open_value(&context, VERSION, notice.content.as_bytes())
    }
}

fn outbox_context(tenant_id: TenantId, id: Uuid) -> Vec<u8> {
    [b"outbox".as_slice(), tenant_id.as_uuid().as_bytes(), id.as_bytes()].concat()
}

/// One mail address of each account: the one it has first.
pub(crate) fn mailboxes<'a>(accounts: impl Iterator<Item = &'a Account>) -> Vec<Destination> {
    accounts
        .filter_map(|account| {
            let notified = notified(&account.security_info, &[], account.updated_at);
            notified.into_iter().find(|destination| destination.channel() == Channel::Email)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NEW, World};

    #[tokio::test]
    async fn a_notice_in_the_codec_of_the_next_release_opens() {
        let world = World::new().await;
        world.person("ada", &["ada@mail.example"]).await;
        let token = world.proved("ada", "ada@mail.example").await;
        world.resets.complete(&world.caller, &world.completion(&token, NEW)).await.unwrap();
        let now = world.now();
        let queued = world.parts.store.claim_notices(1, now, now).await.unwrap().remove(0).notice;
        let message = world.parts.keys.open_notice(&queued).unwrap();

        let context = outbox_context(queued.tenant_id, queued.id);
        let sealed = world.parts.keys.seal_value(&*world.parts.entropy, &context, VERSION, &message);
        let newer = Notice { content: Sealed::new(sealed), ..queued };

        assert_eq!(world.parts.keys.open_notice(&newer), Some(message));
    }
}
