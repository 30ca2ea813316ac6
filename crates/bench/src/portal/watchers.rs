//! A thousand browsers that watch a page: the memory of the suite before they come, when all of them have, while each asks
//! again every other second, and once they have gone quiet.
//!
//! Each is a browser with cookies and a connection of its own. It has been where it is going before memory is looked at for the first
//! time, and hung up: what is measured is what it costs that somebody watches, and not what it costs to begin.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::browser::Browser;
use super::journey::{Journey, WatchedPage};
use super::memory::memory_bytes;
use crate::flows::Post;
use crate::histogram::Latencies;
use crate::output::Output;
use crate::program::variable;
use crate::report::{Line, Rounds, Target};
use crate::suite::{Setup, Suite};

/// What a watcher may cost: a thousandth of 20 MB.
const WATCHER_MB: f64 = 0.02;

/// How soon the first byte of a page should be there.
const FIRST_BYTE_MS: f64 = 20.0;

/// How often each asks again: as often as the page of a bulk reset does.
const AGAIN: Duration = Duration::from_secs(2);

/// How often memory is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(500);

/// What has just been done is over by then.
const SETTLING: Duration = Duration::from_secs(3);

/// Browsers that are on their way at once.
const ON_THEIR_WAY: usize = 8;

/// Descriptors of ours besides the connections of watchers.
const OTHER_DESCRIPTORS: u64 = 256;

/// Who watches what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watching {
    pub(crate) page: WatchedPage,
    pub(crate) watchers: usize,
    /// For how long they ask again and again, and for how long they are quiet.
    pub(crate) length: Duration,
}

/// A browser and the page that it watches.
struct Watcher {
    browser: Browser,
    path: String,
}

/// What was found.
#[derive(Debug)]
struct Outcome {
    watchers: usize,
    /// Megabytes that the suite has more than before.
    arrived: f64,
    /// The most.
    asking: f64,
    quiet: f64,
    /// Of their requests.
    first_bytes: Latencies,
    /// Connections that are open in the end.
    open: usize,
}

/// The lines of one run.
pub(super) async fn measure(setup: &Setup, watching: Watching, output: Output) -> anyhow::Result<Vec<Line>> {
    let post = Post::open().await?;
    let places = variable("portal.server.connections_per_peer", &(watching.watchers + 64).to_string());
    let suite = Suite::start(setup.unlimited(0).with(post.settings()).with([places])).await?;
    raise_descriptor_limit(watching.watchers)?;
    output.say(&format!("{} browsers go to their page …", watching.watchers));
    let watchers = gather(&suite, watching).await?;
    Ok(lines(&watch(&suite, watchers, watching.length, output).await?))
}

fn lines(outcome: &Outcome) -> Vec<Line> {
    let watchers = outcome.watchers as f64;
    let memory = |what: &'static str, megabytes: f64| {
        let at_most = Some(Target::AtMost(1.0));
        Rounds::one(megabytes, watchers * WATCHER_MB).line(what, "20 kB a watcher", "MB", at_most)
    };
    let first_byte = outcome.first_bytes.percentile(0.99);
    vec![
        memory("memory once all of them have come", outcome.arrived),
        memory("the most while they ask every 2 s", outcome.asking),
        memory("the same once they are quiet", outcome.quiet),
        Rounds::one(first_byte, FIRST_BYTE_MS).line(
            "their first byte p99",
            "as promised at rest",
            "ms",
            None,
        ),
        Rounds::one(outcome.open as f64, watchers).line("connections open when quiet", "watchers", "", None),
    ]
}

/// Brings the browsers to their pages, some at once, and has them hang up.
async fn gather(suite: &Suite, watching: Watching) -> anyhow::Result<Vec<Watcher>> {
    let journey = Arc::new(Journey::prepare(suite, watching.page, watching.watchers).await?);
    let host = suite.portal()?;
    let mut under_way = JoinSet::new();
    let mut watchers = Vec::new();
    for number in 0..watching.watchers {
        if under_way.len() >= ON_THEIR_WAY {
            watchers.push(under_way.join_next().await.context("a browser is under way")???);
        }
        let (journey, host) = (Arc::clone(&journey), host.to_owned());
        under_way.spawn(async move {
            let mut browser = Browser::of_demo(&host).await?;
            let path = journey.go(&mut browser, number).await?;
            browser.show(&path).await?;
            browser.hang_up();
            anyhow::Ok(Watcher { browser, path })
        });
    }
    while let Some(arrived) = under_way.join_next().await {
        watchers.push(arrived??);
    }
    Ok(watchers)
}

