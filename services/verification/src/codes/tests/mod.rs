//! Whole operations with real stores, a real throttle and a fake notification service that records its messages.

mod abuse;
mod bursts;
mod checking;
mod destinations;
mod events;
mod failover;
mod fallbacks;
mod model;
mod policies;
mod public_faults;
mod replicated;
mod sending;
mod sim_check;
mod simulation;
mod transactions;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::{ManualClock, Timestamp};
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::entropy::{SharedEntropy, SystemEntropy, uuid_v4};
use rekey_primitives::id::{RequestId, TenantId, VerificationId};
use rekey_primitives::secret::ExposeSecret as _;
use rekey_runtime::settings::Document;
use rekey_sealing::{AeadKeys, KeyText, MacKeys, SigningKeys};
use rekey_throttle::connection::{Connection, Options};
use rekey_throttle::{InProcessThrottle, RedisThrottle, Reserving};

use super::budgets::Requester;
use super::check::{CheckRequest, CheckVerdict};
use super::keys::SignedGrant;
use super::policies::CurrentPolicies;
use super::redeem::RedeemRequest;
use super::resend::ResendRequest;
use super::start::StartRequest;
use super::{AbuseLog, CodeKeys, Codes, Error, SentCode};
use crate::config::{DEFAULTS, Settings};
use crate::domain::code::Code;
use crate::domain::grant::Grant;
use crate::domain::names::{Binding, CallerName, Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::route::{Destinations, Route};
use crate::domain::scope::{ScopedId, TenantScope};
use crate::domain::verification::CodeTimes;
use crate::peers::{self, CodeMessage, Messenger, SendResult};
use crate::store::Store;
use crate::store::memory::MemoryStore;
use crate::store::redis::RedisStore;

const BEGIN: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

/// Accepts every message, unless it is away.
struct FakeNotification {
    accepted: Mutex<Vec<CodeMessage>>,
    is_away: AtomicBool,
    /// How many it takes before it does not even hear of any.
    refuses_from: AtomicUsize,
}

impl Default for FakeNotification {
    fn default() -> Self {
        Self {
            accepted: Mutex::default(),
            is_away: AtomicBool::default(),
            refuses_from: AtomicUsize::new(usize::MAX),
        }
    }
}

#[async_trait]
impl Messenger for FakeNotification {
    async fn send(&self, message: &CodeMessage) -> Result<SendResult, peers::Failure> {
        if self.accepted.lock().unwrap().len() >= self.refuses_from.load(Ordering::SeqCst) {
            return Err(peers::Failure::new(tonic::Code::Unavailable));
        }
        // It accepts the message even if its answer is lost: the case that needs care.
        self.accepted.lock().unwrap().push(message.clone());
        if self.is_away.load(Ordering::SeqCst) {
            return Err(peers::Failure::new(tonic::Code::Unavailable));
        }
        Ok(SendResult::Accepted)
    }
}

/// On a machine that stands still for a moment a replica would be late or lag, and be given up or be waited for no more:
/// here none is.
fn connected(url: &str) -> Connection {
    let options = Options { response_timeout: seconds(8), ..Options::single(url) };
    Connection::open(&options).unwrap().with_replicated_steps(options.response_timeout, seconds(3_600))
}

/// The service with what tests control.
struct TestService {
    codes: Codes,
    clock: ManualClock,
    notification: Arc<FakeNotification>,
}

impl TestService {
    fn in_memory(settings: &Settings) -> Self {
        let store = Arc::new(MemoryStore::new(&SystemEntropy, 10_000));
        Self::with(settings, store, Arc::new(InProcessThrottle::new(10_000)), &KeyTexts::new())
    }

    fn in_redis(settings: &Settings, url: &str, keys: &KeyTexts) -> Self {
        let connection = connected(url);
        let throttle = RedisThrottle::new(connection.clone(), "rekey:verification:");
        Self::with(settings, Arc::new(RedisStore::new(connection, true)), Arc::new(throttle), keys)
    }

    fn with(
        settings: &Settings,
        store: Arc<dyn Store>,
        throttle: Arc<dyn Reserving>,
        keys: &KeyTexts,
    ) -> Self {
        let clock = ManualClock::starting_at(BEGIN);
        let notification = Arc::new(FakeNotification::default());
        let entropy: SharedEntropy = Arc::new(SystemEntropy);
        let codes = Codes {
            store,
            throttle,
            messenger: notification.clone(),
            keys: keys.read(),
            rules: Arc::new(settings.rules().unwrap()),
            policies: CurrentPolicies::default(),
            sim_check: None,
            clock: Arc::new(clock.clone()),
            entropy,
            abuse_log: AbuseLog::default(),
        };
        Self { codes, clock, notification }
    }

    async fn start(&self, request: &StartRequest) -> Result<SentCode, Error> {
        self.codes.start(request).await
    }

    async fn resend(&self, id: &ScopedId) -> Result<CodeTimes, Error> {
        let requester = Requester::default();
        self.codes.resend(&ResendRequest { id: id.clone(), request_id: request_id(), requester }).await
    }

    async fn check(&self, id: &ScopedId, code: &str) -> Result<CheckVerdict, Error> {
        self.codes.check(&check_request(id, code)).await
    }

    /// The grant for the right code.
    async fn pass(&self, id: &ScopedId, code: &str) -> SignedGrant {
        match self.check(id, code).await.unwrap() {
            CheckVerdict::Passed(grant) => grant,
            CheckVerdict::Rejected => panic!("the right code was rejected"),
        }
    }

    async fn redeem(&self, scope: &TenantScope, grant: &SignedGrant) -> Result<Grant, Error> {
        let (scope, grant) = (scope.clone(), grant.text.clone());
        let binding = Binding::default();
        self.codes
            .redeem(&RedeemRequest { scope, request_id: request_id(), grant, binding, issuers: None })
            .await
    }

    fn messages(&self) -> Vec<CodeMessage> {
        self.notification.accepted.lock().unwrap().clone()
    }

    fn last_code(&self) -> String {
        self.messages().last().unwrap().code.expose().to_owned()
    }
}

/// Key files, one key each.
#[derive(Clone)]
struct KeyTexts([String; 3]);

impl KeyTexts {
    fn new() -> Self {
        Self(std::array::from_fn(|_| KeyText::generate(&SystemEntropy, BEGIN)))
    }

    fn read(&self) -> CodeKeys {
        let [macs, seals, grants] = &self.0;
        CodeKeys {
            macs: MacKeys::from_text(macs).unwrap(),
            seals: AeadKeys::from_text(seals).unwrap(),
            grants: SigningKeys::from_text(grants).unwrap(),
        }
    }

    /// A new active key in each file, the old one kept.
    fn rotated(&self) -> Self {
        let Self(newer) = Self::new();
        let both = |new: &String, old: &String| format!("{new}{}", old.replace(" active ", " retired "));
        Self(std::array::from_fn(|index| both(&newer[index], &self.0[index])))
    }
}

fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
    let document = Document::builder().part("verification", 7302, DEFAULTS).load().unwrap();
    let mut settings: Settings = document.part("verification").unwrap();
    change(&mut settings);
    settings
}

