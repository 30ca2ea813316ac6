//! The speed of two programs, in turn on one machine: whether a change made Rekey slower.
//!
//! Both suites run all the time, each on stores of its own, and one of them has the load. Which goes first changes with
//! every round: what a stretch leaves behind, such as messages that are still being sent, hits both alike.

use anyhow::Context as _;
use redis::aio::ConnectionManager;

use crate::arguments::Effort;
use crate::output::Output;
use crate::report::{Line, Rounds, Target};
use crate::suite::{Setup, Suite};
use crate::workload::code_checks::CodeChecks;
use crate::workload::resets::Resets;
use crate::workload::sign_ins::SignIns;

const BESIDE: &str = "the other program";

/// What counts as slower: a twentieth, which is what rounds on a quiet machine differ by.
const NO_SLOWER: Target = Target::AtLeast(0.95);
const NO_LATER: Target = Target::AtMost(1.05);

/// A running suite and all that is asked of it.
struct Contender {
    sign_ins: SignIns,
    access_token: String,
    /// None where verifications are kept in the process, and cannot be tried often enough.
    code_checks: Option<CodeChecks>,
    resets: Resets,
    _suite: Suite,
}

/// The two programs.
struct Contenders {
    measured: Contender,
    other: Contender,
    effort: Effort,
}

impl Contender {
    async fn start(setup: &Setup, effort: Effort) -> anyhow::Result<Self> {
        let suite = Suite::start(setup.unlimited(0)).await?;
        let sign_ins = SignIns::prepare(&suite, effort).await?;
        let code_checks = match suite.stores.redis() {
            Some(url) => {
                let redis = ConnectionManager::new(redis::Client::open(url)?).await;
                Some(CodeChecks::prepare(&suite, redis.context("cannot reach Redis")?).await?)
            }
            None => None,
        };
        Ok(Self {
            access_token: sign_ins.access_token().await?,
            sign_ins,
            code_checks,
            resets: Resets::prepare(&suite).await?,
            _suite: suite,
        })
    }
}

impl Contenders {
    /// Measures the same of both, in every round.
    async fn in_turn<T>(
        &self,
        measure: impl AsyncFn(&Contender) -> anyhow::Result<T>,
    ) -> anyhow::Result<Vec<[T; 2]>> {
        let mut rounds = Vec::new();
        // The first turns warm up.
        measure(&self.measured).await?;
        measure(&self.other).await?;
        for round in 0..self.effort.rounds {
            rounds.push(if round % 2 == 0 {
                let measured = measure(&self.measured).await?;
                [measured, measure(&self.other).await?]
            } else {
                let other = measure(&self.other).await?;
                [measure(&self.measured).await?, other]
            });
        }
        Ok(rounds)
    }

    /// How often a second.
    async fn rate(
        &self,
        what: &'static str,
        measure: impl AsyncFn(&Contender) -> anyhow::Result<f64>,
    ) -> anyhow::Result<Line> {
        let mut rounds = Rounds::default();
        for [measured, other] in self.in_turn(measure).await? {
            rounds.add(measured, other);
        }
        Ok(rounds.line(what, BESIDE, "/s", Some(NO_SLOWER)))
    }

    /// How long checks of an access token take while nothing else is asked.
    async fn token_checks(&self) -> anyhow::Result<[Line; 2]> {
        let length = self.effort.stretch * 2;
        let measure = async |one: &Contender| one.sign_ins.token_checks(&one.access_token, length).await;
        let (mut p50, mut p99) = (Rounds::default(), Rounds::default());
        for [measured, other] in self.in_turn(measure).await? {
            p50.add(measured.percentile(0.5), other.percentile(0.5));
            p99.add(measured.percentile(0.99), other.percentile(0.99));
        }
        Ok([
            p50.line("CheckAccessToken p50, at rest", BESIDE, "ms", Some(NO_LATER)),
            p99.line("CheckAccessToken p99, at rest", BESIDE, "ms", Some(NO_LATER)),
        ])
    }
}

/// A line for each thing that is asked of both.
pub(crate) async fn measure(
    measured: &Setup,
    other: &Setup,
    effort: Effort,
    output: Output,
) -> anyhow::Result<Vec<Line>> {
    let contenders = Contenders {
        measured: Contender::start(measured, effort).await?,
        other: Contender::start(other, effort).await?,
        effort,
    };
    output.say("checks of access tokens, at rest …");
    let mut lines = Vec::from(contenders.token_checks().await?);
    output.say("sign-ins …");
    let sign_ins = async |one: &Contender| one.sign_ins.rate(effort, effort.stretch).await;
    lines.push(contenders.rate("SignIn", sign_ins).await?);
    if contenders.measured.code_checks.is_some() {
        output.say("checks of codes …");
        let checks = async |one: &Contender| {
            let checks = one.code_checks.as_ref().context("both have the same stores")?;
            checks.rate(&checks.verification, effort).await
        };
        lines.push(contenders.rate("CheckVerification", checks).await?);
    }
    output.say("starts of resets …");
    let starts = async |one: &Contender| one.resets.start_rate(&one.resets.identity, effort).await;
    lines.push(contenders.rate("StartPasswordReset", starts).await?);
    output.say("codes for resets …");
    let sends = async |one: &Contender| one.resets.send_rate(effort).await;
    lines.push(contenders.rate("StartPasswordReset and SendResetCode", sends).await?);
    Ok(lines)
}
