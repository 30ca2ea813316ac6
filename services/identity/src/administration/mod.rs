//! What administrators do to other people's accounts.
//!
//! Every act is judged on the account as it is now and written only if it is still that: a change in between has the
//! act judged anew. An act on an account that is already so writes nothing and is answered like one that did.

mod access_passes;
mod bulk;
mod callers;
mod diagnosis;
mod expiry;
mod help_desk;
mod passwords;
mod reset_links;
mod sessions;

use std::sync::Arc;

use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::AccountId;

#[cfg(test)]
pub(crate) use access_passes::PERMISSION as PASSES_NEED;
pub(crate) use access_passes::PassShape;
pub(crate) use bulk::{BulkChunk, BulkTarget, StartBulk};
#[cfg(test)]
pub(crate) use callers::PERMISSION as CALLERS_NEED;
pub(crate) use callers::ReadBack;
#[cfg(test)]
pub(crate) use diagnosis::PERMISSION as DIAGNOSIS_NEEDS;
pub(crate) use expiry::ExpiryView;
pub(crate) use help_desk::HelpTarget;
#[cfg(test)]
pub(crate) use help_desk::PERMISSION as HELP_NEEDS;
#[cfg(test)]
pub(crate) use passwords::PERMISSION as PASSWORDS_NEED;
pub(crate) use passwords::{BATCH_MAX, Batch, PasswordResetView, ResetMode};
#[cfg(test)]
pub(crate) use sessions::PERMISSION as SESSIONS_NEED;

use crate::audit::Audit;
use crate::authorisation::Authorisation;
use crate::config;
use crate::credentials::Credentials;
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Subject};
use crate::domain::authority::{Needs, Permission, Role};
use crate::domain::refusal::Refusal;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::notices::Notices;
use crate::operation::idempotency::{Answer, Idempotency, Request};
use crate::operation::{Administrator, Error, Failed, JUDGED_AT_MOST, Operation, Repeatable, Rpc, Target};
use crate::peers::Verification;
use crate::policies::Policies;
use crate::store::Store;
use crate::store::accounts::{AccountChange, AccountKey, ChangeAccount, ChangeRefused};
use crate::tokens::Tokens;
use crate::views::AccountView;

