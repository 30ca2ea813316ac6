//! Security info: what a person does to their own, and what an administrator fills in.
//!
//! Every change needs a sign-in of the last 10 minutes and notifies every other address of the account. An address counts
//! for nothing before a code sent to it came back (`codes`, `running_code`), an authenticator for nothing before it showed
//! one, a passkey signs at once (`passkeys`), and none of them counts for a while after; the rules are
//! [`crate::domain::security_info`].

mod add;
mod administrators;
mod authenticator;
mod codes;
mod confirm;
mod edits;
mod passkeys;
mod prefill;
mod reconfirm;
mod recovery_codes;
mod running_code;

use std::sync::Arc;

use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::{AccountId, RequestId, SecurityInfoId};
use rekey_primitives::method::MethodChange;

#[cfg(test)]
pub(crate) use administrators::PERMISSION as ACCOUNT_NEEDS;
pub(crate) use authenticator::AddedAuthenticator;
pub(crate) use confirm::Confirmed;
pub(crate) use passkeys::CompleteRegistration;
#[cfg(test)]
pub(crate) use prefill::NEEDS as PREFILL_NEEDS;
pub(crate) use prefill::Prefill;

use crate::audit::{Audit, Draft};
use crate::authorisation::Authorisation;
use crate::credentials::Credentials;
use crate::domain::account::Account;
use crate::domain::audit::{Actor, Subject};
use crate::domain::policy::ResetRules;
use crate::domain::refusal::Refusal;
use crate::domain::security_info::{SecurityInfo, is_first, is_fresh_sign_in};
use crate::domain::tenant::Tenant;
use crate::keys::Keys;
use crate::notices::{NoticeContent, Notices};
use crate::operation::idempotency::{Answer, Answering, Idempotency, Request};
use crate::operation::{Error, Operation, Owner, Repeatable, Rpc};
use crate::peers::Verification;
use crate::policies::Policies;
use crate::store::Store;
use crate::store::accounts::{AccountChange, AccountKey, ChangeAccount, ChangeRefused};
use crate::store::outbox::Notice;
use crate::tokens::{AskedPage, List, Page, Tokens};
use crate::views::SecurityInfoView;

/// The use case.
#[derive(Clone)]
pub(crate) struct SecurityInfoEntries {
    pub store: Store,
    pub verification: Arc<dyn Verification>,
    pub clock: SharedClock,
    pub entropy: SharedEntropy,
    pub keys: Arc<Keys>,
    pub credentials: Credentials,
    pub policies: Policies,
    pub notices: Notices,
    pub audit: Audit,
    pub authorisation: Authorisation,
    pub idempotency: Idempotency,
    pub tokens: Tokens,
}

/// Everything a decision about an account's security info is made on.
struct Holder {
    tenant: Tenant,
    rules: ResetRules,
    account: Account,
}

/// What a change is about: an entry, and the word for what becomes of it.
struct EntryChange<'a> {
    entry: &'a SecurityInfo,
    word: MethodChange,
    change: AccountChange,
}

impl Holder {
    /// The entry of this id.
    fn entry(&self, id: SecurityInfoId) -> Result<&SecurityInfo, Refusal> {
        let found = self.account.security_info.iter().find(|entry| entry.id == id);
        found.ok_or(Refusal::SecurityInfoNotFound)
    }
}

impl SecurityInfoEntries {
    /// Lists a person's security info, the default first, then the oldest.
    pub(crate) async fn list(
        &self,
        owner: &Owner,
        asked: &AskedPage,
    ) -> Result<Page<SecurityInfoView>, Error> {
        let now = self.clock.now();
        let scope = owner.scope()?;
        let (policy, key) = (self.policies.policy(&scope).await?, AccountKey::Id(owner.person.account_id));
        let account = self.store.find_account(&scope, &key).await?.ok_or(Refusal::AccountNotFound)?;
        let entries = SecurityInfoView::list(&account.security_info, &policy.reset, now);
        let account_id = account.id.as_uuid();
        let list = List { name: "security info", arguments: &[account_id.as_bytes()] };
        self.page_of(list, asked, entries, now)
    }

    /// The page of entries that was asked for.
    fn page_of(
        &self,
        list: List<'_>,
        asked: &AskedPage,
        mut entries: Vec<SecurityInfoView>,
        now: Timestamp,
    ) -> Result<Page<SecurityInfoView>, Error> {
        if let Some(shown) = self.tokens.page_begins_after(list, asked, now)? {
            let last = entries.iter().position(|entry| entry.security_info_id == shown);
            entries.drain(..=last.ok_or(Refusal::PageTokenInvalid)?);
        }
        Ok(self.tokens.page(list, asked, entries, |entry| entry.security_info_id, now))
    }

