//! The simulated year.

use serde::Serialize;

use super::costs::UnitCosts;
use super::deployment::Deployment;

const HOURS: u32 = 365 * 24;
const HOUR_SECONDS: f64 = 3_600.0;

/// An index of more levels than this costs every call pages that no cache holds.
const INDEX_LEVELS: f64 = 5.0;

/// Work that is older than this was not worked off in time: an hour.
const BACKLOG_SECONDS: f64 = 3_600.0;

/// What a deployment has so much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Resource {
    IdentityCores,
    Connections,
    PostgresCores,
    PostgresDisk,
    PostgresIndexCache,
    PostgresCommits,
    IndexLevels,
    SealingOfTheLargestTenant,
    Sweep,
    RedisMemory,
}

impl Resource {
    pub(crate) const ALL: [Self; 10] = [
        Self::IdentityCores,
        Self::Connections,
        Self::PostgresCores,
        Self::PostgresDisk,
        Self::PostgresIndexCache,
        Self::PostgresCommits,
        Self::IndexLevels,
        Self::SealingOfTheLargestTenant,
        Self::Sweep,
        Self::RedisMemory,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::IdentityCores => "cores of identity",
            Self::Connections => "connections of Postgres",
            Self::PostgresCores => "cores of Postgres",
            Self::PostgresDisk => "disk of Postgres",
            Self::PostgresIndexCache => "memory for indexes of Postgres",
            Self::PostgresCommits => "commits of Postgres",
            Self::IndexLevels => "levels of an index",
            Self::SealingOfTheLargestTenant => "sealing of the largest tenant",
            Self::Sweep => "sweep",
            Self::RedisMemory => "memory of Redis",
        }
    }
}

/// How one resource came through the year.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    pub(crate) resource: Resource,
    /// How many accounts there were when there was too little of it for the first time.
    pub(crate) breaks_at_accounts: Option<u64>,
    /// The largest share of it that was used in any hour.
    pub(crate) most: f64,
}

/// What is carried from hour to hour.
#[derive(Debug, Default)]
struct Carried {
    /// Events in the log, by the day they are of.
    events_by_day: Vec<f64>,
    /// Events of the largest tenant that wait to be sealed.
    unsealed: f64,
    /// Rows whose life is over.
    unswept: f64,
}

/// One hour's load.
struct Load {
    accounts: f64,
    sign_ins: f64,
    resets: f64,
    checks: f64,
    /// The load of this hour beside the mean one.
    share: f64,
}

/// Goes through the year, and orders what was found: what breaks first comes first, then what was used most.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "accounts are a whole number, and none is negative"
)]
pub(crate) fn simulate(deployment: &Deployment, costs: &UnitCosts) -> Vec<Finding> {
    let mut findings =
        Resource::ALL.map(|resource| Finding { resource, breaks_at_accounts: None, most: 0.0 });
    let mut carried = Carried::default();
    for hour in 0..HOURS {
        let load = load(deployment, hour);
        carried.take(&load, deployment, costs, hour);
        for finding in &mut findings {
            let used = used(finding.resource, &load, &carried, (deployment, costs));
            finding.most = finding.most.max(used);
            if used > 1.0 && finding.breaks_at_accounts.is_none() {
                finding.breaks_at_accounts = Some(load.accounts as u64);
            }
        }
    }
    let mut findings = findings.to_vec();
    findings.sort_by(|one, other| {
        let at = |finding: &Finding| finding.breaks_at_accounts.unwrap_or(u64::MAX);
        at(one).cmp(&at(other)).then(other.most.total_cmp(&one.most))
    });
    findings
}

/// People come evenly, and by the time of day: one hour has `peak` times the mean, and the night has what is left.
#[expect(clippy::cast_precision_loss, reason = "a hundred million is exact")]
fn load(deployment: &Deployment, hour: u32) -> Load {
    let grown = f64::from(hour + 1) / f64::from(HOURS);
    let accounts = deployment.accounts as f64 * (0.01 + 0.99 * grown);
    let hourly = |a_day: f64| accounts * a_day / 24.0 * share_of_hour(hour % 24, deployment.peak);
    Load {
        accounts,
        sign_ins: hourly(deployment.sign_ins_a_day),
        resets: hourly(deployment.resets_a_year / 365.0),
        checks: hourly(deployment.checks_a_day),
        share: share_of_hour(hour % 24, deployment.peak),
    }
}

/// The load of an hour beside the mean one: nine o'clock has the peak, and the others share what is left of the day.
fn share_of_hour(hour: u32, peak: f64) -> f64 {
    if hour == 9 { peak } else { (24.0 - peak) / 23.0 }
}

impl Carried {
    fn take(&mut self, load: &Load, deployment: &Deployment, costs: &UnitCosts, hour: u32) {
        let events = load.sign_ins * costs.sign_in_events + load.resets * costs.reset_events;
        if hour.is_multiple_of(24) {
            self.events_by_day.push(0.0);
            let kept = deployment.log_days as usize;
            let gone = self.events_by_day.len().saturating_sub(kept);
            self.events_by_day.drain(..gone);
        }
        if let Some(today) = self.events_by_day.last_mut() {
            *today += events;
        }
        let of_largest = events * deployment.largest_tenant;
        self.unsealed = (self.unsealed + of_largest - costs.sealed_a_second * HOUR_SECONDS).max(0.0);
        let over = load.sign_ins * costs.sign_in_swept + load.resets * costs.reset_swept;
        self.unswept = (self.unswept + over - costs.swept_a_second * HOUR_SECONDS).max(0.0);
    }

