//! The settings of this service as values that have been found to fit together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rekey_primitives::contact::Destination;

use super::code::{Code, Shape};
use super::ladder::Ladder;
use super::limits::{FailureRule, Limits};

/// What a resend sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResendPolicy {
    /// The code that was sent before: whichever message arrives first is right.
    Same,
    /// A new code; the one before is dead.
    Rotate,
}

/// The rules of the office.
#[derive(Debug)]
pub(crate) struct Rules {
    /// How codes look.
    pub(crate) shape: Shape,
    /// How long a code lives. A resend does not lengthen it.
    pub(crate) code_life: Duration,
    /// Tries per verification.
    pub(crate) tries: u32,
    /// Waits between messages, and how many there are.
    pub(crate) ladder: Ladder,
    /// What a resend sends.
    pub(crate) resend: ResendPolicy,
    /// How long a grant lives.
    pub(crate) grant_life: Duration,
    /// How long the answer to a request is kept for the same request again.
    pub(crate) answer_life: Duration,
    /// Budgets of messages.
    pub(crate) limits: Limits,
    /// Failures in a row.
    pub(crate) failures: FailureRule,
    /// Country codes (ITU, without the plus sign) that text messages may go to.
    pub(crate) phone_countries: BTreeSet<String>,
    /// The name messages speak in when the caller gives none.
    pub(crate) organisation: String,
    /// Destinations with a fixed code that nothing is ever sent to. Empty in production.
    pub(crate) test_destinations: BTreeMap<String, Code>,
}

impl Rules {
    /// Whether messages may go to this address at all. Text messages cost money per country, so a country nobody
    /// named is not served.
    pub(crate) fn serve(&self, destination: &Destination) -> bool {
        match destination {
            Destination::Email(_) => true,
            Destination::Phone(number) => {
                self.phone_countries.contains(number.country_code())
                    || self.test_destinations.contains_key(number.as_str())
            }
        }
    }

    /// The fixed code of a test destination.
    pub(crate) fn test_code(&self, destination: &Destination) -> Option<&Code> {
        self.test_destinations.get(destination.as_str())
    }
}
