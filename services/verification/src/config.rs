//! The `[verification]` table. Values and their reasons stand in `default.toml`; here are their types and the
//! checks that need more than one of them.

mod policies;
mod sim_change;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rekey_client::ClientSettings;
use rekey_primitives::contact::{Channel, Destination, PhoneNumber};
use rekey_runtime::server::ServerSettings;
use rekey_runtime::settings::{RedisSettings, WrongParameter, check_store_url};
use serde::Deserialize;

pub(crate) use self::policies::{InvalidPolicies, parse as parse_policies};
pub use self::sim_change::SimChangeSettings;
use crate::domain::abuse::{BudgetModes, Mode};
use crate::domain::budgets::{Limits, Window};
use crate::domain::code::{Alphabet, Code, CodeFormat};
use crate::domain::event::EventRules;
use crate::domain::failures::FailureRule;
use crate::domain::ladder::Ladder;
use crate::domain::names::is_organisation;
use crate::domain::rules::{ResendPolicy, Rules};

mod abuse;

pub use self::abuse::AbuseSettings;

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
    /// The file of policies for purposes and tenants, and of listed destinations.
    #[serde(default)]
    pub policies_file: Option<PathBuf>,
    /// Where codes and limits are stored.
    pub store: StoreSettings,
    /// The files of the keys.
    pub keys: KeySettings,
    /// The format, life and attempts of codes.
    pub code: CodeSettings,
    /// Further messages with a code.
    pub resend: ResendSettings,
    /// Grants: evidence of a passed verification.
    pub grant: GrantSettings,
    /// Repeated calls.
    pub requests: RequestSettings,
    /// Budgets of messages.
    pub limits: LimitSettings,
    /// Failures in a row.
    pub failures: FailureSettings,
    /// Rules against abuse, and the modes of the budgets.
    pub abuse: AbuseSettings,
    /// Text messages.
    pub phone: PhoneSettings,
    /// SIMs that were changed of late.
    pub sim_change: SimChangeSettings,
    /// What messages say.
    pub message: MessageSettings,
    /// Who is told what happens to verifications.
    pub events: EventSettings,
    /// How notification is called.
    pub notification: ClientSettings,
    /// Addresses with a fixed code that nothing is sent to.
    pub test_destinations: BTreeMap<String, String>,
}

/// `[verification.store]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// Where the store is.
    #[serde(flatten)]
    pub redis: RedisSettings,
    /// How long one step may take.
    pub timeout_ms: u64,
    /// The most entries that `memory:` holds.
    pub memory_entries: usize,
    /// How often its health is checked.
    pub check_seconds: u64,
}

/// `[verification.keys]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySettings {
    /// MACs of codes.
    #[serde(default)]
    pub code_mac_file: Option<PathBuf>,
    /// Seals of codes and addresses.
    #[serde(default)]
    pub code_seal_file: Option<PathBuf>,
    /// Signatures of grants.
    #[serde(default)]
    pub grant_file: Option<PathBuf>,
}

/// `[verification.code]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeSettings {
    pub(crate) alphabet: Alphabet,
    pub(crate) length: u32,
    /// How long a code lives.
    pub life_seconds: u64,
    #[serde(rename = "tries")]
    pub(crate) attempts: u32,
}

/// `[verification.resend]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResendSettings {
    /// Waits after each message.
    pub ladder_seconds: Vec<u64>,
    /// Messages per verification.
    pub sends: u32,
    pub(crate) policy: ResendPolicy,
}

/// `[verification.grant]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantSettings {
    pub(crate) life_seconds: u64,
}

/// `[verification.requests]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestSettings {
    pub(crate) answer_life_seconds: u64,
}

/// `[verification.limits]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    pub(crate) destination_per_hour: u32,
    pub(crate) destination_per_day: u32,
    pub(crate) destination_tenants: u32,
    pub(crate) network_per_hour: u32,
    pub(crate) network_per_day: u32,
    pub(crate) caller_per_hour: u32,
    pub(crate) subject_per_hour: u32,
    pub(crate) subject_per_day: u32,
    pub(crate) tenant_per_hour: u32,
    pub(crate) tenant_per_day: u32,
    pub(crate) texts_per_country_day: u32,
    pub(crate) decoys_per_hour: u32,
}

/// `[verification.failures]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureSettings {
    pub(crate) pause_at: u32,
    pub(crate) pause_window_seconds: u64,
    pub(crate) stop_at: u32,
}

/// `[verification.phone]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneSettings {
    pub(crate) countries: Vec<String>,
}

/// `[verification.message]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageSettings {
    pub(crate) organisation: String,
}

/// `[verification.events]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSettings {
    /// The most events of a tenant that wait.
    pub(crate) most_waiting: u32,
    /// How often events that wait are looked for.
    pub(crate) poll_ms: u64,
    /// The webhook endpoint of each caller that listens.
    pub(crate) endpoints: BTreeMap<String, String>,
}

