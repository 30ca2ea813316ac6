//! What the rules against abuse are given to judge, and what is said of what they found: in metrics, and in the log at most once
//! a minute for each tenant and rule. Neither names a number, a prefix or a person.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::id::TenantId;

use super::Codes;
use crate::domain::abuse::breaker::BreakerStage;
use crate::domain::abuse::{
    AbuseRule, JudgedDestination, JudgedSend, JudgedStart, Mode, NumberPrefix, Standings,
};
use crate::domain::budgets::Country;
use crate::domain::mac::Mac;
use crate::domain::policies::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::route::{Route, Withheld};
use crate::domain::scope::ScopedId;
use crate::metrics;
use crate::store::{ConvertStep, JudgedCheck, PassedCheck, SendOutcome};

impl Codes {
    /// What is judged of a message: nothing of a decoy. An address that the operators' list allows is spared, and stays among the
    /// others: whoever gets the code there is somebody who is left.
    pub(super) fn judged_send(
        &self,
        policy: &Policy,
        route: &Route,
        start: Option<JudgedStart>,
        now: Timestamp,
    ) -> Option<JudgedSend> {
        if route.decoy {
            return None;
        }
        let judged = route.addresses().enumerate().filter(|(_, to)| !self.rules.is_test_destination(to));
        let destinations = judged.map(|(place, destination)| {
            let is_exempt = policy.is_allowed(destination, now);
            JudgedDestination {
                place,
                name: self.keys.destination_name(&destination.canonical()),
                prefix: self.prefix_of(destination).filter(|_| !is_exempt),
                is_counted: route.fallback.is_none(),
                is_exempt,
            }
        });
        Some(JudgedSend { rules: self.rules.abuse, destinations: destinations.collect(), start })
    }

    fn prefix_of(&self, destination: &Destination) -> Option<NumberPrefix> {
        match destination {
            Destination::Email(_) => None,
            Destination::Phone(number) => Some(NumberPrefix {
                digits: number.prefix(self.rules.abuse.conversion.prefix_digits),
                country: Country::of(number),
            }),
        }
    }

    /// What a new verification has for a standing, and what becomes of it where it is spared. That of a decoy is random.
    pub(super) fn standing(
        &self,
        id: &ScopedId,
        route: &Route,
        challenge_passed: bool,
    ) -> (Mac, JudgedStart) {
        let Standings { ordinary, spared } = self.keys.standings(id);
        let standing =
            if route.decoy { self.keys.decoy_standing(id, &*self.entropy) } else { ordinary.active };
        (standing, JudgedStart { challenge_passed, spared_standing: spared.active })
    }

    /// What the spray breaker judges a check by, unless it is off.
    pub(super) fn judged_check(&self, id: &ScopedId) -> Option<JudgedCheck> {
        let rule = self.rules.abuse.breaker;
        (rule.mode != Mode::Off).then(|| JudgedCheck { rule, standings: self.keys.standings(id) })
    }

    /// Says what the rules found of a message.
    pub(super) fn report_send(&self, id: &ScopedId, route: &Route, outcome: &SendOutcome, now: Timestamp) {
        let tenant = id.scope.tenant;
        match outcome {
            SendOutcome::Counted(message) => {
                let findings = &message.findings;
                for rule in findings.shadow_rules() {
                    self.report(tenant, rule, Mode::Shadow, now);
                }
                if findings.cut_off != Withheld::default() {
                    self.report(tenant, AbuseRule::PrefixConversion, Mode::Enforce, now);
                }
                count_cut_offs(route, "stopped", |place| findings.cut_off.includes(place));
                count_cut_offs(route, "shadow", |place| findings.shadow_cut_off.includes(place));
            }
            SendOutcome::Refused(Refusal::PrefixLimited(_)) => {
                self.report(tenant, AbuseRule::PrefixConversion, Mode::Enforce, now);
                count_cut_offs(route, "stopped", |_| true);
            }
            SendOutcome::Refused(Refusal::ChallengeRequired | Refusal::GuessingLimited(_)) => {
                self.report(tenant, AbuseRule::SprayBreaker, Mode::Enforce, now);
            }
            _ => {}
        }
    }

