//! Checks of wrong codes over Redis, beside a bare server that runs the very same script.

use std::sync::Arc;

use anyhow::Context as _;
use redis::aio::ConnectionManager;
use rekey_wire::verification::v1::{CheckOutcome, CheckVerificationResponse};
use tonic::Status;

use crate::arguments::Effort;
use crate::caller::request_id;
use crate::limits::echo::{Echo, Work};
use crate::limits::script::{Overheard, Script};
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
    checks.check(server, 0, request_id()).await?;
    let echo = bare(redis, overheard(&checks, &url).await?).await?;
    let bare = server.to_bare(echo.address).await?;
    let mut rounds = Rounds::default();
    for _ in 0..effort.rounds {
        let limit = checks.rate(&bare, effort).await?;
        rounds.add(checks.rate(server, effort).await?, limit);
    }
    Ok(rounds.line(WHAT, "bare gRPC, its script", "/s", Some(Target::AtLeast(0.7))))
}

/// A check is one script, once the service knows which run the store is at.
async fn overheard(checks: &CodeChecks, url: &str) -> anyhow::Result<Script> {
    let listening = Overheard::begin(url).await?;
    let request_id = request_id();
    checks.check(&checks.verification, 0, request_id.clone()).await?;
    listening.script(&request_id).await
}

async fn bare(redis: ConnectionManager, script: Script) -> anyhow::Result<Echo> {
    let script = Arc::new(script);
    let work: Work = Arc::new(move || {
        let (redis, script) = (redis.clone(), script.clone());
        Box::pin(async move {
            let ran = script.run(redis).await;
            ran.map(drop).map_err(|error| Status::unavailable(error.to_string()))
        })
    });
    let answer = CheckVerificationResponse {
        outcome: CheckOutcome::Rejected.into(),
        ..CheckVerificationResponse::default()
    };
    Echo::start::<CheckCode>(answer, work).await
}
