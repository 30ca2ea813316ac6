//! The instruments that several crates record: calls and statements as the semantic conventions of OpenTelemetry name
//! them, and what every part has: stores, keys and jobs.

use crate::{CallSeconds, Counter, Gauge, Histogram, Label, ObservedGauge, StatementSeconds};

/// `grpc`, and nothing else.
const RPC_SYSTEM: Label = Label::of("rpc.system.name", &["grpc"]);
const RPC_METHOD: Label = Label::names("rpc.method", "RPCs of the contract; `_OTHER` is any other name");
const RPC_STATUS: Label =
    Label::names("rpc.response.status_code", "status codes of gRPC, such as `UNAVAILABLE`");
const REASON: Label =
    Label::names("reason", "reasons of the contract (`ErrorReason`); `_OTHER` is any other");
const DATABASE: Label = Label::of("db.system.name", &["postgresql", "sqlite", "redis"]);
const OPERATION: Label = Label::of("db.operation.name", DATABASE_OPERATIONS);
const ERROR_TYPE: Label = Label::of("error.type", &["", "unavailable", "timeout", "broken"]);
const PART: Label = Label::names("part", "parts of this process: `identity`, `verification`, `notification`");
const TASK: Label = Label::names("task", "jobs of this process, such as `identity audit`");

/// What a statement begins with, or the kind of a command to Redis.
const DATABASE_OPERATIONS: &[&str] = &[
    "select", "insert", "update", "delete", "with", "begin", "commit", "command", "script", "pipeline",
    "other",
];

crate::instruments! {
    /// Calls served, by method and status: their number, and how long they took.
    pub static SERVER_CALLS: Histogram<3, CallSeconds> =
        "rpc.server.call.duration", "s", [RPC_SYSTEM, RPC_METHOD, RPC_STATUS];

    /// Calls made to other parts, retries included, by method and status.
    pub static CLIENT_CALLS: Histogram<3, CallSeconds> =
        "rpc.client.call.duration", "s", [RPC_SYSTEM, RPC_METHOD, RPC_STATUS];

    /// Calls that were answered with an error, by its published reason.
    pub static REFUSALS: Counter<2> = "rekey.refusals", "{call}", [Label::names("domain", "domains of the contract, such as `rekey.identity`"), REASON];

    /// Connections that were turned away, by cause: a TLS handshake that failed or took too long, a peer over its share, no first call in time.
    pub static CONNECTIONS_REFUSED: Counter<1> = "rekey.connections.refused", "{connection}", [Label::of("cause", &["tls_failed", "tls_slow", "peer_limit", "silent"])];

    /// Connections that are open on the ports of this process.
    pub static CONNECTIONS: Gauge<0> = "rekey.connections.open", "{connection}", [];

    /// Whether the last call to a part was answered: 0 while it cannot be reached, takes too long or says that it is unavailable. There from the first call on.
    pub static PEER_ANSWERS: Gauge<1> = "rekey.peer.answers", "{boolean}", [Label::names("peer", "parts that are called")];

    /// Whether this process is ready for traffic.
    pub static READY: ObservedGauge<0> = "rekey.ready", "{boolean}", [];

    /// Whether a store answered when it was last looked at, and took a write.
    pub static STORE_ANSWERS: Gauge<2> = "rekey.store.answers", "{boolean}", [PART, Label::names("store", "stores of a part: `database`, `throttle`, `codes`")];

    /// Statements and commands to the stores, by what they begin with, and how they failed: their number, and how long they took.
    pub static DATABASE_CALLS: Histogram<3, StatementSeconds> =
        "db.client.operation.duration", "s", [DATABASE, OPERATION, ERROR_TYPE];

    /// How long a step waited for a connection to its database.
    pub static CONNECTION_WAITS: Histogram<1, StatementSeconds> =
        "db.client.connection.wait_time", "s", [DATABASE];

    /// Reads that may lag behind, where a replica is named: `replica` went there; to the primary went those that found it `behind` its bound or `away`.
    pub static REPLICA_READS: Counter<1> = "rekey.replica.reads", "{read}", [Label::of("outcome", &["replica", "behind", "away"])];

    /// Runs of the jobs in the background, by how they ended.
    pub static JOB_RUNS: Counter<2> = "rekey.job.runs", "{run}", [TASK, Label::of("outcome", &["done", "failed", "late"])];

    /// When the active key of a kind was made, in seconds since 1970, by the day that its id begins with. A key with another id is not shown.
    pub static KEY_MADE: Gauge<2> = "rekey.key.made.time", "s", [PART, Label::names("key", "kinds of keys, such as `pepper`")];
}

/// How a run of a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutcome {
    /// It did what there was to do.
    Done,
    /// It failed, and is tried again.
    Failed,
    /// It was not done in time, and is tried again.
    Late,
}

/// Counts a run of a job.
pub fn job_ran(job: &'static str, outcome: JobOutcome) {
    let word = match outcome {
        JobOutcome::Done => "done",
        JobOutcome::Failed => "failed",
        JobOutcome::Late => "late",
    };
    JOB_RUNS.add(1, [job, word]);
}

/// What a statement begins with, as [`DATABASE_CALLS`] names it.
#[must_use]
pub fn operation_of(statement: &str) -> &'static str {
    let first = statement.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    DATABASE_OPERATIONS.iter().copied().find(|name| name.eq_ignore_ascii_case(first)).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::operation_of;

    #[test]
    fn statements_are_named_by_their_first_word() {
        assert_eq!(operation_of("\n  select 1"), "select");
        assert_eq!(operation_of("WITH due as (select 1) update x"), "with");
        assert_eq!(operation_of("pragma x"), "other");
        assert_eq!(operation_of(""), "other");
    }
}
