//! A deployment, and what people do with it.

/// What there is of everything, and how much people ask of it.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    /// People at the end of the year; it begins with a hundredth of them.
    pub(crate) accounts: u64,
    /// Sign-ins of a person a day: one, as where a session lasts a working day.
    pub(crate) sign_ins_a_day: f64,
    /// Calls that check a token of a person, a day: one for every page that is looked at.
    pub(crate) checks_a_day: f64,
    /// Resets of a person a year: two, as help desks count them.
    pub(crate) resets_a_year: f64,
    /// Live sessions of a person: a phone and a computer.
    pub(crate) sessions: f64,
    /// How long the log is kept, in days.
    pub(crate) log_days: u32,
    /// The busiest hour beside the mean one: Monday at nine.
    pub(crate) peak: f64,
    /// Cores of all replicas of identity.
    pub(crate) identity_cores: f64,
    /// Replicas of identity, each with so many connections.
    pub(crate) replicas: f64,
    /// Connections of a replica (`identity.store.connections`).
    pub(crate) connections: f64,
    /// What Postgres, or the pooler before it, takes.
    pub(crate) max_connections: f64,
    /// Cores of Postgres.
    pub(crate) postgres_cores: f64,
    /// Bytes of the disk of Postgres.
    pub(crate) disk_bytes: f64,
    /// Bytes of memory that Postgres and its system have for pages.
    pub(crate) page_cache_bytes: f64,
    /// Commits a second that the disk of the log takes, in groups.
    pub(crate) commits_a_second: f64,
    /// Bytes of memory of Redis.
    pub(crate) redis_bytes: f64,
    /// Tenants, of which the largest has a tenth of all people: a chain of events is sealed one after the other.
    pub(crate) largest_tenant: f64,
}

impl Deployment {
    /// A large server for Postgres, one Redis, and eight replicas of four cores: what one team runs without sharding.
    pub(crate) const fn of(accounts: u64) -> Self {
        Self {
            accounts,
            sign_ins_a_day: 1.0,
            checks_a_day: 50.0,
            resets_a_year: 2.0,
            sessions: 2.0,
            log_days: 365,
            peak: 4.0,
            identity_cores: 32.0,
            replicas: 8.0,
            connections: 16.0,
            max_connections: 400.0,
            postgres_cores: 32.0,
            disk_bytes: 8e12,
            page_cache_bytes: 192e9,
            commits_a_second: 20_000.0,
            redis_bytes: 16e9,
            largest_tenant: 0.1,
        }
    }
}
