//! Everything the stores hold: tables as text, Redis as it is, and the bytes of SQLite's files.

use rekey::Part;
use rekey_tests::World;

use crate::secrets::capture::Place;

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
    world.redis.as_ref()?;
    let keys = world.keys().await;
    assert!(!keys.is_empty(), "nothing is in Redis");
    let mut bytes = Vec::new();
    for (key, value) in keys {
        bytes.extend_from_slice(key.as_bytes());
        bytes.extend_from_slice(&value);
    }
    Some(("redis".to_owned(), bytes))
}
