//! The parts as one process or as three: settings in, servers out.
//!
//! [`start`] runs any selection of parts on sockets it is given, which is what `rekey up`, `rekey serve` and the tests
//! all do; they differ in settings, sockets and clock only.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Context as _;
use rekey_client::{ClientSettings, Connection};
use rekey_notification::Inbox;
use rekey_primitives::clock::{SharedClock, SystemClock};
use rekey_primitives::entropy::{SharedEntropy, SystemEntropy};
use rekey_runtime::access::{AccessTable, NoPersons, PersonRule as Whose, Rule, SharedPersonVerifier};
use rekey_runtime::deadline;
use rekey_runtime::health::{self, Health, HealthSettings};
use rekey_runtime::loops::Loops;
use rekey_runtime::process;
use rekey_runtime::server::{self, Part as ServedPart, ServeError, ServerSettings};
use rekey_runtime::settings::{Document, DocumentBuilder};
use rekey_runtime::shutdown::Shutdown;
use rekey_runtime::telemetry::{Metrics, Telemetry};
use rekey_wire::options::v1::{Access, PersonRule};
use rekey_wire::{access, identity, notification, verification};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::key_set::KeySet;
use crate::production;

/// A part of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Accounts, passwords, sessions.
    Identity,
    /// Short-lived codes.
    Verification,
    /// Messages.
    Notification,
}

impl Part {
    /// In the order in which they are started: nobody calls a later one while starting.
    pub const ALL: [Self; 3] = [Self::Notification, Self::Verification, Self::Identity];

    /// The name in settings, logs and paths.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Verification => "verification",
            Self::Notification => "notification",
        }
    }
}

/// What the parts take from the world, so that a test can hand them another.
#[derive(Clone)]
pub struct Surroundings {
    /// The time.
    pub clock: SharedClock,
    /// Chance.
    pub entropy: SharedEntropy,
    /// The development inbox; without one the provider `inbox` does not exist.
    pub inbox: Option<Inbox>,
}

impl Surroundings {
    /// The real clock and the system's generator, and no inbox.
    pub fn real() -> Self {
        Self { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy), inbox: None }
    }
}

/// A server besides the parts, such as the page of the inbox.
pub type Server = Pin<Box<dyn Future<Output = Result<(), ServeError>> + Send>>;

/// Running parts.
pub struct Suite {
    /// What they say about themselves.
    pub health: Health,
    shutdown: Shutdown,
    ended: JoinHandle<anyhow::Result<()>>,
}

impl Suite {
    /// Waits until every part is ready, or until one gave up.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        while !self.health.is_ready() {
            tokio::select! {
                ended = &mut self.ended => {
                    ended??;
                    anyhow::bail!("the suite stopped before it was ready");
                }
                () = tokio::time::sleep(std::time::Duration::from_millis(5)) => {}
            }
        }
        Ok(())
    }

    /// Tells the parts to stop and waits until they have.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.begin();
        self.ended.await?
    }

    /// Waits until the parts stop by themselves: told by a signal, or because something broke.
    pub async fn ended(self) -> anyhow::Result<()> {
        self.ended.await?
    }
}

/// The settings of all parts, defaults only.
pub fn builder() -> DocumentBuilder {
    Document::builder()
        .part("identity", 7301, rekey_identity::config::DEFAULTS)
        .part("verification", 7302, rekey_verification::config::DEFAULTS)
        .part("notification", 7303, rekey_notification::config::DEFAULTS)
}

/// The settings of this process: defaults < file < `overrides` < environment.
pub fn document(file: Option<PathBuf>, overrides: Vec<(String, String)>) -> anyhow::Result<Document> {
    let builder = match file {
        Some(file) => builder().file(file),
        None => builder(),
    };
    Ok(builder.environment(overrides).process_environment().load()?)
}

/// Reads every table as its part would. Whether that is fit for production is another matter: see [`production`].
pub fn check(document: &Document) -> anyhow::Result<()> {
    let identity = document.part::<rekey_identity::config::Settings>("identity")?;
    identity.check()?;
    document.part::<rekey_verification::config::Settings>("verification")?.check()?;
    document.part::<rekey_notification::config::Settings>("notification")?.check()?;
    document.part::<rekey_runtime::telemetry::TelemetrySettings>("telemetry")?.check()?;
    document.part::<HealthSettings>("health")?;
    Ok(())
}

