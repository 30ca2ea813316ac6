//! What this service measures. A label never tells a known login from an unknown one, or a decoy from a method: it says what
//! the caller was told.

use rekey_metrics::{CallSeconds, Counter, Gauge, Histogram, Label, LongSeconds, ObservedGauge};

const STEP: Label = Label::of(
    "step",
    &[
        "reset_started",
        "reset_code_sent",
        "reset_proof",
        "reset_completed",
        "reset_link",
        "reset_repudiated",
        "help_requested",
        "caller_verified",
        "sign_in",
        "sign_in_pass",
        "sign_in_passkey",
        "sign_in_challenge",
        "sign_in_code_sent",
        "session_refreshed",
        "tenant_switched",
        "password_changed",
        "security_info_confirmed",
    ],
);
const STEP_OUTCOME: Label = Label::of("outcome", &["done", "challenged", "rejected", "refused", "failed"]);
const PASSWORD_OUTCOME: Label = Label::of("outcome", &["right", "wrong", "locked"]);
const PROOF_OUTCOME: Label = Label::of("outcome", &["accepted", "rejected", "stopped", "no_code"]);
const METHOD: Label = Label::names("method", "kinds of methods, such as `email`");
const LIMIT: Label = Label::of(
    "limit",
    &["starts", "starts_of_login", "help", "sign_ins", "passwords_of_login", "evaluations", "other"],
);
const NOT_MADE: Label = Label::of("cause", &["no_room", "late", "caller_left", "account_busy"]);
const COST: Label = Label::of("cost", &["today", "other"]);

rekey_metrics::instruments! {
    /// Steps of resets and sign-ins, by what the caller was told: `rejected` is a wrong password or code, `refused` a published reason, `failed` something that broke. A repeated call counts again.
    pub(crate) static STEPS: Counter<2> = "rekey.identity.steps", "{call}", [STEP, STEP_OUTCOME];

    /// Passwords that were judged. Unknown logins and closed accounts count as `wrong`; `locked` is every one that came while its login was locked, right or wrong.
    pub(crate) static PASSWORDS: Counter<1> = "rekey.identity.passwords", "{password}", [PASSWORD_OUTCOME];

    /// Proofs of resets that were judged, by method. `stopped` came while wrong codes had paused or disabled the method, `no_code` while no code was live, or after the reset had had all of its tries.
    pub(crate) static PROOFS: Counter<2> = "rekey.identity.proofs", "{proof}", [METHOD, PROOF_OUTCOME];

    /// Limits that were reached, by kind. What they mean to callers is in `rekey_refusals_total`.
    pub(crate) static LIMITS: Counter<1> = "rekey.identity.limits", "{call}", [LIMIT];

    /// Events of the audit logs, by kind, counted when they are sealed: `sign_in.locked_out`, `sign_in.stuffing_suspected`, `security_info.method_stopped` and all others of docs/audit.md. Each is counted once, by the process that seals it.
    pub(crate) static EVENTS: Counter<1> = "rekey.identity.audit.events", "{event}", [Label::names("event", "kinds of events (docs/audit.md); `_OTHER` is one of a newer release")];

    /// How long events waited until they were sealed.
    pub(crate) static SEALING_LAG: Histogram<0, LongSeconds> = "rekey.identity.audit.sealing.lag", "s", [];

    /// Tenants whose events could not be sealed at the last round.
    pub(crate) static UNSEALABLE: Gauge<0> = "rekey.identity.audit.unsealable", "{tenant}", [];

    /// Events that waited in memory when they were last written: starts and refusals, alike ones folded.
    pub(crate) static AUDIT_BUFFERED: Gauge<0> = "rekey.identity.audit.buffered", "{event}", [];

    /// Events that were dropped because the buffer in memory was full. Every one is missing in a log.
    pub(crate) static AUDIT_DROPPED: Counter<0> = "rekey.identity.audit.dropped", "{event}", [];

    /// Threads that hash passwords.
    pub(crate) static HASH_THREADS: Gauge<0> = "rekey.identity.hashing.threads", "{thread}", [];

    /// Hashes that wait for a thread.
    pub(crate) static HASH_QUEUE: ObservedGauge<0> = "rekey.identity.hashing.queue", "{hash}", [];

    /// How long hashes waited for a thread.
    pub(crate) static HASH_WAITS: Histogram<0, CallSeconds> = "rekey.identity.hashing.wait", "s", [];

    /// How long hashing took, at today's cost and at others: of imported hashes, and of those before the cost was changed. The share of time in which all threads are busy is its sum over the number of threads.
    pub(crate) static HASHES: Histogram<1, CallSeconds> = "rekey.identity.hashing.duration", "s", [COST];

    /// Hashes that were not made: the queue had no room for one in time, it came too late out of it, its caller had left, or another call hashed for the same account all the while.
    pub(crate) static HASHES_NOT_MADE: Counter<1> = "rekey.identity.hashing.refused", "{hash}", [NOT_MADE];

    /// Notices that are due and were not handed over to notification yet, counted up to 1000.
    pub(crate) static NOTICES_DUE: Gauge<0> = "rekey.identity.notices.due", "{notice}", [];

    /// For how long the oldest of them has been due.
    pub(crate) static NOTICES_AGE: Gauge<0> = "rekey.identity.notices.age", "s", [];

    /// Notices that were handed over to notification, by what became of it: `accepted`, `refused` for good, or `postponed`.
    pub(crate) static NOTICES: Counter<1> = "rekey.identity.notices.handed_over", "{notice}", [Label::of("outcome", &["accepted", "refused", "postponed"])];

    /// Events that were sent to webhooks, by what became of it. Those that were not taken wait, and are sent again; `disabled` is the last try of a webhook.
    pub(crate) static WEBHOOKS: Counter<1> = "rekey.identity.webhooks.sent", "{event}", [Label::of("outcome", &["taken", "not_taken", "disabled"])];
}
