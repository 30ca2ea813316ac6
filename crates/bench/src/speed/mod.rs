//! Throughput, latency under load, memory and start.

mod code_checks;
mod process;
mod resets;
mod sign_ins;

use crate::arguments::Effort;
use crate::output::Output;
use crate::report::Line;
use crate::suite::Setup;

/// All lines, in the order of `docs/performance.md`.
pub(crate) async fn measure(setup: &Setup, effort: Effort, output: Output) -> anyhow::Result<Vec<Line>> {
    output.say("sign-ins beside bare Argon2id; other calls beside sign-ins …");
    let mut lines = sign_ins::measure(setup, effort).await?;
    output.say("checks of codes beside a bare server …");
    lines.push(code_checks::measure(setup, effort).await?);
    output.say("starts of resets beside a bare server …");
    lines.push(resets::measure(setup, effort).await?);
    output.say("memory and start …");
    lines.extend(process::measure(setup, effort).await?);
    Ok(lines)
}