/// `rekey serve`: one part, until told to stop.
pub async fn serve(part: Part, config: Option<PathBuf>) -> anyhow::Result<()> {
    let document = document(config, Vec::new())?;
    let in_production = production::judge(&document, part)?;
    let telemetry = Telemetry::start(&document.part("telemetry")?, &format!("rekey-{}", part.name()))?;
    if !in_production {
        tracing::warn!("{}.production is off: what only development may have is let through", part.name());
    }
    let shutdown = Shutdown::on_signals()?;
    let health: HealthSettings = document.part("health")?;
    let listener = server::bind(listen_address(&document, part)?).await?;
    let health_listener = server::bind(health.listen).await?;
    let outcome = async {
        let sockets = vec![(part, listener)];
        let metrics = telemetry.metrics();
        let surroundings = Surroundings::real();
        let suite = start(&document, sockets, health_listener, metrics, surroundings, Vec::new(), shutdown);
        suite.await?.ended().await
    };
    let outcome = outcome.await;
    telemetry.shutdown().await;
    outcome
}

/// Puts a part together as `serve` would, with every file and address that its settings name, and lets it go again:
/// nothing is served, sent or written. Stores and neighbours that are away are no fault of the settings.
pub async fn rehearse(document: &Document, part: Part) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let mut assembling = Assembling {
        document,
        surroundings: Surroundings::real(),
        health: Health::new(),
        loops: None,
        keys: KeySet::default(),
        scratch: Some(scratch.path()),
    };
    let served = assembling.part(part).await.with_context(|| format!("starting {}", part.name()))?;
    Ok(served.rehearse()?)
}

/// Where a part listens.
pub fn listen_address(document: &Document, part: Part) -> anyhow::Result<std::net::SocketAddr> {
    Ok(document.part::<ServerSettings>(&format!("{}.server", part.name()))?.listen)
}

/// Starts parts on their sockets. Stores that are away leave them unready, not ended.
pub async fn start(
    document: &Document,
    sockets: Vec<(Part, TcpListener)>,
    health_listener: TcpListener,
    metrics: Metrics,
    surroundings: Surroundings,
    mut servers: Vec<Server>,
    shutdown: Shutdown,
) -> anyhow::Result<Suite> {
    let health = Health::new();
    // Probes are answered from the first moment on, and nothing is ready before every part has said what it needs.
    let starting = health.part("suite", std::iter::empty());
    starting.require("start");
    let mut loops = Loops::new(health.clone());
    let probes_stop = loops.shutdown();
    let keys = KeySet::default();
    let probes = health::serve(health_listener, health.clone(), metrics, keys.routes(), probes_stop);
    let probes = tokio::spawn(probes);
    let mut assembling = Assembling {
        document,
        surroundings,
        health: health.clone(),
        loops: Some(&mut loops),
        keys,
        scratch: None,
    };
    for (part, listener) in sockets {
        let served = assembling.part(part).await.with_context(|| format!("starting {}", part.name()))?;
        servers.push(Box::pin(served.serve(listener, shutdown.clone())));
    }
    starting.meet("start");
    let running = shutdown.clone();
    let ended = tokio::spawn(async move {
        let outcome = process::run(servers, loops, running).await;
        let _ = probes.await;
        Ok(outcome?)
    });
    Ok(Suite { health, shutdown, ended })
}

struct Assembling<'a> {
    document: &'a Document,
    surroundings: Surroundings,
    health: Health,
    /// Where loops run; a rehearsal has none.
    loops: Option<&'a mut Loops>,
    keys: KeySet,
    /// Where a rehearsal has its files.
    scratch: Option<&'a Path>,
}

impl Assembling<'_> {
    fn background(&mut self, spawn: impl FnOnce(&mut Loops)) {
        if let Some(loops) = &mut self.loops {
            spawn(loops);
        }
    }

    /// A rehearsal leaves an embedded store alone, which may not be there yet, or in use.
    fn keep_apart(&self, part: Part, url: &mut String) {
        if let Some(scratch) = self.scratch.filter(|_| url.starts_with("sqlite:")) {
            *url = format!("sqlite:{}", scratch.join(part.name()).display());
        }
    }

    async fn part(&mut self, part: Part) -> anyhow::Result<ServedPart> {
        let Surroundings { clock, entropy, inbox } = self.surroundings.clone();
        let health = self.health.clone();
        let (routes, settings, descriptors, persons): (_, _, _, SharedPersonVerifier) = match part {
            Part::Notification => {
                let mut settings: rekey_notification::config::Settings = self.document.part(part.name())?;
                self.keep_apart(part, &mut settings.store.url);
                let given = rekey_notification::Given { clock, entropy, health, inbox };
                let service = rekey_notification::assemble(&settings, given).await?;
                self.background(|loops| service.loops.spawn(loops));
                (service.routes, settings.server, notification::v1::DESCRIPTORS, Arc::new(NoPersons))
            }
            Part::Verification => {
                let settings: rekey_verification::config::Settings = self.document.part(part.name())?;
                let notification = connect(&settings.notification)?;
                let dependencies = rekey_verification::Dependencies { clock, entropy, health, notification };
                let service = rekey_verification::assemble(&settings, dependencies).await?;
                self.background(|loops| service.loops.spawn(loops));
                (service.routes, settings.server, verification::v1::DESCRIPTORS, Arc::new(NoPersons))
            }
            Part::Identity => {
                let mut settings: rekey_identity::config::Settings = self.document.part(part.name())?;
                self.keep_apart(part, &mut settings.store.url);
                let given = rekey_identity::Dependencies { clock, entropy, health };
                let service = rekey_identity::assemble(&settings, given).await?;
                self.keys.put(service.jwks());
                self.background(|loops| service.loops.spawn(loops));
                (service.routes, settings.server, identity::v1::DESCRIPTORS, service.persons)
            }
        };
        let served = ServedPart::new(part.name(), settings, routes, rules(part), self.health.clone());
        Ok(served.persons(persons).descriptors(descriptors))
    }
}

