//! Checks of wrong codes over Redis, beside a bare server that runs the very same script.

use anyhow::Context as _;
use redis::aio::ConnectionManager;
use rekey_wire::verification::v1::{CheckOutcome, CheckVerificationResponse};

use crate::arguments::Effort;
use crate::limits::echo::Echo;
use crate::limits::script::Script;
use crate::report::{Found, Line, Rounds, Target};
use crate::suite::{Setup, Suite};
use crate::workload::code_checks::{CheckCode, CodeChecks};

/// What the line is called, measured or not.
const WHAT: &str = "CheckVerification";

/// The one line.
pub(crate) async fn measure(setup: &Setup, effort: Effort) -> anyhow::Result<Line> {
    let suite = Suite::start(setup.unlimited(0)).await?;
    let Some(url) = suite.stores.redis() else {
        let why = "the embedded store lets no verification be tried often enough".to_owned();
        return Ok(Line { what: WHAT, found: Found::Skipped(why) });
    };
    let redis = ConnectionManager::new(redis::Client::open(url.as_str())?).await;
    let redis = redis.context("cannot reach Redis")?;
    let checks = CodeChecks::prepare(&suite, redis.clone()).await?;
    let server = &checks.verification;
    let echo = bare(redis, Script::of_check(&checks, &url).await?).await?;
    let bare = server.to_bare(echo.address).await?;
    let mut rounds = Rounds::default();
    for _ in 0..effort.rounds {
        let limit = checks.rate(&bare, effort).await?;
        rounds.add(checks.rate(server, effort).await?, limit);
    }
    Ok(rounds.line(WHAT, "bare gRPC, its script", "/s", Some(Target::AtLeast(0.7))))
}

async fn bare(redis: ConnectionManager, script: Script) -> anyhow::Result<Echo> {
    let answer = CheckVerificationResponse {
        outcome: CheckOutcome::Rejected.into(),
        ..CheckVerificationResponse::default()
    };
    Echo::start::<CheckCode>(answer, script.work(redis)).await
}
