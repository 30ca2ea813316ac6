//! The settings of this service as values that were checked to fit together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::contact::{Channel, Destination};

use super::abuse::AbuseRules;
use super::budgets::Limits;
use super::code::{Code, CodeFormat};
use super::event::EventRules;
use super::failures::FailureRule;
use super::ladder::Ladder;
use super::route::Route;

/// What a resend sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ResendPolicy {
    /// The code that was sent before: it is right whichever message arrives first.
    Same,
    /// A new code; the one before is void.
    Rotate,
}

#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) code_format: CodeFormat,
    /// How long a code lives. A resend does not lengthen it.
    pub(crate) code_life: Duration,
    /// Attempts per verification.
    pub(crate) attempts: u32,
    pub(crate) ladder: Ladder,
    pub(crate) resend: ResendPolicy,
    pub(crate) grant_life: Duration,
    /// How long the answer to a call is stored for its repetitions.
    pub(crate) answer_life: Duration,
    pub(crate) limits: Limits,
    pub(crate) failures: FailureRule,
    pub(crate) abuse: AbuseRules,
    /// The countries that text messages may go to, as [`rekey_primitives::contact::PhoneNumber::country`] tells them.
    pub(crate) phone_countries: Arc<BTreeSet<String>>,
    /// The channels that codes may go by; none means every one that notification carries.
    pub(crate) channels: Option<BTreeSet<Channel>>,
    /// The sender's name in messages when the caller gives none.
    pub(crate) organisation: String,
    /// Who listens to verifications.
    pub(crate) events: EventRules,
    /// Destinations with a fixed code that nothing is ever sent to. Empty in production.
    pub(crate) test_destinations: BTreeMap<String, Code>,
}

impl Rules {
    /// Whether messages may go by this channel.
    pub(crate) fn may_send_by(&self, channel: Channel) -> bool {
        self.channels.as_ref().is_none_or(|allowed| allowed.contains(&channel))
    }

    /// Whether messages may go to where this address is. Text messages cost money per country, so only countries that were
    /// named are allowed.
    pub(crate) fn may_send_to(&self, destination: &Destination) -> bool {
        match destination {
            Destination::Email(_) => true,
            Destination::Phone(number) => {
                self.phone_countries.contains(number.country().as_str())
                    || self.test_destinations.contains_key(number.as_str())
            }
        }
    }

    /// The fixed code of test destinations: the first one's, if all are such. Beside an address that is none, a code is
    /// drawn as ever, since a fixed one must not get into a message.
    pub(crate) fn test_code(&self, route: &Route) -> Option<&Code> {
        let mut codes = route.addresses().map(|destination| self.test_code_of(destination));
        let first = codes.next()??;
        codes.all(|code| code.is_some()).then_some(first)
    }

    /// Whether nothing is ever sent to this address.
    pub(crate) fn is_test_destination(&self, destination: &Destination) -> bool {
        self.test_code_of(destination).is_some()
    }

    fn test_code_of(&self, destination: &Destination) -> Option<&Code> {
        self.test_destinations.get(&*destination.canonical())
    }
}
