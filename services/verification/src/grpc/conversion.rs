//! How texts convert: the question as a request, and the answer as a message.

use rekey_primitives::contact::PhoneNumber;
use rekey_wire::time::timestamp;
use rekey_wire::verification::v1 as wire;
use tonic::Status;

use super::decode::Decoder;
use crate::codes::conversion::{
    ConversionRequest, ConversionView, ConversionWindow, CountryView, GuessingView, PrefixView,
};
use crate::domain::abuse::Mode;
use crate::domain::abuse::breaker::BreakerStage;
use crate::domain::abuse::tally::Counts;
use crate::domain::budgets::Country;

impl Decoder {
    pub(super) fn conversion(
        mut self,
        message: &wire::GetConversionRequest,
    ) -> Result<ConversionRequest, Status> {
        let tenant = self.tenant(&message.tenant_id);
        let window = match wire::ConversionWindow::try_from(message.window) {
            Ok(wire::ConversionWindow::Hour) => Some(ConversionWindow::Hour),
            Ok(wire::ConversionWindow::Day | wire::ConversionWindow::Unspecified) => {
                Some(ConversionWindow::Day)
            }
            Err(_) => self.take("window", Err("must be a window of the contract")),
        };
        let country = match message.country.as_str() {
            "" => Some(None),
            code if PhoneNumber::is_country(code) => Some(Some(Country::from_text(code))),
            _ => self.take("country", Err("must be a code of ISO 3166, or a country code of no country")),
        };
        self.judge_tenant(tenant)?;
        self.finish(|| Some(ConversionRequest { tenant: tenant?, window: window?, country: country? }))
    }
}

pub(super) fn conversion(view: &ConversionView) -> wire::GetConversionResponse {
    wire::GetConversionResponse {
        countries: view.countries.iter().map(country).collect(),
        guessing: Some(guessing(&view.guessing)),
    }
}

fn country(view: &CountryView) -> wire::CountryConversion {
    let CountryView { country, counts, budget, prefixes } = view;
    wire::CountryConversion {
        country: country.text(),
        sends: number(counts.total),
        passes: number(counts.hits),
        rate: rate(*counts),
        budget_used: budget.used.into(),
        budget_limit: budget.limit.into(),
        budget_reset_time: budget.opens_at.map(|at| timestamp(at.unix_micros())),
        budget_effect: effect(budget.effect).into(),
        prefixes: prefixes.iter().map(prefix).collect(),
    }
}

fn prefix(view: &PrefixView) -> wire::PrefixConversion {
    wire::PrefixConversion {
        prefix: view.digits.clone(),
        sends: number(view.counts.total),
        passes: number(view.counts.hits),
        rate: rate(view.counts),
        cut_off: effect(view.cut_off).into(),
    }
}

fn guessing(view: &GuessingView) -> wire::Guessing {
    let stage = match view.stage {
        Some((BreakerStage::Challenge, _)) => wire::GuessingStage::Challenge,
        Some((BreakerStage::Limited, _)) => wire::GuessingStage::Limited,
        Some((BreakerStage::Closed, _)) | None => wire::GuessingStage::Unspecified,
    };
    wire::Guessing {
        checks: number(view.counts.total),
        failures: number(view.counts.hits),
        stage: stage.into(),
        until_time: view.stage.map(|(_, until)| timestamp(until.unix_micros())),
        effect: effect(view.stage.map(|_| view.mode)).into(),
    }
}

const fn effect(of: Option<Mode>) -> wire::AbuseEffect {
    match of {
        Some(Mode::Enforce) => wire::AbuseEffect::Enforced,
        Some(Mode::Shadow) => wire::AbuseEffect::Shadow,
        Some(Mode::Off) | None => wire::AbuseEffect::Unspecified,
    }
}

/// Counts of a day are far below where fractions lose any.
fn rate(counts: Counts) -> Option<f64> {
    (counts.total > 0).then(|| counts.hits as f64 / counts.total as f64)
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
