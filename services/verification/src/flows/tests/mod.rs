//! Whole operations with real stores, a real throttle and a fake neighbour that remembers what it was handed.

mod bursts;
mod failover;
mod proving;
mod sending;

use std::sync::atomic::{AtomicBool, Ordering};
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
use rekey_throttle::{InProcess, RedisThrottle, Reserving};

use super::check::{CheckOrder, Verdict};
use super::redeem::RedeemOrder;
use super::resend::ResendOrder;
use super::start::{StartOrder, Started};
use super::{Error, Flows, Keys, keys::GivenGrant};
use crate::config::{DEFAULTS, Settings};
use crate::domain::code::Code;
use crate::domain::grant::Grant;
use crate::domain::names::{Binding, CallerName, Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::route::Route;
use crate::domain::scope::{Place, TenantScope};
use crate::domain::verification::Times;
use crate::peers::{self, CodeMessage, HandOver, Messenger};
use crate::store::Store;
use crate::store::memory::MemoryStore;
use crate::store::redis::RedisStore;

const BEGIN: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

/// Notification, as far as this service can tell: it takes everything, unless it is away.
#[derive(Default)]
struct Postbox {
    taken: Mutex<Vec<CodeMessage>>,
    is_away: AtomicBool,
}

#[async_trait]
impl Messenger for Postbox {
    async fn hand_over(&self, message: &CodeMessage) -> Result<HandOver, peers::Failure> {
        // It takes the message even if its answer is lost: the case that needs care.
        self.taken.lock().unwrap().push(message.clone());
        if self.is_away.load(Ordering::SeqCst) {
            return Err(peers::Failure::new(tonic::Code::Unavailable));
        }
        Ok(HandOver::Accepted)
    }
}

/// The service with what tests turn.
struct Office {
    flows: Flows,
    clock: ManualClock,
    postbox: Arc<Postbox>,
}

impl Office {
    fn in_memory(settings: &Settings) -> Self {
        let store = Arc::new(MemoryStore::new(&SystemEntropy, 10_000));
        Self::with(settings, store, Arc::new(InProcess::new(10_000)), &KeyTexts::new())
    }

    fn in_redis(settings: &Settings, url: &str, keys: &KeyTexts) -> Self {
        let connection = Connection::open(&Options::single(url)).unwrap();
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
        let postbox = Arc::new(Postbox::default());
        let entropy: SharedEntropy = Arc::new(SystemEntropy);
        let flows = Flows {
            store,
            throttle,
            messenger: postbox.clone(),
            keys: keys.read(),
            rules: settings.rules().unwrap(),
            clock: Arc::new(clock.clone()),
            entropy,
        };
        Self { flows, clock, postbox }
    }

    async fn start(&self, order: &StartOrder) -> Result<Started, Error> {
        self.flows.start(order).await
    }

    async fn resend(&self, place: &Place) -> Result<Times, Error> {
        self.flows.resend(&ResendOrder { place: place.clone(), request: request(), network: None }).await
    }

    async fn check(&self, place: &Place, code: &str) -> Result<Verdict, Error> {
        self.flows.check(&check_order(place, code)).await
    }

    /// The grant for the right code.
    async fn pass(&self, place: &Place, code: &str) -> GivenGrant {
        match self.check(place, code).await.unwrap() {
            Verdict::Passed(grant) => grant,
            Verdict::Rejected => panic!("the right code was rejected"),
        }
    }

    async fn redeem(&self, scope: &TenantScope, grant: &GivenGrant) -> Result<Grant, Error> {
        let (scope, grant) = (scope.clone(), grant.text.clone());
        self.flows
            .redeem(&RedeemOrder { scope, request: request(), grant, binding: Binding::default() })
            .await
    }

    fn messages(&self) -> Vec<CodeMessage> {
        self.postbox.taken.lock().unwrap().clone()
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

    fn read(&self) -> Keys {
        let [digests, seals, grants] = &self.0;
        Keys {
            digests: MacKeys::from_text(digests).unwrap(),
            seals: AeadKeys::from_text(seals).unwrap(),
            grants: SigningKeys::from_text(grants).unwrap(),
        }
    }

    /// A new active key in each file, the old one kept.
    fn rotated(&self) -> Self {
        let Self(newer) = Self::new();
        let both = |new: &String, old: &String| format!("{new}{}", old.replace(" active ", " retired "));
        Self(std::array::from_fn(|place| both(&newer[place], &self.0[place])))
    }
}

fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
    let document = Document::builder().part("verification", 7302, DEFAULTS).load().unwrap();
    let mut settings: Settings = document.part("verification").unwrap();
    change(&mut settings);
    settings
}

fn as_shipped() -> Settings {
    settings(|_| ())
}

/// What codes are for here.
fn purpose() -> Purpose {
    Purpose::parse("sign_up").unwrap()
}

/// Whom they are about.
fn subject() -> Subject {
    Subject::parse("anna").unwrap()
}

/// A try of this code.
fn check_order(place: &Place, code: &str) -> CheckOrder {
    CheckOrder {
        place: place.clone(),
        request: request(),
        code: Code::typed(code).unwrap(),
        purpose: purpose(),
        subject: subject(),
    }
}

fn order(address: &str) -> StartOrder {
    let scope = TenantScope { tenant: TenantId::from_uuid(uuid_v4(&SystemEntropy)), caller: caller("shop") };
    let channel = if address.starts_with('+') { Channel::Sms } else { Channel::Email };
    StartOrder {
        place: Place { scope, id: VerificationId::from_uuid(uuid_v4(&SystemEntropy)) },
        request: request(),
        purpose: purpose(),
        subject: subject(),
        route: Route {
            destination: Destination::parse(channel, address).unwrap(),
            locale: None,
            organisation: String::new(),
            decoy: false,
        },
        audience: caller("shop"),
        binding: Binding::default(),
        network: None,
        counts_failures: true,
    }
}

/// The same order for another verification.
fn another(order: &StartOrder) -> StartOrder {
    let id = VerificationId::from_uuid(uuid_v4(&SystemEntropy));
    StartOrder { place: Place { id, ..order.place.clone() }, request: request(), ..order.clone() }
}

fn caller(name: &str) -> CallerName {
    CallerName::parse(name).unwrap()
}

fn request() -> RequestId {
    RequestId::from_uuid(uuid_v4(&SystemEntropy))
}

#[track_caller]
fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("a refusal was expected: {other:?}"),
    }
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
