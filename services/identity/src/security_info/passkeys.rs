//! Passkeys of a person: registering, listing and renaming them. Removing one, and having it offered first, is as for any entry.
//!
//! A registration is not written down before the browser answered. Its token holds the version of the account, which the
//! registered passkey raises: so it registers one. There is no code to wait for, the signature is there at once, so a passkey is
//! confirmed as soon as it is there.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{RequestId, SecurityInfoId, from_digest};
use rekey_primitives::login::Login;
use rekey_primitives::method::{MethodChange, MethodKind};
use rekey_primitives::secret::{ExposeSecret, SecretString};

use super::confirm::cleared_counters;
use super::{EntryChange, Holder, SecurityInfoEntries, change_of, not_changed};
use crate::domain::account::Account;
use crate::domain::audit::{Actor, EventKind, Subject};
use crate::domain::passkey::{Passkey, RegistrationBasis, RegistrationResponse, options};
use crate::domain::refusal::Refusal;
use crate::domain::security_info::{Holding, SecurityInfo, Standing, has_room, is_fresh_sign_in};
use crate::keys::CIPHERS;
use crate::operation::idempotency::Answer;
use crate::operation::{Error, Failed, JUDGED_AT_MOST, Operation, Owner, Repeatable, Rpc};
use crate::store::accounts::{AccountChange, AccountKey, ChangeRefused};
use crate::tokens::{AskedPage, List, Page, PasskeyRegistration, passkey_challenge};
use crate::views::{PasskeyView, SecurityInfoView};

const START: Rpc = Rpc { name: "StartPasskeyRegistration", event: EventKind::SecurityInfoAdded };
const COMPLETE: Rpc = Rpc { name: "CompletePasskeyRegistration", event: EventKind::SecurityInfoAdded };
const RENAME: Rpc = Rpc { name: "RenamePasskey", event: EventKind::SecurityInfoChanged };

/// What a browser makes a passkey of.
pub(crate) struct StartedRegistration {
    /// `PublicKeyCredentialCreationOptionsJSON`.
    pub options: String,
    pub token: SecretString,
    pub expires_at: Timestamp,
}

/// What the browser made.
pub(crate) struct CompleteRegistration {
    pub token: SecretString,
    pub response: RegistrationResponse,
    /// What the person calls it, if they said.
    pub name: Option<String>,
    pub request_id: RequestId,
}

impl SecurityInfoEntries {
    /// Says what a passkey is made of.
    pub(crate) async fn start_passkey_registration(
        &self,
        owner: &Owner,
    ) -> Result<StartedRegistration, Error> {
        let account_id = owner.person.account_id;
        let operation = Operation::new(START, owner.scope()?, owner.origin(), self.clock.now())
            .by(Actor::Account(account_id))
            .on(Subject::Account(account_id));
        if !is_fresh_sign_in(owner.person.auth_time, operation.now) {
            return Err(Refusal::SignInNotRecent.into());
        }
        let relying_party = self.credentials.relying_party()?;
        let holder = self.holder(&operation, account_id).await?;
        let Holder { account, tenant, .. } = &holder;
        has_room(&account.security_info, MethodKind::Passkey).map_err(Refusal::from)?;
        let life = Duration::from_secs(self.tokens.settings.challenge_life_seconds);
        let expires_at = operation.now.plus(life);
        let token = self.tokens.seal(&PasskeyRegistration {
            tenant_id: tenant.id,
            account_id,
            version: account.version,
            caller: owner.caller.hash(),
            expires_at,
        });
        let creation = options::Creation {
            relying_party,
            challenge: &passkey_challenge(&token),
            timeout: life,
            organisation: &tenant.display_name,
            user_handle: &self.keys.user_handle(tenant.id, account_id),
            login: account.logins.first().map_or("", Login::as_str),
            display_name: &account.display_name,
            registered: account.security_info.iter().filter_map(SecurityInfo::passkey).collect(),
        };
        Ok(StartedRegistration { options: creation.to_json(), token, expires_at })
    }

    /// Registers a passkey.
    pub(crate) async fn complete_passkey_registration(
        &self,
        owner: &Owner,
        request: &CompleteRegistration,
    ) -> Result<PasskeyView, Error> {
        let content = [
            request.token.expose_secret().as_bytes(),
            request.response.text(),
            request.name.as_deref().unwrap_or_default().as_bytes(),
        ];
        let operation = self.change_operation(COMPLETE, owner, request.request_id, &content)?;
        self.idempotency.run(&operation, self.register_once(&operation, owner, request)).await
    }

