//! What the stores hold, row by row, read behind the back of the parts that own them.
//!
//! Tests ask it what was written (nothing, or no secret), and set what no RPC of this release sets.

use std::collections::BTreeMap;
use std::time::Duration;

use rekey::Part;
use rekey_primitives::clock::{Clock as _, Timestamp};
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use uuid::Uuid;

use crate::World;

/// What takes longer than this was given up by somebody, who will try again.
const IN_VAIN: Duration = Duration::from_secs(5);

/// Every table of a part with its rows as text, in a stable order. Bytes are hexadecimal.
pub type Tables = BTreeMap<String, Vec<String>>;

/// A part's database, seen from outside.
enum Database {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// One statement, over either database.
macro_rules! on_either {
    ($database:expr, $connection:ident => $run:expr) => {
        match $database {
            Database::Postgres($connection) => $run,
            Database::Sqlite($connection) => $run,
        }
    };
}

impl World {
    /// Everything a part keeps in its database. Verification has none.
    pub async fn tables(&self, part: Part) -> Tables {
        let mut database = self.open(part).await;
        let mut tables = Tables::new();
        for table in database.texts(database.list_of_tables()).await {
            let row = database.row_of(&table).await;
            let mut rows = database.texts(&format!("select {row} from \"{table}\" as t")).await;
            rows.sort();
            tables.insert(table, rows);
        }
        tables
    }