    /// Says that a check was refused since the tenant is limited.
    pub(super) fn report_limited_check(&self, tenant: TenantId, now: Timestamp) {
        self.report(tenant, AbuseRule::SprayBreaker, Mode::Enforce, now);
    }

    /// Says that wrong codes tripped the breaker of a tenant: rare, since the stage lasts.
    pub(super) fn report_trip(&self, tenant: TenantId, stage: BreakerStage) {
        let mode = self.rules.abuse.breaker.mode;
        metrics::BREAKER_TRIPS.add(1, [stage.into_str(), mode.into_str()]);
        tracing::warn!(
            %tenant,
            stage = stage.into_str(),
            mode = mode.into_str(),
            "codes of a tenant are guessed: its breaker tripped"
        );
    }

    fn report(&self, tenant: TenantId, rule: AbuseRule, mode: Mode, now: Timestamp) {
        let outcome = if mode == Mode::Shadow { "shadow" } else { "stopped" };
        metrics::ABUSE.add(1, [rule.into_str(), outcome]);
        if let Some(times) = self.abuse_log.due(tenant, rule, now) {
            tracing::warn!(%tenant, rule = rule.into_str(), outcome, times, "a rule against abuse was met");
        }
    }

    /// Counts a code that passed for where it went. The check stands whatever comes of it: a code that is not counted has
    /// texts cut off sooner, never later.
    pub(super) async fn convert(&self, id: &ScopedId, passed: &PassedCheck, now: Timestamp) {
        let rules = &self.rules.abuse;
        if rules.conversion.mode == Mode::Off && rules.breaker.mode == Mode::Off {
            return;
        }
        let route = match self.keys.open_route(id, &passed.verification.sealed_route) {
            Ok(route) => route,
            Err(error) => {
                tracing::warn!(%error, "a code that passed is not counted for its destination");
                return;
            }
        };
        let step = self.convert_step(id, &route, passed);
        if let Err(error) = self.store.convert(&step, now).await {
            tracing::warn!(%error, "a code that passed is not counted for its destination");
        }
    }

    /// Of several numbers it is unknown who read the code: whoever adds numbers of their own beside one that answers would have
    /// them all taken for honest. So it is of a number with a fallback: whoever reads the code in a mailbox of their own would open a
    /// range with it. Mailboxes earn nobody anything.
    fn convert_step(&self, id: &ScopedId, route: &Route, passed: &PassedCheck) -> ConvertStep {
        let got_it: Vec<&Destination> =
            route.without(passed.verification.withheld).map(|(_, destination)| destination).collect();
        let is_alone = got_it.len() == 1 && route.fallback.is_none();
        let is_credited =
            |destination: &&&Destination| matches!(destination, Destination::Email(_)) || is_alone;
        let credited: Vec<&Destination> = got_it.iter().filter(is_credited).copied().collect();
        let counts = self.rules.abuse.conversion.mode != Mode::Off;
        ConvertStep {
            id: id.clone(),
            spared: credited.iter().map(|to| self.keys.destination_name(&to.canonical())).collect(),
            spared_until: passed.at.plus(self.rules.abuse.spared),
            prefix: credited.iter().find_map(|to| self.prefix_of(to)).filter(|_| counts),
            rule: self.rules.abuse.conversion,
        }
    }
}

/// Counts the numbers at these places, by country.
fn count_cut_offs(route: &Route, outcome: &'static str, is_such: impl Fn(usize) -> bool) {
    for (place, destination) in route.addresses().enumerate() {
        if let Destination::Phone(number) = destination
            && is_such(place)
        {
            metrics::CUT_OFFS.add(1, [Country::of(number).text(), outcome.to_owned()]);
        }
    }
}
