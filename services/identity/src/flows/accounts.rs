//! Accounts: creating one, and finding those of a tenant.
//!
//! An address given at creation is one of the first of a new account and so is spared the quarantine; it proves
//! nothing before it is confirmed, unless the integrator vouches that it has been.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::id::{AccountId, RequestId, SecurityInfoId, TenantId};
use rekey_primitives::login::Login;
use rekey_primitives::secret::{ExposeSecret, SecretString};

use super::administrator::Administrator;
use super::once::{Call, Repeatable, Settled};
use super::pages::{AskedPage, List, Page};
use super::shown::ShownAccount;
use super::{Error, Identity};
use crate::domain::account::{Account, CredentialEpoch, PasswordRecord, RecoveryVersion};
use crate::domain::audit::{EventKind, Outcome, Subject};
use crate::domain::authority::{Permission, RoleSet};
use crate::domain::password::Password;
use crate::domain::refusal::Refusal;
use crate::domain::security_info::{Holding, NotAdded, SecurityInfo, Standing, may_add};
use crate::store::accounts::{AccountKey, AccountTaken};

/// The RPC that creates one.
const CREATE: &str = "CreateAccount";

/// An account to create.
#[derive(Debug, Clone)]
pub(crate) struct NewAccount {
    /// Where.
    pub tenant_id: TenantId,
    /// What the person may type at sign-in; at least one.
    pub logins: Vec<Login>,
    /// The name people read; without one the first login is shown.
    pub display_name: Option<String>,
    /// The integrator's own id.
    pub external_id: Option<String>,
    /// A first password.
    pub password: Option<SecretString>,
    /// Addresses to fill in.
    pub addresses: Vec<Destination>,
    /// The integrator vouches that the person confirmed them.
    pub addresses_confirmed: bool,
    /// The first sign-in must set a new password.
    pub must_change_password: bool,
    /// Another directory manages its password.
    pub managed_elsewhere: bool,
    /// Roles from the start. None through the contract: there they are granted, by an act of its own.
    pub roles: RoleSet,
    /// Names the call.
    pub request_id: RequestId,
}

/// How an account is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccountName {
    /// By its id.
    Id(AccountId),
    /// By any of its logins.
    Login(Login),
    /// By the integrator's id.
    ExternalId(String),
}

impl From<AccountName> for AccountKey {
    fn from(name: AccountName) -> Self {
        match name {
            AccountName::Id(id) => Self::Id(id),
            AccountName::Login(login) => Self::Login(login),
            AccountName::ExternalId(id) => Self::ExternalId(id),
        }
    }
}

impl Identity {
    /// Creates an account.
    pub(crate) async fn create_account(
        &self,
        administrator: &Administrator,
        new: NewAccount,
    ) -> Result<ShownAccount, Error> {
        let now = self.now();
        let scope = self.scope_of(administrator, new.tenant_id, CREATE, now)?;
        if new.addresses_confirmed && administrator.person.is_some() {
            let why = (CREATE, "addresses_confirmed");
            self.note_denied(administrator, new.tenant_id, Subject::Tenant, why, now);
            return Err(Refusal::CallerNotAllowed.into());
        }
        if new.managed_elsewhere && new.password.is_some() {
            return Err(Refusal::field("password", "absent where another directory manages it").into());
        }
        let needs = (CREATE, Permission::ManageAccounts);
        self.authorise_in_tenant(&scope, administrator, Subject::Tenant, needs, now).await?;
        let call = self.creation(administrator, &new, now);
        if let Some(first) = self.recall(&scope, &call, now).await? {
            return Ok(first);
        }
        let known = self.store.find_login(&scope, None).await?.ok_or(Refusal::TenantNotFound)?;
        let mut account = self.drafted(&new, now)?;
        if let Some(password) = &new.password {
            let password = Password::typed(password);
            let rules = (&known.tenant, &known.policy.policy);
            self.judge_new_password(&scope, &account, rules, &password).await?;
            let record = self.new_password_record(&account, &password, now).await?;
            account.password = Some(PasswordRecord { must_change: new.must_change_password, ..record });
        }
        let event = self
            .event(new.tenant_id, EventKind::AccountCreated, Outcome::Success, now)
            .by(administrator.actor())
            .on(account.id)
            .through(&administrator.caller)
            .from(&administrator.context);
        let answer = |account: &Account| self.seal_answer(&call, &ShownAccount::from(account));
        let step =
            self.store.create_account(&scope, &account, &event.done(), Some(call.once(&answer))).await?;
        match self.settle(&call, step)? {
            Settled::Done(account) => Ok(ShownAccount::from(&account)),
            Settled::Repeated(first) => Ok(first),
            Settled::Refused(AccountTaken::Login) => Err(Refusal::LoginTaken.into()),
            Settled::Refused(AccountTaken::ExternalId) => Err(Refusal::ExternalIdTaken.into()),
        }
    }