/// Settings that do not fit together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidSettings {
    /// The length of codes is out of bounds.
    #[error("[verification.code] length: {0}")]
    Code(#[from] crate::domain::code::InvalidCodeLength),
    /// The ladder allows no message.
    #[error("[verification.resend]: {0}")]
    Ladder(#[from] crate::domain::ladder::InvalidLadder),
    /// The store would pass over what its URL says.
    #[error(transparent)]
    StoreUrl(#[from] WrongParameter),
    /// Test destinations in production.
    #[error("[verification.test_destinations] must be empty in production")]
    TestDestinations,
    /// A test destination that is no address, or whose code is none; its position in the order of the addresses.
    #[error("[verification.test_destinations] entry {0} is not an address with a code")]
    TestDestination(usize),
    /// An entry of the list of countries that no number has; its position.
    #[error(
        "[verification.phone] countries: entry {0} is no country; write its ISO 3166 code, such as \"DE\""
    )]
    Country(usize),
    /// A sender's name that no message can show.
    #[error(
        "[verification.message] organisation must be at most 128 printable characters on one line, without `://`"
    )]
    Organisation,
}

impl Settings {
    /// Whether the settings fit together.
    pub fn check(&self) -> Result<(), InvalidSettings> {
        self.rules().map(|_| ())
    }

    pub(crate) fn rules(&self) -> Result<Rules, InvalidSettings> {
        if self.production && !self.test_destinations.is_empty() {
            return Err(InvalidSettings::TestDestinations);
        }
        check_store_url("verification.store.url", &self.store.redis.url)?;
        if !is_organisation(&self.message.organisation) {
            return Err(InvalidSettings::Organisation);
        }
        let waits = self.resend.ladder_seconds.iter().copied().map(Duration::from_secs).collect();
        Ok(Rules {
            code_format: CodeFormat::new(self.code.alphabet, self.code.length)?,
            code_life: Duration::from_secs(self.code.life_seconds),
            attempts: self.code.attempts,
            ladder: Ladder::new(waits, self.resend.sends)?,
            resend: self.resend.policy,
            grant_life: Duration::from_secs(self.grant.life_seconds),
            answer_life: Duration::from_secs(self.requests.answer_life_seconds),
            limits: self.limits.windows(self.abuse.budgets),
            failures: FailureRule {
                pause_at: self.failures.pause_at,
                pause_window: Duration::from_secs(self.failures.pause_window_seconds),
                stop_at: self.failures.stop_at,
            },
            abuse: self.abuse.rules(),
            phone_countries: Arc::new(self.phone.rules()?),
            channels: None,
            test_destinations: self.test_codes()?,
            organisation: self.message.organisation.clone(),
            events: EventRules {
                endpoints: self.events.endpoints.clone(),
                most_waiting: self.events.most_waiting,
            },
        })
    }

    fn test_codes(&self) -> Result<BTreeMap<String, Code>, InvalidSettings> {
        let read = |(index, (address, code)): (usize, (&String, &String))| {
            let destination = [Channel::Email, Channel::Sms]
                .into_iter()
                .find_map(|channel| Destination::parse(channel, address).ok());
            let code = Code::parse(code).ok();
            destination
                .zip(code)
                .map(|(destination, code)| (destination.canonical().into_owned(), code))
                .ok_or(InvalidSettings::TestDestination(index + 1))
        };
        self.test_destinations.iter().enumerate().map(read).collect()
    }
}

impl PhoneSettings {
    /// Whether text messages may go anywhere.
    #[must_use]
    pub fn names_countries(&self) -> bool {
        !self.countries.is_empty()
    }

    fn rules(&self) -> Result<BTreeSet<String>, InvalidSettings> {
        country_codes(&self.countries).map_err(InvalidSettings::Country)
    }
}

/// Countries as ISO 3166 names them; the place of the first that is none, from 1.
fn country_codes(names: &[String]) -> Result<BTreeSet<String>, usize> {
    let read = |(name, number): (&String, usize)| {
        if PhoneNumber::is_country(name) { Ok(name.clone()) } else { Err(number) }
    };
    names.iter().zip(1..).map(read).collect()
}

impl LimitSettings {
    /// A budget that is off has no windows, and nothing of it is counted.
    fn windows(&self, modes: BudgetModes) -> Limits {
        let of = |mode: Mode, windows: Vec<Window>| if mode == Mode::Off { Vec::new() } else { windows };
        let both = |hour: u32, day: u32| vec![Window::per_hour(hour), Window::per_day(day)];
        let destination = |tenants: u32| {
            let of_all = |limit: u32| limit.saturating_mul(tenants);
            of(modes.destination, both(of_all(self.destination_per_hour), of_all(self.destination_per_day)))
        };
        Limits {
            destination: destination(1),
            destination_of_all_tenants: destination(self.destination_tenants),
            network: of(modes.network, both(self.network_per_hour, self.network_per_day)),
            caller: of(modes.caller, vec![Window::per_hour(self.caller_per_hour)]),
            subject: of(modes.subject, both(self.subject_per_hour, self.subject_per_day)),
            tenant: of(modes.tenant, both(self.tenant_per_hour, self.tenant_per_day)),
            texts: of(modes.country_texts, vec![Window::per_day(self.texts_per_country_day)]),
            decoys: vec![Window::per_hour(self.decoys_per_hour)],
        }
    }
}

#[cfg(test)]
mod tests;
