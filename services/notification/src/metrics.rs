//! What this service measures. Decoys are measured as messages are: nothing tells them apart.

use rekey_metrics::{CallSeconds, Counter, Gauge, Histogram, Label, LongSeconds};

const LANE: Label = Label::of("lane", LANES);
const LANES: &[&str] = &["critical", "transactional", "bulk"];
const TEMPLATE: Label = Label::names(
    "template",
    "templates of the contract (docs/templates.md); `_OTHER` is one of a newer release",
);
const PROVIDER: Label = Label::names("provider", "providers of the settings");
const OUTCOME: Label =
    Label::of("outcome", &["delivered", "unknown", "retry", "postponed", "dead", "expired"]);
const SYSTEM: Label = Label::of("messaging.system", &["rekey"]);
const SEND: Label = Label::of("messaging.operation.name", &["send"]);
const DELIVER: Label = Label::of("messaging.operation.name", &["deliver"]);
const TO_PROVIDER: Label = Label::names("messaging.destination.name", "providers of the settings");
const TO_LANE: Label = Label::of("messaging.destination.name", LANES);
const ERROR_TYPE: Label = Label::of(
    "error.type",
    &["", "address", "provider", "transient", "content", "answer_lost", "refused", "expired", "postponed"],
);

rekey_metrics::instruments! {
    /// Messages that were accepted, which makes them durable. A repeated call accepts nothing.
    pub(crate) static ACCEPTED: Counter<2> = "rekey.notification.accepted", "{message}", [LANE, TEMPLATE];

    /// Messages that wait in a lane, due or not, as they were counted last, up to the limit of the lane.
    pub(crate) static QUEUE_DEPTH: Gauge<1> = "rekey.notification.queue.depth", "{message}", [LANE];

    /// For how long the oldest message that waits in a lane has been due. Rises while nothing is picked up.
    pub(crate) static QUEUE_AGE: Gauge<1> = "rekey.notification.queue.age", "s", [LANE];

    /// How long messages took from being accepted until a provider had them, retries included.
    pub(crate) static HAND_OVERS: Histogram<1, LongSeconds> = "rekey.notification.hand_over.time", "s", [LANE];

    /// Tries, by template and by what became of the message: `unknown` is one that a provider may have, since its answer was lost; `dead` and `expired` reach nobody.
    pub(crate) static TRIES: Counter<3> = "rekey.notification.tries", "{try}", [LANE, TEMPLATE, OUTCOME];

    /// Tries from the claim of a message until their end was known, waiting for a connection included, by lane and class of failure.
    pub(crate) static PROCESSING: Histogram<4, CallSeconds> =
        "messaging.process.duration", "s", [SYSTEM, DELIVER, TO_LANE, ERROR_TYPE];

    /// Messages given to providers, by provider and class of failure: their number, and how long the provider took.
    pub(crate) static SENDS: Histogram<4, CallSeconds> =
        "messaging.client.operation.duration", "s", [SYSTEM, SEND, TO_PROVIDER, ERROR_TYPE];

    /// Whether a provider is left alone in a lane, after faults in a row: 1 while the breaker is open.
    pub(crate) static BREAKER_OPEN: Gauge<2> = "rekey.notification.breaker.open", "{boolean}", [PROVIDER, LANE];

    /// Messages that a worker held when it died, and that were put back.
    pub(crate) static PUT_BACK: Counter<0> = "rekey.notification.put_back", "{message}", [];
}
