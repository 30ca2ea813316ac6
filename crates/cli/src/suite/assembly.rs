//! One part after the other, put together from its settings.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rekey_client::{ClientSettings, Connection};
use rekey_runtime::access::{AccessTable, PersonRule as Whose, Rule};
use rekey_runtime::deadline;
use rekey_runtime::health::Health;
use rekey_runtime::loops::Loops;
use rekey_runtime::process::Server;
use rekey_runtime::server::{Part as CalledPart, ServeError, ServerSettings, Website};
use rekey_runtime::settings::Document;
use rekey_runtime::shutdown::Shutdown;
use rekey_runtime::telemetry::Metrics;
use rekey_wire::options::v1::{Access, PersonRule};
use rekey_wire::{access, identity, notification, refusals, verification};
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;
use tonic::service::Routes;

use super::{Environment, inbox};
use crate::Part;
use crate::key_set::KeySet;

/// Puts a part together as `serve` would, with every file and address that its settings name, and lets it go again:
/// nothing is served, sent or written. Stores and neighbours that are away are no fault of the settings.
pub(crate) async fn rehearse(document: &Document, part: Part) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let mut assembly = Assembly {
        document,
        environment: Environment::system(Metrics::default()),
        health: Health::new(),
        keys: KeySet::default(),
        purpose: Purpose::Rehearsal { scratch: scratch.path() },
    };
    let served = assembly.part(part).await.with_context(|| format!("starting {}", part.name()))?;
    Ok(served.rehearse()?)
}

/// A part that was put together.
pub(super) enum Served {
    /// One that is called by gRPC.
    Called(CalledPart),
    /// One whose pages browsers open.
    Pages(Website),
}

impl Served {
    /// Serves until `shutdown` and everything after it is done.
    pub(super) fn serve(self, listener: TcpListener, shutdown: Shutdown) -> Server {
        match self {
            Self::Called(part) => Box::pin(part.serve(listener, shutdown)),
            Self::Pages(website) => Box::pin(website.serve(listener, shutdown)),
        }
    }

    fn rehearse(self) -> Result<(), ServeError> {
        match self {
            Self::Called(part) => part.rehearse(),
            Self::Pages(website) => website.rehearse(),
        }
    }
}

/// What parts are put together from.
pub(super) struct Assembly<'a> {
    document: &'a Document,
    environment: Environment,
    health: Health,
    keys: KeySet,
    purpose: Purpose<'a>,
}

