//! The first tenant and its first global administrator, made in an empty store and in no other.
//!
//! Nobody can be asked for authority while there is nobody, so this is for whoever can open the store itself.

use rekey_primitives::contact::Destination;
use rekey_primitives::entropy::uuid_v4;
use rekey_primitives::id::{AccountId, RequestId, TenantId};
use rekey_primitives::login::Login;
use rekey_primitives::secret::SecretString;

use super::{Directory, NewAccount, NewHome, NewTenant, accounts, tenants};
use crate::domain::audit::Actor;
use crate::domain::authority::{Role, RoleSet};
use crate::domain::scope::TenantScope;
use crate::domain::tenant::Handle;
use crate::operation::{Caller, Context, Error, Operation, Origin};
use crate::policies::TenantPolicy;
use crate::store::accounts::{Beginning, FirstRows};

/// The name under which the first steps stand in the log.
const CALLER: &str = "bootstrap";

/// What is made first.
#[derive(Debug, Clone)]
pub(crate) struct FirstTenant {
    pub handle: Handle,
    pub display_name: String,
    /// The administrator's login.
    pub login: Login,
    /// The administrator's address; who can open the store is believed that it is theirs.
    pub address: Option<Destination>,
    /// The administrator's name.
    pub administrator: Option<String>,
    /// The administrator's first password.
    pub password: SecretString,
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrapped {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Its global administrator.
    pub account_id: AccountId,
}

impl Directory {
    /// Makes the first tenant and its administrator in one step; `None` where somebody was there before, or was faster. What an
    /// earlier release left half way, a tenant without accounts, goes on under the same handle.
    pub(crate) async fn bootstrap(&self, first: FirstTenant) -> Result<Option<Bootstrapped>, Error> {
        let now = self.clock.now();
        let left = match self.store.beginning().await? {
            Beginning::Empty => None,
            Beginning::CutOff(tenant) if tenant.handle == first.handle => Some(tenant.id),
            Beginning::CutOff(_) | Beginning::Over => return Ok(None),
        };
        let id = left.unwrap_or_else(|| TenantId::generate(&*self.entropy, now));
        let tenant = NewTenant {
            handle: first.handle,
            display_name: first.display_name,
            domains: Vec::new(),
            licensed_accounts: None,
            home: NewHome::Here,
            request_id: self.own_request_id(),
        };
        let (tenant, policy) = tenants::drafted(&tenant, self.homes.here().cloned(), id, now);
        let new = NewAccount {
            tenant_id: id,
            logins: vec![first.login],
            display_name: first.administrator,
            external_id: None,
            password: None,
            addresses: first.address.into_iter().collect(),
            addresses_confirmed: true,
            must_change_password: false,
            managed_elsewhere: false,
            roles: RoleSet::of(&[Role::GlobalAdministrator]),
            request_id: self.own_request_id(),
        };
        let mut account = self.drafted(&new, now)?;
        let (caller, context) = (Caller::new(CALLER, |_| true), Context::default());
        let operation = |rpc| {
            let origin = Origin { caller: &caller, context: &context };
            Operation::new(rpc, TenantScope::ours(id), origin, now).by(Actor::Service)
        };
        let creation = operation(accounts::CREATE);
        let rules = TenantPolicy { tenant: tenant.clone(), policy: policy.policy.clone() };
        account.password = Some(self.first_password(&creation, &account, &rules, &first.password).await?);
        let rows = FirstRows {
            events: [
                self.audit.event(&operation(tenants::CREATE)).done(),
                self.audit.event(&creation).on(account.id).done(),
            ],
            tenant,
            policy,
            account,
        };
        let is_made = self.store.begin(&rows).await?;
        Ok(is_made.then_some(Bootstrapped { tenant_id: id, account_id: rows.account.id }))
    }

    fn own_request_id(&self) -> RequestId {
        RequestId::from_uuid(uuid_v4(&*self.entropy))
    }
}
