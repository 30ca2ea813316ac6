//! The first tenant and its first global administrator, made in an empty store and in no other.
//!
//! Nobody can be asked for authority while there is nobody, so this is for whoever can open the store itself.

use rekey_primitives::contact::Destination;
use rekey_primitives::entropy::uuid_v4;
use rekey_primitives::id::{AccountId, RequestId, TenantId};
use rekey_primitives::login::Login;
use rekey_primitives::secret::SecretString;

use super::{Directory, NewAccount, NewHome, NewTenant, Reach};
use crate::domain::authority::{Role, RoleSet};
use crate::domain::scope::TenantScope;
use crate::domain::tenant::Handle;
use crate::operation::{Administrator, Caller, Context, Error};

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
    /// Makes the first tenant and its administrator; `None` where somebody was there before. What was refused or cut off
    /// half way, at a tenant without accounts, goes on under the same handle.
    pub(crate) async fn bootstrap(&self, first: FirstTenant) -> Result<Option<Bootstrapped>, Error> {
        let caller = Caller::new(CALLER, |_| true);
        let Some(tenant_id) = self.first_tenant(&caller, &first).await? else { return Ok(None) };
        let administrator = Administrator { caller, person: None, context: Context::default() };
        let new = NewAccount {
            tenant_id,
            logins: vec![first.login],
            display_name: first.administrator,
            external_id: None,
            password: Some(first.password),
            addresses: first.address.into_iter().collect(),
            addresses_confirmed: true,
            must_change_password: false,
            managed_elsewhere: false,
            roles: RoleSet::of(&[Role::GlobalAdministrator]),
            request_id: self.own_request_id(),
        };
        let account = self.create_account(&administrator, new).await?;
        Ok(Some(Bootstrapped { tenant_id, account_id: AccountId::from_uuid(account.account_id) }))
    }

    async fn first_tenant(&self, caller: &Caller, first: &FirstTenant) -> Result<Option<TenantId>, Error> {
        if !self.store.is_empty().await? {
            let tenants = self.store.list_tenants((None, true), None, 2).await?;
            let [only] = tenants.as_slice() else { return Ok(None) };
            let accounts = self.store.list_accounts(&TenantScope::ours(only.id), None, 1).await?;
            let was_cut_off = only.handle == first.handle && accounts.is_empty();
            return Ok(was_cut_off.then_some(only.id));
        }
        let new = NewTenant {
            handle: first.handle.clone(),
            display_name: first.display_name.clone(),
            domains: Vec::new(),
            licensed_accounts: None,
            home: NewHome::Here,
            request_id: self.own_request_id(),
        };
        let tenant = self.create_tenant(caller, &Reach::Everywhere, new, &Context::default()).await?;
        Ok(Some(TenantId::from_uuid(tenant.tenant_id)))
    }

    fn own_request_id(&self) -> RequestId {
        RequestId::from_uuid(uuid_v4(&*self.entropy))
    }
}