    async fn register_once(
        &self,
        operation: &Repeatable<'_>,
        owner: &Owner,
        request: &CompleteRegistration,
    ) -> Result<Answer<PasskeyView>, Error> {
        let token: Option<PasskeyRegistration> = self.tokens.open(&request.token);
        let (account_id, tenant_id) = (owner.person.account_id, operation.scope.tenant_id());
        let is_theirs = |token: &PasskeyRegistration| {
            (token.account_id, token.tenant_id) == (account_id, tenant_id)
                && token.caller == owner.caller.hash()
                && !operation.now.has_reached(token.expires_at)
        };
        let token = token.filter(is_theirs).ok_or(Refusal::ChallengeInvalid)?;
        let relying_party = self.credentials.relying_party()?;
        let challenge = &passkey_challenge(&request.token);
        let basis = RegistrationBasis { ciphers: CIPHERS, relying_party, challenge };
        let passkey = basis.judge(&request.response).map_err(|why| {
            self.audit.note_refused(operation, why.as_str());
            Refusal::from(why)
        })?;
        let holder = self.holder(operation, account_id).await?;
        // Another one was registered by it, or something else about the account changed.
        if holder.account.version != token.version {
            return Err(Refusal::ChallengeInvalid.into());
        }
        let entry = self.new_passkey(operation, &holder, passkey, request.name.clone()).await?;
        let view = PasskeyView::of(&entry, &holder.rules, operation.now);
        let view = view.ok_or(Failed::Unreadable { what: "a passkey just made" })?;
        let answering = self.idempotency.answering(operation.key, |_: &Account| view.clone());
        let event = self.audit.event(operation).because(entry.kind().as_str());
        let change = AccountChange::RegisterPasskey {
            attempts: cleared_counters(&holder.account, &entry),
            entry: entry.clone(),
        };
        let changed = EntryChange { entry: &entry, word: MethodChange::Added, change };
        let answer = self.change_entry(operation, &holder, changed, event, &answering).await?;
        answer.ok_or_else(|| Refusal::ChallengeInvalid.into())
    }

    async fn new_passkey(
        &self,
        operation: &Repeatable<'_>,
        holder: &Holder,
        passkey: Passkey,
        name: Option<String>,
    ) -> Result<SecurityInfo, Error> {
        let id = SecurityInfoId::from_uuid(from_digest(operation.key.as_bytes()));
        let held = &holder.account.security_info;
        let number = held.iter().filter(|entry| entry.kind() == MethodKind::Passkey).count() + 1;
        let holding = Holding::Passkey(Box::new(passkey));
        let entry = self.unconfirmed_entry(operation, holder, id, holding).await?;
        Ok(SecurityInfo {
            label: Some(name.unwrap_or_else(|| format!("Passkey {number}"))),
            standing: Standing::Confirmed { at: operation.now },
            ..entry
        })
    }

    /// Lists a person's passkeys, the default first, then the oldest.
    pub(crate) async fn list_passkeys(
        &self,
        owner: &Owner,
        asked: &AskedPage,
    ) -> Result<Page<PasskeyView>, Error> {
        let (now, scope) = (self.clock.now(), owner.scope()?);
        let (policy, key) = (self.policies.policy(&scope).await?, AccountKey::Id(owner.person.account_id));
        let account = self.store.find_account(&scope, &key).await?.ok_or(Refusal::AccountNotFound)?;
        let mut entries = SecurityInfoView::list(&account.security_info, &policy.reset, now);
        entries.retain(|entry| entry.kind() == Some(MethodKind::Passkey));
        let account_id = account.id.as_uuid();
        let list = List { name: "passkeys", arguments: &[account_id.as_bytes()] };
        let page = self.page_of(list, asked, entries, now)?;
        let view = |listed: &SecurityInfoView| {
            let entry =
                account.security_info.iter().find(|entry| entry.id.as_uuid() == listed.security_info_id);
            PasskeyView::of(entry?, &policy.reset, now)
        };
        Ok(Page { items: page.items.iter().filter_map(view).collect(), next: page.next })
    }

    /// Calls a passkey by another name.
    pub(crate) async fn rename_passkey(
        &self,
        owner: &Owner,
        id: SecurityInfoId,
        name: &str,
        request_id: RequestId,
    ) -> Result<PasskeyView, Error> {
        let entry = id.as_uuid();
        let content = [entry.as_bytes().as_slice(), name.as_bytes()];
        let operation = self.change_operation(RENAME, owner, request_id, &content)?;
        self.idempotency.run(&operation, self.rename_once(&operation, owner, id, name)).await
    }

    async fn rename_once(
        &self,
        operation: &Repeatable<'_>,
        owner: &Owner,
        id: SecurityInfoId,
        name: &str,
    ) -> Result<Answer<PasskeyView>, Error> {
        for _ in 0..JUDGED_AT_MOST {
            let holder = self.holder(operation, owner.person.account_id).await?;
            let renamed = SecurityInfo { label: Some(name.to_owned()), ..holder.entry(id)?.clone() };
            let view = PasskeyView::of(&renamed, &holder.rules, operation.now);
            let view = view.ok_or(Refusal::SecurityInfoNotFound)?;
            let answering = self.idempotency.answering(operation.key, |_: &Account| view.clone());
            let event = self.audit.event(operation).because("renamed");
            let change = AccountChange::RenamePasskey { id, name: name.to_owned() };
            let change = change_of(&holder.account, change, event, Vec::new(), operation.now);
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
