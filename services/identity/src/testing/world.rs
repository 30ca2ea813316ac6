//! A world with a tenant and people in it.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::{Clock as _, ManualClock, Timestamp};
use rekey_primitives::contact::{EmailAddress, PhoneNumber};
use rekey_primitives::entropy::{Entropy, SeededEntropy, SharedEntropy, uuid_v4};
use rekey_primitives::id::{AccountId, RequestId, SecurityInfoId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::KeyText;
use rekey_throttle::InProcessThrottle;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use super::{FakeVerification, account, confirmed, tenant};
use crate::audit::{Audit, AuditBuffer};
use crate::authorisation::Authorisation;
use crate::config;
use crate::domain::account::{Account, PasswordRecord};
use crate::domain::audit::EventKind;
use crate::domain::authority::{Role, RoleSet};
use crate::domain::policy::{MethodHints, Policy, PolicyRevision};
use crate::domain::scope::TenantScope;
use crate::domain::security_info::{Holding, SecurityInfo};
use crate::domain::tenant::Tenant;
use crate::grpc::UseCases;
use crate::hashing::Hasher;
use crate::keys::{KeyTexts, Keys};
use crate::operation::idempotency::OrRejected;
use crate::operation::{Caller, Context, Error, Homes, Owner, Person};
use crate::passwords::ExpiryNotices;
use crate::peers::notification::Message;
use crate::resets::{
    CompleteReset, OfferedMethod, SendCode, ShownProof, StartReset, StartedReset, SubmitProof,
};
use crate::sign_in::{SignIn, SignedIn};
use crate::store::accounts::{AccountChange, AccountKey, ChangeAccount};
use crate::store::{OPTIONS, StepOutcome, Store, migrate};
use crate::tokens::SessionTokens;
use crate::wiring::Parts;

/// When everything begins.
pub(crate) const START: Timestamp = Timestamp::from_unix_micros(1_900_000_000_000_000);

/// The password that people have to begin with.
pub(crate) const OLD: &str = "a ladder by the old lighthouse";
/// The password that people change to.
pub(crate) const NEW: &str = "seven quiet herons on the pier";

/// The use cases over parts whose neighbours are fakes, and what a test moves.
pub(crate) struct World {
    pub(crate) parts: Parts,
    use_cases: UseCases,
    pub(crate) expiry_notices: ExpiryNotices,
    pub(crate) audit: Audit,
    pub(crate) authorisation: Authorisation,
    pub(crate) clock: ManualClock,
    pub(crate) verification: Arc<FakeVerification>,
    pub(crate) caller: Caller,
    pub(crate) tenant: Tenant,
    pub(crate) scope: TenantScope,
    pub(super) folder: TempDir,
    key_texts: [String; 6],
}

impl std::ops::Deref for World {
    type Target = UseCases;

    fn deref(&self) -> &UseCases {
        &self.use_cases
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A world whose tenant's resets show what accounts have.
    pub(crate) async fn masked() -> Self {
        Self::with(|policy| policy.reset.method_hints = MethodHints::Masked).await
    }

    /// A world whose tenant has another policy.
    pub(crate) async fn with(adapt: impl FnOnce(&mut Policy)) -> Self {
        Self::within(tempfile::tempdir().unwrap(), adapt).await
    }

    /// The same with its database in this folder.
    pub(crate) async fn within(folder: TempDir, adapt: impl FnOnce(&mut Policy)) -> Self {
        let url = format!("sqlite:{}", folder.path().join("identity.db").display());
        migrate(&url, &OPTIONS).await.unwrap();
        let clock = ManualClock::starting_at(START);
        let entropy: SharedEntropy = Arc::new(SeededEntropy::new(7));
        let verification = Arc::new(FakeVerification::new(Arc::new(clock.clone())));
        let settings = config::for_tests();
        let key_texts = key_texts(&*entropy);
        let throttle = Arc::new(InProcessThrottle::new(10_000));
        let parts = Parts {
            store: Store::open(&url, &OPTIONS).await.unwrap(),
            verification: verification.clone(),
            hasher: Hasher::start(&settings.hashing, entropy.clone()).unwrap(),
            strict_throttle: throttle.clone(),
            lenient_throttle: throttle,
            keys: Arc::new(keys_of(&key_texts)),
            clock: Arc::new(clock.clone()),
            audit_buffer: Arc::new(AuditBuffer::new(settings.audit.buffer_events)),
            homes: Homes::default(),
            entropy,
            settings,
            remaining: || Some(Duration::from_secs(60)),
        };
        let tenant = tenant(TenantId::generate(&*parts.entropy, START), "acme", START);
        let mut policy = Policy::default();
        adapt(&mut policy);
        let revision =
            PolicyRevision { tenant_id: tenant.id, version: 1, policy, changed_by: None, changed_at: START };
        let event = parts.audit().draft(tenant.id, EventKind::TenantCreated, START).done();
        parts.store.create_tenant(&tenant, &revision, &event, None).await.unwrap();
        let scope = TenantScope::of(true, tenant.id).unwrap();
        Self {
            use_cases: parts.use_cases(),
            expiry_notices: parts.expiry_notices(),
            audit: parts.audit(),
            authorisation: parts.authorisation(),
            parts,
            clock,
            verification,
            caller: Caller::new("portal", |_| true),
            tenant,
            scope,
            folder,
            key_texts,
        }
    }

    /// Puts everything together anew, of other parts.
    pub(crate) fn adapt(&mut self, adapt: impl FnOnce(&mut Parts)) {
        adapt(&mut self.parts);
        self.use_cases = self.parts.use_cases();
        self.expiry_notices = self.parts.expiry_notices();
    }

    /// The same keys but for that of the hashes.
    pub(crate) fn keys_with_another_pepper(&self) -> Arc<Keys> {
        let mut texts = self.key_texts.clone();
        texts[0] = KeyText::generate(&*self.parts.entropy, START);
        Arc::new(keys_of(&texts))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
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
        let id = AccountId::generate(&*self.parts.entropy, self.now());
        let mut account = Account {
            display_name: "Ada Byron".to_owned(),
            password: Some(self.password_record(id, OLD).await),
            security_info: addresses.iter().map(|address| self.entry(address)).collect(),
            ..account(self.tenant.id, id, login, START)
        };
        adapt(&mut account);
        let event = self.audit.draft(self.tenant.id, EventKind::AccountCreated, START).done();
        self.parts.store.create_account(&self.scope, &account, &event, None).await.unwrap();
        account
    }

    /// A global administrator with a mail address.
    pub(crate) async fn administrator(&self, login: &str, addresses: &[&str]) -> Account {
        let roles = RoleSet::of(&[Role::GlobalAdministrator]);
        self.person_with(login, addresses, |account| account.roles = roles).await
    }

    pub(crate) async fn password_record(&self, account_id: AccountId, password: &str) -> PasswordRecord {
        let parts = &self.parts;
        let phc = parts.hasher.hash(&password.into(), Duration::from_secs(60)).await.unwrap();
        let sealed = parts.keys.seal_password(&*parts.entropy, self.tenant.id, account_id, &phc);
        super::password(sealed, self.now())
    }

    fn entry(&self, address: &str) -> SecurityInfo {
        let holding = match PhoneNumber::parse(address) {
            Ok(number) => Holding::Phone(number),
            Err(_) => Holding::Email(EmailAddress::parse(address).unwrap()),
        };
        let id = SecurityInfoId::generate(&*self.parts.entropy, START);
        SecurityInfo { is_first: true, ..confirmed(id, holding, START) }
    }

    /// The account as it is now.
    pub(crate) async fn read(&self, account: &Account) -> Account {
        self.parts.store.find_account(&self.scope, &AccountKey::Id(account.id)).await.unwrap().unwrap()
    }

    pub(crate) fn request_id(&self) -> RequestId {
        RequestId::from_uuid(uuid_v4(&*self.parts.entropy))
    }

    pub(crate) async fn start(&self, login: &str) -> Result<StartedReset, Error> {
        self.start_from(login, "192.0.2.1").await
    }

    pub(crate) async fn start_from(&self, login: &str, ip: &str) -> Result<StartedReset, Error> {
        let request = StartReset { tenant_id: self.tenant.id, login: login.to_owned(), context: context(ip) };
        self.resets.start(&self.caller, &request).await
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
            shown: ShownProof::Code(code.into()),
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
        self.resets.send_code(&self.caller, &self.send(&started.reset_token, method)).await.unwrap();
        let code = self.verification.latest_code_for(address);
        let proof = self.proof(&started.reset_token, method, code.expose_secret());
        let answer = self.resets.submit_proof(&self.caller, &proof).await.unwrap();
        assert!(answer.accepted);
        answer.reset_token
    }

    /// A sign-in from an address.
    pub(crate) async fn sign_in_from(&self, ip: &str, login: &str, password: &str) -> SignedIn {
        let request = self.sign_in_request(ip, login, password);
        self.sign_ins.sign_in(&self.caller, &request).await.unwrap()
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
        self.sessions.verify_person(&tokens.access_token).await.unwrap()
    }

    /// A signed-in person at their own account.
    pub(crate) fn owner(&self, person: &Person) -> Owner {
        self.owner_at(person, "192.0.2.1")
    }

    pub(crate) fn owner_at(&self, person: &Person, ip: &str) -> Owner {
        Owner { caller: self.caller.clone(), person: person.clone(), context: context(ip) }
    }

    /// The notices in the outbox, opened: template and address.
    pub(crate) async fn notices(&self) -> Vec<Message> {
        let now = self.now();
        let claimed = self.parts.store.claim_notices(100, now.plus(Duration::from_secs(60)), now).await;
        claimed.unwrap().iter().map(|claimed| self.parts.keys.open_notice(&claimed.notice).unwrap()).collect()
    }

    /// Changes an account, as an administrator would.
    pub(crate) async fn change(&self, account: &Account, change: AccountChange) {
        let change = ChangeAccount {
            account_id: account.id,
            version: account.version,
            change,
            event: self.audit.draft(self.tenant.id, EventKind::AccountBlocked, self.now()).done(),
            notices: Vec::new(),
            now: self.now(),
        };
        let changed = self.parts.store.change_account(&self.scope, &change, None).await.unwrap();
        assert!(matches!(changed, StepOutcome::Done(_)), "{changed:?}");
    }

    /// Does to the rows of a tenant what no code here would.
    pub(crate) async fn damage(&self, tenant_id: TenantId, statement: &'static str) {
        let file = SqliteConnectOptions::new().filename(self.folder.path().join("identity.db"));
        let mut connection = SqliteConnection::connect_with(&file).await.unwrap();
        sqlx::query(statement).bind(tenant_id.as_uuid()).execute(&mut connection).await.unwrap();
    }

    /// Does to the schema what no migration would.
    pub(crate) async fn alter(&self, statement: &'static str) {
        let file = SqliteConnectOptions::new().filename(self.folder.path().join("identity.db"));
        let mut connection = SqliteConnection::connect_with(&file).await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }

    /// Creates another tenant, with the policy that a tenant begins with.
    pub(crate) async fn create_tenant(&self, tenant: &Tenant) {
        let revision = PolicyRevision {
            tenant_id: tenant.id,
            version: 1,
            policy: Policy::default(),
            changed_by: None,
            changed_at: START,
        };
        let event = self.audit.draft(tenant.id, EventKind::TenantCreated, START).done();
        self.parts.store.create_tenant(tenant, &revision, &event, None).await.unwrap();
    }

    /// Another tenant, whose policy does not read.
    pub(crate) async fn tenant_without_a_policy(&self, tenant: &Tenant) {
        self.create_tenant(tenant).await;
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

/// The refusal of a call that must have been refused.
pub(crate) fn refusal<T: std::fmt::Debug>(outcome: Result<T, Error>) -> crate::domain::refusal::Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// Whether what was typed was rejected.
pub(crate) fn is_rejected<A>(outcome: Result<OrRejected<A>, Error>) -> bool {
    outcome.is_ok_and(|answer| matches!(answer, OrRejected::Rejected { .. }))
}

/// What came of it, where what was typed was right.
pub(crate) fn done<A: std::fmt::Debug>(outcome: Result<OrRejected<A>, Error>) -> A {
    match outcome {
        Ok(OrRejected::Done(done)) => done,
        other => panic!("{other:?}"),
    }
}

/// Fresh keys.
pub(crate) fn keys(entropy: &dyn Entropy) -> Keys {
    keys_of(&key_texts(entropy))
}

fn key_texts(entropy: &dyn Entropy) -> [String; 6] {
    std::array::from_fn(|_| KeyText::generate(entropy, START))
}

fn keys_of(texts: &[String; 6]) -> Keys {
    let [pepper, access_token, tokens, decoy, login_hash, familiar_place] =
        texts.each_ref().map(String::as_str);
    Keys::read(KeyTexts { pepper, access_token, tokens, decoy, login_hash, familiar_place }).unwrap()
}
