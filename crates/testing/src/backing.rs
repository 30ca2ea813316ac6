//! An empty database of either kind for the world of a test.

use tempfile::TempDir;

use crate::{Database, postgres, postgres_from_template};

/// Where a world keeps its data, and what keeps that alive: a SQLite file in a folder of its own, or a database of a
/// Postgres. Dropping it drops the data.
#[derive(Debug)]
pub struct Backing {
    url: String,
    _kept: Kept,
}

#[derive(Debug)]
#[expect(dead_code, reason = "kept for as long as the world")]
enum Kept {
    Folder(TempDir),
    Postgres(Database),
}

impl Backing {
    /// A SQLite file that is not there yet.
    ///
    /// # Panics
    /// When no folder can be made.
    pub fn sqlite() -> Self {
        let folder = match tempfile::tempdir() {
            Ok(folder) => folder,
            Err(error) => panic!("a folder for this test: {error}"),
        };
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self { url, _kept: Kept::Folder(folder) }
    }

    /// An empty database of a Postgres.
    ///
    /// # Panics
    /// When no Postgres can be had.
    pub async fn postgres() -> Self {
        Self::of(postgres().await)
    }

    /// A database of a Postgres with the schema that `migrate` makes, see [`postgres_from_template`].
    ///
    /// # Panics
    /// When no Postgres can be had, or when `migrate` fails.
    pub async fn postgres_from_template<E>(
        name: &str,
        migrate: impl AsyncFnOnce(&str) -> Result<(), E>,
    ) -> Self
    where
        E: Into<anyhow::Error>,
    {
        Self::of(postgres_from_template(name, migrate).await)
    }

    /// What to connect to, as the settings of a store have it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    fn of(database: Database) -> Self {
        Self { url: database.url().to_owned(), _kept: Kept::Postgres(database) }
    }
}