    /// The operation of a person at their own account.
    fn operation<'a>(
        &self,
        rpc: Rpc,
        owner: &'a Owner,
        request_id: RequestId,
        content: &[&[u8]],
    ) -> Result<Repeatable<'a>, Refusal> {
        let account_id = owner.person.account_id;
        let operation = Operation::new(rpc, owner.scope()?, owner.origin(), self.clock.now())
            .by(Actor::Account(account_id))
            .on(Subject::Account(account_id));
        let who = owner.caller.on_behalf_of(account_id);
        Ok(self.idempotency.named(operation, Request { who: &who, id: request_id, content }))
    }

    /// The same for what takes a person who signed in a moment ago.
    fn change_operation<'a>(
        &self,
        rpc: Rpc,
        owner: &'a Owner,
        request_id: RequestId,
        content: &[&[u8]],
    ) -> Result<Repeatable<'a>, Refusal> {
        let operation = self.operation(rpc, owner, request_id, content)?;
        let is_fresh = is_fresh_sign_in(owner.person.auth_time, operation.now);
        if is_fresh { Ok(operation) } else { Err(Refusal::SignInNotRecent) }
    }

    /// Reads what decisions about security info are made on.
    async fn holder(&self, operation: &Operation<'_>, account_id: AccountId) -> Result<Holder, Error> {
        let scope = &operation.scope;
        let (tenant, policy) = (self.policies.tenant(scope).await?, self.policies.policy(scope).await?);
        let account = self.store.find_account(scope, &AccountKey::Id(account_id)).await?;
        let account = account.ok_or(Refusal::AccountNotFound)?;
        Ok(Holder { tenant, rules: policy.reset, account })
    }

    /// Whether an entry that begins to matter now is spared the quarantine.
    async fn would_be_first(
        &self,
        operation: &Operation<'_>,
        holder: &Holder,
        id: SecurityInfoId,
    ) -> Result<bool, Error> {
        let account = &holder.account;
        let removed = self.store.removed_addresses(&operation.scope, account.id).await?;
        let others: Vec<SecurityInfo> =
            account.security_info.iter().filter(|entry| entry.id != id).cloned().collect();
        Ok(is_first(&others, !removed.is_empty(), &holder.rules))
    }

    /// The notices of a change of an entry, to every notified address of the account.
    async fn notices_of(
        &self,
        operation: &Operation<'_>,
        holder: &Holder,
        entry: &SecurityInfo,
        word: MethodChange,
    ) -> Result<Vec<Notice>, Error> {
        let Holder { tenant, account, .. } = holder;
        let notified = self.notices.notified(&operation.scope, account, operation.now).await?;
        let content = NoticeContent::of_entry(tenant, account, entry, word, operation.now);
        // The language of whoever is there, if that is the account's own person.
        let is_own = operation.actor == Actor::Account(account.id);
        let locale = operation.origin.context.locale.as_ref().filter(|_| is_own);
        Ok(self.notices.to(&notified, &content.in_language(locale)))
    }

    /// Changes an entry as it was read, with its event and its notices; `None` if the account has changed meanwhile and is
    /// to be judged anew.
    async fn change_entry<A: serde::de::DeserializeOwned>(
        &self,
        operation: &Operation<'_>,
        holder: &Holder,
        changed: EntryChange<'_>,
        event: Draft,
        answering: &Answering<'_, Account, A>,
    ) -> Result<Option<Answer<A>>, Error> {
        let notices = self.notices_of(operation, holder, changed.entry, changed.word).await?;
        let change = change_of(&holder.account, changed.change, event, notices, operation.now);
        let step = self.store.change_account(&operation.scope, &change, Some(answering.once())).await?;
        match answering.settle(step)? {
            Ok(answer) => Ok(Some(answer)),
            Err(ChangeRefused::Stale) => Ok(None),
            Err(why) => Err(not_changed(why).into()),
        }
    }
}

/// A change of an account as it was read.
fn change_of(
    account: &Account,
    change: AccountChange,
    event: Draft,
    notices: Vec<Notice>,
    now: Timestamp,
) -> ChangeAccount {
    ChangeAccount {
        account_id: account.id,
        version: account.version,
        change,
        event: event.done(),
        notices,
        now,
    }
}

/// Why a change was not made, where judging anew does not help.
fn not_changed(why: ChangeRefused) -> Refusal {
    match why {
        ChangeRefused::PasskeyTaken => Refusal::SecurityInfoTaken,
        ChangeRefused::LastGlobalAdministrator => Refusal::LastGlobalAdministrator,
        ChangeRefused::Unknown | ChangeRefused::Stale => Refusal::AccountNotFound,
    }
}

#[cfg(test)]
mod tests;
