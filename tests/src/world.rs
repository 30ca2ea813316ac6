//! A suite as `rekey up` starts it, with a clock that the test moves and stores of its own.

use std::time::Duration;

use rekey::development::{self, Addresses};
use rekey::folder::DataFolder;
use rekey::suite::{self, Environment, Ports, Sockets, Suite};
use rekey::{Part, settings};
use rekey_client::Connection;
use rekey_notification::Inbox;
use rekey_notification::inbox::InboxMessage;
use rekey_primitives::clock::{Clock as _, ManualClock, Timestamp};
use rekey_primitives::entropy::SystemEntropy;
use rekey_runtime::shutdown::Shutdown;
use rekey_runtime::telemetry::Metrics;
use rekey_testing::{Database, PgBouncer, RedisHandle};
use std::sync::Arc;
use tempfile::TempDir;

use crate::past::Past;
use crate::stores::{Servers, Several, Stores};

/// A running suite.
pub struct World {
    /// Moves time for every part at once.
    pub clock: ManualClock,
    /// Calls to identity in the name of the command line, which may do everything.
    pub identity: Connection,
    /// Calls to verification.
    pub verification: Connection,
    /// Calls to notification.
    pub notification: Connection,
    /// Where the parts listen.
    pub addresses: Addresses,
    /// Keys, tokens and callers.
    pub folder: DataFolder,
    /// The tenant that people of this world belong to.
    pub tenant_id: String,
    /// The databases, where they are real.
    pub databases: Vec<Database>,
    /// The Redis, where it is one real server.
    pub redis: Option<RedisHandle>,
    /// Where identity and notification keep their data, where that is Postgres.
    pub(crate) postgres: [Option<String>; 2],
    inbox: Inbox,
    suite: Suite,
    _several: Option<Several>,
    _pooler: Option<PgBouncer>,
    _scratch: TempDir,
}

/// What a suite begins with.
#[derive(Default)]
struct Beginning<'a> {
    /// Settings, written without the `REKEY__` that the environment has.
    changes: &'a [(&'a str, &'a str)],
    metrics: Metrics,
    past: Option<&'a Past>,
    takes_passkeys: bool,
}

impl World {
    /// Starts a suite with the defaults of development, cheap hashing and no time grid.
    pub async fn start(stores: Stores) -> Self {
        Self::start_with(stores, &[]).await
    }

    /// The same with other settings, written without the `REKEY__` that the environment has.
    pub async fn start_with(stores: Stores, changes: &[(&str, &str)]) -> Self {
        Self::start_measured(stores, changes, Metrics::default()).await
    }

    /// The same with these metrics on the port of health, as telemetry of the process gives them.
    pub async fn start_measured(stores: Stores, changes: &[(&str, &str)], metrics: Metrics) -> Self {
        Self::begin(stores, Beginning { changes, metrics, ..Beginning::default() }).await
    }

    /// The same with passkeys, as `rekey up` takes them: those of the portal's pages.
    pub async fn start_with_passkeys(stores: Stores) -> Self {
        Self::begin(stores, Beginning { takes_passkeys: true, ..Beginning::default() }).await
    }

    /// A suite on what an earlier release left behind: its keys, its data, its tenant, at the time it was stopped.
    pub async fn start_after(stores: Stores, past: &Past) -> Self {
        Self::begin(stores, Beginning { past: Some(past), ..Beginning::default() }).await
    }