    /// Shows an account.
    pub(crate) async fn get_account(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        name: AccountName,
    ) -> Result<ShownAccount, Error> {
        let now = self.now();
        let (rpc, about) = match &name {
            AccountName::Id(id) => ("GetAccount", Subject::Account(*id)),
            AccountName::Login(_) | AccountName::ExternalId(_) => ("LookupAccount", Subject::Tenant),
        };
        let scope = self.scope_of(administrator, tenant_id, rpc, now)?;
        let needs = (rpc, Permission::ReadDirectory);
        self.authorise_in_tenant(&scope, administrator, about, needs, now).await?;
        let found = self.store.find_account(&scope, &name.into()).await?;
        Ok(ShownAccount::from(&found.ok_or(Refusal::AccountNotFound)?))
    }

    /// Lists the accounts of a tenant, oldest first.
    pub(crate) async fn list_accounts(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        asked: &AskedPage,
    ) -> Result<Page<ShownAccount>, Error> {
        let now = self.now();
        let scope = self.scope_of(administrator, tenant_id, "ListAccounts", now)?;
        let needs = ("ListAccounts", Permission::ReadDirectory);
        self.authorise_in_tenant(&scope, administrator, Subject::Tenant, needs, now).await?;
        let tenant = tenant_id.as_uuid();
        let list = List { name: "accounts", arguments: &[tenant.as_bytes()] };
        let after = self.page_begins_after(list, asked, now)?.map(AccountId::from_uuid);
        let read = self.store.list_accounts(&scope, after, asked.limit()).await?;
        let read = read.iter().map(ShownAccount::from).collect();
        Ok(self.page(list, asked, read, |account| account.account_id, now))
    }

    /// An account with everything but its password.
    fn drafted(&self, new: &NewAccount, now: Timestamp) -> Result<Account, Refusal> {
        let standing =
            if new.addresses_confirmed { Standing::Confirmed { at: now } } else { Standing::Prefilled };
        let first_login = new.logins.first().map(|login| login.as_str().to_owned());
        Ok(Account {
            id: AccountId::generate(&*self.entropy, now),
            tenant_id: new.tenant_id,
            external_id: new.external_id.clone(),
            display_name: new.display_name.clone().or(first_login).unwrap_or_default(),
            logins: new.logins.clone(),
            password: None,
            epoch: CredentialEpoch::FIRST,
            recovery_version: RecoveryVersion::FIRST,
            blocked: false,
            frozen: false,
            managed_elsewhere: new.managed_elsewhere,
            roles: new.roles,
            security_info: self.first_entries(&new.addresses, standing, now)?,
            reconfirmed_at: None,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            version: 1,
        })
    }

    /// The entries of a new account; an address that is named twice is held once.
    fn first_entries(
        &self,
        addresses: &[Destination],
        standing: Standing,
        now: Timestamp,
    ) -> Result<Vec<SecurityInfo>, Refusal> {
        let mut entries: Vec<SecurityInfo> = Vec::new();
        for address in addresses {
            let holding = Holding::from(address);
            match may_add(&entries, &holding) {
                Err(NotAdded::AlreadyThere) => continue,
                added => added?,
            }
            entries.push(SecurityInfo {
                id: SecurityInfoId::generate(&*self.entropy, now),
                holding,
                label: None,
                is_default: entries.is_empty(),
                standing,
                disabled: false,
                is_first: true,
                added_at: now,
                changed_at: now,
            });
        }
        Ok(entries)
    }

    fn creation(&self, administrator: &Administrator, new: &NewAccount, now: Timestamp) -> Repeatable {
        let who = administrator.who();
        let call = Call { rpc: CREATE, who: &who, tenant_id: new.tenant_id, request_id: new.request_id };
        let flags = [new.addresses_confirmed, new.must_change_password, new.managed_elsewhere].map(u8::from);
        let counts = [new.logins.len(), new.addresses.len()].map(|count| count as u64).map(u64::to_be_bytes);
        let mut content: Vec<&[u8]> = vec![
            &flags,
            &counts[0],
            &counts[1],
            new.display_name.as_deref().unwrap_or_default().as_bytes(),
            new.external_id.as_deref().unwrap_or_default().as_bytes(),
            new.password.as_ref().map_or("", |password| password.expose_secret()).as_bytes(),
        ];
        content.extend(new.logins.iter().map(|login| login.as_str().as_bytes()));
        content.extend(new.addresses.iter().map(|address| address.as_str().as_bytes()));
        self.repeatable(call, &content, now)
    }
}
