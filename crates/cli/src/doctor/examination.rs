//! All looks at some parts: begun together, each ended in time, and judged when all are in.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use rekey_identity::NotInspected;
use rekey_notification::DkimRecord;
use rekey_primitives::clock::{Clock as _, SystemClock, Timestamp};
use rekey_runtime::health::HealthSettings;
use rekey_runtime::settings::Document;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::finding::Finding;
use super::judge::answer_floor::{self, WorkFacts};
use super::judge::stores::{self, DatabaseUse};
use super::judge::{certificates, embedded, health, keys, mail, neighbours, webhooks};
use super::probes;
use super::probes::handshake::Server;
use super::probes::mail::Dns;
use super::probes::neighbours::Neighbour;
use crate::arguments::Doctor;
use crate::{Part, production};

/// What a look brings back.
pub(super) enum Fact {
    /// What can be judged by itself was.
    Findings(Vec<Finding>),
    /// A database, which shares its server with others.
    Database(Box<DatabaseUse>),
    /// A round trip to the throttles of identity.
    Throttle(Duration),
}

type Look = Pin<Box<dyn Future<Output = anyhow::Result<Vec<Fact>>> + Send>>;

/// What is to be looked at.
pub(super) struct Examination {
    looks: Vec<(String, Look)>,
    /// Found without asking anybody.
    findings: Vec<Finding>,
    looked_at: Vec<String>,
    identity: Option<rekey_identity::config::Settings>,
    /// The data folder, where the parts are one process.
    one_process: Option<PathBuf>,
    replicas: u32,
    within: Duration,
}

impl Examination {
    pub(super) fn of(document: &Document, doctor: &Doctor) -> anyhow::Result<Self> {
        let one_process = doctor.one_process.up.then(|| doctor.one_process.data.clone());
        let parts = match doctor.parts.as_slice() {
            [] if one_process.is_some() => crate::settings::business_parts(document),
            [] => crate::settings::written_parts(document),
            parts => parts.to_vec(),
        };
        let identity: rekey_identity::config::Settings = document.part(Part::Identity.name())?;
        let processes = u32::try_from(identity.throttle.processes.get()).unwrap_or(u32::MAX);
        let mut examination = Self {
            looks: Vec::new(),
            findings: Vec::new(),
            looked_at: Vec::new(),
            identity: parts.contains(&Part::Identity).then(|| identity.clone()),
            replicas: if one_process.is_some() { 1 } else { doctor.replicas.unwrap_or(processes) },
            one_process,
            within: Duration::from_secs(doctor.seconds),
        };
        examination.settings(document, &parts)?;
        let HealthSettings { listen } = document.part("health")?;
        examination.look("health.listen", async move {
            let facts = probes::health::look(listen).await?;
            Ok(vec![Fact::Findings(health::judge(&facts).into_iter().collect())])
        });
        let now = SystemClock.now();
        for part in &parts {
            examination.keys(document, *part, now);
            match part {
                Part::Identity => examination.identity(identity.clone(), now),
                Part::Verification => examination.verification(document.part(part.name())?, now),
                Part::Notification => examination.notification(document.part(part.name())?, doctor, now)?,
                Part::Portal => examination.portal(&document.part(part.name())?, now),
            }
        }
        Ok(examination)
    }

    /// Everything that was found, and what was looked at.
    pub(super) async fn run(mut self) -> (Vec<Finding>, Vec<String>) {
        let within = self.within;
        let mut running = JoinSet::new();
        for (about, look) in std::mem::take(&mut self.looks) {
            self.looked_at.push(about.clone());
            running.spawn(async move { (about, timeout(within, look).await) });
        }
        let (mut databases, mut throttle) = (Vec::new(), Duration::ZERO);
        while let Some(done) = running.join_next().await {
            match done {
                Ok((_, Ok(Ok(facts)))) => {
                    for fact in facts {
                        match fact {
                            Fact::Findings(findings) => self.findings.extend(findings),
                            Fact::Database(database) => databases.push(*database),
                            Fact::Throttle(round_trip) => throttle = throttle.max(round_trip),
                        }
                    }
                }
                Ok((about, Ok(Err(error)))) => self.findings.push(away(&about, &format!("{error:#}"))),
                Ok((about, Err(_))) => {
                    let what = format!("no answer within {} s", within.as_secs());
                    self.findings.push(away(&about, &what));
                }
                Err(_) => self.findings.push(away("a look", "it broke off")),
            }
        }
        self.findings.extend(stores::judge_connections(&databases, self.replicas));
        // Last and alone: what runs beside a hash makes it slower.
        self.answer_floor(&databases, throttle).await;
        self.looked_at.sort();
        (self.findings, self.looked_at)
    }

