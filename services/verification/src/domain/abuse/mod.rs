//! Rules against abuse that no single verification shows: texts that nobody answers, and guesses spread over many codes.
//!
//! - [`tally`]: counts in a window that slides.
//! - [`conversion`]: which share of the texts to a number prefix led to a right code. Fraud with premium numbers (SMS pumping)
//!   leads to none.
//! - [`breaker`]: which share of a tenant's codes is wrong. One guess at each of many codes (spraying) is nearly always.
//!
//! Every rule has a [`Mode`], the budgets too. A destination that a right code came back from within [`AbuseRules::spared`] is
//! spared by both rules. Decoys are neither judged nor counted, and nothing in the store tells them: whether a verification
//! counts is said by a MAC, its [`Standings`], which is random bytes for a decoy.

use std::collections::BTreeSet;
use std::time::Duration;

use super::budgets::{BudgetKind, Country};
use super::mac::{Mac, MacSet};

pub(crate) mod breaker;
pub(crate) mod conversion;
pub(crate) mod tally;

use self::breaker::BreakerRule;
use self::conversion::ConversionRule;

/// What a rule does where it is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum Mode {
    /// It stops what it is meant to stop.
    #[default]
    Enforce,
    /// It records what it would have stopped, and stops nothing.
    Shadow,
    /// It neither judges nor counts.
    Off,
}

/// A rule, as metrics, logs and stores name it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::EnumString, strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum AbuseRule {
    PrefixConversion,
    SprayBreaker,
    /// The budget of texts of a tenant to a country.
    CountryTexts,
    /// The budgets of a destination.
    Destination,
    Network,
    Caller,
    Subject,
    Tenant,
}

/// The modes of the budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BudgetModes {
    pub(crate) destination: Mode,
    pub(crate) network: Mode,
    pub(crate) caller: Mode,
    pub(crate) subject: Mode,
    pub(crate) tenant: Mode,
    pub(crate) country_texts: Mode,
}

impl BudgetModes {
    /// Of a budget inside a tenant, which rule it is where it only records. That of decoys refuses nothing as it is.
    pub(crate) fn shadowed(self, kind: BudgetKind) -> Option<AbuseRule> {
        let (rule, mode) = match kind {
            BudgetKind::Subject | BudgetKind::FamiliarSubject => (AbuseRule::Subject, self.subject),
            BudgetKind::Tenant => (AbuseRule::Tenant, self.tenant),
            BudgetKind::Texts(_) => (AbuseRule::CountryTexts, self.country_texts),
            BudgetKind::Decoys => return None,
        };
        (mode == Mode::Shadow).then_some(rule)
    }
}

/// The rules, as the settings have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AbuseRules {
    pub(crate) conversion: ConversionRule,
    pub(crate) breaker: BreakerRule,
    /// How long a destination is spared after a right code came back from it.
    pub(crate) spared: Duration,
    pub(crate) budgets: BudgetModes,
}

/// The numbers that begin alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NumberPrefix {
    /// The country code and some digits.
    pub(crate) digits: String,
    pub(crate) country: Country,
}

/// The MACs that say of a verification whether its wrong codes count against the tenant, and whether all its destinations
/// were spared when it was started. A decoy has neither, and looks like both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standings {
    pub(crate) ordinary: MacSet,
    pub(crate) spared: MacSet,
}

impl Standings {
    /// Whether wrong codes of a verification with this standing count.
    pub(crate) fn counts(&self, standing: &Mac) -> bool {
        self.ordinary.contains(standing) | self.spared.contains(standing)
    }

    /// Whether it is spared.
    pub(crate) fn spares(&self, standing: &Mac) -> bool {
        self.spared.contains(standing)
    }
}

/// A way out of the rules for who shows up again and again with right codes, or solved a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JudgedStart {
    /// Whether the person solved a challenge of the caller's.
    pub(crate) challenge_passed: bool,
    /// The standing of the verification if all its destinations are spared.
    pub(crate) spared_standing: Mac,
}

/// One destination of a message that the rules judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JudgedDestination {
    /// Its place among the destinations of the verification.
    pub(crate) place: usize,
    /// A keyed name.
    pub(crate) name: String,
    /// Of a number that costs a text.
    pub(crate) prefix: Option<NumberPrefix>,
    /// Whether its text is counted. Not where the code has another way as well: such a text never converts, and counting it would
    /// cut off honest prefixes.
    pub(crate) is_counted: bool,
    /// Whether it is spared whatever came back from it: the operators' list allows it.
    pub(crate) is_exempt: bool,
}

/// What the rules judge of a message that is no decoy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JudgedSend {
    pub(crate) rules: AbuseRules,
    /// Those that get the message.
    pub(crate) destinations: Vec<JudgedDestination>,
    /// None for a message of a verification that was started before.
    pub(crate) start: Option<JudgedStart>,
}

impl JudgedSend {
    /// The same without those who get nothing.
    pub(crate) fn without(&self, withheld: super::route::Withheld) -> Self {
        let mut left = self.clone();
        left.destinations.retain(|destination| !withheld.includes(destination.place));
        left
    }

    /// The countries of the numbers at these places, one for each number.
    pub(crate) fn countries_of(&self, places: super::route::Withheld) -> Vec<Country> {
        let there = self.destinations.iter().filter(|destination| places.includes(destination.place));
        there.filter_map(|destination| Some(destination.prefix.as_ref()?.country)).collect()
    }
}

/// What the rules found of a message that was sent all the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Findings {
    /// Rules that would have stopped it, were they not in shadow mode; of budgets one for each window that is exhausted.
    pub(crate) shadow: Vec<AbuseRule>,
    /// Places of destinations that it does not go to, because their prefix is cut off.
    pub(crate) cut_off: super::route::Withheld,
    /// Places that would be cut off, were the rule not in shadow mode.
    pub(crate) shadow_cut_off: super::route::Withheld,
}

impl Findings {
    /// The rules in shadow mode that were met, each once: a budget of several windows or destinations is met more than once, and
    /// stops the one message.
    pub(crate) fn shadow_rules(&self) -> BTreeSet<AbuseRule> {
        self.shadow.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_is_met_by_several_budgets_is_met_once() {
        let shadow = vec![AbuseRule::Destination, AbuseRule::Tenant, AbuseRule::Destination];

        let met = Findings { shadow, ..Findings::default() }.shadow_rules();

        assert_eq!(met, BTreeSet::from([AbuseRule::Destination, AbuseRule::Tenant]));
    }
}
