//! Simulated resets: people who forgot their passwords at two replicas, over the real store and a model of verification, with
//! faults wherever a call waits for either.
//!
//! A round is one person's: one reset or two, with wrong codes, repeats, calls made twice at once at both replicas, and a clock
//! that runs. Calls fail, lose their answers and are given up at the points that `rekey_testing::simulation` tells of. After a
//! round nobody may have succeeded twice, the password is the winner's, every notice of it is in the outbox, once for each
//! address, no code has proved anything after its end, and no attempt went uncounted.

mod completing;
mod judge;
mod proving;
mod site;
mod unreliable;

use rekey_testing::simulation::{Chance, Tally, report, simulate};

use self::judge::Before;
use self::site::Site;

/// Rounds of a run of the tests: some seconds of unoptimised code.
const ROUNDS: u64 = 500;

/// How many points there are for each fault, where there are any: a reset passes some hundred.
const POINTS_A_FAULT: [Option<u64>; 5] = [None, Some(400), Some(150), Some(60), Some(20)];

#[test]
fn whatever_fails_nobody_resets_twice_and_no_notice_is_lost_and_no_code_is_late() {
    let tally = simulate(ROUNDS, batch);

    report("resets", &tally);
    for what in [
        "resets completed",
        "resets not completed",
        "codes accepted",
        "codes late",
        "faults",
        "calls given up",
    ] {
        assert!(tally.contains_key(what), "nothing of it was simulated: {what}");
    }
}

/// So many rounds in one world.
async fn batch(chance: Chance, rounds: u64) -> Tally {
    let mut site = Site::of(chance).await;
    for _ in 0..rounds {
        round(&mut site).await;
    }
    site.tally()
}

async fn round(site: &mut Site) {
    let person = site.chance.among(&site.people).clone();
    if site.chance.one_in(10) {
        // Those who typed too many wrong codes may go on.
        site.world.pass(86_400);
    }
    let before = Before::of(site, &person).await;
    site.faults.set_one_in(*site.chance.among(&POINTS_A_FAULT));

    let mut proved = Vec::new();
    let resets = if site.chance.one_in(4) { 2 } else { 1 };
    for _ in 0..resets {
        if let Some(started) = site.started(&person).await {
            proved.push(site.prove(&person, &started).await);
        }
    }
    let completed = site.complete(&proved).await;

    site.faults.set_one_in(None);
    before.holds(site, &person, &completed).await;
}
