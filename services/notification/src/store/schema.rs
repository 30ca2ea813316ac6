//! The schema this code needs, and makes.

use rekey_database::{Schema, statements};

statements! {
    const RECORDED = "select version, oldest_code from schema_version";
}

pub(crate) static SCHEMA: Schema = Schema {
    version: 8,
    recorded: RECORDED,
    postgres: sqlx::migrate!("migrations/postgres"),
    sqlite: sqlx::migrate!("migrations/sqlite"),
};
