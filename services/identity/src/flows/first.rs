//! The first tenant and its first global administrator, made in an empty store and in no other.
//!
//! Nobody can be asked for authority while there is nobody, so this is for whoever can open the store itself.

use rekey_primitives::contact::Destination;
use rekey_primitives::entropy::uuid_v4;
use rekey_primitives::id::{AccountId, RequestId, TenantId};
use rekey_primitives::login::Login;
use rekey_primitives::secret::SecretString;

use super::accounts::NewAccount;
use super::administration::{Act, Target};
use super::administrator::Administrator;
use super::tenants::{NewTenant, Reach};
use super::{Caller, Context, Error, Identity};
use crate::domain::authority::Role;
use crate::domain::tenant::Handle;

/// The name under which the first steps stand in the log.
const CALLER: &str = "bootstrap";

/// What is made first.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// The tenant's handle.
    pub handle: Handle,
    /// The tenant's name.
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
pub struct Begun {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Its global administrator.
    pub account_id: AccountId,
}

impl Identity {
    /// Makes the first tenant and administrator; `None` where there is a tenant already.
    pub async fn begin(&self, beginning: Beginning) -> Result<Option<Begun>, Error> {
        if !self.store.is_empty().await? {
            return Ok(None);
        }
        let caller = Caller::new(CALLER, |_| true);
        let new = NewTenant {
            handle: beginning.handle,
            display_name: beginning.display_name,
            domains: Vec::new(),
            licensed_accounts: None,
            request_id: self.own_request_id(),
        };
        let context = Context::default();
        let tenant = self.create_tenant(&caller, &Reach::Everywhere, new, &context).await?;
        let tenant_id = TenantId::from_uuid(tenant.tenant_id);
        let administrator = Administrator { caller, person: None, context };
        let new = NewAccount {
            tenant_id,
            logins: vec![beginning.login],
            display_name: beginning.administrator,
            external_id: None,
            password: Some(beginning.password),
            addresses: beginning.address.into_iter().collect(),
            addresses_confirmed: true,
            must_change_password: false,
            managed_elsewhere: false,
            request_id: self.own_request_id(),
        };
        let account = self.create_account(&administrator, new).await?;
        let account_id = AccountId::from_uuid(account.account_id);
        let target = Target { tenant_id, account_id, request_id: self.own_request_id() };
        self.administer(&administrator, target, Act::Grant(Role::GlobalAdministrator)).await?;
        Ok(Some(Begun { tenant_id, account_id }))
    }

    fn own_request_id(&self) -> RequestId {
        RequestId::from_uuid(uuid_v4(&*self.entropy))
    }
}
