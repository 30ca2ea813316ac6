//! Rows as both databases give them, and what they mean.
//!
//! A row struct has a field per column of a statement; `sqlx` fills it from either database. Names and addresses were
//! judged when they were given: rules change, so they are taken as they were stored. A row of another shape than this
//! code writes is [`Failure::Unreadable`] and never a panic, and a list goes on without it.
//! Lists that belong to one row (logins, security info, domains) come as one JSON text: one statement reads all of an
//! account at one instant.

mod account;
mod bulk_reset;
mod event;
mod help;
mod session;
mod tenant;

use rekey_primitives::clock::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub(super) use account::{
    AccountRow, AccountState, SecurityInfoColumns, joined_transports, standing_columns,
};
pub(super) use bulk_reset::{BulkResetRow, BulkResultRow};
pub(super) use event::{PendingEventRow, SealedEventRow};
pub(super) use help::{HelpRow, HelpRowWithAccount, PendingHelp};
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

/// The rows of a list that read. One that does not is logged and left out: it takes no page and no job with it.
pub(super) fn readable<R, T>(
    rows: Vec<R>,
    id: impl Fn(&R) -> Uuid,
    read: impl Fn(R) -> Result<T, Failure>,
) -> Vec<T> {
    let read = |row: R| {
        let id = id(&row);
        read(row)
            .inspect_err(|failure| tracing::error!(%id, %failure, "a stored row is left out of a list"))
            .ok()
    };
    rows.into_iter().filter_map(read).collect()
}

/// A page under way, by id: it is filled with rows that read until it has its number or no more come.
pub(super) struct ReadablePage<T> {
    items: Vec<T>,
    /// Behind which id to go on.
    pub(super) after: Uuid,
    limit: u32,
    is_over: bool,
}

impl<T> ReadablePage<T> {
    pub(super) const fn behind(after: Uuid, limit: u32) -> Self {
        Self { items: Vec::new(), after, limit, is_over: false }
    }

    /// How many rows to ask for next.
    pub(super) fn wanted(&self) -> Option<u32> {
        let held = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        let wanted = self.limit.saturating_sub(held);
        (wanted > 0 && !self.is_over).then_some(wanted)
    }

    /// Takes the rows that came for as many as were wanted.
    pub(super) fn take<R>(
        &mut self,
        found: Vec<R>,
        id: impl Fn(&R) -> Uuid,
        read: impl Fn(R) -> Result<T, Failure>,
    ) {
        self.is_over = self.wanted().is_none_or(|wanted| found.len() < wanted as usize);
        self.after = found.last().map_or(self.after, &id);
        self.items.extend(readable(found, id, read));
    }

    pub(super) fn into_items(self) -> Vec<T> {
        self.items
    }
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
