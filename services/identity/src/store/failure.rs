//! What a driver's error means to whoever called the store.
//!
//! A database's own message can quote a row, so only its code and the constraint's name travel on: enough to find
//! the statement, nothing of anybody's data.

use std::time::Duration;

use super::Failure;

/// Codes of Postgres, by prefix, that say "not now": no connection, no resources, shutting down or starting, a
/// statement or lock that took too long, a standby that does not write, and transactions that lost a race.
const NOT_NOW: [&str; 9] = ["08", "53", "57P", "57014", "55P03", "25006", "25P03", "40001", "40P01"];

/// Of those, the ones that a repeat of the whole transaction mends at once.
const LOST_RACES: [&str; 2] = ["40001", "40P01"];

/// SQLite's "busy" and "locked", in the low byte of an extended code.
const SQLITE_NOT_NOW: [u32; 2] = [5, 6];

/// What a database said, without the message.
#[derive(Debug, thiserror::Error)]
#[error("database answered {code}{}", constraint.as_deref().map(|name| format!(" on {name}")).unwrap_or_default())]
struct Answered {
    code: String,
    constraint: Option<String>,
}

/// How long a loop waits for one step: for a connection, and for statements that have limits of their own. Beyond it
/// the network has swallowed question or answer, and TCP alone would take a quarter of an hour to say so.
const STEP_WITHIN: Duration = Duration::from_secs(10);

/// Neither done nor refused within the time.
#[derive(Debug, thiserror::Error)]
#[error("no answer in time")]
struct NoAnswer;

/// A step for a loop, which must not stand still behind a silent network. A step that was given up may have been done
/// all the same: fences, ids and repeats make that harmless.
pub async fn in_time<T>(step: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let step = tokio::time::timeout(STEP_WITHIN, step);
    step.await.unwrap_or_else(|_| Err(Failure::Unavailable(Box::new(NoAnswer))))
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(database) => {
                let code = database.code().map(|code| code.into_owned()).unwrap_or_default();
                let constraint = database.constraint().map(str::to_owned);
                let not_now = says_not_now(&code);
                let answered = Box::new(Answered { code, constraint });
                if not_now { Self::Unavailable(answered) } else { Self::Broken(answered) }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
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

impl From<sqlx::migrate::MigrateError> for Failure {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(error) => error.into(),
            other => Self::Broken(Box::new(other)),
        }
    }
}

impl Failure {
    /// Whether the transaction lost a race, so that doing all of it again may pass.
    pub(super) fn lost_a_race(&self) -> bool {
        match self {
            Self::Unavailable(source) => source
                .downcast_ref::<Answered>()
                .is_some_and(|answered| LOST_RACES.contains(&answered.code.as_str())),
            _ => false,
        }
    }
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
        for code in ["08006", "53300", "57P01", "57014", "55P03", "40P01", "5", "261", "6"] {
            assert!(says_not_now(code), "{code}");
        }
        for code in ["23505", "42P01", "22P02", "2067", "1", ""] {
            assert!(!says_not_now(code), "{code}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_that_never_answers_is_given_up_as_away() {
        let given_up = in_time(std::future::pending::<Result<(), Failure>>()).await;

        assert!(matches!(given_up, Err(Failure::Unavailable(_))), "{given_up:?}");
    }

    #[test]
    fn a_pool_that_gives_nothing_is_away() {
        assert!(matches!(Failure::from(sqlx::Error::PoolTimedOut), Failure::Unavailable(_)));
        assert!(matches!(Failure::from(sqlx::Error::RowNotFound), Failure::Broken(_)));
    }
}
