//! What the rules against abuse count of a tenant, and how they judge messages and checks. The rules are `domain/abuse`.

use std::collections::HashMap;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::state::MemoryState;
use crate::domain::abuse::breaker::{Breaker, BreakerStage};
use crate::domain::abuse::conversion::ConversionRule;
use crate::domain::abuse::tally::{Counts, Tally};
use crate::domain::abuse::{AbuseRule, Findings, JudgedDestination, JudgedSend, Mode, NumberPrefix};
use crate::domain::budgets::{BudgetKind, Window};
use crate::domain::mac::Mac;
use crate::domain::refusal::Refusal;
use crate::domain::route::Withheld;
use crate::domain::verification::Resolution;
use crate::store::{CheckStep, ConvertStep, JudgedCheck, TenantConversion};

const TEXT: Counts = Counts { total: 1, hits: 0 };
const RIGHT_CODE: Counts = Counts { total: 0, hits: 1 };

/// What is counted of one tenant.
#[derive(Default)]
pub(super) struct TenantAbuse {
    prefixes: HashMap<NumberPrefix, PrefixTally>,
    breaker: Breaker,
    /// When nothing of the breaker matters any more.
    breaker_over_at: Option<Timestamp>,
}

struct PrefixTally {
    tally: Tally,
    /// When nothing of it counts any more.
    over_at: Timestamp,
}

/// What the rules let through.
#[derive(Default)]
pub(super) struct JudgedMessage {
    pub(super) findings: Findings,
    /// The standing of a verification that is spared.
    pub(super) standing: Option<Mac>,
}

impl TenantAbuse {
    /// Prefixes, and the breaker.
    pub(super) fn entries(&self) -> usize {
        self.prefixes.len() + 1
    }

    /// Drops what is over. True when nothing is left.
    pub(super) fn shed(&mut self, now: Timestamp) -> bool {
        self.prefixes.retain(|_, counted| !now.has_reached(counted.over_at));
        self.prefixes.is_empty() && self.breaker_over_at.is_none_or(|over| now.has_reached(over))
    }

    /// What wrong codes demand of a start. True where they would, were the rule not in shadow mode.
    fn judge_stage(&self, judged: &JudgedSend, now: Timestamp) -> Result<bool, Refusal> {
        let rule = &judged.rules.breaker;
        let Some(start) = judged.start.as_ref().filter(|_| rule.mode != Mode::Off) else { return Ok(false) };
        let refusal = match self.breaker.stage(rule, now) {
            Some((BreakerStage::Limited, until)) => Refusal::GuessingLimited(until.since(now)),
            Some((BreakerStage::Challenge, _)) if !start.challenge_passed => Refusal::ChallengeRequired,
            Some(_) | None => return Ok(false),
        };
        if rule.mode == Mode::Enforce { Err(refusal) } else { Ok(true) }
    }

    /// The places of the destinations whose prefix is cut off, and when the first of them may be open again.
    fn cut_off(
        &mut self,
        destinations: &[&JudgedDestination],
        rule: &ConversionRule,
        now: Timestamp,
    ) -> Option<(Withheld, Timestamp)> {
        let mut found: Option<(Withheld, Timestamp)> = None;
        for to in destinations {
            let Some(prefix) = &to.prefix else { continue };
            let key = self.counted_as(prefix, rule, now);
            let Some(PrefixTally { tally, .. }) = self.prefixes.get(&key) else { continue };
            if rule.is_cut_off(tally.counts(rule.shape, now)) {
                let slides_at = tally.slides_at(rule.shape, now);
                let (places, earliest) = found.unwrap_or((Withheld::default(), slides_at));
                found = Some((places.with(to.place), earliest.min(slides_at)));
            }
        }
        found
    }

    /// Where a prefix is counted: by itself, or by its country when there are too many.
    fn counted_as(&mut self, prefix: &NumberPrefix, rule: &ConversionRule, now: Timestamp) -> NumberPrefix {
        if !self.prefixes.contains_key(prefix) && self.prefixes.len() >= rule.most_prefixes {
            self.shed(now);
            if self.prefixes.len() >= rule.most_prefixes {
                return NumberPrefix { digits: prefix.country.text(), country: prefix.country };
            }
        }
        prefix.clone()
    }

    fn count(&mut self, prefix: &NumberPrefix, rule: &ConversionRule, counts: Counts, now: Timestamp) {
        let (key, shape) = (self.counted_as(prefix, rule, now), rule.counted());
        let over_at = now.plus(shape.window());
        let fresh = || PrefixTally { tally: Tally::default(), over_at };
        let counted = self.prefixes.entry(key).or_insert_with(fresh);
        counted.tally.add(shape, counts, now);
        counted.over_at = over_at;
    }
}

