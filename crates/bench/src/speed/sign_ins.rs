//! Sign-ins, and what they do to others: they cost a core for milliseconds each, so they decide what a machine holds
//! and are the first thing to drown it.

use std::time::Duration;

use crate::arguments::Effort;
use crate::limits::argon2;
use crate::program::{HashCost, variable};
use crate::report::{Line, Rounds, Target};
use crate::stores::Stores;
use crate::suite::{Setup, Suite};
use crate::workload::sign_ins::SignIns;

/// Share of the bare hashes that sign-ins reach: what they do beside hashing shares the cores with it.
const OF_BARE_HASHES: f64 = 0.75;

/// What other calls take at most while every hashing thread works: SQLite is read within the process, Postgres is a process
/// more that has to get a core.
const BESIDE_HASHING_MS: [f64; 2] = [10.0, 15.0];

/// Until queues are as they stay.
const SETTLING: Duration = Duration::from_millis(500);

/// All lines about sign-ins.
pub(crate) async fn measure(setup: &Setup, effort: Effort) -> anyhow::Result<Vec<Line>> {
    let suite = Suite::start(setup.unlimited(0)).await?;
    let sign_ins = SignIns::prepare(&suite, effort).await?;
    sign_ins.rate(effort, SETTLING).await?;
    let cost = setup.program.hash_cost()?;
    let threads = suite.hashing_threads(effort.cores);
    let most = BESIDE_HASHING_MS[usize::from(matches!(setup.stores, Stores::Servers(_)))];
    let mut lines = vec![throughput(&sign_ins, effort, cost, threads).await?];
    lines.extend(isolation(&sign_ins, effort, most).await?);
    lines.push(free_core(&sign_ins, setup, effort).await?);
    Ok(lines)
}

async fn throughput(
    sign_ins: &SignIns,
    effort: Effort,
    cost: HashCost,
    threads: usize,
) -> anyhow::Result<Line> {
    let mut rounds = Rounds::default();
    for _ in 0..effort.rounds {
        let bare = argon2::rate(cost, threads, effort.stretch).await?;
        rounds.add(sign_ins.rate(effort, effort.stretch).await?, bare);
    }
    let target = Target::AtLeast(OF_BARE_HASHES);
    Ok(rounds.line("SignIn", "bare Argon2id, same threads", "/s", Some(target)))
}

async fn isolation(sign_ins: &SignIns, effort: Effort, most_ms: f64) -> anyhow::Result<[Line; 2]> {
    let (mut promised, mut beside_rest) = (Rounds::default(), Rounds::default());
    let length = effort.stretch * 2;
    for _ in 0..effort.rounds {
        let access_token = sign_ins.access_token().await?;
        let at_rest = sign_ins.token_checks(&access_token, length).await?;
        let beside = async {
            tokio::time::sleep(SETTLING).await;
            sign_ins.token_checks(&access_token, length).await
        };
        let (_, saturated) = tokio::try_join!(sign_ins.rate(effort, length + 2 * SETTLING), beside)?;
        promised.add(saturated.percentile(0.99), most_ms);
        beside_rest.add(saturated.percentile(0.99), at_rest.percentile(0.99));
    }
    let what = "CheckAccessToken p99, hashing saturated";
    Ok([
        promised.line(what, "as promised", "ms", Some(Target::AtMost(1.0))),
        beside_rest.line(what, "the same at rest", "ms", None),
    ])
}

/// What the core that hashing leaves free costs: sign-ins of a suite that hashes on every core, in turn with this one.
async fn free_core(sign_ins: &SignIns, setup: &Setup, effort: Effort) -> anyhow::Result<Line> {
    let on_every_core = variable("identity.hashing.threads", &effort.cores.to_string());
    let other = Suite::start(setup.unlimited(0).with([on_every_core])).await?;
    let other = SignIns::prepare(&other, effort).await.map(|sign_ins| (sign_ins, other))?;
    let mut rounds = Rounds::default();
    for _ in 0..effort.rounds {
        let every = other.0.rate(effort, effort.stretch).await?;
        rounds.add(sign_ins.rate(effort, effort.stretch).await?, every);
    }
    Ok(rounds.line("SignIn", "hashing on every core", "/s", None))
}
