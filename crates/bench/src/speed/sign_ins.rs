//! Sign-ins, and what they do to others: they cost a core for milliseconds each, so they decide what a machine holds
//! and are the first thing to drown it.

use std::time::Duration;

use anyhow::ensure;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use tonic::Status;

use crate::arguments::Effort;
use crate::limits::argon2;
use crate::load::{self, Answer};
use crate::program::HashCost;
use crate::report::{Line, Rounds, Target};
use crate::statistics::Sorted;
use crate::suite::{Setup, Suite};
use crate::workload::sign_ins::{SignIns, is_busy};

/// Share of the bare hashes that sign-ins reach: what they do beside hashing shares the cores with it.
const OF_BARE_HASHES: f64 = 0.75;

/// How many times longer other calls take at most while all cores hash: now and then a hash keeps its core until the
/// next tick of the system's clock.
const BESIDE_HASHING: f64 = 5.0;

/// How far beyond what is sustainable an overload goes.
const OVERLOAD: f64 = 5.0;

/// What a person waits for a refusal.
const REFUSED_WITHIN_MS: f64 = 50.0;

/// Until queues are as they stay.
const SETTLING: Duration = Duration::from_millis(500);

/// All four lines about sign-ins.
pub(crate) async fn measure(setup: &Setup, effort: Effort) -> anyhow::Result<Vec<Line>> {
    let suite = Suite::start(setup.unlimited(0)).await?;
    let sign_ins = SignIns::prepare(&suite, effort).await?;
    sign_ins.rate(effort, SETTLING).await?;
    let cost = setup.program.hash_cost()?;
    let mut lines = vec![throughput(&sign_ins, effort, cost).await?, isolation(&sign_ins, effort).await?];
    lines.extend(overload(&sign_ins, effort).await?);
    Ok(lines)
}

async fn throughput(sign_ins: &SignIns, effort: Effort, cost: HashCost) -> anyhow::Result<Line> {
    let mut rounds = Rounds::default();
    for _ in 0..effort.rounds {
        let bare = argon2::rate(cost, effort.cores, effort.stretch).await?;
        rounds.add(sign_ins.rate(effort, effort.stretch).await?, bare);
    }
    let target = Target::AtLeast(OF_BARE_HASHES);
    Ok(rounds.line("SignIn", "bare Argon2id, same threads", "/s", Some(target)))
}

async fn isolation(sign_ins: &SignIns, effort: Effort) -> anyhow::Result<Line> {
    let mut rounds = Rounds::default();
    let length = effort.stretch * 2;
    for _ in 0..effort.rounds {
        let access_token = sign_ins.access_token().await?;
        let at_rest = sign_ins.token_checks(&access_token, length).await?;
        let beside = async {
            tokio::time::sleep(SETTLING).await;
            sign_ins.token_checks(&access_token, length).await
        };
        let (_, saturated) = tokio::try_join!(sign_ins.rate(effort, length + 2 * SETTLING), beside)?;
        rounds.add(saturated.percentile(0.99), at_rest.percentile(0.99));
    }
    let what = "CheckAccessToken p99, hashing saturated";
    Ok(rounds.line(what, "the same at rest", "ms", Some(Target::AtMost(BESIDE_HASHING))))
}

async fn overload(sign_ins: &SignIns, effort: Effort) -> anyhow::Result<[Line; 2]> {
    let (mut goodput, mut refusals) = (Rounds::default(), Rounds::default());
    for _ in 0..effort.rounds {
        let peak = sign_ins.rate(effort, effort.stretch).await?;
        let length = effort.stretch + SETTLING;
        let answers = {
            let sign_ins = sign_ins.clone();
            let sign_in = move |number| {
                let sign_ins = sign_ins.clone();
                async move { sign_ins.sign_in(number).await }
            };
            load::open(OVERLOAD * peak, length, sign_in).await?
        };
        refusals.add(refusal_p99(&answers)?, REFUSED_WITHIN_MS);
        let settled = |at: Duration| at >= SETTLING && at < length;
        let done = answers.iter().filter(|answer| answer.outcome.is_ok() && settled(answer.at)).count();
        goodput.add(done as f64 / effort.stretch.as_secs_f64(), peak);
    }
    Ok([
        goodput.line("SignIn at 5 times its peak", "its peak", "/s", Some(Target::AtLeast(0.8))),
        refusals.line("HASHING_BUSY p99 then", "what a person waits for", "ms", Some(Target::AtMost(1.0))),
    ])
}

/// The p99 of refusals, in milliseconds; any other error ends the measurement.
fn refusal_p99(answers: &[Answer<Result<SignInResult, Status>>]) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for answer in answers {
        let Err(status) = &answer.outcome else { continue };
        if !is_busy(status) {
            return Err(status.clone().into());
        }
        times.push(answer.took);
    }
    ensure!(!times.is_empty(), "nothing was refused at {OVERLOAD} times the peak");
    Ok(Sorted::of_times(times).percentile(0.99))
}
