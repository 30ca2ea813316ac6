//! What both databases promise, each case on both.

mod inspection;
mod key_checks;
mod migrations;
mod monitor;
mod passwords;
mod pooler;
mod replica;
mod steps;
mod waiting;

use std::time::Duration;

use rekey_testing::Backing;

use crate::{Database, Failure, Options, Schema, Sql, migrate};

crate::statements! {
    const RECORDED = "select version, oldest_code from schema_version";
    const NOTE = "insert into notes (note, text) values ($1, $2)";
    const APPEND = "update notes set text = text || $2 where note = $1";
    const NOTES = "select note, text from notes order by note";
}

static SCHEMA: Schema = Schema {
    version: 1,
    recorded: RECORDED,
    postgres: sqlx::migrate!("src/tests/migrations"),
    sqlite: sqlx::migrate!("src/tests/migrations"),
};

/// A database, and what keeps it alive.
struct World {
    database: Database,
    backing: Backing,
}

/// One test per case and database.
macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    super::$case(crate::tests::World::sqlite().await).await;
                }
            )+
        }

        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    super::$case(crate::tests::World::postgres().await).await;
                }
            )+
        }
    };
}
use on_both;

impl World {
    async fn sqlite() -> Self {
        Self::open(Backing::sqlite()).await
    }

    async fn postgres() -> Self {
        Self::open(Backing::postgres().await).await
    }

    async fn open(backing: Backing) -> Self {
        let database = Database::open(backing.url(), &options()).await.unwrap();
        Self { database, backing }
    }

    async fn migrated(self) -> Self {
        migrate(self.backing.url(), &options(), &SCHEMA).await.unwrap();
        self
    }

    async fn notes(&self) -> Vec<(i64, String)> {
        self.database.all(NOTES, &[]).await.unwrap()
    }

    async fn note(&self, note: i64, text: &str) -> Result<u64, Failure> {
        self.database.execute(NOTE, crate::values![note, text]).await
    }

    async fn set_version(&self, sql: &'static str) {
        self.database.execute(Sql::unlisted(sql), &[]).await.unwrap();
    }
}

/// Tests run beside each other on few cores: what is judged here is what happens, not how fast.
fn options() -> Options {
    let patience = Duration::from_secs(60);
    Options {
        acquire_timeout: patience,
        statement_timeout: patience,
        lock_timeout: patience,
        busy_timeout: patience,
        ..Options::named("test")
    }
}