/// A connection whose calls keep within the time of the call they are made for.
fn connect(settings: &ClientSettings) -> anyhow::Result<Connection> {
    Ok(Connection::open(settings, deadline::remaining)?)
}

/// What the contract says about the RPCs of a part.
fn rules(part: Part) -> AccessTable {
    let rule = |(path, rule): (&&str, &Access)| {
        let person = match rule.person() {
            PersonRule::Unspecified | PersonRule::None => Whose::None,
            PersonRule::Self_ => Whose::SelfOnly,
            PersonRule::Administrator => Whose::Administrator,
            PersonRule::Leaving => Whose::Leaving,
        };
        ((*path).to_owned(), Rule { service: rule.service, person, roles: access::role_words(rule) })
    };
    let table: AccessTable = access::rules().iter().map(rule).collect();
    table.of_package(&format!("rekey.{}.v1", part.name()))
}

#[cfg(test)]
mod tests {
    use rekey_primitives::clock::Timestamp;

    use super::*;
    use crate::development;
    use crate::folder::DataFolder;

    #[test]
    fn the_embedded_settings_are_in_order() {
        let document = builder().load().unwrap();

        check(&document).unwrap();
    }

    #[test]
    fn every_part_enforces_exactly_the_rpcs_of_its_package() {
        let enforced: usize = Part::ALL.iter().map(|part| rules(*part).paths().count()).sum();

        assert_eq!(enforced, access::rules().len());
        assert!(
            rules(Part::Verification)
                .rule("/rekey.verification.v1.VerificationService/RedeemGrant")
                .is_some()
        );
        assert!(rules(Part::Verification).rule("/rekey.identity.v1.SessionService/SignIn").is_none());
    }

    #[tokio::test]
    async fn a_rehearsal_finds_what_serving_would_stumble_over_and_touches_no_store() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(scratch.path(), &SystemEntropy, Timestamp::EPOCH).unwrap();
        let with = |changes: &[(&str, &str)]| {
            let settings = development::settings(&folder, &development::Stores::default());
            let inbox = [("NOTIFICATION__EMAIL_PROVIDERS", ""), ("NOTIFICATION__SMS_PROVIDERS", "")];
            let changes = inbox.iter().chain(changes).map(|(key, value)| development::set(key, value));
            let settings: Vec<development::Setting> = settings.into_iter().chain(changes).collect();
            builder().environment(settings).load().unwrap()
        };
        let stumbles = [
            (Part::Identity, "IDENTITY__KEYS__PEPPER_FILE", "/nowhere/pepper", "/nowhere/pepper"),
            (Part::Identity, "IDENTITY__STORE__URL", "mysql://db", "must begin with"),
            (Part::Identity, "IDENTITY__SERVER__CALLERS_FILE", "/nowhere/callers", "/nowhere/callers"),
            (Part::Identity, "IDENTITY__VERIFICATION__ENDPOINT", "https://peer:1", "ca_file"),
            (Part::Verification, "VERIFICATION__STORE__URL", "foo://x", "scheme"),
            (Part::Verification, "VERIFICATION__SERVER__TLS__CERTIFICATE_FILE", "/nowhere/tls", "both"),
            (Part::Notification, "NOTIFICATION__EMAIL_PROVIDERS", "smtp", "host"),
        ];

        for part in Part::ALL {
            rehearse(&with(&[]), part).await.unwrap();
        }
        for (part, key, value, expected) in stumbles {
            let stumbled = format!("{:#}", rehearse(&with(&[(key, value)]), part).await.unwrap_err());
            assert!(stumbled.contains(expected), "{key}: {stumbled}");
        }
        assert!(!folder.database("identity").exists() && !folder.database("notification").exists());
    }
}