async fn watch(
    suite: &Suite,
    mut watchers: Vec<Watcher>,
    length: Duration,
    output: Output,
) -> anyhow::Result<Outcome> {
    let (process, count) = (suite.process_id(), watchers.len());
    sleep(SETTLING).await;
    let before = megabytes(process)?;
    output.say("all of them come …");
    for watcher in &mut watchers {
        watcher.browser.show(&watcher.path).await?;
    }
    let arrived = megabytes(process)? - before;
    output.say("each asks every 2 s …");
    let mut asking = JoinSet::new();
    for (number, watcher) in watchers.into_iter().enumerate() {
        let late = AGAIN.mul_f64(number as f64 / count as f64);
        asking.spawn(watcher.ask_again_and_again(late, length));
    }
    let most = most_for(process, length).await? - before;
    let (mut watchers, mut first_bytes) = (Vec::new(), Latencies::default());
    while let Some(ended) = asking.join_next().await {
        let (watcher, of_watcher) = ended??;
        of_watcher.into_iter().for_each(|first_byte| first_bytes.record(first_byte));
        watchers.push(watcher);
    }
    output.say("they are quiet …");
    sleep(length).await;
    let quiet = megabytes(process)? - before;
    let open = watchers.iter().filter(|watcher| watcher.browser.is_connected()).count();
    Ok(Outcome { watchers: count, arrived, asking: most, quiet, first_bytes, open })
}

impl Watcher {
    /// Asks for the page every other second; how long each first byte took.
    async fn ask_again_and_again(
        mut self,
        late: Duration,
        length: Duration,
    ) -> anyhow::Result<(Self, Vec<Duration>)> {
        let first = Instant::now() + late;
        let mut due = interval_at(first, AGAIN);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut first_bytes = Vec::new();
        while due.tick().await < first + length {
            first_bytes.push(self.browser.show(&self.path).await?.first_byte);
        }
        Ok((self, first_bytes))
    }
}

/// The most memory that is seen for so long.
async fn most_for(process: u32, length: Duration) -> anyhow::Result<f64> {
    let end = Instant::now() + length;
    let mut most = megabytes(process)?;
    while Instant::now() < end {
        sleep(LOOK).await;
        most = most.max(megabytes(process)?);
    }
    Ok(most)
}

fn megabytes(process: u32) -> anyhow::Result<f64> {
    Ok(memory_bytes(process)? as f64 / 1e6)
}

/// Lets this process open as many connections. The suite has raised its own limit by itself.
fn raise_descriptor_limit(watchers: usize) -> anyhow::Result<()> {
    let wanted = watchers as u64 + OTHER_DESCRIPTORS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < wanted) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
        raised.with_context(|| format!("cannot open {wanted} descriptors"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Found;

    #[test]
    fn a_watcher_may_cost_20_kilobytes_at_any_time() {
        let met = |arrived: f64, asking: f64, quiet: f64| -> Vec<Option<bool>> {
            let first_bytes = Latencies::of([Duration::from_millis(30)]);
            let outcome = Outcome { watchers: 1_000, arrived, asking, quiet, first_bytes, open: 0 };
            let met = |line: &Line| match &line.found {
                Found::Measured(found) => found.met,
                Found::Skipped(_) => None,
            };
            lines(&outcome).iter().map(met).collect()
        };

        assert_eq!(met(19.0, 20.0, -1.0), [Some(true), Some(true), Some(true), None, None]);
        assert_eq!(met(21.0, 22.0, 23.0), [Some(false), Some(false), Some(false), None, None]);
    }
}
