//! The `[identity]` table. Values and their reasons stand in `default.toml`; here are their types and the checks that
//! need more than one of them.

mod limits;
mod passkeys;
mod stores;
mod webhooks;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use rekey_client::ClientSettings;
use rekey_primitives::method::MethodKind;
use rekey_runtime::server::ServerSettings;
use rekey_runtime::settings::{WrongParameter, check_store_url};
use serde::Deserialize;

use crate::domain::region::Region;

pub use limits::{Limits, Spraying};
pub use passkeys::Passkeys;
pub use stores::{Store, Throttle};
pub use webhooks::Webhooks;

/// The commented defaults.
pub const DEFAULTS: &str = include_str!("default.toml");

/// What the operator decides about this part.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How the part listens.
    pub server: ServerSettings,
    /// Whether what only development may have is refused.
    pub production: bool,
    /// The region of this deployment; empty: it has none.
    pub region: String,
    /// Where people's pages are; links in notices lead there.
    pub portal_url: String,
    /// The grid on which answers leave that must not tell by their speed.
    pub answer_floor_ms: u64,
    /// Where everything is kept.
    pub store: Store,
    /// Where throttles are counted.
    pub throttle: Throttle,
    /// The files of the keys.
    pub keys: KeyFiles,
    /// What hashing passwords costs.
    pub hashing: crate::hashing::Settings,
    /// What tokens say and how long they live.
    pub tokens: Tokens,
    /// How often a stranger may ask.
    pub limits: Limits,
    /// How notices go out.
    pub notices: Notices,
    /// How starts and refusals reach the log.
    pub audit: Audit,
    /// What resets offer.
    pub resets: Resets,
    /// What becomes of what is deleted.
    pub directory: Directory,
    /// Who takes passkeys.
    pub passkeys: Passkeys,
    /// How bulk resets are worked on.
    pub bulk_resets: BulkResets,
    /// Work that nobody waits for.
    pub jobs: Jobs,
    /// How events go to webhooks.
    pub webhooks: Webhooks,
    /// The verification service.
    pub verification: ClientSettings,
    /// The notification service.
    pub notification: ClientSettings,
}

/// `[identity.keys]`: one file per kind of key, lines `id state material`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFiles {
    /// Seals password hashes.
    #[serde(default)]
    pub pepper_file: Option<PathBuf>,
    /// Signs access tokens.
    #[serde(default)]
    pub access_token_file: Option<PathBuf>,
    /// Seals reset tokens and everything else that travels or waits.
    #[serde(default)]
    pub tokens_file: Option<PathBuf>,
    /// Makes decoys.
    #[serde(default)]
    pub decoy_file: Option<PathBuf>,
    /// Hashes logins.
    #[serde(default)]
    pub login_hash_file: Option<PathBuf>,
    /// Hashes places.
    #[serde(default)]
    pub familiar_place_file: Option<PathBuf>,
}

/// `[identity.tokens]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// `iss` of access tokens.
    pub issuer: String,
    /// Life of a challenge.
    pub challenge_life_seconds: u64,
    /// Life of a link "this was not me".
    pub repudiation_life_seconds: u64,
    /// Life of a one-time link that an administrator had sent.
    pub reset_link_life_seconds: u64,
    /// Life of a page token.
    pub page_life_seconds: u64,
    /// How long a repeated request gets the first answer.
    pub answer_life_seconds: u64,
}

/// `[identity.notices]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notices {
    /// After this a notice is not worth sending.
    pub life_seconds: u64,
    /// Notices claimed at a time.
    pub batch: u32,
    /// How long the relay may hold them.
    pub lease_seconds: u64,
    /// How often it looks for due ones.
    pub poll_ms: u64,
    /// The first wait after notification was away, doubling.
    pub retry_first_seconds: u64,
    /// The longest such wait.
    pub retry_longest_seconds: u64,
}

/// `[identity.audit]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Most events that wait in memory.
    pub buffer_events: usize,
    /// How often they are written.
    pub flush_ms: u64,
    /// How often what was written is sealed.
    pub seal_ms: u64,
    /// How often a stream of events looks for new ones.
    pub watch_poll_ms: u64,
    /// How often it says that there are none.
    pub watch_heartbeat_ms: u64,
    /// Most such streams at once.
    pub watchers: usize,
}

/// `[identity.resets]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resets {
    /// The kinds of methods whose codes this deployment can send.
    pub carried_kinds: Vec<String>,
    /// How long the table stands that decoys are drawn from.
    pub shares_life_days: u64,
}

impl Resets {
    /// How long the table stands that decoys are drawn from.
    pub(crate) fn shares_life(&self) -> Duration {
        Duration::from_secs(86_400 * self.shares_life_days)
    }

    /// The kinds; what [`Settings::check`] let through is known.
    pub(crate) fn kinds(&self) -> BTreeSet<MethodKind> {
        self.carried_kinds.iter().filter_map(|kind| MethodKind::parse(kind)).collect()
    }
}

/// `[identity.directory]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// For how long what is deleted can be brought back.
    pub deleted_life_days: u64,
}

impl Directory {
    /// For how long what is deleted can be brought back.
    pub(crate) fn deleted_life(&self) -> Duration {
        Duration::from_secs(86_400 * self.deleted_life_days)
    }
}