/// What parts are put together for.
enum Purpose<'a> {
    /// They are served, and their loops run here.
    Service { loops: &'a mut Loops },
    /// They are not, and files of theirs go here.
    Rehearsal { scratch: &'a Path },
}

impl<'a> Assembly<'a> {
    pub(super) fn of_services(
        document: &'a Document,
        environment: Environment,
        health: Health,
        loops: &'a mut Loops,
        keys: KeySet,
    ) -> Self {
        Self { document, environment, health, keys, purpose: Purpose::Service { loops } }
    }

    /// A rehearsal leaves an embedded store alone, which may not be there yet, or in use.
    fn keep_apart(&self, part: Part, url: &mut String) {
        if let Purpose::Rehearsal { scratch } = self.purpose
            && url.starts_with("sqlite:")
        {
            *url = format!("sqlite:{}", scratch.join(part.name()).display());
        }
    }

    pub(super) async fn part(&mut self, part: Part) -> anyhow::Result<Served> {
        let called = match part {
            Part::Notification => self.notification().await?,
            Part::Verification => self.verification().await?,
            Part::Identity => self.identity().await?,
            Part::Portal => return Ok(Served::Pages(self.portal()?)),
        };
        Ok(Served::Called(called.published(refusals::is_published)))
    }

    async fn notification(&mut self) -> anyhow::Result<CalledPart> {
        let mut settings: rekey_notification::config::Settings = self.settings_of(Part::Notification)?;
        self.keep_apart(Part::Notification, &mut settings.store.url);
        let Environment { clock, entropy, inbox, .. } = self.environment.clone();
        let given = rekey_notification::Dependencies { clock, entropy, health: self.health.clone(), inbox };
        let mut service = rekey_notification::assemble(&settings, given).await?;
        if let Purpose::Service { loops } = &mut self.purpose {
            service.loops.look_first().await?;
            service.loops.spawn(loops);
        }
        let called = self.called(Part::Notification, settings.server, service.routes);
        Ok(called.descriptors(notification::v1::DESCRIPTORS))
    }

    async fn verification(&mut self) -> anyhow::Result<CalledPart> {
        let settings: rekey_verification::config::Settings = self.settings_of(Part::Verification)?;
        let notification = connect(&settings.notification)?;
        let Environment { clock, entropy, .. } = self.environment.clone();
        let health = self.health.clone();
        let given = rekey_verification::Dependencies { clock, entropy, health, notification };
        let mut service = rekey_verification::assemble(&settings, given).await?;
        if let Purpose::Service { loops } = &mut self.purpose {
            service.loops.look_first().await?;
            service.loops.spawn(loops);
        }
        let called = self.called(Part::Verification, settings.server, service.routes);
        Ok(called.descriptors(verification::v1::DESCRIPTORS))
    }

    async fn identity(&mut self) -> anyhow::Result<CalledPart> {
        let mut settings: rekey_identity::config::Settings = self.settings_of(Part::Identity)?;
        self.keep_apart(Part::Identity, &mut settings.store.url);
        let Environment { clock, entropy, .. } = self.environment.clone();
        let given = rekey_identity::Dependencies { clock, entropy, health: self.health.clone() };
        let mut service = rekey_identity::assemble(&settings, given).await?;
        self.keys.put(Arc::clone(&service.jwks));
        if let Purpose::Service { loops } = &mut self.purpose {
            service.loops.look_first().await?;
            service.loops.spawn(loops);
        }
        let called = self.called(Part::Identity, settings.server, service.routes);
        Ok(called.persons(service.persons).descriptors(identity::v1::DESCRIPTORS))
    }

    /// The portal owns nothing that could be away: it is ready as soon as it is put together, and says on its pages what a neighbour
    /// cannot do now.
    fn portal(&mut self) -> anyhow::Result<Website> {
        let settings: rekey_portal::config::Settings = self.settings_of(Part::Portal)?;
        let Environment { clock, entropy, inbox, .. } = self.environment.clone();
        let service = rekey_portal::assemble(&settings, &rekey_portal::Dependencies { clock, entropy })?;
        if let Purpose::Service { loops } = &mut self.purpose {
            service.loops.spawn(loops);
        }
        // Developers read what was sent where they asked for it.
        let pages = service.pages.merge(inbox.map(inbox::pages).unwrap_or_default());
        Ok(Website::new(Part::Portal.name(), settings.server, pages, self.health.clone()))
    }

    fn settings_of<T: DeserializeOwned>(&self, part: Part) -> anyhow::Result<T> {
        Ok(self.document.part(part.name())?)
    }

    fn called(&self, part: Part, server: ServerSettings, routes: Routes) -> CalledPart {
        CalledPart::new(part.name(), server, routes, rules(part), self.health.clone())
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
    use rekey_primitives::entropy::SystemEntropy;

    use super::*;
    use crate::folder::DataFolder;
    use crate::{development, settings};

    #[test]
    fn every_part_enforces_exactly_the_rpcs_of_its_package() {
        let enforced: usize = Part::GRPC.iter().map(|part| rules(*part).paths().count()).sum();

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
            let ours = development::settings(&folder, &development::Stores::default());
            // Without the inbox, which only `up` hands out.
            let ours = ours.into_iter().filter(|(key, _)| !key.starts_with("REKEY__NOTIFICATION__PROVIDERS"));
            let changes = changes.iter().map(|(key, value)| development::set(key, value));
            let changed: Vec<development::Setting> = ours.chain(changes).collect();
            settings::builder().environment(changed).load().unwrap()
        };
        let stumbles = [
            (Part::Identity, "IDENTITY__KEYS__PEPPER_FILE", "/nowhere/pepper", "/nowhere/pepper"),
            (Part::Identity, "IDENTITY__STORE__URL", "mysql://db", "must begin with"),
            (Part::Identity, "IDENTITY__SERVER__CALLERS_FILE", "/nowhere/callers", "/nowhere/callers"),
            (Part::Identity, "IDENTITY__VERIFICATION__ENDPOINT", "https://peer:1", "ca_file"),
            (Part::Verification, "VERIFICATION__STORE__URL", "foo://x", "scheme"),
            (Part::Verification, "VERIFICATION__SERVER__TLS__CERTIFICATE_FILE", "/nowhere/tls", "both"),
            (Part::Notification, "NOTIFICATION__PROVIDERS__0__KIND", "smtp", "host"),
            (Part::Portal, "PORTAL__KEYS__COOKIE_FILE", "/nowhere/cookie", "/nowhere/cookie"),
            (Part::Portal, "PORTAL__IDENTITY__ENDPOINT", "https://peer:1", "ca_file"),
            (Part::Portal, "PORTAL__SERVER__TLS__CERTIFICATE_FILE", "/nowhere/tls", "both"),
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
