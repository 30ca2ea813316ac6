//! Rows as both databases give them, and what they mean.
//!
//! A row struct has a field per column of a statement; `sqlx` fills it from either database, and the domain's own
//! readers judge every text, so a row that this code did not write is [`Failure::Unreadable`] and never a panic.
//! Lists that belong to one row (logins, security info, domains) come as one JSON text: one statement reads all of an
//! account at one instant.

mod account;
mod help;
mod session;
mod tenant;

use rekey_primitives::clock::Timestamp;
use serde::de::DeserializeOwned;

pub(super) use account::{AccountRow, AccountState, SecurityInfoColumns, standing_columns};
pub(super) use help::{HelpRowWithAccount, PendingHelp};
pub(super) use session::{
    AttemptsRow, LockoutRow, RemovedAddressRow, SessionAndAccount, SessionRow, replaced_bytes,
};
pub(super) use tenant::{LoginLookupRow, PolicyRow, TenantRow};

use super::Failure;

/// The instant that a column of microseconds means.
pub(super) const fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(micros)
}

/// Reads 32 bytes, the length of every hash and key here.
pub(super) fn hash(bytes: &[u8]) -> Result<[u8; 32], Failure> {
    bytes.try_into().map_err(|_| unreadable("a hash"))
}

const fn unreadable(what: &'static str) -> Failure {
    Failure::Unreadable { what }
}

fn json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|_| unreadable(what))
}

fn number<T: TryFrom<i64>>(value: i64, what: &'static str) -> Result<T, Failure> {
    T::try_from(value).map_err(|_| unreadable(what))
}
