//! The schema this code needs, and makes.

use rekey_database::{Schema, statements};

statements! {
    const RECORDED = "select version, serves_since from schema_version";
}

pub(super) static SCHEMA: Schema = Schema {
    version: 27,
    recorded: RECORDED,
    postgres: sqlx::migrate!("migrations/postgres"),
    sqlite: sqlx::migrate!("migrations/sqlite"),
};

#[cfg(test)]
mod tests {
    use rekey_primitives::clock::Timestamp;
    use rekey_primitives::id::TenantId;
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions as _, Connection as _};
    use uuid::Uuid;

    use super::*;
    use crate::domain::scope::TenantScope;
    use crate::store::{EarlierRequest, OPTIONS, Store, migrate};

    #[tokio::test]
    async fn stored_answers_outlive_the_migration_of_their_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.db");
        let older = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let mut connection = older.connect().await.unwrap();
        SCHEMA.sqlite.run_direct(Some(4), &mut connection, false).await.unwrap();
        let key = [7; 32];
        sqlx::query("insert into answers values ($1, $2, $2, $3, 9)")
            .bind(Uuid::nil())
            .bind(&key[..])
            .bind(&b"kept"[..])
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();

        let url = format!("sqlite:{}", path.display());
        migrate(&url, &OPTIONS).await.unwrap();

        let store = Store::open(&url, &OPTIONS).await.unwrap();
        let scope = TenantScope::ours(TenantId::from_uuid(Uuid::nil()));
        let stored = store.find_answer(&scope, &key, &key, Timestamp::from_unix_micros(8)).await.unwrap();
        assert_eq!(stored, EarlierRequest::Answered(b"kept".to_vec()));
    }
}
