//! What administrators do to other people's accounts.
//!
//! Every act is judged on the account as it is now and written only if it is still that: a change in between has the
//! act judged anew. An act on an account that is already so writes nothing and is answered like one that did.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, RequestId, TenantId};

use super::administrator::Administrator;
use super::audit::Draft;
use super::once::{Call, Repeatable, Settled};
use super::shown::ShownAccount;
use super::{Error, Failed, Identity};
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Outcome, Subject};
use crate::domain::authority::{Needs, Permission, Role};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::store::accounts::{AccountKey, Change, ChangeAccount, NotChanged};

/// How often an account is judged anew when it changed while it was being judged.
pub(crate) const LOOKS: u32 = 3;

/// Whose account, and by which call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The account.
    pub account_id: AccountId,
    /// Names the call.
    pub request_id: RequestId,
}

/// What is done to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Stops sign-in.
    Block,
    /// Allows it again.
    Unblock,
    /// Releases a repudiated account.
    Unfreeze,
    /// Forgets wrong passwords.
    Unlock,
    /// Grants a role.
    Grant(Role),
    /// Takes one away.
    Revoke(Role),
}

impl Act {
    /// The RPC.
    pub(crate) const fn rpc(self) -> &'static str {
        match self {
            Self::Block => "BlockSignIn",
            Self::Unblock => "UnblockSignIn",
            Self::Unfreeze => "UnfreezeAccount",
            Self::Unlock => "UnlockAccount",
            Self::Grant(_) => "GrantRole",
            Self::Revoke(_) => "RevokeRole",
        }
    }

    /// The permission it takes.
    pub(crate) const fn permission(self) -> Permission {
        match self {
            Self::Block | Self::Unblock => Permission::BlockSignIn,
            Self::Unfreeze => Permission::Unfreeze,
            Self::Unlock => Permission::Unlock,
            Self::Grant(_) | Self::Revoke(_) => Permission::ManageRoles,
        }
    }

    const fn event(self) -> EventKind {
        match self {
            Self::Block => EventKind::AccountBlocked,
            Self::Unblock => EventKind::AccountUnblocked,
            Self::Unfreeze => EventKind::AccountUnfrozen,
            Self::Unlock => EventKind::Unlocked,
            Self::Grant(_) => EventKind::RolesGranted,
            Self::Revoke(_) => EventKind::RolesRemoved,
        }
    }

    /// The role it is about, if it is about one.
    const fn role(self) -> Option<Role> {
        match self {
            Self::Grant(role) | Self::Revoke(role) => Some(role),
            Self::Block | Self::Unblock | Self::Unfreeze | Self::Unlock => None,
        }
    }

    /// What changes of the account itself; `None` if it is already so.
    fn change(self, account: &Account) -> Option<Change> {
        let roles = account.roles;
        match self {
            Self::Block => (!account.blocked).then_some(Change::Blocked(true)),
            Self::Unblock => account.blocked.then_some(Change::Blocked(false)),
            Self::Unfreeze => account.frozen.then_some(Change::Unfrozen),
            Self::Unlock => None,
            Self::Grant(role) => (!roles.contains(role)).then(|| Change::Roles(roles.with(role))),
            Self::Revoke(role) => roles.contains(role).then(|| Change::Roles(roles.without(role))),
        }
    }
}

impl Identity {
    /// Does something to an account, if the administrator may; gives the account as it stands then.
    pub(crate) async fn administer(
        &self,
        administrator: &Administrator,
        target: Target,
        act: Act,
    ) -> Result<ShownAccount, Error> {
        let now = self.now();
        let scope = self.scope_of(administrator, target.tenant_id, act.rpc(), now)?;
        let needs = (act.rpc(), Needs::This(act.permission()));
        let call = self.act_call(administrator, target, act, now);
        for _ in 0..LOOKS {
            let key = AccountKey::Id(target.account_id);
            let account = self.store.find_account(&scope, &key).await?.ok_or(Refusal::AccountNotFound)?;
            self.authorise(&scope, administrator, &account, needs, now).await?;
            let event = self.act_event(administrator, &account, act, now);
            let Some(change) = act.change(&account) else {
                let shown = ShownAccount::from(&account);
                if act != Act::Unlock {
                    return self.keep_answer(&scope, &call, shown, now).await;
                }
                let login = self.keys.login_key_of(&account);
                let sealed = self.seal_answer(&call, &shown);
                let answer = |(): &()| sealed.clone();
                let once = call.once(&answer);
                let step = self.store.clear_lockout(&scope, &login, &event.done(), once, now).await?;
                return Ok(match self.settle::<(), (), ShownAccount>(&call, step)? {
                    Settled::Repeated(first) => first,
                    Settled::Done(()) | Settled::Refused(()) => shown,
                });
            };
            let change = ChangeAccount {
                account_id: account.id,
                version: account.version,
                change,
                event: event.done(),
                notices: Vec::new(),
                now,
            };
            match self.acted(&scope, &call, &change).await {
                Ok(Some(shown)) => return Ok(shown),
                Ok(None) => {}
                Err(refused) => {
                    if matches!(refused, Error::Refused(Refusal::LastGlobalAdministrator)) {
                        let (on, why) = (Subject::Account(account.id), "last_global_administrator");
                        self.note_denied(administrator, scope.tenant_id(), on, (act.rpc(), why), now);
                    }
                    return Err(refused);
                }
            }
        }
        Err(Failed::Contended.into())
    }

    /// Writes an act; `None` if the account has changed and is to be judged anew.
    async fn acted(
        &self,
        scope: &TenantScope,
        call: &Repeatable,
        change: &ChangeAccount,
    ) -> Result<Option<ShownAccount>, Error> {
        let answer = |account: &Account| self.seal_answer(call, &ShownAccount::from(account));
        let step = self.store.change_account(scope, change, Some(call.once(&answer))).await?;
        match self.settle(call, step)? {
            Settled::Done(account) => Ok(Some(ShownAccount::from(&account))),
            Settled::Repeated(first) => Ok(Some(first)),
            Settled::Refused(NotChanged::Stale) => Ok(None),
            Settled::Refused(NotChanged::Unknown) => Err(Refusal::AccountNotFound.into()),
            Settled::Refused(NotChanged::LastGlobalAdministrator) => {
                Err(Refusal::LastGlobalAdministrator.into())
            }
        }
    }

    fn act_call(
        &self,
        administrator: &Administrator,
        target: Target,
        act: Act,
        now: Timestamp,
    ) -> Repeatable {
        let who = administrator.who();
        let call =
            Call { rpc: act.rpc(), who: &who, tenant_id: target.tenant_id, request_id: target.request_id };
        let role = act.role().map_or("", Role::as_str);
        self.repeatable(call, &[target.account_id.as_uuid().as_bytes(), role.as_bytes()], now)
    }

    fn act_event(&self, administrator: &Administrator, account: &Account, act: Act, now: Timestamp) -> Draft {
        let event = self
            .event(account.tenant_id, act.event(), Outcome::Success, now)
            .by(administrator.actor())
            .on(account.id)
            .through(&administrator.caller)
            .from(&administrator.context);
        match act.role() {
            Some(role) => event.because(role.as_str()),
            None => event,
        }
    }
}