impl MemoryState {
    /// Judges a message that is no decoy.
    pub(super) fn judge_send(
        &mut self,
        tenant: TenantId,
        judged: &JudgedSend,
        now: Timestamp,
    ) -> Result<JudgedMessage, Refusal> {
        let is_spared = |to: &&JudgedDestination| {
            let until = self.spared.get(&(tenant, to.name.clone()));
            to.is_exempt || until.is_some_and(|until| until.is_ahead(judged.rules.spared, now))
        };
        let all = judged.destinations.len();
        let others: Vec<&JudgedDestination> =
            judged.destinations.iter().filter(|to| !is_spared(to)).collect();
        let all_spared = all > 0 && others.is_empty();
        let start = judged.start.as_ref().filter(|_| all_spared);
        let mut found = JudgedMessage {
            findings: Findings::default(),
            standing: start.map(|start| start.spared_standing.clone()),
        };
        let Some(abuse) = self.abuse.get_mut(&tenant) else { return Ok(found) };
        if !all_spared && abuse.judge_stage(judged, now)? {
            found.findings.shadow.push(AbuseRule::SprayBreaker);
        }
        let rule = &judged.rules.conversion;
        let cut_off = (rule.mode != Mode::Off).then(|| abuse.cut_off(&others, rule, now)).flatten();
        match cut_off {
            None => {}
            Some((places, _)) if rule.mode == Mode::Shadow => {
                found.findings.shadow.push(AbuseRule::PrefixConversion);
                found.findings.shadow_cut_off = places;
            }
            Some((places, opens_at)) if places.count() == all => {
                return Err(Refusal::PrefixLimited(opens_at.since(now)));
            }
            Some((places, _)) => found.findings.cut_off = places,
        }
        Ok(found)
    }

    /// Counts the texts of a message that goes out.
    pub(super) fn count_texts(
        &mut self,
        tenant: TenantId,
        judged: &JudgedSend,
        cut_off: Withheld,
        now: Timestamp,
    ) {
        let rule = &judged.rules.conversion;
        if rule.mode == Mode::Off {
            return;
        }
        let sent = judged.destinations.iter().filter(|to| to.is_counted && !cut_off.includes(to.place));
        for prefix in sent.filter_map(|to| to.prefix.as_ref()) {
            self.abuse.entry(tenant).or_default().count(prefix, rule, TEXT, now);
        }
    }

    /// Refuses a check in a tenant that is limited, unless the verification is spared. Unknown ones are not.
    pub(super) fn judge_check(
        &self,
        tenant: TenantId,
        judged: &JudgedCheck,
        standing: Option<&Mac>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let stage = self.abuse.get(&tenant).and_then(|abuse| abuse.breaker.stage(&judged.rule, now));
        match stage {
            Some((BreakerStage::Limited, until))
                if judged.rule.mode == Mode::Enforce
                    && !standing.is_some_and(|standing| judged.standings.spares(standing)) =>
            {
                Err(Refusal::GuessingLimited(until.since(now)))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Counts a code that was compared; the stage that it tripped the breaker of its tenant into.
    pub(super) fn count_for_breaker(
        &mut self,
        step: &CheckStep,
        passed: bool,
        now: Timestamp,
    ) -> Option<BreakerStage> {
        let judged = step.breaker.as_ref()?;
        let standing = &self.verifications.get(&step.id)?.verification.standing;
        if !judged.standings.counts(standing) {
            return None;
        }
        let abuse = self.abuse.entry(step.id.scope.tenant).or_default();
        abuse.breaker_over_at = Some(now.plus(judged.rule.life()));
        abuse.breaker.count(&judged.rule, passed, now)
    }

    pub(super) fn convert(&mut self, step: &ConvertStep, now: Timestamp) {
        let tenant = step.id.scope.tenant;
        let Some(stored) = self.verifications.get_mut(&step.id) else { return };
        if stored.verification.resolution != Some(Resolution::Passed) || stored.is_converted {
            return;
        }
        stored.is_converted = true;
        for name in &step.spared {
            self.spare((tenant, name.clone()), step.spared_until);
        }
        if let Some(prefix) = &step.prefix {
            self.abuse.entry(tenant).or_default().count(prefix, &step.rule, RIGHT_CODE, now);
        }
    }

    /// Where memory is short another one is spared no longer, which is only stricter.
    fn spare(&mut self, key: (TenantId, String), until: Timestamp) {
        if self.spared.len() >= self.max_spared()
            && !self.spared.contains_key(&key)
            && let Some(other) = self.spared.keys().next().cloned()
        {
            self.spared.remove(&other);
        }
        self.spared.insert(key, until);
    }

    pub(super) fn conversion(&self, tenant: TenantId, texts: Option<Window>) -> TenantConversion {
        let used = self.budgets.iter().filter_map(|(key, count)| match key.kind {
            BudgetKind::Texts(country)
                if key.tenant == tenant && texts.map(|of| of.length) == Some(key.length) =>
            {
                Some((country, *count))
            }
            _ => None,
        });
        let texts = used.collect();
        let Some(abuse) = self.abuse.get(&tenant) else {
            return TenantConversion { texts, ..Default::default() };
        };
        let prefixes = abuse.prefixes.iter().map(|(prefix, counted)| (prefix.clone(), counted.tally.clone()));
        TenantConversion { prefixes: prefixes.collect(), texts, breaker: abuse.breaker.clone() }
    }
}
