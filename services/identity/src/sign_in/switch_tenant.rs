//! Moving to a linked account of another tenant.
//!
//! The person typed no password of that account, so the link stands in for it and for nothing else: what the account asks
//! for beside its password is asked for, a password that is due to be changed is changed by signing in there, nothing that was
//! held against the login is cleared, and the new session is as old as the sign-in that the person comes from.

use rekey_primitives::id::{RequestId, TenantId};

use super::challenge::Asked;
use super::{Continued, SignIns};
use crate::domain::account::Account;
use crate::domain::audit::{Actor, EventKind, Subject};
use crate::domain::link::{self, Link, LinkState};
use crate::domain::password::expiry::{PasswordState, password_state};
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::second_factor;
use crate::domain::session::Session;
use crate::operation::idempotency::{Answer, Request, Settled};
use crate::operation::{Error, Operation, Owner, Repeatable, Rpc};
use crate::store::accounts::AccountKey;
use crate::store::sign_ins::{OpenSession, Stale};
use crate::tokens::{ChallengeKind, NewSession};

const RPC: Rpc = Rpc { name: "SwitchTenant", event: EventKind::TenantSwitched };

impl SignIns {
    /// Signs a person in to their linked account of another tenant.
    #[tracing::instrument(skip_all, fields(account_id = %owner.person.account_id, %tenant_id))]
    pub(crate) async fn switch_tenant(
        &self,
        owner: &Owner,
        tenant_id: TenantId,
        request_id: RequestId,
    ) -> Result<Continued, Error> {
        let (here, scope) = (owner.scope()?, owner.caller.scope(tenant_id)?);
        let link = self.store.link(&here, owner.person.account_id, tenant_id).await?;
        let link = link.ok_or(Refusal::TenantNotLinked)?;
        let account_id = link.there.account_id;
        let operation = Operation::new(RPC, scope, owner.origin(), self.clock.now())
            .by(Actor::Account(account_id))
            .on(Subject::Account(account_id));
        // Of the session: another one of the person may not get its tokens.
        let who = owner.caller.on_behalf_of(owner.person.session_id);
        let content = tenant_id.as_uuid().into_bytes();
        let named = Request { who: &who, id: request_id, content: &[&content] };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run(&operation, self.switch_once(&operation, owner, &link)).await
    }

    async fn switch_once(
        &self,
        operation: &Repeatable<'_>,
        owner: &Owner,
        link: &Link,
    ) -> Result<Answer<Continued>, Error> {
        let policy = self.policies.policy(&operation.scope).await?;
        let account = match self.linked_account(operation, owner, link).await? {
            Some(account) if is_ready(&account, &policy, operation) => account,
            _ => {
                self.audit.note_refused(operation, "link_suspended");
                return Err(Refusal::LinkSuspended.into());
            }
        };
        if second_factor::is_demanded(&account) {
            let asked = Asked {
                proved_at: owner.person.auth_time,
                linked_from: Some(link.here),
                ..Asked::of_today(&account, ChallengeKind::SecondFactor, operation.now)
            };
            return Ok(Answer::to_store(Continued::Challenge(self.challenge(operation, &asked, &policy))));
        }
        self.open_linked(operation, (owner, link), &account, &policy).await
    }

    /// The account at the other end, if the link holds.
    async fn linked_account(
        &self,
        operation: &Operation<'_>,
        owner: &Owner,
        link: &Link,
    ) -> Result<Option<Account>, Error> {
        let here = self.store.find_account(&owner.scope()?, &AccountKey::Id(link.here.account_id)).await?;
        let key = AccountKey::Id(link.there.account_id);
        let there = self.store.find_account(&operation.scope, &key).await?;
        let back = self.store.link(&operation.scope, link.there.account_id, link.here.tenant_id).await?;
        let (Some(here), Some(there), Some(back)) = (here, there, back) else { return Ok(None) };
        let holds = link::state((link, &here), (&back, &there)) == LinkState::Live;
        Ok(holds.then_some(there))
    }

    async fn open_linked(
        &self,
        operation: &Repeatable<'_>,
        (owner, link): (&Owner, &Link),
        account: &Account,
        policy: &Policy,
    ) -> Result<Answer<Continued>, Error> {
        let record = account.password.as_ref().ok_or(Refusal::LinkSuspended)?;
        let (session, tokens) = self.tokens.new_session(&NewSession {
            account,
            epoch: account.epoch,
            rules: &policy.sessions,
            origin: operation.origin,
            proved_at: owner.person.auth_time,
            strong: false,
            now: operation.now,
        });
        let open = OpenSession {
            session,
            verified: Some(record.hash.clone()),
            rehashed: None,
            login: self.keys.login_key_of(account),
            place: None,
            answers: None,
            linked_from: Some(link.here),
            spent: None,
            event: self.audit.event(operation).done(),
        };
        let answering =
            self.idempotency.answering(operation.key, |_: &Session| Continued::Tokens(tokens.clone()));
        let step = self.store.open_session(&operation.scope, &open, answering.once()).await?;
        match answering.outcome(step)? {
            Settled::Done(session) => Ok(answering.stored(&session)),
            Settled::Repeated(answer) => Ok(answer),
            Settled::Refused(Stale) => Err(Refusal::LinkSuspended.into()),
        }
    }
}

/// Whether the account's own password would sign in now, with nothing left to do about it.
fn is_ready(account: &Account, policy: &Policy, operation: &Operation<'_>) -> bool {
    let state =
        account.password.as_ref().map(|record| password_state(record, &policy.password, operation.now));
    matches!(state, Some(PasswordState::Fresh | PasswordState::ExpiresIn { .. }))
}
