//! What the suite costs while nobody calls it, and how soon it is there.

use std::path::Path;

use crate::arguments::Effort;
use crate::report::{Found, Line, Rounds, Target};
use crate::suite::{Setup, Suite};

/// What a process may take besides the memory of its hashing threads.
const BASE_BYTES: f64 = 30e6;

/// The memory of one hashing thread: 19,456 KiB.
const ARENA_BYTES: f64 = 19_456.0 * 1024.0;

/// How soon a suite on existing stores is there.
const READY_WITHIN_MS: f64 = 300.0;

/// Both lines, with the defaults of `rekey up`.
pub(crate) async fn measure(setup: &Setup, effort: Effort) -> anyhow::Result<Vec<Line>> {
    let (what, beside) = ("memory when ready", "30 MB and 19 MiB per hashing thread");
    let (mut memory, mut ready) = (Rounds::default(), Rounds::default());
    let mut suite = Suite::start(setup.clone()).await?;
    let allowed = BASE_BYTES + ARENA_BYTES * suite.hashing_threads(effort.cores) as f64;
    let tells_memory = Path::new("/proc/self/status").exists();
    for _ in 0..effort.rounds {
        if tells_memory {
            memory.add(suite.resident_bytes()? as f64 / 1e6, allowed / 1e6);
        }
        suite.restart().await?;
        ready.add(suite.ready_after.as_secs_f64() * 1e3, READY_WITHIN_MS);
    }
    let memory = if tells_memory {
        memory.line(what, beside, "MB", Some(Target::AtMost(1.0)))
    } else {
        Line { what, found: Found::Skipped("this system has no /proc".to_owned()) }
    };
    let ready = ready.line("ready on existing stores", "as promised", "ms", Some(Target::AtMost(1.0)));
    Ok(vec![memory, ready])
}
