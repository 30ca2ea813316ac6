//! What a unit of each kind costs.

/// Costs as they were measured; `docs/sizing.md` says how.
#[derive(Debug, Clone)]
pub(crate) struct UnitCosts {
    /// Bytes in Postgres of an account with one login, one address, a last sign-in, a familiar place and one earlier password,
    /// indexes included.
    pub(crate) account_bytes: f64,
    /// Of them, bytes of indexes.
    pub(crate) account_index_bytes: f64,
    /// Bytes of a session.
    pub(crate) session_bytes: f64,
    /// Of them, bytes of indexes.
    pub(crate) session_index_bytes: f64,
    /// Bytes of an event in the log.
    pub(crate) event_bytes: f64,
    /// Events of a sign-in, and of a reset.
    pub(crate) sign_in_events: f64,
    pub(crate) reset_events: f64,
    /// Rows of a sign-in, and of a reset, that the sweep deletes later.
    pub(crate) sign_in_swept: f64,
    pub(crate) reset_swept: f64,
    /// Commits of a sign-in, and of a reset.
    pub(crate) sign_in_commits: f64,
    pub(crate) reset_commits: f64,
    /// Seconds of a core of identity for a password hash, and for all else of a sign-in, a reset and the check of a token.
    pub(crate) hash_seconds: f64,
    pub(crate) sign_in_seconds: f64,
    pub(crate) reset_seconds: f64,
    pub(crate) check_seconds: f64,
    /// Seconds of a core of Postgres for the same.
    pub(crate) sign_in_postgres_seconds: f64,
    pub(crate) reset_postgres_seconds: f64,
    pub(crate) check_postgres_seconds: f64,
    /// Events that are sealed a second of one chain.
    pub(crate) sealed_a_second: f64,
    /// Rows that are swept a second.
    pub(crate) swept_a_second: f64,
    /// Bytes in Redis times the seconds that they stay: of a reset, what is gone within hours, and the budgets of a day, which stay
    /// for two; of a sign-in.
    pub(crate) reset_byte_seconds: f64,
    pub(crate) reset_day_byte_seconds: f64,
    pub(crate) sign_in_byte_seconds: f64,
    /// Entries of a leaf page and of an inner page of an index by tenant and account.
    pub(crate) index_fanout: f64,
}

impl UnitCosts {
    /// On two cores of an AMD EPYC, with Postgres 15 and Redis 7.0.
    pub(crate) const MEASURED: Self = Self {
        account_bytes: 2_467.0,
        account_index_bytes: 1_364.0,
        session_bytes: 373.0,
        session_index_bytes: 132.0,
        event_bytes: 970.0,
        sign_in_events: 1.0,
        reset_events: 4.0,
        sign_in_swept: 2.0,
        reset_swept: 7.0,
        sign_in_commits: 2.0,
        reset_commits: 12.0,
        hash_seconds: 0.0108,
        sign_in_seconds: 0.002,
        reset_seconds: 0.0125,
        check_seconds: 0.000_215,
        sign_in_postgres_seconds: 0.0039,
        reset_postgres_seconds: 0.0147,
        check_postgres_seconds: 0.000_205,
        sealed_a_second: 2_000.0,
        swept_a_second: 25_000.0,
        reset_byte_seconds: 21e6,
        reset_day_byte_seconds: 190e6,
        sign_in_byte_seconds: 0.53e6,
        index_fanout: 120.0,
    };
}
