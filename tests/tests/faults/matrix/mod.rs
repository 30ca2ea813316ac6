//! The fault matrix: each fault strikes each part, store and provider while people reset their passwords. After every one the
//! same holds: nothing accepted is lost, nothing is done twice, no limit is lifted, no session outlives its epoch, no secret
//! is on a disk, and everything goes on by itself.
//!
//! A cell is a value; the tests below only give the 49 of them names, such as `matrix::redis::half_open`. The suite runs one for
//! each fault and one for each target; `cargo xtask faults` runs all and writes `docs/faults.md`.

mod cell;
mod checks;
mod disks;
mod limited;
mod people;
mod report;
mod reset;
mod servers;
mod site;

use std::time::Duration;

use tokio::time::Instant;

use cell::{Cell, Fault, Target};
use limited::Limited;
use people::Crowd;
use report::Report;
use site::Site;

/// Makes a module of seven tests of each target.
macro_rules! targets {
    ($($module:ident $target:ident),* $(,)?) => { $(
        mod $module {
            targets! { of $target: killed Kill, stopped Stop, slow Slow, half_open HalfOpen, full_disk FullDisk,
                clock_jump ClockJump, failover Failover }
        }
    )* };
    (of $target:ident: $($name:ident $fault:ident),*) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            super::hold(super::Cell { target: super::Target::$target, fault: super::Fault::$fault }).await;
        }
    )* };
}

targets! {
    identity Identity, verification Verification, notification Notification, postgres Postgres, redis Redis, smtp Smtp, sms Sms,
}

/// Lets a fault strike under load and holds the deployment to its promises.
async fn hold(cell: Cell) {
    let mut site = Site::start(cell).await;
    let crowd = Crowd::gather(cell, &site).await;
    let limited = Limited::at_their_limits(&site).await;

    let (diaries, recovery) = crowd.live_through(struck(cell, &mut site, &crowd)).await;

    assert!(site.deployment.is_whole(), "a process ended that nobody killed");
    limited.assert_stopped(&site).await;
    let unknown = checks::hold(cell, &site, &diaries).await;
    disks::assert_clean(&site, &diaries).await;
    Report::of(cell, &diaries, &site.backend.met()).with(recovery, unknown).write();
    site.deployment.stop().await;
}

/// The fault begins while everybody is at it and ends; how long after its end whole resets by mail and by text message took that
/// begin then. Everybody else goes on as well.
async fn struck(cell: Cell, site: &mut Site, crowd: &Crowd) -> Duration {
    crowd.go_on().await;
    let met_before = site.met();
    site.strike(cell).await;
    tokio::time::sleep(cell.lasts()).await;
    if cell.refuses_calls() {
        site.refused_more_than(met_before).await;
    }
    site.end(cell).await;
    let ended = Instant::now();
    crowd.get_in_again().await;
    let recovery = ended.elapsed();
    crowd.go_on().await;
    recovery
}
