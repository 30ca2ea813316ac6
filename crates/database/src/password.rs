//! A login that Postgres refuses while a password is being changed.
//!
//! Postgres knows one password for a role, and the file with it is another place: between the two changes new sessions are
//! refused. Whoever needs one meanwhile reads the file again and waits, for as long as a call waits for a session anyway.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// How often a login is tried with a password that was refused: a file that is written meanwhile is noticed by then.
const TRY_EVERY: Duration = Duration::from_millis(100);

/// The class of codes of logins that are refused.
const LOGIN_REFUSED: &str = "28";

/// Makes the URL of the database anew, of what its files hold at this moment.
pub type UrlSource = Arc<dyn Fn() -> Result<String, Box<dyn Error + Send + Sync>> + Send + Sync>;

/// What makes the URL, if anything does.
#[derive(Clone, Default)]
pub(crate) struct Source(pub(crate) Option<UrlSource>);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.0.is_some()).finish()
    }
}

/// How long one call goes on trying.
pub(crate) struct Patience {
    until: Instant,
}

impl Patience {
    pub(crate) fn of(longest: Duration) -> Self {
        Self { until: Instant::now() + longest }
    }

    /// Whether to log in again after this error; it waits where `took_another` says that the password is still the same.
    pub(crate) async fn allows(
        &self,
        error: &sqlx::Error,
        took_another: impl FnOnce() -> Option<bool>,
    ) -> bool {
        if !is_refused_login(error) || Instant::now() >= self.until {
            return false;
        }
        match took_another() {
            None => return false,
            Some(true) => {}
            Some(false) => tokio::time::sleep(TRY_EVERY).await,
        }
        true
    }
}

fn is_refused_login(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code.len() == 5 && code.starts_with(LOGIN_REFUSED))
}
