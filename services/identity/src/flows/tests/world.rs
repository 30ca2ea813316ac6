//! An identity with a tenant and people in it.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::{ManualClock, Timestamp};
use rekey_primitives::contact::{EmailAddress, PhoneNumber};
use rekey_primitives::entropy::{SeededEntropy, SharedEntropy, uuid_v4};
use rekey_primitives::id::{AccountId, RequestId, SecurityInfoId, TenantId};
use rekey_primitives::login::Login;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::KeyText;
use rekey_throttle::InProcessThrottle;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use super::fake::FakeVerification;
use crate::config;
use crate::domain::account::{Account, CredentialEpoch, PasswordRecord, RecoveryVersion};
use crate::domain::audit::{EventKind, Outcome};
use crate::domain::authority::{Role, RoleSet};
use crate::domain::policy::{Policy, PolicyRevision};
use crate::domain::scope::TenantScope;
use crate::domain::security_info::{Holding, SecurityInfo, Standing};
use crate::domain::tenant::{DomainName, Handle, Tenant};
use crate::flows::keys::KeyTexts;
use crate::flows::reset::start::StartedReset;
use crate::flows::reset::{CompleteReset, OfferedMethod, SendCode, StartReset, SubmitProof};
use crate::flows::sign_in::{SignIn, SignedIn};
use crate::flows::tokens::SessionTokens;
use crate::flows::{AuditBuffer, Caller, Context, Error, Identity, Keys, Person};
use crate::hashing::Hasher;
use crate::peers::notification::Message;
use crate::store::accounts::AccountKey;
use crate::store::{OPTIONS, Store, migrate};

/// When everything begins.
pub(crate) const START: Timestamp = Timestamp::from_unix_micros(1_900_000_000_000_000);

/// The password that people have to begin with.
pub(crate) const OLD: &str = "a ladder by the old lighthouse";
/// The password that people change to.
pub(crate) const NEW: &str = "seven quiet herons on the pier";

