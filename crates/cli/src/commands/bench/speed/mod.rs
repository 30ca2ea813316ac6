//! Throughput, latency under load, overload, memory and start.

mod checks;
mod idle;
mod resets;
mod sign_ins;

use rekey_servers::{Redis, find};

use super::Effort;
use super::report::{Found, Line};
use super::suite::Start;
use crate::output::Output;

/// All lines, in the order of `docs/performance.md`.
pub(super) async fn measure(
    start: &Start,
    effort: Effort,
    redis: Option<&str>,
    output: Output,
) -> anyhow::Result<Vec<Line>> {
    output.say("sign-ins beside bare Argon2id; other calls and refusals beside sign-ins …");
    let mut lines = sign_ins::measure(start, effort).await?;
    output.say("checks of codes beside a bare server …");
    lines.extend(checks_over(start, effort, redis).await?);
    output.say("starts of resets beside a bare server …");
    lines.extend(resets::measure(start, effort).await?);
    output.say("memory and start …");
    lines.extend(idle::measure(start, effort).await?);
    Ok(lines)
}

/// Checks over the Redis that was named, or over one of our own where it is installed.
async fn checks_over(start: &Start, effort: Effort, redis: Option<&str>) -> anyhow::Result<Vec<Line>> {
    if let Some(url) = redis {
        return checks::measure(start, effort, url).await;
    }
    if find::redis().is_none() {
        let why = "no Redis: name one with --redis, or install redis-server".to_owned();
        return Ok(vec![Line { what: checks::WHAT, found: Found::Skipped(why) }]);
    }
    let own = Redis::start(&[])?;
    checks::measure(start, effort, &own.url()).await
}
