//! Simulated verifications: codes that are asked for, typed and redeemed over the store of one process, with faults wherever a
//! call waits for the store, the throttle or notification.
//!
//! A round is one verification of one person: started, sent again, typed wrong and right, redeemed, each of it sometimes twice
//! at once and after time has passed. Afterwards a code and its grant have served once at most, no code passed after its end or
//! after its last attempt, no limit of messages was exceeded, and who was told of a code has got it.

mod judge;
mod site;
mod unreliable;

use rekey_testing::simulation::{Chance, Tally, report, simulate};

use self::site::Site;
use super::*;

/// Rounds of a run of the tests: some seconds of unoptimised code.
const ROUNDS: u64 = 1_000;

/// How many points there are for each fault, where there are any: a verification passes some dozens.
const POINTS_A_FAULT: [Option<u64>; 4] = [None, Some(100), Some(30), Some(10)];

/// Longer than a code lives.
const TOO_LONG: Duration = seconds(601);

#[test]
fn whatever_fails_a_code_serves_once_and_in_time_and_no_limit_is_lifted() {
    let tally = simulate(ROUNDS, batch);

    report("verifications", &tally);
    for what in ["codes passed", "codes late", "codes limited", "grants redeemed", "faults", "calls given up"]
    {
        assert!(tally.contains_key(what), "nothing of it was simulated: {what}");
    }
}

/// So many rounds in one world.
async fn batch(chance: Chance, rounds: u64) -> Tally {
    let mut site = Site::of(chance);
    for _ in 0..rounds {
        round(&mut site).await;
    }
    site.tally()
}

async fn round(site: &mut Site) {
    site.faults.set_one_in(*site.chance.among(&POINTS_A_FAULT));
    let request = site.request();
    site.start(&request).await;
    let Some(code) = site.code_of(&request) else { return };
    if site.chance.one_in(3) {
        site.clock.advance(seconds(*site.chance.among(&[5, 31, 61])));
        site.resend(&request.id).await;
        site.were_sent(&request, true);
    }
    let mut wrong_ones = 0;
    if site.chance.one_in(3) {
        let typed = 1 + site.chance.below(6);
        wrong_ones = site.type_wrong(&request.id, &code, typed).await;
    }
    let is_late = site.chance.one_in(10);
    if is_late {
        site.clock.advance(TOO_LONG);
        site.count("codes late");
    }
    let passed = site.type_right(&request.id, &code).await;
    assert!(!is_late || passed.is_none(), "a late code");
    let Some(passed) = passed else { return };
    assert!(wrong_ones < site.attempts(), "a code passed after its last attempt");
    site.was_in_time(&request, &passed);
    site.redeem(&request.id.scope, &passed).await;
}
