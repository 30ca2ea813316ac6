//! Indexes of large tables, built beside whoever writes. SQLite, whose tables are small, has them from its migrations.
//!
//! A migration that builds one keeps everybody waiting who writes, for minutes where a million people have sessions. What lacks
//! one until then is only slower.

use rekey_database::{Connection, Dialect, Failure, statements, values};

use super::Store;

/// Name, table, columns and which rows: our own words.
const LARGE: [(&str, &str, &str); 6] = [
    ("sessions_of_account", "sessions", "(tenant_id, account_id)"),
    ("help_requests_of_account", "help_requests", "(tenant_id, account_id)"),
    ("help_requests_by_handler", "help_requests", "(tenant_id, handled_by)"),
    ("linked_accounts_back", "linked_accounts", "(linked_tenant_id, linked_account_id)"),
    ("accounts_by_pepper", "accounts", "(substr(password_hash, 2, 4)) where password_hash is not null"),
    ("authenticators_by_pepper", "security_info", "(substr(totp_key, 2, 4)) where totp_key is not null"),
];

statements! {
    /// Whether an index is there and whole.
    const IS_WHOLE = (postgres: "
        select 1 from pg_index x where x.indexrelid = to_regclass($1) and x.indisvalid");
}

impl Store {
    /// Builds the indexes that are missing. Others read and write meanwhile.
    pub(super) async fn build_large_indexes(&self) -> Result<(), Failure> {
        if self.database.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        // Who finds another process at it leaves it to that.
        let building = async { build(&mut self.database.writer().await?).await };
        self.database.alone("rekey large indexes", building).await.map(drop)
    }
}

async fn build(connection: &mut Connection) -> Result<(), Failure> {
    let mut is_patient = false;
    for (name, table, columns) in LARGE {
        if connection.exists(IS_WHOLE, values![name]).await? {
            continue;
        }
        if !is_patient {
            // It takes as long as the table is large. The pool closes behind a migration, so no call has this session next.
            connection.execute_text("set statement_timeout = 0".to_owned()).await?;
            is_patient = true;
        }
        tracing::info!(index = name, "building an index");
        // What an earlier attempt left behind is not whole.
        connection.execute_text(format!("drop index concurrently if exists {name}")).await?;
        connection.execute_text(format!("create index concurrently {name} on {table} {columns}")).await?;
    }
    Ok(())
}