/// An identity whose neighbours are fakes, and what a test moves.
pub(crate) struct World {
    pub(crate) identity: Identity,
    pub(crate) clock: ManualClock,
    pub(crate) verification: Arc<FakeVerification>,
    pub(crate) caller: Caller,
    pub(crate) tenant: Tenant,
    pub(crate) scope: TenantScope,
    pub(super) folder: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A world whose tenant has another policy.
    pub(crate) async fn with(adapt: impl FnOnce(&mut Policy)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("identity.db").display());
        migrate(&url, &OPTIONS).await.unwrap();
        let clock = ManualClock::starting_at(START);
        let entropy: SharedEntropy = Arc::new(SeededEntropy::new(7));
        let verification = Arc::new(FakeVerification::new(Arc::new(clock.clone())));
        let settings = config::for_tests();
        let throttle = Arc::new(InProcessThrottle::new(10_000));
        let identity = Identity {
            store: Store::open(&url, &OPTIONS).await.unwrap(),
            verification: verification.clone(),
            hasher: Hasher::start(&settings.hashing, entropy.clone()).unwrap(),
            throttle: throttle.clone(),
            lenient_throttle: throttle,
            keys: keys(&*entropy),
            clock: Arc::new(clock.clone()),
            entropy,
            audit: AuditBuffer::new(settings.audit.buffer_events),
            settings,
            remaining: || Some(Duration::from_secs(60)),
        };
        let tenant = tenant(&identity);
        let mut policy = Policy::default();
        adapt(&mut policy);
        let revision =
            PolicyRevision { tenant_id: tenant.id, version: 1, policy, changed_by: None, changed_at: START };
        let event = identity.event(tenant.id, EventKind::TenantCreated, Outcome::Success, START).done();
        identity.store.create_tenant(&tenant, &revision, &event, None).await.unwrap();
        let scope = TenantScope::of(true, tenant.id).unwrap();
        let caller = Caller::new("portal", |_| true);
        Self { identity, clock, verification, caller, tenant, scope, folder }
    }

    /// A person with [`OLD`] as their password and these confirmed addresses.
    pub(crate) async fn person(&self, login: &str, addresses: &[&str]) -> Account {
        self.person_with(login, addresses, |_| {}).await
    }

    /// A person who differs in something.
    pub(crate) async fn person_with(
        &self,
        login: &str,
        addresses: &[&str],
        adapt: impl FnOnce(&mut Account),
    ) -> Account {
        let identity = &self.identity;
        let id = AccountId::generate(&*identity.entropy, identity.now());
        let mut account = Account {
            id,
            tenant_id: self.tenant.id,
            external_id: None,
            display_name: "Ada Byron".to_owned(),
            logins: vec![Login::parse(login).unwrap()],
            password: Some(self.password_record(id, OLD).await),
            epoch: CredentialEpoch::FIRST,
            recovery_version: RecoveryVersion::FIRST,
            blocked: false,
            frozen: false,
            managed_elsewhere: false,
            roles: RoleSet::EMPTY,
            security_info: addresses.iter().map(|address| self.entry(address)).collect(),
            reconfirmed_at: None,
            created_at: START,
            updated_at: START,
            deleted_at: None,
            version: 1,
        };
        adapt(&mut account);
        let event = identity.event(self.tenant.id, EventKind::AccountCreated, Outcome::Success, START).done();
        identity.store.create_account(&self.scope, &account, &event, None).await.unwrap();
        account
    }

    /// A global administrator with a mail address.
    pub(crate) async fn administrator(&self, login: &str, addresses: &[&str]) -> Account {
        let roles = RoleSet::of(&[Role::GlobalAdministrator]);
        self.person_with(login, addresses, |account| account.roles = roles).await
    }

    pub(crate) async fn password_record(&self, account_id: AccountId, password: &str) -> PasswordRecord {
        let identity = &self.identity;
        let phc = identity.hasher.hash(&password.into(), Duration::from_secs(60)).await.unwrap();
        let now = identity.now();
        PasswordRecord {
            hash: identity.keys.seal_password(&*identity.entropy, self.tenant.id, account_id, &phc),
            set_at: now,
            must_change: false,
            temporary_until: None,
            expiry_exempt: false,
            expiry_counts_from: now,
        }
    }

    fn entry(&self, address: &str) -> SecurityInfo {
        let holding = match PhoneNumber::parse(address) {
            Ok(number) => Holding::Phone(number),
            Err(_) => Holding::Email(EmailAddress::parse(address).unwrap()),
        };
        SecurityInfo {
            id: SecurityInfoId::generate(&*self.identity.entropy, START),
            holding,
            label: None,
            is_default: false,
            standing: Standing::Confirmed { at: START },
            disabled: false,
            is_first: true,
            added_at: START,
            changed_at: START,
        }
    }

    /// The account as it is now.
    pub(crate) async fn read(&self, account: &Account) -> Account {
        self.identity.store.find_account(&self.scope, &AccountKey::Id(account.id)).await.unwrap().unwrap()
    }

    pub(crate) fn request_id(&self) -> RequestId {
        RequestId::from_uuid(uuid_v4(&*self.identity.entropy))
    }

    pub(crate) async fn start(&self, login: &str) -> Result<StartedReset, Error> {
        self.start_from(login, "192.0.2.1").await
    }

    pub(crate) async fn start_from(&self, login: &str, ip: &str) -> Result<StartedReset, Error> {
        let request = StartReset { tenant_id: self.tenant.id, login: login.to_owned(), context: context(ip) };
        self.identity.start_reset(&self.caller, &request).await
    }

    pub(crate) fn send(&self, reset_token: &SecretString, method: &OfferedMethod) -> SendCode {
        SendCode {
            reset_token: reset_token.clone(),
            method_id: method.method_id.clone(),
            request_id: self.request_id(),
            context: context("192.0.2.1"),
        }
    }

    pub(crate) fn proof(&self, token: &SecretString, method: &OfferedMethod, code: &str) -> SubmitProof {
        SubmitProof {
            reset_token: token.clone(),
            method_id: method.method_id.clone(),
            code: code.into(),
            request_id: self.request_id(),
            context: context("192.0.2.1"),
        }
    }

    pub(crate) fn completion(&self, reset_token: &SecretString, password: &str) -> CompleteReset {
        CompleteReset {
            reset_token: reset_token.clone(),
            new_password: password.into(),
            request_id: self.request_id(),
            context: context("192.0.2.1"),
        }
    }

    /// A reset of this login with its first method passed by the code sent to that address.
    pub(crate) async fn proved(&self, login: &str, address: &str) -> SecretString {
        let started = self.start(login).await.unwrap();
        let method = &started.methods[0];
        self.identity.send_code(&self.caller, &self.send(&started.reset_token, method)).await.unwrap();
        let code = self.verification.latest_code_for(address);
        let proof = self.proof(&started.reset_token, method, code.expose_secret());
        let answer = self.identity.submit_proof(&self.caller, &proof).await.unwrap();
        assert!(answer.accepted);
        answer.reset_token
    }

    /// A sign-in from an address.
    pub(crate) async fn sign_in_from(&self, ip: &str, login: &str, password: &str) -> SignedIn {
        let request = self.sign_in_request(ip, login, password);
        self.identity.sign_in(&self.caller, &request).await.unwrap()
    }

    pub(crate) async fn sign_in(&self, login: &str, password: &str) -> SignedIn {
        self.sign_in_from("192.0.2.1", login, password).await
    }

    pub(crate) fn sign_in_request(&self, ip: &str, login: &str, password: &str) -> SignIn {
        SignIn {
            tenant_id: self.tenant.id,
            login: login.to_owned(),
            password: password.into(),
            request_id: self.request_id(),
            context: context(ip),
        }
    }

    /// The tokens of a sign-in that succeeds.
    pub(crate) async fn signed_in(&self, login: &str, password: &str) -> SessionTokens {
        match self.sign_in(login, password).await {
            SignedIn::Tokens(tokens) => tokens,
            other => panic!("not signed in: {other:?}"),
        }
    }

    /// The person behind tokens, if they are live.
    pub(crate) async fn live(&self, tokens: &SessionTokens) -> Option<Person> {
        self.identity.verify_person(&tokens.access_token).await.unwrap()
    }

    /// The notices in the outbox, opened: template and address.
    pub(crate) async fn notices(&self) -> Vec<Message> {
        let now = self.identity.now();
        let claimed = self.identity.store.claim_notices(100, now.plus(Duration::from_secs(60)), now).await;
        claimed
            .unwrap()
            .iter()
            .map(|claimed| self.identity.keys.open_notice(&claimed.notice).unwrap())
            .collect()
    }

    /// Does to the rows of a tenant what no code here would.
    pub(crate) async fn damage(&self, tenant_id: TenantId, statement: &'static str) {
        let file = SqliteConnectOptions::new().filename(self.folder.path().join("identity.db"));
        let mut connection = SqliteConnection::connect_with(&file).await.unwrap();
        sqlx::query(statement).bind(tenant_id.as_uuid()).execute(&mut connection).await.unwrap();
    }

    /// Another tenant, whose policy does not read.
    pub(crate) async fn tenant_without_a_policy(&self, tenant: &Tenant) {
        let revision = PolicyRevision {
            tenant_id: tenant.id,
            version: 1,
            policy: Policy::default(),
            changed_by: None,
            changed_at: START,
        };
        let event = self.identity.event(tenant.id, EventKind::TenantCreated, Outcome::Success, START).done();
        self.identity.store.create_tenant(tenant, &revision, &event, None).await.unwrap();
        self.damage(tenant.id, "update policies set document = '' where tenant_id = $1").await;
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// A browser at an address.
pub(crate) fn context(ip: &str) -> Context {
    Context {
        ip: Some(ip.parse().unwrap()),
        user_agent: Some("Mozilla/5.0 Firefox/140.0".to_owned()),
        ..Context::default()
    }
}

/// The refusal of a flow that must have refused.
pub(crate) fn refusal<T: std::fmt::Debug>(outcome: Result<T, Error>) -> crate::domain::refusal::Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn tenant(identity: &Identity) -> Tenant {
    Tenant {
        id: TenantId::generate(&*identity.entropy, START),
        handle: Handle::parse("acme").unwrap(),
        display_name: "Acme".to_owned(),
        domains: vec![DomainName::parse("acme.example").unwrap()],
        licensed_accounts: None,
        help_mailbox: None,
        help_url: None,
        created_at: START,
        updated_at: START,
        version: 1,
    }
}

/// Fresh keys.
pub(crate) fn keys(entropy: &dyn rekey_primitives::entropy::Entropy) -> Keys {
    let text = || KeyText::generate(entropy, START);
    let texts = [text(), text(), text(), text(), text(), text()];
    let [pepper, access_token, tokens, decoy, login_hash, familiar_place] =
        texts.each_ref().map(String::as_str);
    Keys::read(KeyTexts { pepper, access_token, tokens, decoy, login_hash, familiar_place }).unwrap()
}
