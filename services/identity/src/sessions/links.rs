//! Linking accounts of several tenants, and the list of a person's tenants.
//!
//! A link is made with two live access tokens at once, both of a sign-in of the last minutes and through the calling
//! backend: whoever has them is signed in to both accounts. Every address of both is told.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, RequestId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::digest;
use serde::{Deserialize, Serialize};

use super::Sessions;
use crate::domain::account::Account;
use crate::domain::audit::{Actor, AuditEvent, EventKind, Subject};
use crate::domain::link::{self, Link, LinkEnd, LinkState};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::domain::security_info::is_fresh_sign_in;
use crate::domain::tenant::Tenant;
use crate::notices::NoticeContent;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Caller, Error, Operation, Owner, Person, Repeatable, Rpc};
use crate::store::accounts::AccountKey;
use crate::store::links::{LinkAccounts, NoLink, NotLinked, UnlinkAccounts};
use crate::tokens::{AskedPage, List, Page};

const LINK: Rpc = Rpc { name: "LinkAccount", event: EventKind::AccountLinked };
const UNLINK: Rpc = Rpc { name: "UnlinkAccount", event: EventKind::AccountUnlinked };

/// A tenant in which a person has an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MyTenant {
    pub tenant_id: TenantId,
    pub handle: String,
    pub display_name: String,
    pub account_id: AccountId,
    pub external_id: Option<String>,
    pub state: MyTenantState,
    /// When the accounts were last linked; `None` for the current one.
    pub linked_at: Option<Timestamp>,
}

/// How a tenant stands to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MyTenantState {
    Current,
    Linked,
    Suspended,
}

/// One of two accounts to link, with the right to touch its tenant.
struct Side {
    person: Person,
    scope: TenantScope,
    tenant: Tenant,
    account: Account,
}

impl MyTenant {
    fn of(tenant: &Tenant, account: &Account, state: MyTenantState, linked_at: Option<Timestamp>) -> Self {
        Self {
            tenant_id: tenant.id,
            handle: tenant.handle.as_str().to_owned(),
            display_name: tenant.display_name.clone(),
            account_id: account.id,
            external_id: account.external_id.clone(),
            state,
            linked_at,
        }
    }
}

impl Side {
    fn end(&self) -> LinkEnd {
        LinkEnd::of(&self.account)
    }
}

impl Sessions {
    /// Links the account of the person with that of another access token of theirs.
    #[tracing::instrument(skip_all, fields(account_id = %owner.person.account_id))]
    pub(crate) async fn link_account(
        &self,
        owner: &Owner,
        other_token: &SecretString,
        request_id: RequestId,
    ) -> Result<MyTenant, Error> {
        let operation = self.link_operation(LINK, owner)?;
        let who = owner.caller.on_behalf_of(owner.person.account_id);
        let content = digest(&[b"other access token", other_token.expose_secret().as_bytes()]);
        let named = Request { who: &who, id: request_id, content: &[&content] };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run(&operation, self.link_once(&operation, owner, other_token)).await
    }

    async fn link_once(
        &self,
        operation: &Repeatable<'_>,
        owner: &Owner,
        other_token: &SecretString,
    ) -> Result<Answer<MyTenant>, Error> {
        let other = self.verify_person(other_token).await?.ok_or(Refusal::OtherTokenInvalid)?;
        // A token that was made for another backend is not this one's to use.
        let is_of_backend = other.backend == owner.person.backend || other.backend == owner.caller.name();
        if !is_of_backend || other.tenant_id == owner.person.tenant_id {
            return Err(Refusal::OtherTokenInvalid.into());
        }
        let now = operation.now;
        if ![&owner.person, &other].iter().all(|person| is_fresh_sign_in(person.auth_time, now)) {
            return Err(Refusal::SignInNotRecent.into());
        }
        let here = self.side(&owner.caller, owner.person.clone()).await?;
        let there = self.side(&owner.caller, other).await?;
        let linked = MyTenant::of(&there.tenant, &there.account, MyTenantState::Linked, Some(now));
        let mut notices = Vec::new();
        for (side, with) in [(&here, &there), (&there, &here)] {
            let told = self.notices.notified(&side.scope, &side.account, now).await?;
            let content = NoticeContent::person("account_linked_notice", &side.tenant, &side.account, now)
                .with("other", &with.tenant.display_name)
                .with("place", &operation.origin.context.place())
                .in_language(operation.origin.context.locale.as_ref());
            notices.extend(self.notices.to(&told, &content));
        }
        let ends = [(here.end(), here.person.epoch), (there.end(), there.person.epoch)];
        let events = self.both_logs(operation, [here.end(), there.end()]);
        let link = LinkAccounts { ends, events, notices, now };
        let answering = self.idempotency.answering(operation.key, |(): &()| linked.clone());
        let step = self.store.link_accounts(&here.scope, &there.scope, &link, answering.once()).await?;
        answering.settle(step)?.map_err(|why| match why {
            NotLinked::Stale => Refusal::OtherTokenInvalid.into(),
            NotLinked::Full => Refusal::LinksFull.into(),
        })
    }

