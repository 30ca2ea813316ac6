//! A wall clock of a program's own, which a test sets while the program runs, as an administrator or a machine that was
//! suspended does.
//!
//! libfaketime does what `clock.c` does, and more: it replaces sleeping as well, which then fails on absolute times, and it leaves shared memory behind
//! whenever a program is killed.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use rekey_servers::scratch::Folder;

use super::{compile, preloaded};
use crate::{blocking, ready};

/// A clock that goes as the machine's does, but so many seconds ahead of it or behind it.
#[derive(Debug)]
pub struct MovableClock {
    seconds: File,
    file: PathBuf,
    library: PathBuf,
    _folder: Folder,
}

/// A clock that is right until it is set.
///
/// # Panics
/// Without a C compiler, which a checkout is built with.
pub async fn movable_clock() -> MovableClock {
    ready("a clock for this test", blocking(make).await)
}

impl MovableClock {
    /// The variables of a program that goes by it.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        vec![preloaded(&self.library), ("TEST_CLOCK".to_owned(), self.file.display().to_string())]
    }

    /// Sets it so many seconds ahead of the machine's, or behind it where that is negative, for every program that goes by it.
    ///
    /// # Panics
    /// When its file is gone.
    pub fn set(&self, seconds: i64) {
        let written = self.seconds.write_all_at(&seconds.to_ne_bytes(), 0).context("writing its file");
        ready("setting a clock", written);
    }
}

fn make() -> Result<MovableClock> {
    let folder = Folder::new("clock")?;
    let [library, file] = ["clock.so", "seconds"].map(|name| folder.path().join(name));
    compile(include_str!("clock.c"), &library)?;
    std::fs::write(&file, 0_i64.to_ne_bytes())?;
    let seconds = File::options().write(true).open(&file)?;
    Ok(MovableClock { seconds, file, library, _folder: folder })
}

#[cfg(test)]
mod tests {
    use rekey_servers::{Environment, Redis};

    use super::*;

    /// What a server thinks the time is, in seconds.
    fn told(server: &Redis) -> i64 {
        let reply = server.command(&["TIME"]).unwrap();
        reply.lines().nth(2).unwrap().parse().unwrap()
    }

    #[tokio::test]
    async fn a_running_program_goes_by_its_clock_at_once() {
        let clock = movable_clock().await;
        let environment = Environment { variables: clock.variables(), ..Environment::default() };
        let (moved, right) = (Redis::start_in(&[], &environment).unwrap(), Redis::start(&[]).unwrap());

        let before = told(&moved) - told(&right);
        clock.set(3600);
        let ahead = told(&moved) - told(&right);
        clock.set(-3600);
        let behind = told(&moved) - told(&right);

        // A second may pass between two answers, and the server may remember the last one.
        assert!((-1..=1).contains(&before), "{before}");
        assert!((3599..=3601).contains(&ahead), "{ahead}");
        assert!((-3601..=-3599).contains(&behind), "{behind}");
    }
}
