//! Security info: what a person does to their own, and what an administrator fills in.
//!
//! Every change needs a sign-in of the last 10 minutes and tells every other address of the account. An address counts
//! for nothing before a code sent to it came back (`codes`, `slots`), and for a while after; the rules are
//! [`crate::domain::security_info`].

mod codes;
mod edits;
mod prefill;
mod reconfirm;
mod slots;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::id::{RequestId, SecurityInfoId};
use rekey_primitives::locale::Locale;
use rekey_primitives::method::MethodChange;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use codes::CodeSent;
#[cfg(test)]
pub(crate) use prefill::NEEDS as PREFILL_NEEDS;
pub(crate) use prefill::Prefill;

use super::administration::LOOKS;
use super::audit::Draft;
use super::notices::Notify;
use super::once::{Call, Repeatable, Settled};
use super::shown::ShownEntry;
use super::{Caller, Context, Error, Failed, Identity, Person};
use crate::domain::account::Account;
use crate::domain::audit::{Actor, EventKind, Outcome};
use crate::domain::policy::ResetRules;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::domain::security_info::{Holding, SecurityInfo, Standing, is_first, is_fresh_sign_in, may_add};
use crate::domain::tenant::Tenant;
use crate::peers::verification::Timers;
use crate::store::accounts::{AccountKey, Change, ChangeAccount, NotChanged};
use crate::store::outbox::Notice;

/// A signed-in person at their own account.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    /// The backend that calls.
    pub caller: Caller,
    /// The person.
    pub person: Person,
    /// Where they are.
    pub context: Context,
}

/// An address that was added, and the clocks of its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Added {
    /// The entry.
    pub entry: ShownEntry,
    /// When the code dies, and when it can be sent again.
    pub timers: Timers,
}

/// [`Added`] as it is kept for a repeat.
#[derive(Serialize, Deserialize)]
struct KeptAdded {
    entry: ShownEntry,
    sent: CodeSent,
}

/// Everything a decision about an account's security info is made on.
pub(super) struct Held {
    pub(super) tenant: Tenant,
    pub(super) rules: ResetRules,
    pub(super) account: Account,
}

impl Held {
    /// The entry of this id.
    fn entry(&self, id: SecurityInfoId) -> Result<&SecurityInfo, Refusal> {
        let found = self.account.security_info.iter().find(|entry| entry.id == id);
        found.ok_or(Refusal::SecurityInfoNotFound)
    }
}

impl Owner {
    /// The id of a step of a call towards verification. A repeat from elsewhere is another call to it, since it is
    /// told where the person is.
    fn step_id(&self, call: &Repeatable, step: &str) -> Uuid {
        let ip = self.context.ip.map(|ip| ip.to_string()).unwrap_or_default();
        let user_agent = self.context.user_agent.as_deref().unwrap_or_default();
        call.request_id(step, &[ip.as_bytes(), user_agent.as_bytes()])
    }

    /// The right to touch the tenant, for a person who signed in a moment ago.
    fn scope_for_change(&self, now: Timestamp) -> Result<TenantScope, Refusal> {
        let scope = self.scope()?;
        if is_fresh_sign_in(self.person.auth_time, now) { Ok(scope) } else { Err(Refusal::SignInNotRecent) }
    }

    fn scope(&self) -> Result<TenantScope, Refusal> {
        self.caller.scope(self.person.tenant_id)
    }
}

impl Identity {
    /// Lists a person's security info, the default first, then the oldest.
    pub(crate) async fn list_security_info(&self, owner: &Owner) -> Result<Vec<ShownEntry>, Error> {
        let now = self.now();
        let held = self.held(&owner.scope()?, AccountKey::Id(owner.person.account_id)).await?;
        Ok(ShownEntry::list(&held.account.security_info, &held.rules, now))
    }

    /// Adds an address and has a code sent to it.
    pub(crate) async fn add_security_info(
        &self,
        owner: &Owner,
        address: &Destination,
        request_id: RequestId,
    ) -> Result<Added, Error> {
        let now = self.now();
        let scope = owner.scope_for_change(now)?;
        let call = self.own_call(owner, "AddSecurityInfo", request_id, &[address.as_str().as_bytes()], now);
        if let Some(first) = self.recall::<KeptAdded>(&scope, &call, now).await? {
            return Ok(Added { entry: first.entry, timers: first.sent.into() });
        }
        // The id comes of the call, so that a repeat after a lost answer goes on with the same entry and code.
        let id = SecurityInfoId::from_uuid(uuid_of(call.key()));
        let locale = owner.context.locale.as_ref();
        let mut timers = None;
        for _ in 0..LOOKS {
            let held = self.held(&scope, AccountKey::Id(owner.person.account_id)).await?;
            let entry = self.unconfirmed_entry(&scope, &held, id, address, now).await?;
            let timers = match timers {
                Some(sent) => sent,
                None => *timers.insert(self.send_entry_code(owner, &held, &entry, &call, now).await?),
            };
            let event = own_event(self, owner, EventKind::SecurityInfoAdded, now).to_place(address.masked());
            let notices =
                self.told_of_entry(&scope, &held, (&entry, MethodChange::Added), locale, now).await?;
            let shown = ShownEntry::of(&entry, &held.rules, now);
            let kept = KeptAdded { entry: shown.clone(), sent: timers.into() };
            let answer = |_: &Account| self.seal_answer(&call, &kept);
            let change = change_of(&held.account, Change::AddSecurityInfo(entry), event, notices, now);
            let step = self.store.change_account(&scope, &change, Some(call.once(&answer))).await?;
            match self.settle::<_, _, KeptAdded>(&call, step)? {
                Settled::Done(_) => return Ok(Added { entry: shown, timers }),
                Settled::Repeated(first) => {
                    return Ok(Added { entry: first.entry, timers: first.sent.into() });
                }
                Settled::Refused(NotChanged::Stale) => {}
                Settled::Refused(why) => return Err(not_changed(why).into()),
            }
        }
        Err(Failed::Contended.into())
    }

