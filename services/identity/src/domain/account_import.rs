//! Imports of accounts: chunks of records from elsewhere, of which each becomes an account, is skipped or is rejected by itself.
//!
//! ```text
//!           chunk 1, 2, 3 …
//!            ┌────┐
//!            ▼    │      finished
//!   ─────►  open ─┘ ───────────────►  finished
//!            │
//!            └──────── cancelled ──►  cancelled
//! ```
//!
//! A chunk is taken once, in its turn. One that was taken before is answered as it was then, also when the import is over.

mod judgement;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::EmailAddress;
pub(crate) use rekey_primitives::id::ImportId;
use rekey_primitives::id::TenantId;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

pub(crate) use judgement::{Draft, Judged, Names, Taken, judge};

/// Most records of a chunk: some tens of milliseconds of one transaction.
pub(crate) const RECORDS_MAX: usize = 500;

/// Most open imports of a tenant: more than anybody runs beside each other, so those that were forgotten show.
pub(crate) const OPEN_IMPORTS_MAX: i64 = 20;

/// Most addresses of a record, of both kinds.
pub(crate) const ADDRESSES_MAX: usize = 10;

/// Most groups of a record.
pub(crate) const GROUPS_MAX: usize = 20;

/// Longest hash of a password, in bytes: twice that of Firebase, which carries a key.
pub(crate) const HASH_BYTES_MAX: usize = 1_024;

/// Longest word on where records come from, in characters.
pub(crate) const SOURCE_MAX: usize = 256;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString, Serialize, Deserialize)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImportState {
    Open,
    Finished,
    Cancelled,
}

/// What becomes of a record of an account that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString, Serialize, Deserialize)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DuplicateHandling {
    Reject,
    Skip,
}

/// How an import treats its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportOptions {
    pub(crate) duplicates: DuplicateHandling,
    /// What records say of confirmed addresses is believed.
    pub(crate) confirmations_trusted: bool,
    /// Records are judged and nothing is created.
    pub(crate) dry_run: bool,
}

/// An import, and what became of its records so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountImport {
    pub(crate) id: ImportId,
    pub(crate) tenant_id: TenantId,
    pub(crate) state: ImportState,
    /// Where the records come from.
    pub(crate) source: String,
    pub(crate) options: ImportOptions,
    /// The chunk that comes next.
    pub(crate) next_sequence: i64,
    pub(crate) records: i64,
    pub(crate) created: i64,
    pub(crate) skipped: i64,
    pub(crate) rejected: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
}

/// Why a record was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum RejectionReason {
    FieldInvalid,
    LoginTaken,
    ExternalIdTaken,
    GroupNotFound,
    HashMalformed,
    HashSchemeUnknown,
    HashTooCostly,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) reason: RejectionReason,
    /// The field at fault, where it is one.
    pub(crate) field: String,
    /// What it must be.
    pub(crate) problem: String,
}

/// A line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// Which record of the import, counted from 1.
    pub(crate) record: i64,
    /// See [`masked_login`].
    pub(crate) masked_login: String,
    pub(crate) flaw: Flaw,
}

/// What became of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChunkReport {
    /// The chunk that comes next.
    pub(crate) next_sequence: i64,
    /// The first of its records in the import.
    pub(crate) first_record: i64,
    pub(crate) created: i64,
    pub(crate) skipped: i64,
    pub(crate) rejections: Vec<Rejection>,
}

/// Where a chunk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is the one that comes next.
    Next,
    /// It was taken.
    Before,
    /// Another one comes next.
    Gap { expected: i64 },
    /// No chunk comes any more.
    Ended,
}

impl AccountImport {
    /// An import that begins.
    pub(crate) const fn new(
        id: ImportId,
        tenant_id: TenantId,
        source: String,
        options: ImportOptions,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            tenant_id,
            state: ImportState::Open,
            source,
            options,
            next_sequence: 1,
            records: 0,
            created: 0,
            skipped: 0,
            rejected: 0,
            created_at: now,
            updated_at: now,
            ended_at: None,
        }
    }

    /// Where a chunk stands.
    pub(crate) fn turn(&self, sequence: i64) -> Turn {
        if sequence < self.next_sequence {
            Turn::Before
        } else if self.state != ImportState::Open {
            Turn::Ended
        } else if sequence > self.next_sequence {
            Turn::Gap { expected: self.next_sequence }
        } else {
            Turn::Next
        }
    }

    /// The import at its end.
    pub(crate) fn ended(&self, state: ImportState, now: Timestamp) -> Self {
        Self { state, updated_at: now, ended_at: Some(now), ..self.clone() }
    }

    /// What the log says of it.
    pub(crate) fn said(&self) -> String {
        let id = self.id;
        let dry = if self.options.dry_run { " in a dry run" } else { "" };
        let word = match self.state {
            ImportState::Open => return format!("started{dry}: {id}"),
            ImportState::Finished => "finished",
            ImportState::Cancelled => "cancelled",
        };
        let Self { created, skipped, rejected, .. } = self;
        format!("{word}{dry}: {id}, {created} created, {skipped} skipped, {rejected} rejected")
    }
}

impl Flaw {
    /// One that no field is to blame for alone.
    pub(crate) const fn of(reason: RejectionReason) -> Self {
        Self { reason, field: String::new(), problem: String::new() }
    }
}

/// A login as a report shows it: enough for who has the record, not for who has the report alone.
pub(crate) fn masked_login(login: &str) -> String {
    if let Ok(address) = EmailAddress::parse(login) {
        return address.masked();
    }
    match login.chars().next().filter(|first| first.is_alphanumeric()) {
        Some(first) => format!("{first}•••••"),
        None if login.is_empty() => String::new(),
        None => "•••••".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::fixtures::{now, tenant};

    const OPTIONS: ImportOptions =
        ImportOptions { duplicates: DuplicateHandling::Reject, confirmations_trusted: false, dry_run: false };

    fn import() -> AccountImport {
        let id = ImportId::from_uuid(Uuid::from_u128(7));
        AccountImport {
            next_sequence: 3,
            ..AccountImport::new(id, tenant().id, "a file".to_owned(), OPTIONS, now())
        }
    }

    #[test]
    fn chunks_come_in_their_turn_and_what_was_taken_is_known_for_ever() {
        let (open, over) = (import(), import().ended(ImportState::Cancelled, now()));

        assert_eq!(
            [1, 2, 3, 4].map(|sequence| open.turn(sequence)),
            [Turn::Before, Turn::Before, Turn::Next, Turn::Gap { expected: 3 }]
        );
        assert_eq!([2, 3, 4].map(|sequence| over.turn(sequence)), [Turn::Before, Turn::Ended, Turn::Ended]);
    }

    #[test]
    fn the_log_says_what_became_of_it() {
        let ended = AccountImport { created: 5, rejected: 1, ..import() }.ended(ImportState::Finished, now());
        let dry = AccountImport { options: ImportOptions { dry_run: true, ..OPTIONS }, ..import() };

        assert_eq!(
            ended.said(),
            "finished: 00000000-0000-0000-0000-000000000007, 5 created, 0 skipped, 1 rejected"
        );
        assert_eq!(dry.said(), "started in a dry run: 00000000-0000-0000-0000-000000000007");
    }

    #[test]
    fn a_report_shows_no_login() {
        assert_eq!(masked_login("anna@example.com"), "a•••••@e•••••");
        assert_eq!(masked_login("anna.blume"), "a•••••");
        assert_eq!(masked_login("\u{7}anna"), "•••••");
        assert_eq!(masked_login(""), "");
    }
}
