//! Why somebody cannot sign in or reset, for whoever helps them.

use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId};

use super::Administration;
use crate::domain::account::Account;
use crate::domain::attempts::MethodUnavailable;
use crate::domain::audit::{EventKind, Subject};
use crate::domain::authority::{Needs, Permission};
use crate::domain::diagnosis::{CheckResult, Facts, diagnose, of_nobody};
use crate::domain::eligibility::{Candidate, judge};
use crate::domain::policy::{MethodHints, Policy};
use crate::domain::refusal::Refusal;
use crate::domain::reset::kind_attempts_key;
use crate::keys::TypedLogin;
use crate::operation::{Administrator, Error, Operation, Rpc};
use crate::store;

// Whoever reads leaves no event but a denial.
const RPC: Rpc = Rpc { name: "DiagnoseSignIn", event: EventKind::PermissionDenied };

pub(crate) const PERMISSION: Permission = Permission::DiagnoseSignIn;

/// What was found.
pub(crate) struct Diagnosis {
    /// Whose login it is.
    pub account_id: Option<AccountId>,
    pub checks: Vec<CheckResult>,
}

impl Administration {
    /// Checks everything that may keep the person of a login out.
    pub(crate) async fn diagnose(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        login: &str,
    ) -> Result<Diagnosis, Error> {
        let operation = self.authorisation.operation(RPC, administrator, tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        let typed = TypedLogin::read(login);
        let known = self.store.find_login(&operation.scope, typed.login.as_ref()).await?;
        let known = known.ok_or(Refusal::TenantNotFound)?;
        let Some(account) = known.account else {
            return Ok(Diagnosis { account_id: None, checks: of_nobody() });
        };
        let operation = operation.on(Subject::Account(account.id));
        self.authorisation.authorise(&operation, administrator, &account, Needs::This(PERMISSION)).await?;
        let policy = self.policies.carried_out(known.policy.policy);
        let checks = self.checked(&operation, &account, &policy).await?;
        Ok(Diagnosis { account_id: Some(account.id), checks })
    }

    async fn checked(
        &self,
        operation: &Operation<'_>,
        account: &Account,
        policy: &Policy,
    ) -> Result<Vec<CheckResult>, Error> {
        let (scope, now) = (&operation.scope, operation.now);
        let facts = self.store.eligibility_facts(scope, account.id).await?;
        let candidate = Candidate { account, groups: &facts.groups, has_seat: facts.has_seat };
        let login = self.keys.login_key_of(account);
        Ok(diagnose(&Facts {
            account,
            policy,
            judgement: &judge(&candidate, policy, now),
            locked_until: self.store.locked_until(scope, &login, now).await?,
            stopped: &self.stopped(operation, account, policy).await?,
            throttled: self.limits.is_start_throttled(operation, &login).await,
            now,
        }))
    }

    /// The methods that wrong codes stopped. Where kinds are what is offered, a kind is stopped with all its addresses.
    async fn stopped(
        &self,
        operation: &Operation<'_>,
        account: &Account,
        policy: &Policy,
    ) -> Result<Vec<(SecurityInfoId, MethodUnavailable)>, store::Failure> {
        let by_kind = policy.reset.method_hints == MethodHints::Kinds;
        let mut stopped = Vec::new();
        for entry in &account.security_info {
            let kind = entry.kind();
            let is_by_kind = by_kind && kind.channel().is_some();
            let key = if is_by_kind { kind_attempts_key(account.id, kind) } else { entry.id.as_uuid() };
            let stop = self.store.method_stop(&operation.scope, key, &policy.reset, operation.now).await?;
            stopped.extend(stop.map(|stop| (entry.id, stop)));
        }
        Ok(stopped)
    }
}

#[cfg(test)]
mod tests;
