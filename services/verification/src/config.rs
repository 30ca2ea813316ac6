//! The `[verification]` table. Values and their reasons stand in `default.toml`; here are their types and the
//! checks that need more than one of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rekey_client::ClientSettings;
use rekey_primitives::contact::{Channel, Destination};
use rekey_runtime::server::ServerSettings;
use serde::Deserialize;

use crate::domain::code::{Alphabet, Code, Shape};
use crate::domain::ladder::Ladder;
use crate::domain::limits::{FailureRule, Limits, Window};
use crate::domain::rules::{ResendPolicy, Rules};

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
    /// Where codes and limits are kept.
    pub store: Store,
    /// What digests, seals and signs.
    pub keys: Keys,
    /// How codes look and live.
    pub code: CodeSettings,
    /// When they are sent again.
    pub resend: Resend,
    /// Evidence of success.
    pub grant: Life,
    /// Repeated requests.
    pub requests: Requests,
    /// Budgets of messages.
    pub limits: LimitSettings,
    /// Failures in a row.
    pub failures: Failures,
    /// Text messages.
    pub phone: Phone,
    /// What messages say.
    pub message: Message,
    /// The neighbour that sends them.
    pub notification: ClientSettings,
    /// Addresses with a fixed code that nothing is sent to.
    pub test_destinations: BTreeMap<String, String>,
}

/// `[verification.store]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Where it is. May hold a password: never logged.
    pub url: String,
    /// A file with the password, where it does not stand in the URL.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// How long one step may take.
    pub timeout_ms: u64,
    /// The most that `memory:` holds.
    pub memory_entries: usize,
    /// How often it is looked at.
    pub check_seconds: u64,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("Store")
            .field("kind", &kind)
            .field("timeout_ms", &self.timeout_ms)
            .finish_non_exhaustive()
    }
}

/// `[verification.keys]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Digests of codes.
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
    /// What codes are made of.
    pub alphabet: Alphabet,
    /// Characters, 6 to 10.
    pub length: u32,
    /// How long a code lives.
    pub life_seconds: u64,
    /// Tries per verification.
    pub tries: u32,
}

/// `[verification.resend]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resend {
    /// Waits after each message.
    pub ladder_seconds: Vec<u64>,
    /// Messages per verification.
    pub sends: u32,
    /// What a resend sends.
    pub policy: ResendPolicy,
}

/// `[verification.grant]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Life {
    /// How long a grant lives.
    pub life_seconds: u64,
}

/// `[verification.requests]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// How long an answer is kept.
    pub answer_life_seconds: u64,
}

/// `[verification.limits]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Messages to one address an hour.
    pub destination_per_hour: u32,
    /// Messages to one address a day.
    pub destination_per_day: u32,
    /// Messages asked for from one network an hour.
    pub network_per_hour: u32,
    /// Messages asked for from one network a day.
    pub network_per_day: u32,
    /// Messages asked for by a caller that names no network, an hour.
    pub caller_per_hour: u32,
    /// Messages for one subject an hour.
    pub subject_per_hour: u32,
    /// Messages for one subject a day.
    pub subject_per_day: u32,
    /// Messages of one tenant an hour.
    pub tenant_per_hour: u32,
    /// Messages of one tenant a day.
    pub tenant_per_day: u32,
    /// Text messages of one tenant to one country a day.
    pub texts_per_country_day: u32,
    /// Decoys of one tenant an hour.
    pub decoys_per_hour: u32,
}

/// `[verification.failures]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// Failures within the window that pause.
    pub pause_at: u32,
    /// The window.
    pub pause_window_seconds: u64,
    /// Failures in a row that stop.
    pub stop_at: u32,
}

/// `[verification.phone]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// Country codes that text messages may go to.
    pub countries: Vec<String>,
}

/// `[verification.message]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The name messages speak in when the caller gives none.
    pub organisation: String,
}

