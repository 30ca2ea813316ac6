//! A fresh store with people in it.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{EmailAddress, PhoneNumber};
use rekey_primitives::entropy::{SeededEntropy, SharedEntropy};
use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId};
use rekey_primitives::login::Login;
use rekey_testing::Backing;

use crate::domain::account::{Account, CredentialEpoch, PasswordRecord, RecoveryVersion, Sealed};
use crate::domain::audit::EventKind;
use crate::domain::authority::{Role, RoleSet};
use crate::domain::policy::{Policy, PolicyRevision};
use crate::domain::scope::TenantScope;
use crate::domain::security_info::{Holding, SecurityInfo, Standing};
use crate::domain::session::Session;
use crate::domain::tenant::{DomainName, Handle, Tenant};
use crate::store::accounts::{AccountChange, AccountKey, ChangeAccount, ChangeRefused};
use crate::store::sign_ins::LiveSessions;
use crate::store::{IdempotentRequest, OPTIONS, Options, StepOutcome, Store, migrate};

/// When everything begins.
pub(super) const NOW: Timestamp = Timestamp::from_unix_micros(1_900_000_000_000_000);

/// A fresh store, and what keeps it alive.
pub(in crate::store) struct World {
    pub(in crate::store) store: Store,
    pub(super) entropy: SharedEntropy,
    backing: Backing,
}

/// So many seconds after [`NOW`].
pub(super) fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

/// A request that may be repeated for 10 minutes and is answered "first".
pub(super) fn idempotent<'a, T>(key: u8, content: u8) -> IdempotentRequest<'a, T> {
    answered(key, content, &first)
}

/// A request that may be repeated for 10 minutes.
pub(super) fn answered<'a, T>(
    key: u8,
    content: u8,
    answer: &'a (dyn Fn(&T) -> Vec<u8> + Send + Sync),
) -> IdempotentRequest<'a, T> {
    IdempotentRequest { key: [key; 32], content: [content; 32], expires_at: after(600), answer }
}

fn first<T>(_: &T) -> Vec<u8> {
    b"first".to_vec()
}

/// A password record that was set when everything began.
pub(super) fn password(hash: &[u8]) -> PasswordRecord {
    PasswordRecord {
        hash: Sealed::new(hash.to_vec()),
        set_at: NOW,
        must_change: false,
        temporary_until: None,
        expiry_exempt: false,
        expiry_counts_from: NOW,
    }
}

impl World {
    pub(in crate::store) async fn sqlite() -> Self {
        let backing = Backing::sqlite();
        migrate(backing.url(), &OPTIONS).await.unwrap();
        Self::of(backing).await
    }

    pub(in crate::store) async fn postgres() -> Self {
        let migrated = async |url: &str| migrate(url, &OPTIONS).await;
        Self::of(Backing::postgres_from_template("identity", migrated).await).await
    }

    /// A Postgres behind a PgBouncer in transaction mode.
    pub(in crate::store) async fn pgbouncer() -> Self {
        let migrated = async |url: &str| migrate(url, &OPTIONS).await;
        let backing = Backing::pgbouncer_from_template("identity", migrated).await;
        Self::by(backing, &Options { transaction_pooling: true, ..OPTIONS }).await
    }

    /// A Postgres where we own our database and may nothing else.
    pub(in crate::store) async fn plain_role() -> Self {
        let backing = Backing::postgres_of_plain_role().await;
        migrate(backing.url(), &OPTIONS).await.unwrap();
        Self::of(backing).await
    }

    /// A Postgres whose lists are read from a replica that has replayed every commit before it is told.
    pub(in crate::store) async fn replicated() -> Self {
        let (backing, replica) = Backing::replicated().await;
        migrate(backing.url(), &OPTIONS).await.unwrap();
        let world = Self::of(backing).await;
        let store =
            world.store.with_replica(&replica, Duration::from_secs(3_600), &OPTIONS).unwrap().lagging();
        Self { store, ..world }
    }

    async fn of(backing: Backing) -> Self {
        Self::by(backing, &OPTIONS).await
    }

    async fn by(backing: Backing, options: &Options) -> Self {
        // Tests run beside each other on few cores: what is judged here is what happens, not how fast.
        let patience = Duration::from_secs(60);
        let options = Options {
            acquire_timeout: patience,
            statement_timeout: patience,
            lock_timeout: patience,
            busy_timeout: patience,
            ..options.clone()
        };
        let store = Store::open(backing.url(), &options).await.unwrap();
        Self { store, entropy: Arc::new(SeededEntropy::new(7)), backing }
    }

    /// Where its database is.
    pub(super) fn url(&self) -> &str {
        self.backing.url()
    }

    pub(super) fn entropy(&self) -> &dyn rekey_primitives::entropy::Entropy {
        self.entropy.as_ref()
    }

