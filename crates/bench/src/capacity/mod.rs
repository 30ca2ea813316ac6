//! What breaks first as a suite grows: hour by hour over a simulated year, from what single units were measured to cost.
//!
//! A deployment gains people until it has as many as were asked for. Each hour has its sign-ins and resets by the time of day; the
//! log and the sweep work off what they can and carry the rest over, rows stay until their life is over, and every resource is
//! compared with what the deployment has of it. Nothing is random, and nothing is measured here: the costs of units are those
//! of `docs/sizing.md`.

mod costs;
mod deployment;
mod year;

use anyhow::Result;

use self::costs::UnitCosts;
use self::deployment::Deployment;
use self::year::{Finding, simulate};
use crate::output::{Output, table};

/// Simulates a year of growth to so many accounts, and says what breaks at how many.
pub(crate) fn run(accounts: u64, output: Output) -> Result<()> {
    let findings = simulate(&Deployment::of(accounts), &UnitCosts::MEASURED);
    output.text(&told(&findings))
}

fn told(findings: &[Finding]) -> String {
    let mut rows =
        vec![["resource", "breaks at accounts", "most used of what there is"].map(str::to_owned).to_vec()];
    for finding in findings {
        let breaks_at = finding.breaks_at_accounts.map_or("-".to_owned(), |accounts| accounts.to_string());
        rows.push(vec![
            finding.resource.name().to_owned(),
            breaks_at,
            format!("{:.0} %", 100.0 * finding.most),
        ]);
    }
    table(&rows)
}