    fn events(&self) -> f64 {
        self.events_by_day.iter().sum()
    }
}

/// The share of a resource that is used, where 1 is all of it.
fn used(
    resource: Resource,
    load: &Load,
    carried: &Carried,
    (deployment, costs): (&Deployment, &UnitCosts),
) -> f64 {
    let a_second = |an_hour: f64| an_hour / HOUR_SECONDS;
    let hashes = load.sign_ins + load.resets;
    let core_seconds = hashes * costs.hash_seconds
        + load.sign_ins * costs.sign_in_seconds
        + load.resets * costs.reset_seconds
        + load.checks * costs.check_seconds;
    let sessions = load.accounts * deployment.sessions;
    match resource {
        Resource::IdentityCores => a_second(core_seconds) / deployment.identity_cores,
        Resource::Connections => {
            let replicas = (a_second(core_seconds) * deployment.replicas / deployment.identity_cores)
                .max(deployment.replicas);
            replicas * deployment.connections / deployment.max_connections
        }
        Resource::PostgresCores => {
            let core_seconds = load.sign_ins * costs.sign_in_postgres_seconds
                + load.resets * costs.reset_postgres_seconds
                + load.checks * costs.check_postgres_seconds;
            a_second(core_seconds) / deployment.postgres_cores
        }
        Resource::PostgresDisk => {
            let bytes = load.accounts * costs.account_bytes
                + sessions * costs.session_bytes
                + (carried.events() + carried.unsealed) * costs.event_bytes;
            // A third stays free, for what updates leave behind until it is vacuumed and for the log of writing.
            bytes * 1.5 / deployment.disk_bytes
        }
        Resource::PostgresIndexCache => {
            let bytes = load.accounts * costs.account_index_bytes + sessions * costs.session_index_bytes;
            bytes / deployment.page_cache_bytes
        }
        Resource::PostgresCommits => {
            let commits = load.sign_ins * costs.sign_in_commits + load.resets * costs.reset_commits;
            a_second(commits) / deployment.commits_a_second
        }
        Resource::IndexLevels => (sessions.ln() / costs.index_fanout.ln()).ceil() / INDEX_LEVELS,
        Resource::SealingOfTheLargestTenant => carried.unsealed / (costs.sealed_a_second * BACKLOG_SECONDS),
        Resource::Sweep => carried.unswept / (costs.swept_a_second * BACKLOG_SECONDS),
        Resource::RedisMemory => redis_bytes(load, costs) / deployment.redis_bytes,
    }
}

/// What lies in Redis: what is gone within hours follows the hour, the budgets of a day the day.
fn redis_bytes(load: &Load, costs: &UnitCosts) -> f64 {
    let resets_of_a_mean_hour = load.resets / load.share;
    (load.resets * costs.reset_byte_seconds
        + load.sign_ins * costs.sign_in_byte_seconds
        + resets_of_a_mean_hour * costs.reset_day_byte_seconds)
        / HOUR_SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(findings: &[Finding], resource: Resource) -> &Finding {
        findings.iter().find(|finding| finding.resource == resource).unwrap()
    }

    #[test]
    fn a_day_has_the_load_of_a_day() {
        let hours: f64 = (0..24).map(|hour| share_of_hour(hour, 4.0)).sum();

        assert!((hours - 24.0).abs() < 1e-9, "{hours}");
    }

    #[test]
    fn half_the_disk_breaks_at_half_the_accounts_or_sooner() {
        let whole = Deployment { disk_bytes: 1e12, ..Deployment::of(100_000_000) };
        let half = Deployment { disk_bytes: 5e11, ..whole };

        let at = |deployment: &Deployment| {
            of(&simulate(deployment, &UnitCosts::MEASURED), Resource::PostgresDisk)
                .breaks_at_accounts
                .unwrap()
        };

        assert!(at(&half) < at(&whole));
        assert!(at(&half) * 2 >= at(&whole) * 9 / 10, "{} {}", at(&half), at(&whole));
    }

    #[test]
    fn a_backlog_of_sealing_grows_only_beyond_what_is_sealed() {
        let slow = UnitCosts { sealed_a_second: 10.0, ..UnitCosts::MEASURED };
        let deployment = Deployment::of(100_000_000);

        let broken = simulate(&deployment, &slow);
        let whole = simulate(&Deployment { largest_tenant: 0.000_001, ..deployment }, &slow);

        assert!(of(&broken, Resource::SealingOfTheLargestTenant).breaks_at_accounts.is_some());
        assert!(of(&whole, Resource::SealingOfTheLargestTenant).most <= 0.0);
    }

    #[test]
    fn what_breaks_first_comes_first() {
        let findings = simulate(&Deployment::of(100_000_000), &UnitCosts::MEASURED);

        let at: Vec<u64> =
            findings.iter().map(|finding| finding.breaks_at_accounts.unwrap_or(u64::MAX)).collect();

        assert_eq!(findings.len(), Resource::ALL.len());
        assert!(at.is_sorted(), "{at:?}");
    }

    #[test]
    fn the_page_says_what_was_simulated() {
        let page = include_str!("../../../../docs/sizing.md");

        for finding in simulate(&Deployment::of(100_000_000), &UnitCosts::MEASURED) {
            let breaks_at = finding.breaks_at_accounts.map_or("-".to_owned(), |accounts| {
                format!("{}.{}", accounts / 1_000_000, accounts / 100_000 % 10)
            });
            let row =
                format!("| {} | {breaks_at} | {:.0} % |", finding.resource.name(), 100.0 * finding.most);
            assert!(page.contains(&row), "docs/sizing.md has no {row}");
        }
    }
}
