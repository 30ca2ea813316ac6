//! `[verification.abuse]`: rules against abuse, and the modes of the budgets.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::abuse::breaker::BreakerRule;
use crate::domain::abuse::conversion::ConversionRule;
use crate::domain::abuse::tally::TallyShape;
use crate::domain::abuse::{AbuseRules, BudgetModes, Mode};

/// Conversion is counted by the hour.
const HOUR: Duration = Duration::from_secs(3_600);
/// The pieces in which the window of the breaker slides.
const BREAKER_BUCKETS: u32 = 10;

/// `[verification.abuse]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AbuseSettings {
    pub(crate) spared_days: u64,
    pub(crate) prefix_conversion: ConversionSettings,
    pub(crate) spray_breaker: BreakerSettings,
    pub(crate) budgets: BudgetModes,
}

/// `[verification.abuse.prefix_conversion]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConversionSettings {
    pub(crate) mode: Mode,
    pub(crate) prefix_digits: usize,
    pub(crate) least_sends: u64,
    pub(crate) floor_percent: u64,
    pub(crate) window_hours: u32,
    pub(crate) most_prefixes: usize,
}

/// `[verification.abuse.spray_breaker]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BreakerSettings {
    pub(crate) mode: Mode,
    pub(crate) window_seconds: u64,
    pub(crate) least_failures: u64,
    pub(crate) failure_percent: u64,
    pub(crate) challenge_seconds: u64,
    pub(crate) limit_after_failures: u64,
    pub(crate) limited_seconds: u64,
}

impl AbuseSettings {
    pub(super) fn rules(self) -> AbuseRules {
        let (conversion, breaker) = (self.prefix_conversion, self.spray_breaker);
        AbuseRules {
            conversion: ConversionRule {
                mode: conversion.mode,
                prefix_digits: conversion.prefix_digits,
                least_sends: conversion.least_sends,
                floor_percent: conversion.floor_percent,
                shape: TallyShape { buckets: conversion.window_hours, bucket_length: HOUR },
                most_prefixes: conversion.most_prefixes,
            },
            breaker: BreakerRule {
                mode: breaker.mode,
                shape: TallyShape {
                    buckets: BREAKER_BUCKETS,
                    bucket_length: Duration::from_secs(breaker.window_seconds) / BREAKER_BUCKETS,
                },
                least_failures: breaker.least_failures,
                failure_percent: breaker.failure_percent,
                challenge: Duration::from_secs(breaker.challenge_seconds),
                limit_after: breaker.limit_after_failures,
                limited: Duration::from_secs(breaker.limited_seconds),
            },
            spared: HOUR * 24 * u32::try_from(self.spared_days).unwrap_or(u32::MAX / 24),
            budgets: self.budgets,
        }
    }
}
