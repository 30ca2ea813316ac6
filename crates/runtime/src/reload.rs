//! What comes from files is read again: every few seconds, and at once on SIGHUP.
//!
//! Whoever made something of files says how to make it anew, and keeps the old where that fails. Here it is asked for, and
//! what came of it is logged: what was taken, and once what was not.

use std::convert::Infallible;
use std::error::Error;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::key_files::FollowedKeys;
use crate::shutdown::Shutdown;

/// How many times the process was told to read its files.
static TOLD: LazyLock<watch::Sender<u64>> = LazyLock::new(|| watch::Sender::new(0));

/// Tells everything in this process that reads files to read them now.
pub fn now() {
    TOLD.send_modify(|times| *times += 1);
}

/// Has SIGHUP do that, until the process ends. Without it the signal would end the process.
///
/// # Errors
/// The process may not install a handler.
pub fn on_hangup(mut also: impl FnMut() + Send + 'static) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            tracing::info!(signal = "SIGHUP", "reading files again");
            now();
            also();
        }
    });
    Ok(())
}

/// When files are to be read: each of it waits for the next time.
#[derive(Debug)]
pub(crate) struct Due {
    every: Duration,
    told: watch::Receiver<u64>,
}

impl Due {
    pub(crate) fn every(every: Duration) -> Self {
        Self { every, told: TOLD.subscribe() }
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            () = tokio::time::sleep(self.every) => {}
            // The sender is never dropped.
            _ = self.told.changed() => {}
        }
    }
}

/// Reads something's files again: true if anything changed. On an error the old stays.
pub type Reread = Box<dyn Fn() -> Result<bool, Box<dyn Error + Send + Sync>> + Send + Sync>;

/// Everything of a part that is made of files.
#[derive(Default)]
pub struct Reloads(Vec<Item>);

struct Item {
    what: String,
    source: Source,
    /// What was wrong the last time, which is told once.
    wrong: Option<String>,
}

enum Source {
    Files(Reread),
    Keys(Arc<FollowedKeys>),
}

impl Reloads {
    /// Adds something under a name that operators know.
    pub fn add(&mut self, what: &str, reread: Reread) {
        self.0.push(Item { what: what.to_owned(), source: Source::Files(reread), wrong: None });
    }

    /// Adds keys, under the setting that names their file.
    pub fn add_keys(&mut self, keys: Arc<FollowedKeys>) {
        self.0.push(Item { what: keys.setting(), source: Source::Keys(keys), wrong: None });
    }

    /// Reads again until told to stop.
    ///
    /// # Errors
    /// Never.
    pub async fn run(mut self, every: Duration, stop: Shutdown) -> Result<(), Infallible> {
        let mut due = Due::every(every);
        loop {
            tokio::select! {
                biased;
                () = stop.begun() => return Ok(()),
                () = due.next() => {}
            }
            for item in &mut self.0 {
                tokio::select! {
                    biased;
                    () = stop.begun() => return Ok(()),
                    () = item.reread() => {}
                }
            }
        }
    }
}

impl Source {
    /// What was taken, in words, where there are any to say; none where nothing changed.
    async fn reread(&self) -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Files(reread) => Ok(reread()?.then(String::new)),
            Self::Keys(keys) => Ok(keys.reread().await?),
        }
    }
}

impl Item {
    async fn reread(&mut self) {
        match self.source.reread().await {
            Ok(taken) => {
                if taken.is_some() || self.wrong.is_some() {
                    let taken = taken.filter(|words| !words.is_empty());
                    tracing::info!(what = self.what, taken, "read from its files");
                }
                self.wrong = None;
            }
            Err(error) => {
                let mut wrong = error.to_string();
                let mut cause = error.source();
                while let Some(deeper) = cause {
                    wrong = format!("{wrong}: {deeper}");
                    cause = deeper.source();
                }
                if self.wrong.as_ref() != Some(&wrong) {
                    tracing::error!(what = self.what, error = wrong, "not read again; the old stays");
                }
                self.wrong = Some(wrong);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn files_are_read_when_the_time_has_come_and_when_told() {
        const RARELY: Duration = Duration::from_secs(3_600);
        let (times, stop) = (Arc::new(AtomicU32::new(0)), Shutdown::new());
        let counted = Arc::clone(&times);
        let mut reloads = Reloads::default();
        reloads.add("the test", Box::new(move || Ok(counted.fetch_add(1, Ordering::Relaxed) == 0)));
        let running = tokio::spawn(reloads.run(RARELY, stop.clone()));
        let reread = async |expected: u32| {
            while times.load(Ordering::Relaxed) < expected {
                tokio::task::yield_now().await;
            }
        };

        tokio::task::yield_now().await;
        now();
        reread(1).await;
        tokio::time::advance(RARELY).await;
        reread(2).await;
        stop.begin();
        running.await.unwrap().unwrap();

        assert!(times.load(Ordering::Relaxed) >= 2);
    }
}
