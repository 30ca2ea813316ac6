//! Where the programs are.
//!
//! Debian keeps the Postgres server out of the search path, so its usual folders are looked at too, the newest
//! version first.

use std::path::{Path, PathBuf};

/// The folder that holds both `initdb` and `postgres`, if there is one on this machine.
#[must_use]
pub fn postgres() -> Option<PathBuf> {
    let mut folders = versioned(Path::new("/usr/lib/postgresql"));
    folders.extend(versioned(Path::new("/opt/homebrew/opt")));
    folders.extend(search_path());
    folders.into_iter().find(|folder| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file()))
}

/// The `redis-server` program (or `valkey-server`, which answers the same protocol), if there is one.
#[must_use]
pub fn redis() -> Option<PathBuf> {
    ["redis-server", "valkey-server"].iter().find_map(|name| program(name))
}

/// The `pgbouncer` program, if there is one. Debian keeps it where only administrators look.
#[must_use]
pub fn pgbouncer() -> Option<PathBuf> {
    program("pgbouncer").or_else(|| Some(PathBuf::from("/usr/sbin/pgbouncer")).filter(|file| file.is_file()))
}

/// Chromium without its windows, which takes half the time of one with them, if there is one.
#[must_use]
pub fn headless_chromium() -> Option<PathBuf> {
    program("chromium-headless-shell")
}

/// Chromium, or Chrome, which is driven the same way, if there is one: rather one without windows.
#[must_use]
pub fn chromium() -> Option<PathBuf> {
    let windowed = ["chromium", "chromium-browser", "google-chrome"];
    headless_chromium().or_else(|| windowed.iter().find_map(|name| program(name)))
}

/// The first file of this name in the search path.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    search_path().into_iter().map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// `<root>/<version>/bin`, the highest version first.
fn versioned(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root) else { return Vec::new() };
    let mut found: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.trim_start_matches("postgresql@").parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the search path is the operating system's, not a setting of ours"
)]
fn search_path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}