    /// What `serve`, or `up --production`, would refuse, as it would say it.
    fn settings(&mut self, document: &Document, parts: &[Part]) -> anyhow::Result<()> {
        self.looked_at.push("the settings".to_owned());
        let found = match &self.one_process {
            Some(data) => production::business_findings(document, data)?,
            None => production::served_findings(document, parts)?,
        };
        for what in found {
            let mend = "Change it: in production no part starts with it, as `rekey config check` says.";
            self.findings.push(Finding::error("settings", what, mend));
        }
        Ok(())
    }

    fn keys(&mut self, document: &Document, part: Part, now: Timestamp) {
        for read in probes::keys::look(document, part, now) {
            match read {
                Ok(facts) => {
                    self.looked_at.push(facts.about.clone());
                    self.findings.extend(keys::judge(&facts));
                }
                Err((about, what)) => {
                    let mend = "Name a file of keys that this user may read.";
                    self.findings.push(Finding::error(&about, what, mend));
                }
            }
        }
    }

    fn identity(&mut self, settings: rekey_identity::config::Settings, now: Timestamp) {
        self.port(Part::Identity, &settings.server, now);
        for (called, neighbour) in
            [(Part::Verification, &settings.verification), (Part::Notification, &settings.notification)]
        {
            self.neighbour(Neighbour { caller: Part::Identity, called, settings: neighbour.clone() }, now);
        }
        self.servers(probes::certificates::of_postgres("identity.store", &settings.store.url), now);
        let nodes = probes::certificates::of_redis("identity.throttle", &settings.throttle.redis);
        self.servers(nodes, now);
        let (of_store, connections) = (settings.clone(), settings.store.connections);
        self.database("identity.store", "identity", connections, async move {
            rekey_identity::inspect_store(&of_store, &SystemClock).await
        });
        self.look("identity.throttle", async move {
            let facts = rekey_identity::inspect_throttle(&settings, &SystemClock).await?;
            Ok(facts.map_or_else(Vec::new, |facts| {
                let findings = stores::judge_redis("identity.throttle", &facts);
                vec![Fact::Findings(findings), Fact::Throttle(facts.round_trip)]
            }))
        });
    }

    fn portal(&mut self, settings: &rekey_portal::config::Settings, now: Timestamp) {
        self.port(Part::Portal, &settings.server, now);
        for (called, neighbour) in
            [(Part::Identity, &settings.identity), (Part::Notification, &settings.notification)]
        {
            self.neighbour(Neighbour { caller: Part::Portal, called, settings: neighbour.clone() }, now);
        }
    }

    fn verification(&mut self, settings: rekey_verification::config::Settings, now: Timestamp) {
        self.port(Part::Verification, &settings.server, now);
        let (caller, called) = (Part::Verification, Part::Notification);
        self.neighbour(Neighbour { caller, called, settings: settings.notification.clone() }, now);
        let nodes = probes::certificates::of_redis("verification.store", &settings.store.redis);
        self.servers(nodes, now);
        self.look("verification.store", async move {
            let facts = rekey_verification::inspect_store(&settings, &SystemClock).await?;
            let findings = facts.map(|facts| stores::judge_redis("verification.store", &facts));
            Ok(vec![Fact::Findings(findings.unwrap_or_default())])
        });
    }

    fn notification(
        &mut self,
        settings: rekey_notification::config::Settings,
        doctor: &Doctor,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        self.port(Part::Notification, &settings.server, now);
        self.servers(probes::certificates::of_postgres("notification.store", &settings.store.url), now);
        for (name, server) in settings.tls_servers() {
            let about = format!("notification.providers: `{name}`");
            self.servers([probes::certificates::of_provider(&about, server)], now);
        }
        self.findings.extend(webhooks::judge(settings.webhook_public_keys()));
        let dns = Dns::asking(doctor.resolver)?;
        let keys = self.dkim_keys(&settings, &dns);
        for domain in settings.sender_domains() {
            let (dns, selectors) = (dns.clone(), doctor.dkim_selector.clone());
            let signs_here = keys.iter().any(|key| *key == domain || domain.ends_with(&format!(".{key}")));
            self.look(&format!("mail from {domain}"), async move {
                let facts = mail::MailFacts { signs_here, ..dns.look(&domain, &selectors).await };
                Ok(vec![Fact::Findings(mail::judge(&facts))])
            });
        }
        let connections = settings.store.connections;
        self.database("notification.store", "notification", connections, async move {
            rekey_notification::inspect_store(&settings, &SystemClock).await
        });
        Ok(())
    }