/// `[identity.bulk_resets]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BulkResets {
    /// How often a process looks for a job that is due.
    pub poll_ms: u64,
    /// How long a process may hold a job.
    pub lease_seconds: u64,
    /// When a list that nobody adds to is given up.
    pub abandoned_seconds: u64,
    /// How long jobs and their results are kept after their end.
    pub kept_days: u64,
}

/// `[identity.jobs]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// How often what is over is deleted.
    pub sweep_seconds: u64,
    /// How often audit events past their tenant's retention are forgotten.
    pub forget_seconds: u64,
    /// How often help requests are looked at for digests.
    pub digest_seconds: u64,
    /// How often passwords that expire soon are looked for.
    pub expiry_seconds: u64,
    /// How often what was deleted long enough ago is purged.
    pub purge_seconds: u64,
}

/// Settings that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// A store would pass over what its URL says.
    #[error(transparent)]
    StoreUrl(#[from] WrongParameter),
    /// Argon2 has no such cost.
    #[error("identity.hashing.cost.memory_kib must be at least eight times identity.hashing.cost.lanes")]
    Lanes,
    /// Nobody could sign in with a password that was set today.
    #[error("identity.hashing.cost is above identity.hashing.limits: {0}")]
    HashCost(&'static str),
    /// A kind of method that there is not, or whose codes nobody sends.
    #[error("identity.resets.carried_kinds holds {0:?}, which is neither email nor phone")]
    CarriedKind(String),
    /// Passkeys could not be asked for.
    #[error("identity.passkeys needs relying_party_id and origins, or neither")]
    Passkeys,
    /// No page there could use a passkey of the domain.
    #[error(
        "identity.passkeys.origins holds {0:?}: it must be https:// and under relying_party_id, without a path"
    )]
    PasskeyOrigin(String),
    /// What is no network.
    #[error("identity.webhooks.allow_networks holds {0:?}, which is no network such as 10.0.0.0/8")]
    Network(String),
    /// Two replicas could send one event at the same time.
    #[error("identity.webhooks.lease_seconds must be at least three times try_timeout_ms")]
    WebhookLease,
    /// What is no region.
    #[error(
        "identity.region must be 1 to 32 of a-z, 0-9 and inner hyphens, beginning with a letter, or empty"
    )]
    Region,
    /// Links in notices would not be links.
    #[error("identity.portal_url must begin with https:// or http:// and not end with /")]
    PortalUrl,
}

impl Settings {
    /// Refuses settings that contradict each other.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn check(&self) -> Result<(), Contradiction> {
        check_store_url("identity.store.url", &self.store.url)?;
        check_store_url("identity.throttle.url", &self.throttle.redis.url)?;
        self.check_hash_cost()?;
        self.webhooks.check()?;
        let is_sent = |kind: &String| MethodKind::parse(kind).is_some_and(|kind| kind.channel().is_some());
        if let Some(kind) = self.resets.carried_kinds.iter().find(|kind| !is_sent(kind)) {
            return Err(Contradiction::CarriedKind(kind.clone()));
        }
        if self.passkeys.relying_party_id.is_empty() != self.passkeys.origins.is_empty() {
            return Err(Contradiction::Passkeys);
        }
        if let Some(odd) = self.passkeys.odd_origin() {
            return Err(Contradiction::PasskeyOrigin(odd.clone()));
        }
        if !self.region.is_empty() && Region::parse(&self.region).is_none() {
            return Err(Contradiction::Region);
        }
        let is_web = self.portal_url.starts_with("https://") || self.portal_url.starts_with("http://");
        if is_web && !self.portal_url.ends_with('/') { Ok(()) } else { Err(Contradiction::PortalUrl) }
    }

    /// New hashes must be verified later, within the limits of stored ones.
    fn check_hash_cost(&self) -> Result<(), Contradiction> {
        let (cost, limits) = (self.hashing.cost, self.hashing.limits);
        if cost.memory_kib / 8 < cost.lanes {
            return Err(Contradiction::Lanes);
        }
        for (is_above, name) in [
            (cost.memory_kib > limits.memory_kib, "memory_kib"),
            (cost.passes > limits.passes, "passes"),
            (cost.lanes > limits.lanes, "lanes"),
            (
                u64::from(cost.memory_kib) * u64::from(cost.passes) > limits.work,
                "memory_kib times passes, the work",
            ),
        ] {
            if is_above {
                return Err(Contradiction::HashCost(name));
            }
        }
        Ok(())
    }

    /// The grid of answers; zero is none.
    #[must_use]
    pub fn answer_floor(&self) -> Duration {
        Duration::from_millis(self.answer_floor_ms)
    }
}

/// The defaults, cheap and without a grid.
#[cfg(test)]
pub(crate) fn for_tests() -> Settings {
    let document = rekey_runtime::settings::Document::builder()
        .part("identity", 0, DEFAULTS)
        .load()
        .expect("defaults read");
    let mut settings: Settings = document.part("identity").expect("defaults fit");
    settings.answer_floor_ms = 0;
    settings.resets.carried_kinds = vec!["email".to_owned(), "phone".to_owned()];
    settings.hashing.threads = 1;
    settings.hashing.cost = crate::hashing::Cost { memory_kib: 64, passes: 1, lanes: 1 };
    settings
}

#[cfg(test)]
mod tests;