    /// A tenant by that handle, not yet created.
    pub(super) fn unborn_tenant(&self, handle: &str) -> Tenant {
        Tenant {
            id: TenantId::generate(self.entropy(), NOW),
            handle: Handle::parse(handle).unwrap(),
            display_name: "Acme".to_owned(),
            domains: vec![DomainName::parse(&format!("{handle}.example")).unwrap()],
            licensed_accounts: None,
            help_mailbox: None,
            help_url: None,
            home_region: None,
            created_at: NOW,
            updated_at: NOW,
            deleted_at: None,
            version: 1,
        }
    }

    /// Creates that tenant.
    pub(super) async fn create_tenant(&self, tenant: &Tenant) -> TenantScope {
        let scope = TenantScope::of(true, tenant.id).unwrap();
        let event = self.event(&scope, EventKind::TenantCreated);
        let step = self.store.create_tenant(tenant, &default_policy(tenant.id), &event, None).await.unwrap();
        assert_eq!(step, StepOutcome::Done(tenant.clone()));
        scope
    }

    /// A tenant.
    pub(super) async fn tenant(&self) -> TenantScope {
        self.create_tenant(&self.unborn_tenant("acme")).await
    }

    /// An account by that login, not yet created, with a password and one confirmed address.
    pub(super) fn unborn_account(&self, scope: &TenantScope, login: &str) -> Account {
        Account {
            id: AccountId::generate(self.entropy(), NOW),
            tenant_id: scope.tenant_id(),
            external_id: None,
            display_name: "Anna Blume".to_owned(),
            logins: vec![Login::parse(login).unwrap()],
            password: Some(password(b"old hash")),
            epoch: CredentialEpoch::FIRST,
            recovery_version: RecoveryVersion::FIRST,
            blocked: false,
            frozen: false,
            managed_elsewhere: false,
            roles: RoleSet::EMPTY,
            security_info: vec![self.entry(&format!("{login}@mail.example"))],
            reconfirmed_at: None,
            last_sign_in_at: None,
            created_at: NOW,
            updated_at: NOW,
            deleted_at: None,
            version: 1,
        }
    }

    /// Creates that account.
    pub(super) async fn create_account(&self, scope: &TenantScope, account: &Account) -> Account {
        let event = self.event(scope, EventKind::AccountCreated);
        let step = self.store.create_account(scope, account, &event, None).await.unwrap();
        assert_eq!(step, StepOutcome::Done(account.clone()));
        account.clone()
    }

    /// An account.
    pub(super) async fn account(&self, scope: &TenantScope) -> Account {
        self.create_account(scope, &self.unborn_account(scope, "anna")).await
    }

    /// An account with the role over all roles.
    pub(super) async fn global_administrator(&self, scope: &TenantScope, login: &str) -> Account {
        let account = self.unborn_account(scope, login);
        self.create_account(scope, &Account { roles: RoleSet::of(&[Role::GlobalAdministrator]), ..account })
            .await
    }

    /// The account's live sessions, newest first.
    pub(super) async fn live_sessions(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        now: Timestamp,
    ) -> Vec<Session> {
        let asked = LiveSessions { account_id, before: None, limit: 50, now };
        self.store.list_sessions(scope, &asked).await.unwrap()
    }

    /// The account as it is now.
    pub(super) async fn read(&self, scope: &TenantScope, id: AccountId) -> Account {
        self.store.find_account(scope, &AccountKey::Id(id)).await.unwrap().unwrap()
    }

    /// A confirmed address.
    pub(super) fn entry(&self, address: &str) -> SecurityInfo {
        SecurityInfo {
            id: SecurityInfoId::generate(self.entropy(), NOW),
            holding: match PhoneNumber::parse(address) {
                Ok(number) => Holding::Phone(number),
                Err(_) => Holding::Email(EmailAddress::parse(address).unwrap()),
            },
            label: None,
            is_default: false,
            standing: Standing::Confirmed { at: NOW },
            disabled: false,
            is_first: true,
            added_at: NOW,
            changed_at: NOW,
        }
    }

    /// Changes an account under the version given.
    pub(super) async fn change(
        &self,
        scope: &TenantScope,
        account: &Account,
        change: AccountChange,
    ) -> StepOutcome<Account, ChangeRefused> {
        let change = ChangeAccount {
            account_id: account.id,
            version: account.version,
            change,
            event: self.event(scope, EventKind::AccountUpdated),
            notices: vec![self.notice(scope)],
            now: after(1),
        };
        self.store.change_account(scope, &change, None).await.unwrap()
    }

    /// How many notices are queued, leaving them due.
    pub(super) async fn queued(&self) -> usize {
        self.store.claim_notices(1_000, after(3_600), after(3_600)).await.unwrap().len()
    }
}

/// Revision 1 of a tenant's policy.
pub(super) fn default_policy(tenant_id: TenantId) -> PolicyRevision {
    PolicyRevision { tenant_id, version: 1, policy: Policy::default(), changed_by: None, changed_at: NOW }
}
