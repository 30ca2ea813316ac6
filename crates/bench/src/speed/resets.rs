//! Starts of resets whose answers are not delayed, beside a bare server that reads the same database as often.

use rekey_primitives::id::TenantId;

use crate::arguments::Effort;
use crate::limits::echo::Echo;
use crate::limits::rows;
use crate::report::{Line, Rounds, Target};
use crate::suite::{Setup, Suite};
use crate::workload::resets::{Resets, StartReset};

/// Reads of a start for a known login: tenant with policy and account, familiar place, standing, groups.
const READS: usize = 4;

/// The one line.
pub(crate) async fn measure(setup: &Setup, effort: Effort) -> anyhow::Result<Line> {
    let suite = Suite::start(setup.unlimited(0)).await?;
    let resets = Resets::prepare(&suite).await?;
    let server = &resets.identity;
    let answer = resets.start(server, 0).await?;
    let tenant = TenantId::parse(suite.tenant_id())?.as_uuid();
    let reads = rows::reads(suite.stores.identity_database(), tenant, READS).await?;
    let echo = Echo::start::<StartReset>(answer, reads).await?;
    let bare = server.to_bare(echo.address).await?;
    let mut rounds = Rounds::default();
    for _ in 0..effort.rounds {
        let limit = resets.start_rate(&bare, effort).await?;
        rounds.add(resets.start_rate(server, effort).await?, limit);
    }
    Ok(rounds.line(
        "StartPasswordReset, no delay",
        "bare gRPC, as many reads",
        "/s",
        Some(Target::AtLeast(0.5)),
    ))
}