/// Settings that do not fit together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unfit {
    /// Codes are no codes.
    #[error("[verification.code] length: {0}")]
    Code(#[from] crate::domain::code::InvalidLength),
    /// Nothing could ever be right or sent.
    #[error("[verification.resend]: {0}")]
    Ladder(#[from] crate::domain::ladder::InvalidLadder),
    /// A number is outside what norms or sense allow.
    #[error("[verification] {0}")]
    Number(&'static str),
    /// Development's back door in production.
    #[error("[verification.test_destinations] must be empty in production")]
    TestDestinations,
    /// A test destination that is no address, or whose code is none. Counted in the order of the addresses.
    #[error("[verification.test_destinations] entry {0} is not an address with a code")]
    TestDestination(usize),
}

impl Settings {
    /// Whether the settings fit together.
    pub fn check(&self) -> Result<(), Unfit> {
        self.rules().map(|_| ())
    }

    pub(crate) fn rules(&self) -> Result<Rules, Unfit> {
        if self.production && !self.test_destinations.is_empty() {
            return Err(Unfit::TestDestinations);
        }
        let bounds = [
            (1..=600)
                .contains(&self.code.life_seconds)
                .then_some(())
                .ok_or("code.life_seconds must be 1 to 600"),
            (1..=10).contains(&self.code.tries).then_some(()).ok_or("code.tries must be 1 to 10"),
            (1..=3_600)
                .contains(&self.grant.life_seconds)
                .then_some(())
                .ok_or("grant.life_seconds must be 1 to 3600"),
            (1..=100)
                .contains(&self.failures.stop_at)
                .then_some(())
                .ok_or("failures.stop_at must be 1 to 100"),
            // The whole ladder travels in refusals.
            (self.resend.sends <= 20).then_some(()).ok_or("resend.sends must be at most 20"),
            (self.failures.pause_at >= 1).then_some(()).ok_or("failures.pause_at must be at least 1"),
        ];
        for bound in bounds {
            bound.map_err(Unfit::Number)?;
        }
        let waits = self.resend.ladder_seconds.iter().copied().map(Duration::from_secs).collect();
        Ok(Rules {
            shape: Shape::new(self.code.alphabet, self.code.length)?,
            code_life: Duration::from_secs(self.code.life_seconds),
            tries: self.code.tries,
            ladder: Ladder::new(waits, self.resend.sends)?,
            resend: self.resend.policy,
            grant_life: Duration::from_secs(self.grant.life_seconds),
            answer_life: Duration::from_secs(self.requests.answer_life_seconds),
            limits: self.limits.windows(),
            failures: FailureRule {
                pause_at: self.failures.pause_at,
                pause_window: Duration::from_secs(self.failures.pause_window_seconds),
                stop_at: self.failures.stop_at,
            },
            phone_countries: self.phone.countries.iter().cloned().collect(),
            test_destinations: self.test_codes()?,
            organisation: self.message.organisation.clone(),
        })
    }

    fn test_codes(&self) -> Result<BTreeMap<String, Code>, Unfit> {
        let read = |(index, (address, code)): (usize, (&String, &String))| {
            let destination = [Channel::Email, Channel::Sms]
                .into_iter()
                .find_map(|channel| Destination::parse(channel, address).ok());
            let code = Code::typed(code).ok();
            destination
                .zip(code)
                .map(|(destination, code)| (destination.as_str().to_owned(), code))
                .ok_or(Unfit::TestDestination(index + 1))
        };
        self.test_destinations.iter().enumerate().map(read).collect()
    }
}

impl LimitSettings {
    fn windows(&self) -> Limits {
        Limits {
            destination: vec![
                Window::per_hour(self.destination_per_hour),
                Window::per_day(self.destination_per_day),
            ],
            network: vec![Window::per_hour(self.network_per_hour), Window::per_day(self.network_per_day)],
            caller: vec![Window::per_hour(self.caller_per_hour)],
            subject: vec![Window::per_hour(self.subject_per_hour), Window::per_day(self.subject_per_day)],
            tenant: vec![Window::per_hour(self.tenant_per_hour), Window::per_day(self.tenant_per_day)],
            texts: vec![Window::per_day(self.texts_per_country_day)],
            decoys: vec![Window::per_hour(self.decoys_per_hour)],
        }
    }
}

#[cfg(test)]
mod tests;
