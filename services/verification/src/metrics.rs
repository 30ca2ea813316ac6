//! What this service measures. A label says what the caller was told, and never whether a code was one that nobody gets.

use rekey_metrics::{Counter, Label};

const SENDING: Label = Label::of("outcome", &["sent", "repeated", "refused", "failed"]);
const CHECK: Label = Label::of("outcome", &["passed", "rejected", "refused", "failed"]);
const REDEMPTION: Label = Label::of("outcome", &["redeemed", "refused", "failed"]);
const LIMIT: Label =
    Label::of("limit", &["destination", "subject", "network", "tenant", "sends", "wait", "wrong_codes"]);
const EFFECT: Label = Label::of("effect", &["refused", "silent"]);

rekey_metrics::instruments! {
    /// Calls that ask for a code, the first of a verification and the following ones: `sent` is a message to every address that may have one, `repeated` the answer of an earlier call.
    pub(crate) static SENDS: Counter<1> = "rekey.verification.sends", "{call}", [SENDING];

    /// Codes that were judged. `rejected` is wrong, expired, spent, out of tries or unknown: which, is told to nobody.
    pub(crate) static CHECKS: Counter<1> = "rekey.verification.checks", "{code}", [CHECK];

    /// Grants that were redeemed, and those that were not: forged, expired, spent before or bound to something else.
    pub(crate) static REDEMPTIONS: Counter<1> = "rekey.verification.redemptions", "{grant}", [REDEMPTION];

    /// Limits that were reached, by kind. `silent` ones stop a message and change no answer: addresses that have had their messages, and budgets that must not show.
    pub(crate) static LIMITS: Counter<2> = "rekey.verification.limits", "{message}", [LIMIT, EFFECT];
}
