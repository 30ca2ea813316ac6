//! Arrows between the rooms of a service, from the paths that its files name.

mod rooms;

use std::path::Path;

use self::rooms::{OTHERS, PARTS, ROOMS, Room};
use super::files_below;
use super::source::{self, Named};

/// One service's code, without what only runs in tests.
pub(crate) struct Service {
    name: String,
    pub(crate) files: Vec<File>,
}

/// One file: its module from the root of the crate, and what it names.
pub(crate) struct File {
    module: Vec<String>,
    named: Named,
}

impl Service {
    pub(crate) fn read(root: &Path, name: &str) -> Self {
        let folder = root.join("services").join(name).join("src");
        let sources = files_below(&folder, &["rs"]).into_iter().map(|path| {
            let module = module_of(path.strip_prefix(&folder).unwrap());
            (module, std::fs::read_to_string(&path).unwrap())
        });
        Self::of(name, sources)
    }

    fn of(name: &str, sources: impl Iterator<Item = (Vec<String>, String)>) -> Self {
        let mut files: Vec<File> =
            sources.map(|(module, text)| File { named: source::read(&text, &module), module }).collect();
        let tests: Vec<_> = files.iter().flat_map(|file| file.named.test_modules.clone()).collect();
        files.retain(|file| {
            let listed = tests.iter().any(|test| file.module.starts_with(test));
            let contract = file.module.starts_with(&["store".to_owned(), "contract".to_owned()]);
            !listed && !contract && !file.module.contains(&"tests".to_owned())
        });
        Self { name: name.to_owned(), files }
    }

    /// The room that a path into the crate leads to; what stands in `lib.rs` itself is the room `lib`.
    fn room<'a>(&'a self, path: &'a [String]) -> &'a str {
        match path.first() {
            Some(first) if self.files.iter().any(|file| file.module.first() == Some(first)) => first,
            _ => "lib",
        }
    }
}

/// `store/mod.rs` and `store.rs` are both the module `store`; `lib.rs` is the root.
fn module_of(path: &Path) -> Vec<String> {
    let words = path.with_extension("");
    let mut words: Vec<String> = words.iter().map(|word| word.to_str().unwrap().to_owned()).collect();
    if matches!(words.last().map(String::as_str), Some("mod" | "lib")) {
        words.pop();
    }
    words
}

/// The list, a line for each room, as ARCHITECTURE.md prints it; what use cases may borrow is named once.
pub(crate) fn lines() -> String {
    let line = |room: &Room| {
        let crates = room.crates.iter().map(|name| name.trim_start_matches("rekey_"));
        let rooms = if room.rooms == PARTS { &["parts"] } else { room.rooms };
        let mut known: Vec<&str> = rooms.iter().copied().chain(crates).collect();
        known.dedup();
        format!("{} -> {{{}}}\n", room.name, known.join(", "))
    };
    let parts = format!("parts = {{{}}}\n", PARTS.join(", "));
    ROOMS.iter().map(line).chain([parts]).collect()
}

pub(crate) fn violations(service: &Service) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in &service.files {
        let name = service.room(&file.module);
        let place = format!("{}/{}", service.name, file.module.join("/"));
        let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
            wrong.push(format!("{place}: {name} is not on the list of rooms"));
            continue;
        };
        for path in &file.named.own {
            let target = service.room(path);
            let free = target == name || (["config", "metrics"].contains(&target) && name != "domain");
            if !free && !room.rooms.contains(&target) && !room.rooms.contains(&"*") {
                wrong.push(format!("{place}: {name} -> {target} is not an arrow ({})", path.join("::")));
            }
        }
        for path in &file.named.other {
            if !may_name(room, path) {
                wrong.push(format!("{place}: {name} must not know {} ({})", path[0], path.join("::")));
            }
        }
    }
    wrong.dedup();
    wrong
}

fn may_name(room: &Room, path: &[String]) -> bool {
    let first = path[0].as_str();
    if first.starts_with("rekey_") {
        let listed =
            |allowed: &&str| path.starts_with(&allowed.split("::").map(str::to_owned).collect::<Vec<_>>());
        let is_free = first == "rekey_primitives" || (first == "rekey_metrics" && room.name != "domain");
        return is_free || room.crates.contains(&"*") || room.crates.iter().any(listed);
    }
    OTHERS.iter().find(|(listed, _)| *listed == first).is_none_or(|(_, rooms)| rooms.contains(&room.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(files: &[(&str, &str)]) -> Vec<String> {
        let sources = files.iter().map(|(path, text)| (module_of(Path::new(path)), (*text).to_owned()));
        violations(&Service::of("sample", sources))
    }

    #[test]
    fn allowed_arrows_pass() {
        let wrong = judge(&[
            ("lib.rs", "pub mod grpc; use crate::{grpc, store}; use tonic::transport::Server;"),
            ("config.rs", "use crate::domain::Limit;"),
            (
                "domain/mod.rs",
                "pub mod reset; use self::reset::Reset; use rekey_primitives::clock::Timestamp;",
            ),
            ("domain/reset.rs", "use super::reset; use crate::domain;"),
            ("store/mod.rs", "use sqlx::PgPool; use rekey_sealing::digest; use crate::config::Settings;"),
            ("codes/mod.rs", "use crate::store::Store; use rekey_throttle::Budget;"),
            ("grpc/mod.rs", "use crate::codes; use tonic::Status; use rekey_wire::status::Refusal;"),
        ]);

        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn arrows_that_are_not_listed_are_found() {
        let wrong = judge(&[
            ("lib.rs", ""),
            ("domain/reset.rs", "use crate::store; async fn f() { tokio::time::sleep(x) }"),
            ("store/mod.rs", "use super::codes::start;"),
            ("codes/mod.rs", "use tonic::Status; use rekey_wire::identity;"),
            ("worker.rs", "use rekey_runtime::{server::Server, shutdown::Shutdown};"),
            ("grpc/reset.rs", "fn f() { crate::store::open() }"),
            ("manager.rs", ""),
        ]);

        assert_eq!(
            wrong,
            [
                "sample/domain/reset: domain -> store is not an arrow (store)",
                "sample/domain/reset: domain must not know tokio (tokio::time::sleep)",
                "sample/store: store -> codes is not an arrow (codes::start)",
                "sample/codes: codes must not know tonic (tonic::Status)",
                "sample/codes: codes must not know rekey_wire (rekey_wire::identity)",
                "sample/worker: worker must not know rekey_runtime (rekey_runtime::server::Server)",
                "sample/grpc/reset: grpc -> store is not an arrow (store::open)",
                "sample/manager: manager is not on the list of rooms",
            ]
        );
    }

    #[test]
    fn nobody_but_lib_may_use_what_stands_in_lib() {
        let wrong = judge(&[("lib.rs", "pub struct Part;"), ("codes.rs", "use crate::Part;")]);

        assert_eq!(wrong, ["sample/codes: codes -> lib is not an arrow (Part)"]);
    }

    #[test]
    fn code_for_tests_is_free() {
        let wrong = judge(&[
            ("lib.rs", ""),
            ("store/mod.rs", "#[cfg(test)] mod fixtures;"),
            ("store/fixtures.rs", "use crate::grpc;"),
            ("store/contract/races.rs", "use tonic::Status;"),
            ("domain/reset/tests.rs", "use crate::store;"),
            ("grpc/mod.rs", ""),
        ]);

        assert_eq!(wrong, Vec::<String>::new());
    }
}
