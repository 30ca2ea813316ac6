//! What this service measures. A label says what the caller was told, and never whether a code was one that nobody gets.

use rekey_metrics::{Counter, Label};

const SENDING: Label = Label::of("outcome", &["sent", "repeated", "refused", "failed"]);
const CHECK: Label = Label::of("outcome", &["passed", "rejected", "refused", "failed"]);
const REDEMPTION: Label = Label::of("outcome", &["redeemed", "refused", "failed"]);
const LIMIT: Label = Label::of(
    "limit",
    &[
        "destination",
        "subject",
        "network",
        "tenant",
        "sends",
        "wait",
        "wrong_codes",
        "prefix",
        "challenge",
        "guessing",
        "blocked",
        "sim_changed",
    ],
);
const LOOKUP: Label = Label::of("outcome", &["answered", "unknown", "remembered", "limited"]);
const EVENT: Label = Label::of("outcome", &["handed_over", "dropped"]);
const EFFECT: Label = Label::of("effect", &["refused", "silent"]);
const RULE: Label = Label::of(
    "rule",
    &[
        "prefix_conversion",
        "spray_breaker",
        "country_texts",
        "destination",
        "network",
        "caller",
        "subject",
        "tenant",
    ],
);
const RULE_OUTCOME: Label = Label::of("outcome", &["stopped", "shadow"]);
const COUNTRY: Label = Label::names("country", "country of a number (ISO 3166), or its country code");
const STAGE: Label = Label::of("stage", &["challenge", "limited"]);
const MODE: Label = Label::of("mode", &["enforce", "shadow"]);

rekey_metrics::instruments! {
    /// Calls that ask for a code, the first of a verification and the following ones: `sent` is a message to every address that may have one, `repeated` the answer of an earlier call.
    pub(crate) static SENDS: Counter<1> = "rekey.verification.sends", "{call}", [SENDING];

    /// Codes that were judged. `rejected` is wrong, expired, spent, out of tries or unknown: which, is told to nobody.
    pub(crate) static CHECKS: Counter<1> = "rekey.verification.checks", "{code}", [CHECK];

    /// Grants that were redeemed, and those that were not: forged, expired, spent before or bound to something else.
    pub(crate) static REDEMPTIONS: Counter<1> = "rekey.verification.redemptions", "{grant}", [REDEMPTION];

    /// Limits that were reached, by kind. `silent` ones stop a message and change no answer: addresses that get nothing beside others that do, and budgets that must not show.
    pub(crate) static LIMITS: Counter<2> = "rekey.verification.limits", "{message}", [LIMIT, EFFECT];

    /// Messages and checks that a rule against abuse met: `stopped` ones, and those of a rule in shadow mode that would have been (of budgets, `stopped` ones are counted among the limits).
    pub(crate) static ABUSE: Counter<2> = "rekey.verification.abuse", "{call}", [RULE, RULE_OUTCOME];

    /// Texts that were not sent since too few of those to such numbers led to a right code, by country; `shadow` ones were sent.
    pub(crate) static CUT_OFFS: Counter<2> = "rekey.verification.cut_offs", "{message}", [COUNTRY, RULE_OUTCOME];

    /// How often wrong codes of a tenant tripped the breaker: `challenge` has starts demand one, `limited` stops starts and checks. In mode `shadow` it holds nothing up.
    pub(crate) static BREAKER_TRIPS: Counter<2> = "rekey.verification.breaker.trips", "{trip}", [STAGE, MODE];

    /// SIMs that were asked for before a code went by text. `unknown` is a gateway that was not reached or does not know; `remembered` an answer of before; `limited` one that the tenant had no look-up left for.
    pub(crate) static SIM_LOOKUPS: Counter<1> = "rekey.verification.sim_lookups", "{number}", [LOOKUP];

    /// Events for whoever listens to verifications: handed over to notification, or dropped because their caller has no endpoint or notification refused them.
    pub(crate) static EVENTS: Counter<1> = "rekey.verification.events", "{event}", [EVENT];
}
