//! What strangers may ask, and what becomes of what looks like guessing.

use serde::Deserialize;

/// `[identity.limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Resets begun from one network in a minute.
    pub starts_per_network_per_minute: u64,
    /// Resets begun in a minute by a caller that names no address.
    pub starts_per_caller_per_minute: u64,
    /// Resets begun for one login in an hour.
    pub starts_per_login_per_hour: u64,
    /// Help requests from one network in an hour.
    pub help_per_network_per_hour: u64,
    /// Sign-ins from one network in a minute.
    pub sign_ins_per_network_per_minute: u64,
    /// Sign-ins in a minute by a caller that names no address.
    pub sign_ins_per_caller_per_minute: u64,
    /// Passwords tried or set for one login from one network in a minute.
    pub passwords_per_login_per_minute: u64,
    /// Distinct logins from one network in a minute that are suspected to be stuffing.
    pub stuffing_logins_per_minute: u64,
    /// Logins of a tenant that fail at unfamiliar places within 10 minutes, from which on it may be spraying.
    pub spraying_logins: u64,
    /// What becomes of a right password amid suspected spraying.
    pub spraying: Spraying,
    /// Candidates judged for one session, reset, challenge or link in a minute.
    pub evaluations_per_minute: u64,
}

/// What becomes of a right password, typed where the login is not known, while the tenant looks sprayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spraying {
    /// The log tells of it, and it signs in.
    Shadow,
    /// It is asked for a code that is sent to the account's own addresses, and is rejected where there are none.
    Challenge,
}