/// The use case.
#[derive(Clone)]
pub(crate) struct Administration {
    pub store: Store,
    pub keys: Arc<Keys>,
    pub entropy: SharedEntropy,
    pub credentials: Credentials,
    pub policies: Policies,
    pub limits: Limits,
    pub notices: Notices,
    pub audit: Audit,
    pub authorisation: Authorisation,
    /// Carries the codes that callers read back.
    pub verification: Arc<dyn Verification>,
    /// Of pages.
    pub tokens: Tokens,
    pub idempotency: Idempotency,
    /// Where the link of a mail leads.
    pub portal_url: String,
    /// How bulk resets are worked on.
    pub bulk: config::BulkResets,
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
    pub(crate) const fn rpc(self) -> Rpc {
        let name = match self {
            Self::Block => "BlockSignIn",
            Self::Unblock => "UnblockSignIn",
            Self::Unfreeze => "UnfreezeAccount",
            Self::Unlock => "UnlockAccount",
            Self::Grant(_) => "GrantRole",
            Self::Revoke(_) => "RevokeRole",
        };
        Rpc { name, event: self.event() }
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
    fn change(self, account: &Account) -> Option<AccountChange> {
        let roles = account.roles;
        match self {
            Self::Block => (!account.blocked).then_some(AccountChange::Blocked(true)),
            Self::Unblock => account.blocked.then_some(AccountChange::Blocked(false)),
            Self::Unfreeze => account.frozen.then_some(AccountChange::Unfrozen),
            Self::Unlock => None,
            Self::Grant(role) => (!roles.contains(role)).then(|| AccountChange::Roles(roles.with(role))),
            Self::Revoke(role) => roles.contains(role).then(|| AccountChange::Roles(roles.without(role))),
        }
    }
}

impl Administration {
    /// Does something to an account, if the administrator may; gives the account as it stands then.
    pub(crate) async fn act(
        &self,
        administrator: &Administrator,
        target: Target,
        act: Act,
    ) -> Result<AccountView, Error> {
        let operation = self
            .authorisation
            .operation(act.rpc(), administrator, target.tenant_id)?
            .on(Subject::Account(target.account_id));
        self.authorisation.authorise_in_tenant(&operation, administrator, act.permission()).await?;
        let (who, account) = (administrator.name(), target.account_id.as_uuid());
        let content = [account.as_bytes().as_slice(), act.role().map_or("", Role::as_str).as_bytes()];
        let named = Request { who: &who, id: target.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        let work = self.act_once(&operation, administrator, target, act);
        // Whether they still may is judged before an earlier answer is given.
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn act_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        target: Target,
        act: Act,
    ) -> Result<Answer<AccountView>, Error> {
        for _ in 0..JUDGED_AT_MOST {
            let account = self.reached(operation, administrator, target.account_id, act.permission()).await?;
            let Some(change) = act.change(&account) else {
                return match act {
                    Act::Unlock => self.unlock(operation, &account).await,
                    _ => Ok(Answer::to_store(AccountView::from(&account))),
                };
            };
            if let Some(answer) = self.change(operation, &account, change, act).await? {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }

    /// The account, if there is one and the administrator may do that to it.
    async fn reached(
        &self,
        operation: &Operation<'_>,
        administrator: &Administrator,
        account_id: AccountId,
        permission: Permission,
    ) -> Result<Account, Error> {
        let found = self.store.find_account(&operation.scope, &AccountKey::Id(account_id)).await?;
        let account = found.ok_or(Refusal::AccountNotFound)?;
        self.authorisation.authorise(operation, administrator, &account, Needs::This(permission)).await?;
        Ok(account)
    }

    async fn unlock(
        &self,
        operation: &Repeatable<'_>,
        account: &Account,
    ) -> Result<Answer<AccountView>, Error> {
        let (scope, login) = (&operation.scope, self.keys.login_key_of(account));
        let event = self.audit.event(operation).done();
        let answering = self.idempotency.answering(operation.key, |(): &()| AccountView::from(account));
        let step = self.store.clear_lockout(scope, &login, &event, answering.once(), operation.now).await?;
        // The store has no condition on it that it could refuse by.
        Ok(answering.settle(step)?.unwrap_or_else(|()| answering.stored(&())))
    }

    /// Writes an act; `None` if the account has changed and is to be judged anew.
    async fn change(
        &self,
        operation: &Repeatable<'_>,
        account: &Account,
        change: AccountChange,
        act: Act,
    ) -> Result<Option<Answer<AccountView>>, Error> {
        let event = self.audit.event(operation);
        let event = match act.role() {
            Some(role) => event.because(role.as_str()),
            None => event,
        };
        let change = ChangeAccount {
            account_id: account.id,
            version: account.version,
            change,
            event: event.done(),
            notices: Vec::new(),
            now: operation.now,
        };
        let answering =
            self.idempotency.answering(operation.key, |account: &Account| AccountView::from(account));
        let step = self.store.change_account(&operation.scope, &change, Some(answering.once())).await?;
        match answering.settle(step)? {
            Ok(answer) => Ok(Some(answer)),
            Err(ChangeRefused::Stale) => Ok(None),
            Err(ChangeRefused::Unknown | ChangeRefused::PasskeyTaken) => Err(Refusal::AccountNotFound.into()),
            Err(ChangeRefused::LastGlobalAdministrator) => {
                self.authorisation.note_denied(operation, "last_global_administrator");
                Err(Refusal::LastGlobalAdministrator.into())
            }
        }
    }
}

#[cfg(test)]
mod tests;