    /// Ends the link with the account of another tenant.
    #[tracing::instrument(skip_all, fields(account_id = %owner.person.account_id))]
    pub(crate) async fn unlink_account(
        &self,
        owner: &Owner,
        tenant_id: TenantId,
        request_id: RequestId,
    ) -> Result<(), Error> {
        let operation = self.link_operation(UNLINK, owner)?;
        let who = owner.caller.on_behalf_of(owner.person.account_id);
        let content = tenant_id.as_uuid().into_bytes();
        let named = Request { who: &who, id: request_id, content: &[&content] };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run(&operation, self.unlink_once(&operation, owner, tenant_id)).await
    }

    async fn unlink_once(
        &self,
        operation: &Repeatable<'_>,
        owner: &Owner,
        tenant_id: TenantId,
    ) -> Result<Answer<()>, Error> {
        let scope = &operation.scope;
        let link = self.store.link(scope, owner.person.account_id, tenant_id).await?;
        let Link { here, there, .. } = link.ok_or(Refusal::TenantNotLinked)?;
        let events = self.both_logs(operation, [here, there]);
        let unlink = UnlinkAccounts { ends: [here, there], events, now: operation.now };
        let answering = self.idempotency.answering(operation.key, |(): &()| ());
        let step = self.store.unlink_accounts(scope, &unlink, answering.once()).await?;
        answering.settle(step)?.map_err(|NoLink| Refusal::TenantNotLinked.into())
    }

    /// The tenants that a person can move between, by id: the one they are in among them. Those that the caller does not
    /// reach are left out, and accounts that are gone.
    pub(crate) async fn my_tenants(
        &self,
        caller: &Caller,
        person: &Person,
        asked: &AskedPage,
    ) -> Result<Page<MyTenant>, Error> {
        let now = self.clock.now();
        let account_id = person.account_id.as_uuid();
        let list = List { name: "my tenants", arguments: &[account_id.as_bytes()] };
        let after = self.tokens.page_begins_after(list, asked, now)?.map(TenantId::from_uuid);
        let here = self.side(caller, person.clone()).await?;
        let mut tenants = vec![MyTenant::of(&here.tenant, &here.account, MyTenantState::Current, None)];
        for link in self.store.links(&here.scope, here.account.id).await? {
            tenants.extend(self.linked_tenant(caller, &here.account, &link).await?);
        }
        tenants.sort_by_key(|tenant| tenant.tenant_id);
        let limit = usize::try_from(asked.limit()).unwrap_or(usize::MAX);
        let behind = |tenant: &MyTenant| after.is_none_or(|after| tenant.tenant_id > after);
        let read = tenants.into_iter().filter(behind).take(limit).collect();
        Ok(self.tokens.page(list, asked, read, |tenant| tenant.tenant_id.as_uuid(), now))
    }

    async fn linked_tenant(
        &self,
        caller: &Caller,
        here: &Account,
        link: &Link,
    ) -> Result<Option<MyTenant>, Error> {
        let Ok(scope) = caller.scope(link.there.tenant_id) else { return Ok(None) };
        let key = AccountKey::Id(link.there.account_id);
        let Some(there) = self.store.find_account(&scope, &key).await? else { return Ok(None) };
        let Some(back) = self.store.link(&scope, there.id, here.tenant_id).await? else { return Ok(None) };
        let tenant = self.policies.tenant(&scope).await?;
        let state = match link::state((link, here), (&back, &there)) {
            LinkState::Live => MyTenantState::Linked,
            LinkState::Suspended => MyTenantState::Suspended,
        };
        Ok(Some(MyTenant::of(&tenant, &there, state, Some(link.linked_at))))
    }

    async fn side(&self, caller: &Caller, person: Person) -> Result<Side, Error> {
        let scope = caller.scope(person.tenant_id)?;
        let tenant = self.policies.tenant(&scope).await?;
        let key = AccountKey::Id(person.account_id);
        let account = self.store.find_account(&scope, &key).await?.ok_or(Refusal::AccessTokenInvalid)?;
        Ok(Side { person, scope, tenant, account })
    }

    fn link_operation<'a>(&self, rpc: Rpc, owner: &'a Owner) -> Result<Operation<'a>, Error> {
        let account_id = owner.person.account_id;
        Ok(Operation::new(rpc, owner.scope()?, owner.origin(), self.clock.now())
            .by(Actor::Account(account_id))
            .on(Subject::Account(account_id)))
    }

    /// The event for the log of each of two tenants.
    fn both_logs(&self, operation: &Operation<'_>, ends: [LinkEnd; 2]) -> Vec<AuditEvent> {
        let event = |end: LinkEnd| {
            self.audit
                .draft(end.tenant_id, operation.rpc.event, operation.now)
                .from(operation.origin)
                .by(Actor::Account(end.account_id))
                .on(end.account_id)
                .done()
        };
        ends.map(event).into()
    }
}

#[cfg(test)]
mod tests;
