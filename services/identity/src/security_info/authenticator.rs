//! Adding an authenticator: its key is drawn here, shown once and sealed. It proves nothing until a code of it came back.

use data_encoding::BASE32_NOPAD;
use rekey_primitives::id::{RequestId, SecurityInfoId, from_digest};
use rekey_primitives::login::Login;
use rekey_primitives::method::MethodChange;
use rekey_primitives::secret::{ExposeSecret, SecretString, Zeroizing};
use serde::{Deserialize, Serialize};

use super::{EntryChange, Holder, SecurityInfoEntries};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::security_info::Holding;
use crate::domain::totp::Totp;
use crate::operation::idempotency::{Answer, sealed_secret};
use crate::operation::{Error, Failed, JUDGED_AT_MOST, Owner, Repeatable, Rpc};
use crate::store::accounts::AccountChange;
use crate::views::SecurityInfoView;

// The name of the RPC that addresses are added by: a request id is one for both.
const RPC: Rpc = Rpc { name: "AddSecurityInfo", event: EventKind::SecurityInfoAdded };

/// An authenticator that was added, with its key, which no later call shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AddedAuthenticator {
    pub entry: SecurityInfoView,
    /// In base 32 (RFC 4648), without padding.
    #[serde(with = "sealed_secret")]
    pub key: SecretString,
    /// The `otpauth://` address.
    #[serde(with = "sealed_secret")]
    pub uri: SecretString,
}

impl SecurityInfoEntries {
    /// Adds an authenticator of that shape.
    pub(crate) async fn add_authenticator(
        &self,
        owner: &Owner,
        totp: Totp,
        request_id: RequestId,
    ) -> Result<AddedAuthenticator, Error> {
        let content: [&[u8]; 3] = [b"authenticator", totp.hash.as_str().as_bytes(), &[totp.digits]];
        let operation = self.change_operation(RPC, owner, request_id, &content)?;
        self.idempotency.run(&operation, self.add_authenticator_once(&operation, owner, totp)).await
    }

    async fn add_authenticator_once(
        &self,
        operation: &Repeatable<'_>,
        owner: &Owner,
        totp: Totp,
    ) -> Result<Answer<AddedAuthenticator>, Error> {
        let id = SecurityInfoId::from_uuid(from_digest(operation.key.as_bytes()));
        let mut key = Zeroizing::new(vec![0; totp.hash.key_bytes()]);
        self.entropy.fill(&mut key);
        for _ in 0..JUDGED_AT_MOST {
            let holder = self.holder(operation, owner.person.account_id).await?;
            let sealed = self.keys.seal_authenticator(&*self.entropy, holder.tenant.id, id, &key);
            let holding = Holding::Authenticator { totp, key: sealed, last_step: None };
            let entry = self.unconfirmed_entry(operation, &holder, id, holding).await?;
            let view = SecurityInfoView::of(&entry, &holder.rules, operation.now);
            let shown = AddedAuthenticator::new(view, &holder, totp, &key);
            let answering = self.idempotency.answering(operation.key, |_: &Account| shown.clone());
            let event = self.audit.event(operation).because(entry.kind().as_str());
            let change = AccountChange::AddSecurityInfo(entry.clone());
            let changed = EntryChange { entry: &entry, word: MethodChange::Added, change };
            let answer = self.change_entry(operation, &holder, changed, event, &answering).await?;
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }
}

impl AddedAuthenticator {
    /// What is shown of a new key: an app names the tenant and the login beside its codes.
    fn new(entry: SecurityInfoView, holder: &Holder, totp: Totp, key: &[u8]) -> Self {
        let key = SecretString::from(BASE32_NOPAD.encode(key));
        let account = holder.account.logins.first().map_or("", Login::as_str);
        let uri = totp.otpauth_uri(key.expose_secret(), &holder.tenant.display_name, account);
        Self { entry, key, uri: SecretString::from(uri) }
    }
}
