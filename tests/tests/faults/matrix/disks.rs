//! No secret on any disk: what the servers of a cell wrote and what the processes said, looked through for every code and password
//! of everybody.

use std::io;
use std::path::{Path, PathBuf};

use rekey_tests::needles::Needles;
use sqlx::Executor as _;

use super::people::Diary;
use super::site::Site;

/// Looks through everything.
pub(super) async fn assert_clean(site: &Site, diaries: &[Diary]) {
    let servers = &site.deployment.ground;
    // What is in memory alone would be on the disk a little later.
    servers.database("postgres").await.execute("checkpoint").await.unwrap();
    let mut needles = Needles::default();
    for secret in diaries.iter().flat_map(Diary::secrets) {
        needles.add("a secret of a person", secret);
    }
    let mut places = Vec::new();
    for folder in servers.folders() {
        let before = places.len();
        read_below(&folder, &mut places).unwrap();
        assert!(places.len() > before, "nothing was read below {}", folder.display());
    }
    for folder in
        std::iter::once(site.deployment.folder()).chain(servers.disk.as_ref().map(|disk| disk.path()))
    {
        read_logs(folder, &mut places).unwrap();
    }
    assert!(places.iter().any(|(place, _)| place.ends_with("identity.log")), "no log was read");
    let found = tokio::task::spawn_blocking(move || needles.found_in(&places)).await.unwrap();
    assert_eq!(found, []);
}

type Place = (String, Vec<u8>);

/// Every file below a folder.
fn read_below(folder: &Path, places: &mut Vec<Place>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_below(&path, places)?;
        } else if path.is_file() {
            match std::fs::read(&path) {
                Ok(bytes) => places.push(place(&path, bytes)),
                // A server at work makes files and removes them.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // What cannot be read has not been looked through.
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// What the processes said.
fn read_logs(folder: &Path, places: &mut Vec<Place>) -> io::Result<()> {
    let files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    for path in files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "log")) {
        places.push(place(path, std::fs::read(path)?));
    }
    Ok(())
}

/// What nobody wrote to yet is zeros, and most of a log that is written ahead is.
fn place(path: &Path, mut bytes: Vec<u8>) -> Place {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(end);
    (path.display().to_string(), bytes)
}
