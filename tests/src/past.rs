//! What an earlier release left behind: its keys and the content of its databases, as text.

use std::fs;
use std::path::{Path, PathBuf};

use rekey::folder::DataFolder;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use crate::stores::Servers;

/// A folder with `keys/`, `identity.sql` and `notification.sql`, dumps of either database.
#[derive(Debug, Clone)]
pub struct Past {
    /// Where it is.
    pub folder: PathBuf,
    /// When the release was stopped.
    pub unix_seconds: i64,
    /// The tenant it served.
    pub tenant_id: String,
}

impl Past {
    pub(crate) fn leave_keys(&self, data: &Path) {
        let keys = data.join("keys");
        fs::create_dir_all(&keys).unwrap();
        for key in fs::read_dir(self.folder.join("keys")).unwrap() {
            let key = key.unwrap();
            fs::copy(key.path(), keys.join(key.file_name())).unwrap();
        }
    }

    /// Fills the databases of this world, which are empty.
    pub(crate) async fn leave_data(&self, folder: &DataFolder, servers: &Servers) {
        for (index, part) in ["identity", "notification"].into_iter().enumerate() {
            let dump = fs::read_to_string(self.folder.join(format!("{part}.sql"))).unwrap();
            match servers.databases.get(index) {
                Some(database) => {
                    let options: sqlx::postgres::PgConnectOptions = database.url().parse().unwrap();
                    let mut connection = options.connect().await.unwrap();
                    connection.execute(sqlx::raw_sql(AssertSqlSafe(dump))).await.unwrap();
                    connection.close().await.unwrap();
                }
                None => {
                    let file = folder.database(part);
                    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
                    let mut connection = options.create_if_missing(true).connect().await.unwrap();
                    connection.execute(sqlx::raw_sql(AssertSqlSafe(dump))).await.unwrap();
                    connection.close().await.unwrap();
                }
            }
        }
    }
}