    /// Looks at what is published of the keys that sign mails here, and gives their domains.
    fn dkim_keys(&mut self, settings: &rekey_notification::config::Settings, dns: &Dns) -> Vec<String> {
        let records = match settings.dkim_records() {
            Ok(records) => records,
            Err(error) => {
                let mend = "Name a file with a private key in PKCS #8, PEM, that this user may read.";
                self.findings.push(Finding::error(
                    "notification.providers: dkim",
                    format!("{error:#}"),
                    mend,
                ));
                Vec::new()
            }
        };
        let domains = records.iter().map(|record| record.domain.clone()).collect();
        for DkimRecord { selector, domain, public_key, .. } in records {
            let dns = dns.clone();
            self.look(&format!("the DKIM key {selector} of {domain}"), async move {
                let found = dns.dkim_key(&domain, &selector).await;
                Ok(vec![Fact::Findings(mail::judge_own_key(&domain, &selector, &public_key, &found))])
            });
        }
        domains
    }

    /// The certificate of our own port.
    fn port(&mut self, part: Part, server: &rekey_runtime::server::ServerSettings, now: Timestamp) {
        let Some(file) = &server.tls.certificate_file else { return };
        let about = format!("{}.server.tls", part.name());
        match probes::certificates::of_file(&about, file, now) {
            Ok(facts) => self.findings.extend(certificates::judge(&facts)),
            Err(error) => {
                let mend = "Name a file with a certificate in PEM that this user may read.";
                self.findings.push(Finding::error(&about, format!("{error:#}"), mend));
            }
        }
        self.looked_at.push(about);
    }

    fn neighbour(&mut self, neighbour: Neighbour, now: Timestamp) {
        let about = neighbour.about();
        self.servers(probes::certificates::of_neighbour(&about, &neighbour.settings), now);
        self.look(&about, async move {
            let facts = neighbour.look().await?;
            Ok(vec![Fact::Findings(neighbours::judge(&facts).into_iter().collect())])
        });
    }

    /// Servers that show certificates.
    fn servers(&mut self, servers: impl IntoIterator<Item = Server>, now: Timestamp) {
        for server in servers {
            self.look(&format!("the certificate of {}:{}", server.host, server.port), async move {
                let shown = server.look().await?;
                let facts = probes::certificates::of_shown(&server, &shown, now)?;
                Ok(vec![Fact::Findings(certificates::judge(&facts))])
            });
        }
    }

    fn database(
        &mut self,
        about: &'static str,
        part: &'static str,
        connections: u32,
        inspecting: impl Future<Output = anyhow::Result<rekey_identity::DatabaseFacts>> + Send + 'static,
    ) {
        let is_one_process = self.one_process.is_some();
        self.look(about, async move {
            let facts = match inspecting.await {
                Ok(facts) => facts,
                Err(error) => {
                    let why = error.downcast_ref::<NotInspected>();
                    let told = why.and_then(|why| embedded::judge_not_inspected(about, why, is_one_process));
                    return told.map(|finding| vec![Fact::Findings(vec![finding])]).ok_or(error);
                }
            };
            let about = about.to_owned();
            let database =
                DatabaseUse { about, part, connections, is_migrated_at_start: is_one_process, facts };
            let findings = stores::judge_database(&database);
            Ok(vec![Fact::Findings(findings), Fact::Database(Box::new(database))])
        });
    }

    fn look(&mut self, about: &str, look: impl Future<Output = anyhow::Result<Vec<Fact>>> + Send + 'static) {
        self.looks.push((about.to_owned(), Box::pin(look)));
    }

    /// Without the database nobody knows how long the work takes.
    async fn answer_floor(&mut self, databases: &[DatabaseUse], throttle: Duration) {
        let Some(settings) = self.identity.take() else { return };
        let Some(store) = databases.iter().find(|one| one.part == Part::Identity.name()) else { return };
        let about = "identity.answer_floor_ms";
        self.looked_at.push(about.to_owned());
        let judged = match timeout(self.within, rekey_identity::measure_hash(&settings)).await {
            Ok(Ok(hash)) => {
                let (floor, database) = (settings.answer_floor(), store.facts.round_trip);
                answer_floor::judge(&WorkFacts { floor, hash, database, throttle })
            }
            Ok(Err(error)) => Some(slow_hash(about, &format!("{error:#}"))),
            Err(_) => Some(slow_hash(about, &format!("no hash within {} s", self.within.as_secs()))),
        };
        self.findings.extend(judged);
    }
}

fn slow_hash(about: &str, why: &str) -> Finding {
    Finding::error(about, format!("no password could be hashed: {why}"), "Lower identity.hashing.cost.")
}

/// Whoever is not there can be judged no further.
fn away(about: &str, why: &str) -> Finding {
    let mend = "Start it, or correct the setting that leads there.";
    Finding::error(about, format!("it cannot be looked at: {why}"), mend)
}
