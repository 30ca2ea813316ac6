//! Showing how texts of a tenant convert, and what the rules against abuse make of it.

use std::collections::BTreeMap;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::{Codes, Error};
use crate::domain::abuse::Mode;
use crate::domain::abuse::breaker::BreakerStage;
use crate::domain::abuse::tally::Counts;
use crate::domain::budgets::{Country, Window, WindowCount};
use crate::store::TenantConversion;

/// How far back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConversionWindow {
    /// The hour of the clock under way, and the one before it.
    Hour,
    /// The hour under way, and the 23 before it.
    Day,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConversionRequest {
    pub(crate) tenant: TenantId,
    pub(crate) window: ConversionWindow,
    /// None for all.
    pub(crate) country: Option<Country>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConversionView {
    pub(crate) countries: Vec<CountryView>,
    pub(crate) guessing: GuessingView,
}

/// Texts are the total of counts, right codes the hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CountryView {
    pub(crate) country: Country,
    pub(crate) counts: Counts,
    pub(crate) budget: BudgetView,
    /// Those with the most texts first.
    pub(crate) prefixes: Vec<PrefixView>,
}

/// The budget of texts to a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct BudgetView {
    pub(crate) used: u32,
    pub(crate) limit: u32,
    /// None while nothing of it is used.
    pub(crate) opens_at: Option<Timestamp>,
    /// What it does now, if it is exhausted.
    pub(crate) effect: Option<Mode>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PrefixView {
    pub(crate) digits: String,
    pub(crate) counts: Counts,
    /// What the rule does now, if it is met.
    pub(crate) cut_off: Option<Mode>,
}

/// Codes that were compared are the total of counts, wrong ones the hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GuessingView {
    pub(crate) counts: Counts,
    pub(crate) stage: Option<(BreakerStage, Timestamp)>,
    pub(crate) mode: Mode,
}

impl Codes {
    #[tracing::instrument(skip_all, fields(tenant = %request.tenant))]
    pub(crate) async fn conversion(&self, request: &ConversionRequest) -> Result<ConversionView, Error> {
        let now = self.clock.now();
        let rules = self.policies.get().of_tenant(&self.rules, request.tenant);
        let texts = rules.limits.texts.first().copied();
        let found = self.store.conversion(request.tenant, texts).await?;
        let breaker = self.rules.abuse.breaker;
        let guessing = GuessingView {
            counts: found.breaker.tally.counts(breaker.shape, now),
            stage: found.breaker.stage(&breaker, now).filter(|_| breaker.mode != Mode::Off),
            mode: breaker.mode,
        };
        Ok(ConversionView { countries: self.countries(request, &found, texts, now), guessing })
    }

    fn countries(
        &self,
        request: &ConversionRequest,
        found: &TenantConversion,
        texts: Option<Window>,
        now: Timestamp,
    ) -> Vec<CountryView> {
        let rule = &self.rules.abuse.conversion;
        let shown = match request.window {
            ConversionWindow::Hour => rule.counted().of_last(2),
            ConversionWindow::Day => rule.counted(),
        };
        let mut countries: BTreeMap<Country, Vec<PrefixView>> = BTreeMap::new();
        for (prefix, tally) in &found.prefixes {
            let counts = tally.counts(shown, now);
            let is_met = rule.mode != Mode::Off && rule.is_cut_off(tally.counts(rule.shape, now));
            let is_asked_for = request.country.is_none_or(|country| country == prefix.country);
            if is_asked_for && (counts != Counts::default() || is_met) {
                let (digits, cut_off) = (prefix.digits.clone(), is_met.then_some(rule.mode));
                countries.entry(prefix.country).or_default().push(PrefixView { digits, counts, cut_off });
            }
        }
        let view = |(country, mut prefixes): (Country, Vec<PrefixView>)| {
            prefixes.sort_by(|one, other| {
                other.counts.total.cmp(&one.counts.total).then_with(|| one.digits.cmp(&other.digits))
            });
            let counts = prefixes.iter().fold(Counts::default(), |sum, prefix| sum.plus(prefix.counts));
            let budget = texts.map(|window| self.budget(country, found, window, now)).unwrap_or_default();
            CountryView { country, counts, budget, prefixes }
        };
        countries.into_iter().map(view).collect()
    }

    fn budget(
        &self,
        country: Country,
        found: &TenantConversion,
        window: Window,
        now: Timestamp,
    ) -> BudgetView {
        let used = found.texts.iter().find(|(of, _)| *of == country).map(|(_, count)| *count);
        let open = used.filter(|count| count.closes_at.is_ahead(window.length, now));
        let is_exhausted = open.is_some_and(|WindowCount { used, .. }| used >= window.limit);
        BudgetView {
            used: open.map_or(0, |count| count.used),
            limit: window.limit,
            opens_at: open.map(|count| count.closes_at),
            effect: is_exhausted.then_some(self.rules.abuse.budgets.country_texts),
        }
    }
}