    /// Every key of the Redis with all that is under it; nothing where there is none.
    pub async fn keys(&self) -> BTreeMap<String, Vec<u8>> {
        let Some(server) = &self.redis else { return BTreeMap::new() };
        let client = redis::Client::open(server.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let names: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
        let mut types = redis::pipe();
        for name in &names {
            types.cmd("TYPE").arg(name);
        }
        let types: Vec<String> = types.query_async(&mut connection).await.unwrap();
        let mut values = redis::pipe();
        for (name, kind) in names.iter().zip(&types) {
            values.add_command(reading(name, kind));
        }
        let values: Vec<redis::Value> = values.query_async(&mut connection).await.unwrap();
        let texts = values.iter().map(|value| {
            let mut bytes = Vec::new();
            write(value, &mut bytes);
            bytes
        });
        names.into_iter().zip(texts).collect()
    }

    /// Runs a statement in a part's database.
    pub async fn execute(&self, part: Part, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        on_either!(&mut self.open(part).await, connection => {
            sqlx::query(sql).execute(connection).await.unwrap();
        });
    }

    /// Puts another revision of the tenant's policy in force.
    pub async fn amend_policy(&self, amend: impl FnOnce(&mut Value)) {
        let tenant_id = Uuid::parse_str(&self.tenant_id).unwrap();
        let newest = "select document from policies where tenant_id = $1 order by version desc limit 1";
        let write = "insert into policies (tenant_id, version, document, changed_by, changed_at) \
             select tenant_id, version + 1, $2, null, changed_at from policies \
             where tenant_id = $1 order by version desc limit 1";
        on_either!(&mut self.open(Part::Identity).await, connection => {
            let text: String = sqlx::query_scalar(newest).bind(tenant_id).fetch_one(&mut *connection).await.unwrap();
            let mut document: Value = serde_json::from_str(&text).unwrap();
            amend(&mut document);
            sqlx::query(write).bind(tenant_id).bind(document.to_string()).execute(connection).await.unwrap();
        });
    }

    /// Lets the tenant's resets show the account's own methods, masked.
    pub async fn show_masks(&self) {
        self.amend_policy(|policy| policy["reset"]["method_hints"] = "masked".into()).await;
    }

    /// Waits until no message is on its way any more: what has not come by then never comes.
    pub async fn settled(&self) {
        let is_settled = async || {
            self.count(Part::Identity, "outbox").await == 0
                && self.count(Part::Notification, "notification where state in (1, 2)").await == 0
        };
        let settling = self.with_time_for_retries(async {
            while !is_settled().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        tokio::time::timeout(Duration::from_secs(30), settling).await.expect("messages are stuck");
    }

    /// Waits as `waiting` does. Where the machine stood still for so long that somebody gave up a message for now, its
    /// next try lies in a future that a clock which nobody moves never reaches: it is moved there, once. What needs a third try is
    /// no matter of the machine.
    pub(crate) async fn with_time_for_retries<T>(&self, waiting: impl Future<Output = T>) -> T {
        let mut waiting = std::pin::pin!(waiting);
        let mut moves_left = 1;
        loop {
            tokio::select! {
                done = &mut waiting => return done,
                () = tokio::time::sleep(IN_VAIN), if moves_left > 0 => {}
            }
            moves_left -= 1;
            if let Some(at) = self.next_retry().await {
                self.clock.set(at.max(self.clock.now()));
            }
        }
    }

    /// When the first of those is due that were tried before.
    async fn next_retry(&self) -> Option<Timestamp> {
        let notice = self.first(Part::Identity, "select min(due_at) from outbox where fence > 0").await;
        let message = "select min(next_try_at) from notification where state = 1 and tries > 0";
        let message = self.first(Part::Notification, message).await;
        notice.into_iter().chain(message).min().map(Timestamp::from_unix_micros)
    }

    async fn first(&self, part: Part, sql: &str) -> Option<i64> {
        let sql = AssertSqlSafe(sql.to_owned());
        on_either!(&mut self.open(part).await, connection => {
            sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
        })
    }

    /// Where messages are that did not come, for whoever reads of the failure.
    pub async fn whereabouts(&self) -> String {
        let outbox = self.count(Part::Identity, "outbox").await;
        let mut places = format!("{} arrived, {outbox} in the outbox", self.mail().len());
        for state in 1..=8 {
            let all = format!("notification where state = {state}");
            let tried = format!("{all} and tries > 0");
            let (all, tried) =
                (self.count(Part::Notification, &all).await, self.count(Part::Notification, &tried).await);
            if all > 0 {
                places.push_str(&format!(", {all} in state {state}, {tried} of them tried"));
            }
        }
        // What was stopped in silence is told to the log and to nobody else.
        let events = "select kind || ' ' || outcome || coalesce(' ' || reason, '') from audit_events order by position";
        let events = on_either!(&mut self.open(Part::Identity).await, connection => {
            sqlx::query_scalar::<_, String>(events).fetch_all(connection).await.unwrap()
        });
        format!("{places}; events: {}", events.join(", "))
    }

    /// How many rows there are of `from`: a table, with a condition or without.
    pub async fn count(&self, part: Part, from: &str) -> i64 {
        let sql = AssertSqlSafe(format!("select count(*) from {from}"));
        on_either!(&mut self.open(part).await, connection => {
            sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
        })
    }

    async fn open(&self, part: Part) -> Database {
        let index = match part {
            Part::Identity => 0,
            Part::Notification => 1,
            Part::Verification | Part::Portal => panic!("{} keeps nothing in a database", part.name()),
        };
        match &self.postgres[index] {
            Some(url) => Database::Postgres(PgConnection::connect(url).await.unwrap()),
            None => {
                let file = SqliteConnectOptions::new().filename(self.folder.database(part.name()));
                let file = file.busy_timeout(Duration::from_secs(10));
                Database::Sqlite(SqliteConnection::connect_with(&file).await.unwrap())
            }
        }
    }
}

impl Database {
    /// Partitions are tables; what they are partitions of is not listed.
    const fn list_of_tables(&self) -> &'static str {
        match self {
            Self::Postgres(_) => {
                "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
            }
            Self::Sqlite(_) => {
                "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
            }
        }
    }

    /// A row of a table as one text.
    async fn row_of(&mut self, table: &str) -> String {
        if matches!(self, Self::Postgres(_)) {
            return "t::text".to_owned();
        }
        let columns = self.texts(&format!("select name from pragma_table_info('{table}')")).await;
        let quoted: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
        quoted.join(" || ',' || ")
    }

    async fn texts(&mut self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        on_either!(self, connection => sqlx::query_scalar(sql).fetch_all(connection).await.unwrap())
    }
}

/// What reads all that is under a key.
fn reading(name: &str, kind: &str) -> redis::Cmd {
    let (command, rest): (_, &[&str]) = match kind {
        // It died since it was listed, and reads as nothing.
        "string" | "none" => ("GET", &[]),
        "hash" => ("HGETALL", &[]),
        "set" => ("SMEMBERS", &[]),
        "zset" => ("ZRANGE", &["0", "-1", "WITHSCORES"]),
        "list" => ("LRANGE", &["0", "-1"]),
        other => panic!("a {other} is in Redis, which nobody here can read"),
    };
    redis::cmd(command).arg(name).arg(rest).to_owned()
}

/// A value of Redis as the texts in it, one a line.
fn write(value: &redis::Value, bytes: &mut Vec<u8>) {
    bytes.push(b'\n');
    match value {
        redis::Value::BulkString(text) => bytes.extend_from_slice(text),
        redis::Value::Array(items) | redis::Value::Set(items) => {
            items.iter().for_each(|item| write(item, bytes));
        }
        redis::Value::Map(pairs) => pairs.iter().for_each(|(key, value)| {
            write(key, bytes);
            write(value, bytes);
        }),
        redis::Value::Nil => {}
        other => bytes.extend_from_slice(format!("{other:?}").as_bytes()),
    }
}
