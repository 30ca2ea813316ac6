//! What a database says of itself, for whoever judges whether it is fit: facts only, and nothing of anybody's data.

use std::path::Path;
use std::time::Duration;

use rekey_primitives::clock::Clock;
use tokio::time::Instant;

use crate::options::Location;
use crate::sqlite::is_in_use;
use crate::{Connection, Database, Dialect, Failure, Options, Schema, SchemaFit, Sql};

/// Round trips that are measured, after a first one that opens the connection.
const ROUND_TRIPS: u32 = 5;

const NOTHING: Sql = Sql::unlisted("select 1");

/// Numbers, in the order of [`Numbers`].
const NUMBERS: Sql = Sql::unlisted(
    "select current_setting('server_version_num')::bigint, current_setting('max_connections')::bigint,
            current_setting('superuser_reserved_connections')::bigint,
            (select count(*) from pg_stat_activity where backend_type = 'client backend'),
            (extract(epoch from clock_timestamp()) * 1000000)::bigint",
);

/// Switches, in the order of [`Switches`].
const SWITCHES: Sql = Sql::unlisted(
    "select current_setting('is_superuser') = 'on', current_setting('fsync') = 'on',
            current_setting('full_page_writes') = 'on', current_setting('synchronous_commit') <> 'off',
            pg_is_in_recovery(), coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)",
);

type Numbers = (i64, i64, i64, i64, i64);
type Switches = (bool, bool, bool, bool, bool, bool);

/// What is known of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Which it is, without a password.
    pub target: String,
    /// Whether its schema fits this code.
    pub schema: SchemaFit,
    /// The slowest of a few round trips.
    pub round_trip: Duration,
    /// What a Postgres says; none of a file.
    pub server: Option<ServerFacts>,
}

/// Why a database was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotInspected {
    /// There is no such file.
    #[error("{0} is not there")]
    Missing(String),
    /// A running process has the file for itself.
    #[error("{0} is in use by another rekey process")]
    InUse(String),
    /// It does not answer, and why.
    #[error("{0}")]
    Away(String),
}

/// What a Postgres says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerFacts {
    /// As 150004 for 15.4.
    pub version: i64,
    /// The most connections it takes.
    pub max_connections: i64,
    /// Of these, kept for superusers.
    pub reserved_connections: i64,
    /// Connections of clients now.
    pub used_connections: i64,
    /// Its clock less ours, in microseconds.
    pub clock_ahead_micros: i64,
    /// Whether we log in as a superuser.
    pub is_superuser: bool,
    /// Whether a commit is on the disk: `fsync`.
    pub syncs: bool,
    /// Whether a torn page is found again: `full_page_writes`.
    pub writes_full_pages: bool,
    /// Whether a commit is answered when it is on the disk and no sooner: `synchronous_commit`.
    pub waits_for_commits: bool,
    /// Whether it is a standby, which takes no writes.
    pub is_standby: bool,
    /// Whether our connection is encrypted.
    pub is_encrypted: bool,
}

/// Looks at the database of a URL, by one connection of its own. A file is opened only if it is there.
///
/// # Errors
/// It is away, in use, or says nothing of what is asked.
pub async fn inspect(
    url: &str,
    options: &Options,
    schema: &Schema,
    clock: &dyn Clock,
) -> Result<DatabaseFacts, NotInspected> {
    let file = match Location::parse(url) {
        Ok(Location::Sqlite(path)) => Some(path.to_owned()),
        _ => None,
    };
    if let Some(path) = file.as_ref().filter(|path| !Path::new(path).exists()) {
        return Err(NotInspected::Missing(path.clone()));
    }
    let options = Options { connections: 1, ..options.clone() };
    let database = Database::open(url, &options).await.map_err(|failure| match file {
        Some(path) if is_in_use(&failure) => NotInspected::InUse(path),
        _ => NotInspected::Away(failure.to_string()),
    })?;
    let facts = facts(&database, schema, clock).await;
    let facts = match facts {
        Ok(facts) => Ok(facts),
        Err(failure) => Err(NotInspected::Away(database.cause(&failure).await)),
    };
    database.close().await;
    facts
}

async fn facts(database: &Database, schema: &Schema, clock: &dyn Clock) -> Result<DatabaseFacts, Failure> {
    let mut connection = database.reader().await?;
    connection.scalar::<i32>(NOTHING, &[]).await?;
    let mut round_trip = Duration::ZERO;
    for _ in 0..ROUND_TRIPS {
        let started = Instant::now();
        connection.scalar::<i32>(NOTHING, &[]).await?;
        round_trip = round_trip.max(started.elapsed());
    }
    let server = match database.dialect() {
        Dialect::Postgres => Some(server(&mut connection, clock).await?),
        Dialect::Sqlite => None,
    };
    let schema = crate::schema::fit(&mut connection, schema).await?;
    Ok(DatabaseFacts { target: database.target(), schema, round_trip, server })
}

async fn server(connection: &mut Connection, clock: &dyn Clock) -> Result<ServerFacts, Failure> {
    let before = clock.now().unix_micros();
    let (version, max_connections, reserved_connections, used_connections, theirs): Numbers =
        connection.one(NUMBERS, &[]).await?;
    // The server looked at its clock somewhere in between.
    let ours = i64::midpoint(before, clock.now().unix_micros());
    let (is_superuser, syncs, writes_full_pages, waits_for_commits, is_standby, is_encrypted): Switches =
        connection.one(SWITCHES, &[]).await?;
    Ok(ServerFacts {
        version,
        max_connections,
        reserved_connections,
        used_connections,
        clock_ahead_micros: theirs - ours,
        is_superuser,
        syncs,
        writes_full_pages,
        waits_for_commits,
        is_standby,
        is_encrypted,
    })
}
