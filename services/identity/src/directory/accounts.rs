//! Accounts: creating one, and finding those of a tenant.
//!
//! An address given at creation is one of the first of a new account and so is spared the quarantine; it proves
//! nothing before it is confirmed, unless the integrator vouches that it has been.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::id::{AccountId, RequestId, SecurityInfoId, TenantId};
use rekey_primitives::login::Login;
use rekey_primitives::secret::{ExposeSecret, SecretString};

use super::Directory;
use crate::domain::account::{Account, CredentialEpoch, PasswordRecord, RecoveryVersion};
use crate::domain::audit::{EventKind, Subject};
use crate::domain::authority::{Permission, RoleSet};
use crate::domain::password::Password;
use crate::domain::refusal::Refusal;
use crate::domain::security_info::{Holding, NotAdded, SecurityInfo, Standing, may_add};
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Administrator, Error, Operation, Repeatable, Rpc};
use crate::policies::TenantPolicy;
use crate::store::accounts::{AccountKey, AccountTaken};
use crate::views::AccountView;

pub(super) const CREATE: Rpc = Rpc { name: "CreateAccount", event: EventKind::AccountCreated };
// Whoever reads leaves no event but a denial.
const GET: Rpc = Rpc { name: "GetAccount", event: EventKind::PermissionDenied };
const LOOK_UP: Rpc = Rpc { name: "LookupAccount", event: EventKind::PermissionDenied };

/// An account to create.
#[derive(Debug, Clone)]
pub(crate) struct NewAccount {
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

impl Directory {
    /// Creates an account.
    pub(crate) async fn create_account(
        &self,
        administrator: &Administrator,
        new: NewAccount,
    ) -> Result<AccountView, Error> {
        let operation = self.authorisation.operation(CREATE, administrator, new.tenant_id)?;
        if new.addresses_confirmed && administrator.person.is_some() {
            self.authorisation.note_denied(&operation, "addresses_confirmed");
            return Err(Refusal::CallerNotAllowed { missing: "in_own_name" }.into());
        }
        if new.managed_elsewhere && new.password.is_some() {
            return Err(Refusal::field("password", "absent where another directory manages it").into());
        }
        let needs = Permission::ManageAccounts;
        self.authorisation.authorise_in_tenant(&operation, administrator, needs).await?;
        let operation = self.named_creation(operation, administrator, &new);
        self.idempotency.run(&operation, self.create_account_once(&operation, &new)).await
    }

    async fn create_account_once(
        &self,
        operation: &Repeatable<'_>,
        new: &NewAccount,
    ) -> Result<Answer<AccountView>, Error> {
        let known = self.store.find_login(&operation.scope, None).await?.ok_or(Refusal::TenantNotFound)?;
        let mut account = self.drafted(new, operation.now)?;
        if let Some(password) = &new.password {
            let rules = TenantPolicy { tenant: known.tenant, policy: known.policy.policy };
            let record = self.first_password(operation, &account, &rules, password).await?;
            account.password = Some(PasswordRecord { must_change: new.must_change_password, ..record });
        }
        let event = self.audit.event(operation).on(account.id).done();
        let answering =
            self.idempotency.answering(operation.key, |account: &Account| AccountView::from(account));
        let once = answering.once();
        let step = self.store.create_account(&operation.scope, &account, &event, Some(once)).await?;
        answering.settle(step)?.map_err(|taken| match taken {
            AccountTaken::Login => Refusal::LoginTaken.into(),
            AccountTaken::ExternalId => Refusal::ExternalIdTaken.into(),
        })
    }

    /// The record of a first password. Its hash costs what every hash costs: the budgets of where the call comes from, and the
    /// turn of its login.
    pub(super) async fn first_password(
        &self,
        operation: &Operation<'_>,
        account: &Account,
        rules: &TenantPolicy,
        password: &SecretString,
    ) -> Result<PasswordRecord, Error> {
        let login = self.credentials.keys.login_key_of(account);
        self.limits.consume_first_hash(operation).await?;
        let _turn = self.credentials.turn(&login).await?;
        let password = Password::typed(password);
        self.credentials.check_rules(operation, account, rules, &password).await?;
        self.credentials.record(account, &password, operation.now).await
    }

    /// Shows an account.
    pub(crate) async fn get_account(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        name: AccountName,
    ) -> Result<AccountView, Error> {
        let (rpc, about) = match &name {
            AccountName::Id(id) => (GET, Subject::Account(*id)),
            AccountName::Login(_) | AccountName::ExternalId(_) => (LOOK_UP, Subject::Tenant),
        };
        let operation = self.authorisation.operation(rpc, administrator, tenant_id)?.on(about);
        let needs = Permission::ReadDirectory;
        self.authorisation.authorise_in_tenant(&operation, administrator, needs).await?;
        let found = self.store.find_account(&operation.scope, &name.into()).await?;
        Ok(AccountView::from(&found.ok_or(Refusal::AccountNotFound)?))
    }

    /// An account with everything but its password.
    pub(super) fn drafted(&self, new: &NewAccount, now: Timestamp) -> Result<Account, Refusal> {
        let standing =
            if new.addresses_confirmed { Standing::Confirmed { at: now } } else { Standing::Prefilled };
        let addresses = new.addresses.iter().map(|address| (address, standing));
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
            security_info: self.first_entries(addresses, now)?,
            reconfirmed_at: None,
            last_sign_in_at: None,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            version: 1,
        })
    }

    /// The entries of a new account; an address that is named twice is held once.
    pub(super) fn first_entries<'a>(
        &self,
        addresses: impl Iterator<Item = (&'a Destination, Standing)>,
        now: Timestamp,
    ) -> Result<Vec<SecurityInfo>, NotAdded> {
        let mut entries: Vec<SecurityInfo> = Vec::new();
        for (address, standing) in addresses {
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

    fn named_creation<'a>(
        &self,
        operation: Operation<'a>,
        administrator: &Administrator,
        new: &NewAccount,
    ) -> Repeatable<'a> {
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
        let who = administrator.name();
        self.idempotency.named(operation, Request { who: &who, id: new.request_id, content: &content })
    }
}
