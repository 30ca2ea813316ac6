//! A fresh store with people in it.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{EmailAddress, PhoneNumber};
use rekey_primitives::entropy::{SeededEntropy, SharedEntropy, array, uuid_v4};
use rekey_primitives::id::{AccountId, EventId, HelpRequestId, SecurityInfoId, SessionId, TenantId};
use rekey_primitives::login::Login;
use rekey_testing::Database;
use tempfile::TempDir;

use crate::domain::account::{Account, CredentialEpoch, PasswordRecord, RecoveryVersion, Sealed};
use crate::domain::audit::{Actor, AuditEvent, EventKind, Outcome, Subject};
use crate::domain::authority::{Role, RoleSet};
use crate::domain::help::{HelpRequest, HelpState, Message};
use crate::domain::lockout::Fingerprint;
use crate::domain::policy::{LockoutRules, Policy, PolicyRevision};
use crate::domain::scope::TenantScope;
use crate::domain::security_info::{Holding, SecurityInfo, Standing};
use crate::domain::session::{RefreshRecord, Session};
use crate::domain::tenant::{DomainName, Handle, Tenant};
use crate::store::accounts::{AccountKey, Change, ChangeAccount, NotChanged};
use crate::store::outbox::Notice;
use crate::store::postgres::{self, PostgresOptions, PostgresStore};
use crate::store::resets::CompleteReset;
use crate::store::sign_ins::{Admission, OpenSession, PasswordTry};
use crate::store::sqlite::{self, SqliteOptions, SqliteStore};
use crate::store::{Failure, Once, Step, Store};

/// When everything begins.
pub(super) const NOW: Timestamp = Timestamp::from_unix_micros(1_900_000_000_000_000);

/// A fresh store, and what keeps it alive.
pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    pub(super) entropy: SharedEntropy,
    pub(super) inside: Inside,
}

