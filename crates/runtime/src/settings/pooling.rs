//! What stands between a part and its Postgres.

use serde::Deserialize;

/// How long a session of a part's is the same session of Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// For as long as it lasts: Postgres itself, or a pooler in session mode.
    #[default]
    Session,
    /// For one transaction, as behind PgBouncer in transaction mode.
    Transaction,
}
