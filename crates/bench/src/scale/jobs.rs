//! What runs over a directory in the background: notices before passwords expire, and resets in bulk.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;
use rekey_wire::identity::v1::{
    BulkReset, BulkResetState, GetPolicyRequest, PasswordPolicy, Policy, UpdatePolicyRequest,
    WatchBulkResetRequest,
};
use tokio::time::Instant;

use super::Figures;
use super::memory::Peak;
use crate::bulk_reset;
use crate::caller::{context, request_id};
use crate::directory::records::{OLDEST, login};
use crate::suite::Suite;

/// How long passwords are good: 5 days longer than the oldest is, so that the notices of 14 and of 7 days are due.
const GOOD_FOR: Duration = OLDEST.saturating_add(Duration::from_secs(5 * 86_400));
/// How often the store is asked how far a run is.
const LOOK: Duration = Duration::from_millis(200);
/// A run that writes nothing for so long is over; rounds begin every second.
const QUIET: Duration = Duration::from_secs(8);

/// Lets passwords expire, and waits until everybody is told whose password soon does.
pub(super) async fn expiry(suite: &Suite, figures: &mut Figures) -> anyhow::Result<()> {
    let told = async || suite.stores.count_rows("expiry_notices").await;
    let before = told().await?;
    let peak = Peak::watch(suite);
    let began = Instant::now();
    let good_for = prost_types::Duration { seconds: i64::try_from(GOOD_FOR.as_secs())?, nanos: 0 };
    set_expiry(suite, Some(good_for)).await?;
    let (mut now, mut last) = (before, began);
    while last.elapsed() < QUIET {
        tokio::time::sleep(LOOK).await;
        let count = told().await?;
        if count > now {
            (now, last) = (count, Instant::now());
        }
    }
    let took = last.duration_since(began).as_secs_f64();
    figures.add("expiry run", "notices/s", (now - before) as f64 / took.max(LOOK.as_secs_f64()));
    figures.add("expiry run, memory", "MB", peak.megabytes());
    set_expiry(suite, None).await
}

async fn set_expiry(suite: &Suite, expiry: Option<prost_types::Duration>) -> anyhow::Result<()> {
    let caller = suite.identity().await?;
    let mut policies = PolicyServiceClient::new(caller.channel(0));
    let get = GetPolicyRequest {
        tenant_id: caller.tenant_id(),
        context: Some(context(0)),
        ..GetPolicyRequest::default()
    };
    let policy = policies.get_policy(caller.request(get)).await?.into_inner().policy;
    let password = PasswordPolicy { expiry, ..PasswordPolicy::default() };
    let update = UpdatePolicyRequest {
        tenant_id: caller.tenant_id(),
        policy: Some(Policy { password: Some(password), ..Policy::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["password.expiry".to_owned()] }),
        etag: policy.context("the answer holds no policy")?.etag,
        request_id: request_id(),
        context: Some(context(0)),
    };
    policies.update_policy(caller.request(update)).await?;
    Ok(())
}

/// Has one in so many people choose a new password.
const BULK_ONE_IN: usize = 10;
/// As fast as a job may be, in accounts a second.
const FULL_SPEED: i32 = 500;

/// Resets one in ten in bulk, by a list of logins.
pub(super) async fn bulk(suite: &Suite, size: usize, figures: &mut Figures) -> anyhow::Result<()> {
    let peak = Peak::watch(suite);
    let reset = run_bulk(suite, size).await?;
    figures.add("bulk reset of one in ten", "accounts/s", reset);
    figures.add("bulk reset, memory", "MB", peak.megabytes());
    Ok(())
}

/// Runs a job to its end; accounts in a second, from its start on.
async fn run_bulk(suite: &Suite, size: usize) -> anyhow::Result<f64> {
    let caller = suite.identity().await?;
    let tenant_id = caller.tenant_id();
    let logins: Vec<String> = (0..size).step_by(BULK_ONE_IN).map(login).collect();
    let began = Instant::now();
    let bulk_reset_id = bulk_reset::start(&caller, &logins, FULL_SPEED).await?;
    let mut jobs = BulkResetServiceClient::new(caller.channel(0));
    let watch = WatchBulkResetRequest { tenant_id, bulk_reset_id, context: Some(context(0)) };
    let mut last = None;
    // A stream lives no longer than a call may.
    while last.as_ref().is_none_or(|job: &BulkReset| job.end_time.is_none()) {
        let mut stream = jobs.watch_bulk_reset(caller.request(watch.clone())).await?.into_inner();
        while let Ok(Some(message)) = stream.message().await {
            last = message.bulk_reset;
        }
    }
    let last = last.context("a job is watched")?;
    ensure!(last.state() == BulkResetState::Finished, "the job ended as {:?}", last.state());
    ensure!(last.accounts == i64::try_from(logins.len())?, "{} accounts were in the job", last.accounts);
    Ok(logins.len() as f64 / began.elapsed().as_secs_f64())
}
