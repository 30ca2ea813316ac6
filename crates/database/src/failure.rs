//! What a driver's error means to whoever called the store.
//!
//! A database's own message can quote a row, so only its code and the constraint's name travel on: enough to find
//! the statement, nothing of anybody's data. Of failures to connect, to log in and to change the schema the message goes
//! along, since it is about names of the operator's.

use std::error::Error;
use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

/// Codes of Postgres, by prefix, that say "not now": no connection, no resources, shutting down or starting, a
/// statement or lock that took too long, a standby that does not write, transactions that lost a race, and logins that are
/// refused, as while a password is changed.
const NOT_NOW: [&str; 9] = ["08", "28", "40", "53", "57P", "57014", "55P03", "25006", "25P03"];

/// Of those, the ones that a repeat of the whole transaction mends at once. SQLite has none: its steps begin as
/// writers, one after the other.
const LOST_RACES: [&str; 2] = ["40001", "40P01"];

/// The code of a session that takes no writes, as after a failover to a standby.
const READ_ONLY: &str = "25006";

/// Classes of codes of Postgres whose messages are about the server, its users, its databases and its schema: connecting,
/// features it lacks, logging in, a database that is not there, names and rights, resources, an operator's doing.
const OPERATORS_OWN: [&str; 7] = ["08", "0A", "28", "3D", "42", "53", "57P"];

/// The code of a disk without room.
pub(crate) const DISK_FULL: &str = "53100";

/// SQLite's "busy" and "locked", and what a disk says that is full or does not answer ("I/O error", "full", "cannot
/// open"), in the low byte of an extended code.
const SQLITE_NOT_NOW: [u32; 5] = [5, 6, 10, 13, 14];

/// Something broke while asking the database. A refusal is never this: it is part of a step's answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The store is away or too slow; trying again later may help.
    #[error("store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It did not answer within the time, and whether it did what it was asked to is not known.
    #[error("store did not answer in time")]
    TimedOut,
    /// A row is not what this code wrote: the schema or another writer is ahead.
    #[error("store holds {what} that cannot be read")]
    Unreadable {
        /// What it is, never its content.
        what: &'static str,
    },
    /// The statement itself failed.
    #[error("statement failed")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

/// What a database said. The message stands here only where it can be about nobody.
#[derive(Debug)]
struct Answered {
    code: String,
    constraint: Option<String>,
    message: Option<String>,
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "database answered {}", self.code)?;
        if let Some(constraint) = &self.constraint {
            write!(f, " on {constraint}")?;
        }
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl Error for Answered {}

/// How long a loop waits for one step: for a connection, and for statements that have limits of their own. Beyond it
/// the network has swallowed question or answer, and TCP alone would take a quarter of an hour to say so.
pub const STEP_WITHIN: Duration = Duration::from_secs(10);

/// A step for a loop, which must not stand still behind a silent network. A step that was given up may have been done
/// all the same: fences, ids and repeats make that harmless.
///
/// # Errors
/// Those of the step, and [`Failure::TimedOut`].
pub async fn in_time<T>(step: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(STEP_WITHIN, step).await.unwrap_or(Err(Failure::TimedOut))
}

impl Failure {
    /// Whether the store is away, which passes, and not broken.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::TimedOut)
    }

    /// The code that the database answered with, if it answered.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Unavailable(source) | Self::Broken(source) => {
                source.downcast_ref().map(|answered: &Answered| answered.code.as_str())
            }
            Self::TimedOut | Self::Unreadable { .. } => None,
        }
    }

    /// What the matter is, for operators: nothing of anybody's data and no URL.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::Unavailable(source) | Self::Broken(source) => match source.downcast_ref::<sqlx::Error>() {
                Some(error) => of_connecting(error),
                None => source.to_string(),
            },
            Self::TimedOut | Self::Unreadable { .. } => self.to_string(),
        }
    }

    /// Whether no connection was to be had, which has a cause that is not told.
    pub(crate) fn is_without_connection(&self) -> bool {
        let Self::Unavailable(source) = self else { return false };
        matches!(source.downcast_ref(), Some(sqlx::Error::PoolTimedOut))
    }

    /// Whether the disk has no room.
    pub(crate) fn is_of_full_disk(&self) -> bool {
        self.code() == Some(DISK_FULL)
    }

    /// Whether the transaction lost a race or met a session that takes no writes, so that doing all of it again, at once,
    /// may pass.
    pub(crate) fn is_mended_by_a_repeat(&self) -> bool {
        self.only_reads() || self.code().is_some_and(|code| LOST_RACES.contains(&code))
    }

    /// The failure of a session that was asked and takes no writes.
    pub(crate) fn of_read_only_session() -> Self {
        let message = Some("the server takes no writes: it is a standby, or was made read-only".to_owned());
        Self::Unavailable(Box::new(Answered { code: READ_ONLY.to_owned(), constraint: None, message }))
    }

    /// The failure of a disk that had no room a moment ago.
    pub(crate) fn of_full_disk() -> Self {
        let message = Some("its disk is full".to_owned());
        Self::Unavailable(Box::new(Answered { code: DISK_FULL.to_owned(), constraint: None, message }))
    }

    /// Whether the session takes no writes.
    pub(crate) fn only_reads(&self) -> bool {
        self.code() == Some(READ_ONLY)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(database) => {
                let code = database.code().map(|code| code.into_owned()).unwrap_or_default();
                let constraint = database.constraint().map(str::to_owned);
                let not_now = says_not_now(&code);
                let message = is_operators_own(&code).then(|| database.message().to_owned());
                let answered = Box::new(Answered { code, constraint, message });
                if not_now { Self::Unavailable(answered) } else { Self::Broken(answered) }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(Box::new(error)),
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. } => Self::Unreadable { what: "a column" },
            other => Self::Broken(Box::new(other)),
        }
    }
}