/// The store as its own kind, to look where the traits do not.
pub(super) enum Inside {
    Sqlite(SqliteStore, #[expect(dead_code, reason = "kept for as long as the store")] TempDir),
    Postgres(PostgresStore, #[expect(dead_code, reason = "kept for as long as the store")] Database),
}

/// So many seconds after [`NOW`].
pub(super) fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

/// A request that may be repeated for 10 minutes and is answered "first".
pub(super) fn once<'a, T>(key: u8, content: u8) -> Once<'a, T> {
    answered(key, content, &first)
}

/// A request that may be repeated for 10 minutes.
pub(super) fn answered<'a, T>(
    key: u8,
    content: u8,
    answer: &'a (dyn Fn(&T) -> Vec<u8> + Send + Sync),
) -> Once<'a, T> {
    Once { key: [key; 32], content: [content; 32], expires_at: after(600), answer }
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
    pub(super) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::at(folder.path().join("identity.db"));
        sqlite::migrate(&options).await.unwrap();
        let store = SqliteStore::open(&options).await.unwrap();
        Self::of(Arc::new(store.clone()), Inside::Sqlite(store, folder))
    }

    pub(super) async fn postgres() -> Self {
        let database = rekey_testing::postgres_from_template("identity", async |url: &str| {
            postgres::migrate(url).await?;
            Ok::<_, Failure>(())
        })
        .await;
        // Tests run beside each other on few cores: what is judged here is what happens, not how fast.
        let patience = Duration::from_secs(60);
        let options = PostgresOptions {
            acquire_timeout: patience,
            statement_timeout: patience,
            lock_timeout: patience,
            ..PostgresOptions::default()
        };
        let store = PostgresStore::connect(database.url(), &options).unwrap();
        Self::of(Arc::new(store.clone()), Inside::Postgres(store, database))
    }

    fn of(store: Arc<dyn Store>, inside: Inside) -> Self {
        Self { store, entropy: Arc::new(SeededEntropy::new(7)), inside }
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
            created_at: NOW,
            updated_at: NOW,
            version: 1,
        }
    }

    /// Creates that tenant.
    pub(super) async fn create_tenant(&self, tenant: &Tenant) -> TenantScope {
        let scope = TenantScope::of(true, tenant.id).unwrap();
        let event = self.event(&scope, EventKind::TenantCreated);
        let step = self.store.create_tenant(tenant, &default_policy(tenant.id), &event, None).await.unwrap();
        assert_eq!(step, Step::Done(tenant.clone()));
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
        assert_eq!(step, Step::Done(account.clone()));
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
        change: Change,
    ) -> Step<Account, NotChanged> {
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

    /// A session of an account in its epoch, by a refresh token whose hash is that byte.
    pub(super) fn session(&self, account: &Account, refresh: u8) -> Session {
        Session {
            id: SessionId::generate(self.entropy(), NOW),
            tenant_id: account.tenant_id,
            account_id: account.id,
            epoch: account.epoch,
            auth_time: NOW,
            strong: false,
            refresh: RefreshRecord::first([refresh; 32], NOW),
            user_agent_family: "Firefox".to_owned(),
            created_at: NOW,
            refreshed_at: NOW,
            expires_at: after(30 * 86_400),
            ended: None,
        }
    }

    /// Opens that session after the account's own password was verified.
    pub(super) fn opening(&self, scope: &TenantScope, account: &Account, session: &Session) -> OpenSession {
        OpenSession {
            session: session.clone(),
            verified: account.password.as_ref().unwrap().hash.clone(),
            rehashed: None,
            login: [1; 32],
            place: Some([2; 32]),
            answers: None,
            event: self.event(scope, EventKind::SignIn),
        }
    }

    /// A session that is open.
    pub(super) async fn signed_in(&self, scope: &TenantScope, account: &Account, refresh: u8) -> Session {
        let session = self.session(account, refresh);
        let open = self.opening(scope, account, &session);
        let once = Once { key: array(self.entropy()), ..once(1, 1) };
        let step = self.store.open_session(scope, &open, once).await.unwrap();
        assert_eq!(step, Step::Done(session.clone()));
        session
    }

    /// A reset of an account as it is, to a password whose hash is that.
    pub(super) fn reset(&self, scope: &TenantScope, account: &Account, hash: &[u8]) -> CompleteReset {
        CompleteReset {
            account_id: account.id,
            epoch: account.epoch,
            recovery_version: account.recovery_version,
            password: password(hash),
            history: 1,
            login: [1; 32],
            event: self.event(scope, EventKind::ResetCompleted),
            notices: vec![self.notice(scope)],
            now: after(60),
        }
    }

    /// A password try from a place, wrong in a way of its own.
    pub(super) fn password_try(&self, scope: &TenantScope, place: Option<u8>) -> PasswordTry {
        let fingerprint: Fingerprint = array(self.entropy());
        PasswordTry {
            login: [1; 32],
            place: place.map(|byte| [byte; 32]),
            fingerprint,
            rules: LockoutRules::default(),
            locked_event: self.event(scope, EventKind::LockedOut),
        }
    }

    /// Counts that try under a request of its own.
    pub(super) async fn admit(
        &self,
        scope: &TenantScope,
        attempt: &PasswordTry,
        now: Timestamp,
    ) -> Admission {
        let once = Once { key: array(self.entropy()), ..once(1, 1) };
        let step = self.store.admit_password(scope, attempt, once, now).await.unwrap();
        let Step::Done(admission) = step else { panic!("{step:?}") };
        admission
    }

    /// A help request of an account.
    pub(super) fn help(&self, account: &Account, proved: bool, now: Timestamp) -> HelpRequest {
        HelpRequest {
            id: HelpRequestId::generate(self.entropy(), now),
            tenant_id: account.tenant_id,
            account_id: account.id,
            message: Message::parse("my phone is gone").unwrap(),
            proved,
            state: HelpState::Open,
            handled_by: None,
            created_at: now,
            updated_at: now,
            expires_at: now.plus(Duration::from_secs(14 * 86_400)),
            version: 1,
        }
    }

    /// An event of the tenant.
    pub(super) fn event(&self, scope: &TenantScope, kind: EventKind) -> AuditEvent {
        AuditEvent {
            id: EventId::generate(self.entropy(), NOW),
            tenant_id: scope.tenant_id(),
            at: NOW,
            kind,
            outcome: Outcome::Success,
            reason: Some("because".into()),
            actor: Actor::Account(AccountId::from_uuid(uuid::Uuid::from_u128(9))),
            caller: Some("portal".to_owned()),
            subject: Subject::UnknownLogin([3; 32]),
            ip_address: Some([192, 0, 2, 1].into()),
            masked_place: Some("a•••••@e•••••".to_owned()),
            trace_id: Some([4; 16]),
            count: 1,
        }
    }

    /// A notice of the tenant.
    pub(super) fn notice(&self, scope: &TenantScope) -> Notice {
        Notice {
            id: uuid_v4(self.entropy()),
            tenant_id: scope.tenant_id(),
            content: Sealed::new(b"sealed".to_vec()),
            not_after: after(86_400),
        }
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
