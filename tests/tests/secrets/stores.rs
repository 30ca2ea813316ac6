//! Everything the stores hold: tables as text, Redis as it is, and the bytes of SQLite's files.

use rekey::suite::Part;
use rekey_tests::World;

use crate::capture::Place;

/// The tables that exist to hold addresses.
pub(crate) const HOLD_ADDRESSES: [&str; 4] = [
    "identity table accounts",
    "identity table logins",
    "identity table security_info",
    "identity table removed_addresses",
];

/// The file that holds those tables, where it is one.
pub(crate) const FILE_OF_IDENTITY: &str = "file identity.db";

/// Everything, at this moment.
pub(crate) async fn all_of(world: &World) -> Vec<Place> {
    let mut places = Vec::new();
    for part in [Part::Identity, Part::Notification] {
        let tables = world.tables(part).await;
        places.extend(
            tables.into_iter().map(|(table, rows)| {
                (format!("{} table {table}", part.name()), rows.join("\n").into_bytes())
            }),
        );
        places.extend(files_of(world, part));
    }
    places.extend(redis_of(world).await);
    places
}

/// The database with its log, which is where rows are first.
fn files_of(world: &World, part: Part) -> Vec<Place> {
    let path = world.folder.database(part.name());
    let with = |ending: &str| format!("{}{ending}", path.display());
    let read = [with(""), with("-wal")].map(|path| std::fs::read(path).unwrap_or_default());
    let bytes = read.concat();
    if bytes.is_empty() { Vec::new() } else { vec![(format!("file {}.db", part.name()), bytes)] }
}

/// Every key with all that is under it, in one place.
async fn redis_of(world: &World) -> Option<Place> {
    let redis = world.redis.as_ref()?;
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    assert!(!keys.is_empty(), "nothing is in Redis");
    let mut bytes = Vec::new();
    for key in keys {
        let kind: String = redis::cmd("TYPE").arg(&key).query_async(&mut connection).await.unwrap();
        let read = match kind.as_str() {
            "string" => redis::cmd("GET").arg(&key).to_owned(),
            "hash" => redis::cmd("HGETALL").arg(&key).to_owned(),
            "set" => redis::cmd("SMEMBERS").arg(&key).to_owned(),
            "zset" => redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).arg("WITHSCORES").to_owned(),
            "list" => redis::cmd("LRANGE").arg(&key).arg(0).arg(-1).to_owned(),
            other => panic!("a {other} is in Redis, which this test cannot read"),
        };
        let value: redis::Value = read.query_async(&mut connection).await.unwrap();
        bytes.extend_from_slice(&key);
        write(&value, &mut bytes);
    }
    Some(("redis".to_owned(), bytes))
}

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