    async fn begin(stores: Stores, beginning: Beginning<'_>) -> Self {
        let Beginning { changes, metrics, past, takes_passkeys } = beginning;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let now = past.map_or(1_790_000_000, |past| past.unix_seconds);
        let clock = ManualClock::starting_at(Timestamp::from_unix_micros(now * 1_000_000));
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("data");
        if let Some(past) = past {
            past.leave_keys(&path);
        }
        let folder = DataFolder::open(&path, &SystemEntropy, clock.now()).unwrap();
        crate::callers::add_to(&folder);
        let servers = Servers::start(stores).await;
        if let Some(past) = past {
            past.leave_data(&folder, &servers).await;
        }
        let defaults = settings::builder().load().unwrap();
        let sockets = Sockets::bind(&defaults, &Part::ALL, Ports::Free).await.unwrap();
        let addresses = Addresses::new(&sockets).unwrap();
        let mut overrides = development::settings(&folder, &servers.named());
        overrides.extend(development::endpoints(&addresses, &folder));
        if takes_passkeys {
            overrides.extend(development::passkeys(&addresses, &defaults).unwrap());
        }
        overrides.extend(quick().iter().chain(changes).map(|(key, value)| development::set(key, value)));
        let document = settings::builder().environment(overrides.clone()).load().unwrap();
        rekey_identity::migrate(&document.part("identity").unwrap()).await.unwrap();
        rekey_notification::migrate(&document.part("notification").unwrap()).await.unwrap();
        overrides.extend(servers.pooled());
        let document = settings::builder().environment(overrides).load().unwrap();

        let inbox = Inbox::new();
        let environment = Environment {
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SystemEntropy),
            metrics,
            inbox: Some(inbox.clone()),
        };
        let suite = suite::start(&document, sockets, environment, Shutdown::new());
        let mut suite = suite.await.unwrap();
        suite.ready().await.unwrap();
        let connect = |part| development::connect(addresses.of(part), &folder).unwrap();
        let identity = connect(Part::Identity);
        let tenant_id = match past {
            Some(past) => past.tenant_id.clone(),
            None => crate::person::create_tenant(&identity, "acme").await,
        };
        Self {
            clock,
            verification: connect(Part::Verification),
            notification: connect(Part::Notification),
            identity,
            addresses,
            folder,
            tenant_id,
            postgres: servers.postgres(changes),
            databases: servers.databases,
            redis: servers.redis,
            inbox,
            suite,
            _several: servers.several,
            _pooler: servers.pooler,
            _scratch: scratch,
        }
    }

    /// Everything that was sent to an address, newest first.
    pub fn mail_to(&self, address: &str) -> Vec<InboxMessage> {
        self.inbox.messages().into_iter().filter(|message| message.to == address).collect()
    }

    /// Everything that was sent, newest first.
    pub fn mail(&self) -> Vec<InboxMessage> {
        self.inbox.messages()
    }

    /// What was sent, for whoever shows it to another program.
    pub fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }

    /// Waits until a message that fits has arrived.
    pub async fn message(&self, fits: impl Fn(&InboxMessage) -> bool) -> InboxMessage {
        let arrived = self.with_time_for_retries(self.inbox.arrival(fits));
        match tokio::time::timeout(Duration::from_secs(30), arrived).await {
            Ok(message) => message,
            Err(_) => panic!("no such message came: {}", self.whereabouts().await),
        }
    }

    /// Waits for the newest code sent to an address, and takes it from the text.
    pub async fn code_for(&self, address: &str) -> String {
        let message = self.message(|message| message.to == address && code_in(&message.text).is_some()).await;
        code_in(&message.text).unwrap()
    }

    /// The codes that were sent to an address so far.
    pub fn codes_to(&self, address: &str) -> Vec<String> {
        self.mail_to(address).iter().filter_map(|message| code_in(&message.text)).collect()
    }

    /// Waits for a code sent to an address that is none of these earlier ones.
    pub async fn code_after(&self, address: &str, earlier: &[String]) -> String {
        let code = |text: &str| code_in(text).filter(|code| !earlier.contains(code));
        let message = self.message(|message| message.to == address && code(&message.text).is_some()).await;
        code_in(&message.text).unwrap()
    }

    /// Stops every part and waits until they have.
    pub async fn stop(self) {
        self.suite.stop().await.unwrap();
    }
}

/// The six to ten digits that stand alone in a text, as codes may have them; links hold digits too.
pub fn code_in(text: &str) -> Option<String> {
    let is_code =
        |word: &&str| (6..=10).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    text.split_whitespace().find(is_code).map(str::to_owned)
}

/// What makes a test quick without changing what happens.
fn quick() -> [(&'static str, &'static str); 9] {
    [
        ("IDENTITY__ANSWER_FLOOR_MS", "0"),
        ("IDENTITY__HASHING__COST__MEMORY_KIB", "64"),
        ("IDENTITY__HASHING__COST__PASSES", "1"),
        ("IDENTITY__HASHING__THREADS", "1"),
        // A machine that builds at the same time is slow, not overloaded.
        ("IDENTITY__HASHING__PATIENCE_MS", "10000"),
        ("IDENTITY__NOTICES__POLL_MS", "20"),
        ("IDENTITY__AUDIT__FLUSH_MS", "50"),
        ("NOTIFICATION__DELIVERY__POLL_MS", "20"),
        ("IDENTITY__LIMITS__STARTS_PER_LOGIN_PER_HOUR", "1000"),
    ]
}