    /// Reads what decisions about security info are made on.
    pub(super) async fn held(&self, scope: &TenantScope, key: AccountKey) -> Result<Held, Error> {
        let (tenant, policy) = (self.tenant(scope).await?, self.policy(scope).await?);
        let account = self.store.find_account(scope, &key).await?.ok_or(Refusal::AccountNotFound)?;
        Ok(Held { tenant, rules: policy.reset, account })
    }

    /// A new entry for an address, if the account may hold one more.
    pub(super) async fn unconfirmed_entry(
        &self,
        scope: &TenantScope,
        held: &Held,
        id: SecurityInfoId,
        address: &Destination,
        now: Timestamp,
    ) -> Result<SecurityInfo, Error> {
        let (entries, holding) = (&held.account.security_info, Holding::from(address));
        may_add(entries, &holding).map_err(Refusal::from)?;
        Ok(SecurityInfo {
            id,
            holding,
            label: None,
            is_default: entries.is_empty(),
            standing: Standing::Unconfirmed,
            disabled: false,
            is_first: self.would_be_first(scope, held, id, now).await?,
            added_at: now,
            changed_at: now,
        })
    }

    /// Whether an entry that begins to matter now is one of the first of a new account.
    pub(super) async fn would_be_first(
        &self,
        scope: &TenantScope,
        held: &Held,
        id: SecurityInfoId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let removed = self.store.removed_addresses(scope, held.account.id).await?;
        let others = held.account.security_info.iter().filter(|entry| entry.id != id);
        let others: Vec<SecurityInfo> = others.cloned().collect();
        Ok(is_first(&others, !removed.is_empty(), held.account.created_at, &held.rules, now))
    }

    /// The notices of a change of an entry, to every told address of the account.
    pub(super) async fn told_of_entry(
        &self,
        scope: &TenantScope,
        held: &Held,
        (entry, change): (&SecurityInfo, MethodChange),
        locale: Option<&Locale>,
        now: Timestamp,
    ) -> Result<Vec<Notice>, Error> {
        let told = self.told(scope, &held.account, now).await?;
        let notify = of_entry(&held.tenant, &held.account, (entry, change), now);
        Ok(self.notices(scope.tenant_id(), &told, locale, &notify, now))
    }

    fn own_call(
        &self,
        owner: &Owner,
        rpc: &'static str,
        request_id: RequestId,
        content: &[&[u8]],
        now: Timestamp,
    ) -> Repeatable {
        let who = owner.person.account_id.to_string();
        let call = Call { rpc, who: &who, tenant_id: owner.person.tenant_id, request_id };
        self.repeatable(call, content, now)
    }
}

/// The notice of a change of an entry. Its words are said in the reader's language by who writes the message.
pub(in crate::flows) fn of_entry(
    tenant: &Tenant,
    account: &Account,
    (entry, change): (&SecurityInfo, MethodChange),
    now: Timestamp,
) -> Notify {
    let masked = entry.destination().map(|to| to.masked()).unwrap_or_default();
    let method = format!("{} {masked}", entry.kind().as_str());
    Notify::person("security_info_changed_notice", tenant, account, now)
        .with("change", change.as_str())
        .with("method", method.trim_end())
}

/// A change of an account as it was read.
pub(super) fn change_of(
    account: &Account,
    change: Change,
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

/// The event of a person changing their own security info.
fn own_event(identity: &Identity, owner: &Owner, kind: EventKind, now: Timestamp) -> Draft {
    identity
        .event(owner.person.tenant_id, kind, Outcome::Success, now)
        .by(Actor::Account(owner.person.account_id))
        .on(owner.person.account_id)
        .through(&owner.caller)
        .from(&owner.context)
}

/// Why a change was not made, where judging anew does not help.
pub(super) fn not_changed(why: NotChanged) -> Refusal {
    match why {
        NotChanged::LastGlobalAdministrator => Refusal::LastGlobalAdministrator,
        NotChanged::Unknown | NotChanged::Stale => Refusal::AccountNotFound,
    }
}

/// A UUID of version 8 (RFC 9562 section 5.8) made of a hash.
fn uuid_of(hash: &[u8; 32]) -> Uuid {
    let [front, _] = hash.as_chunks::<16>().0 else { unreachable!("32 bytes are two times 16") };
    uuid::Builder::from_custom_bytes(*front).into_uuid()
}