/// A migration that did not go through. What the database said about it may quote a row, so it passes the same filter as
/// everything else that it says.
#[derive(Debug, thiserror::Error)]
#[error("migration {version} did not go through")]
struct FailedMigration {
    version: i64,
    source: Failure,
}

impl From<sqlx::migrate::MigrateError> for Failure {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(error) => error.into(),
            sqlx::migrate::MigrateError::ExecuteMigration(error, version) => match Self::from(error) {
                away if away.is_unavailable() => away,
                source => Self::Broken(Box::new(FailedMigration { version, source })),
            },
            other => Self::Broken(Box::new(other)),
        }
    }
}

/// What keeps a connection from being made or used.
fn of_connecting(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            ErrorKind::TimedOut => "no answer in time".to_owned(),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
                "the connection broke".to_owned()
            }
            _ => error.to_string(),
        },
        sqlx::Error::Tls(error) => {
            // Its own text says no more than that there was an error.
            let mut cause: &dyn Error = error.as_ref();
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            format!("no TLS: {cause}")
        }
        sqlx::Error::PoolTimedOut => "no connection was free in time".to_owned(),
        other => other.to_string(),
    }
}

/// Whether the message that goes with a code is about nothing but the operator's own.
fn is_operators_own(code: &str) -> bool {
    if code.len() == 5 {
        return OPERATORS_OWN.iter().any(|prefix| code.starts_with(prefix));
    }
    says_not_now(code)
}

fn says_not_now(code: &str) -> bool {
    if code.len() == 5 {
        return NOT_NOW.iter().any(|prefix| code.starts_with(prefix));
    }
    code.parse::<u32>().is_ok_and(|code| SQLITE_NOT_NOW.contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_by_whether_waiting_helps() {
        for code in ["08006", "53300", "57P01", "57014", "55P03", "40P01", "5", "261", "6", "13", "778", "14"]
        {
            assert!(says_not_now(code), "{code}");
        }
        for code in ["23505", "42P01", "22P02", "2067", "1", ""] {
            assert!(!says_not_now(code), "{code}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_that_never_answers_is_given_up_as_away() {
        let given_up = in_time(std::future::pending::<Result<(), Failure>>()).await;

        assert!(matches!(&given_up, Err(failure) if failure.is_unavailable()), "{given_up:?}");
    }

    #[test]
    fn a_migration_that_fails_quotes_no_row() {
        let said = sqlx::Error::Decode("invalid input syntax for type uuid: anna@example.com".into());

        let failure = Failure::from(sqlx::migrate::MigrateError::ExecuteMigration(said, 7));

        let shown = format!("{failure:?}");
        assert!(shown.contains('7') && !shown.contains("anna"), "{shown}");
    }

    #[test]
    fn only_messages_about_the_operators_own_are_told() {
        for code in ["28P01", "3D000", "42501", "53100", "53300", "57P03", "13"] {
            assert!(is_operators_own(code), "{code}");
        }
        for code in ["23505", "22P02", "22001", "P0001", "1555"] {
            assert!(!is_operators_own(code), "{code}");
        }
    }

    #[test]
    fn a_pool_that_gives_nothing_is_away() {
        assert!(Failure::from(sqlx::Error::PoolTimedOut).is_unavailable());
        assert!(!Failure::from(sqlx::Error::RowNotFound).is_unavailable());
    }
}