fn default_settings() -> Settings {
    settings(|_| ())
}

fn purpose() -> Purpose {
    Purpose::parse("sign_up").unwrap()
}

fn subject() -> Subject {
    Subject::parse("anna").unwrap()
}

fn check_request(id: &ScopedId, code: &str) -> CheckRequest {
    CheckRequest {
        id: id.clone(),
        request_id: request_id(),
        code: Code::parse(code).unwrap(),
        purpose: purpose(),
        subject: subject(),
        transaction: None,
    }
}

fn start_request(address: &str) -> StartRequest {
    start_request_to(&[address])
}

fn start_request_to(addresses: &[&str]) -> StartRequest {
    let scope = TenantScope { tenant: TenantId::from_uuid(uuid_v4(&SystemEntropy)), caller: caller("shop") };
    let channel = |address: &str| if address.starts_with('+') { Channel::Sms } else { Channel::Email };
    let destinations =
        addresses.iter().map(|address| Destination::parse(channel(address), address).unwrap()).collect();
    StartRequest {
        id: ScopedId { scope, verification: VerificationId::from_uuid(uuid_v4(&SystemEntropy)) },
        request_id: request_id(),
        purpose: purpose(),
        subject: subject(),
        route: Route {
            destinations: Destinations::new(destinations).unwrap(),
            fallback: None,
            locale: None,
            organisation: String::new(),
            transaction: None,
            decoy: false,
            familiar: false,
        },
        audience: caller("shop"),
        binding: Binding::default(),
        requester: Requester::default(),
        counts_failures: true,
        challenge_passed: false,
    }
}

/// The same request for another verification.
fn another(request: &StartRequest) -> StartRequest {
    let verification = VerificationId::from_uuid(uuid_v4(&SystemEntropy));
    StartRequest {
        id: ScopedId { verification, ..request.id.clone() },
        request_id: request_id(),
        ..request.clone()
    }
}

fn caller(name: &str) -> CallerName {
    CallerName::parse(name).unwrap()
}

fn request_id() -> RequestId {
    RequestId::from_uuid(uuid_v4(&SystemEntropy))
}

#[track_caller]
fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> Refusal {
    match result {
        Err(error) if error.refusal().is_some() => error.refusal().unwrap(),
        other => panic!("a refusal was expected: {other:?}"),
    }
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
