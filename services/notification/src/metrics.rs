//! What this service measures. Decoys are measured as messages are: nothing tells them apart.

use rekey_metrics::{CallSeconds, Counter, Gauge, Histogram, Label, LongSeconds};

const LANE: Label = Label::of("lane", LANES);
const LANES: &[&str] = &["critical", "transactional", "bulk"];
const TEMPLATE: Label = Label::names(
    "template",
    "templates of the contract (docs/templates.md); `_OTHER` is one of a newer release, or an event of a webhook",
);
const PROVIDER: Label = Label::names("provider", "providers of the settings");
const STATE: Label = Label::of("state", &["closed", "open", "half_open"]);
const OUTCOME: Label = Label::of(
    "outcome",
    &["delivered", "unknown", "retry", "postponed", "fell_back", "dead", "expired", "suppressed"],
);
const SYSTEM: Label = Label::of("messaging.system", &["rekey"]);
const SEND: Label = Label::of("messaging.operation.name", &["send"]);
const DELIVER: Label = Label::of("messaging.operation.name", &["deliver"]);
const TO_PROVIDER: Label = Label::names("messaging.destination.name", "providers of the settings");
const TO_LANE: Label = Label::of("messaging.destination.name", LANES);
const ERROR_TYPE: Label = Label::of(
    "error.type",
    &[
        "",
        "address",
        "provider",
        "transient",
        "content",
        "answer_lost",
        "refused",
        "expired",
        "postponed",
        "suppressed",
    ],
);

const TEXT_FAULT: Label = Label::of("fault", &["text", "values", "store"]);
const CHANNEL: Label = Label::of("channel", &["email", "sms", "webhook"]);
const RECEIPT: Label = Label::of("state", &["delayed", "delivered", "failed", "complained"]);
const CLASS: Label =
    Label::of("class", &["none", "address", "unsubscribed", "policy", "transient", "unknown"]);
const REASON: Label = Label::of("reason", &["hard_bounce", "complaint", "unsubscribed", "manual"]);
const IGNORED: Label =
    Label::of("reason", &["unknown_message", "expired", "forged", "no_report", "too_large", "malformed"]);

rekey_metrics::instruments! {
    /// Messages that were accepted, which makes them durable. A repeated call accepts nothing.
    pub(crate) static ACCEPTED: Counter<2> = "rekey.notification.accepted", "{message}", [LANE, TEMPLATE];

    /// Messages that wait in a lane, due or not, as they were counted last, up to the limit of the lane.
    pub(crate) static QUEUE_DEPTH: Gauge<1> = "rekey.notification.queue.depth", "{message}", [LANE];

    /// For how long the oldest message that waits in a lane has been due. Rises while nothing is picked up.
    pub(crate) static QUEUE_AGE: Gauge<1> = "rekey.notification.queue.age", "s", [LANE];

    /// How long messages took from being accepted until a provider had them, retries included.
    pub(crate) static HAND_OVERS: Histogram<1, LongSeconds> = "rekey.notification.hand_over.time", "s", [LANE];

    /// Tries, by template and by what became of the message: `unknown` is one that a provider may have, since its answer was lost; `dead` and `expired` reach nobody; `fell_back` goes on by another channel.
    pub(crate) static TRIES: Counter<3> = "rekey.notification.tries", "{try}", [LANE, TEMPLATE, OUTCOME];

    /// Tries from the claim of a message until their end was known, waiting for a connection included, by lane and class of failure.
    pub(crate) static PROCESSING: Histogram<4, CallSeconds> =
        "messaging.process.duration", "s", [SYSTEM, DELIVER, TO_LANE, ERROR_TYPE];

    /// Messages given to providers, by provider and class of failure: their number, and how long the provider took.
    pub(crate) static SENDS: Histogram<4, CallSeconds> =
        "messaging.client.operation.duration", "s", [SYSTEM, SEND, TO_PROVIDER, ERROR_TYPE];

    /// How the breaker of a provider stands in a lane: 1 for the state that it is in. It is left alone while `open`, and while one message tries whether it is back (`half_open`).
    pub(crate) static BREAKER_STATE: Gauge<3> = "rekey.notification.breaker.state", "{boolean}", [PROVIDER, LANE, STATE];

    /// Receipts that moved a message on, by channel, state and whose fault a failure is: `policy` says that somebody refuses us and not the address.
    pub(crate) static RECEIPTS: Counter<3> = "rekey.notification.receipts", "{receipt}", [CHANNEL, RECEIPT, CLASS];

    /// Reports that moved nothing: of no message that is known here or too late for it (`unknown_message`, `expired`), not by whom they claim (`forged`), nothing about a delivery (`no_report`), or not readable.
    pub(crate) static REPORTS_IGNORED: Counter<2> = "rekey.notification.reports.ignored", "{report}", [CHANNEL, IGNORED];

    /// Messages that were not sent because their address gets no such message any more, by why it does not. Nobody is told but by this.
    pub(crate) static SUPPRESSED: Counter<2> = "rekey.notification.suppressed", "{message}", [LANE, REASON];

    /// Addresses that a receipt had written down as getting no more messages, by channel and reason.
    pub(crate) static SUPPRESSIONS: Counter<2> = "rekey.notification.suppressions", "{address}", [CHANNEL, REASON];

    /// Messages that a worker held when it died, and that were put back.
    pub(crate) static PUT_BACK: Counter<0> = "rekey.notification.put_back", "{message}", [];

    /// Messages that went out in the built-in words and not in their tenant's, and by what fault: `text` does not read by today's rules (counted when it is looked up), `values` make it a text that may not be sent, `store` could not be asked, so that what was read before counts.
    pub(crate) static TEXT_FALLBACKS: Counter<2> =
        "rekey.notification.text.fallbacks", "{message}", [TEMPLATE, TEXT_FAULT];
}
