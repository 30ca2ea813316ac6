//! The spray breaker in Redis against its rule, which a model is held to where it stands: after every sequence of codes both are the
//! same.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_testing::property;
use rekey_testing::proptest::collection::vec;
use rekey_testing::proptest::sample::select;

use super::one_redis;
use super::test_store::{TestStore, macs};
use crate::domain::abuse::breaker::{Breaker, BreakerRule, BreakerStage};
use crate::domain::abuse::tally::TallyShape;
use crate::domain::abuse::{Mode, Standings};
use crate::domain::mac::MacSet;
use crate::domain::refusal::Refusal;
use crate::domain::verification::tests::fresh;
use crate::store::{CheckOutcome, JudgedCheck};

const RIGHT: &str = "111111";
const WRONG: &str = "000000";

/// Whether a code passed and what it tripped, or why it was not compared.
type Verdict = Result<(bool, Option<BreakerStage>), Refusal>;

fn rule(mode: Mode) -> BreakerRule {
    BreakerRule {
        mode,
        shape: TallyShape { buckets: 10, bucket_length: Duration::from_secs(60) },
        least_failures: 5,
        failure_percent: 50,
        challenge: Duration::from_secs(600),
        limit_after: 3,
        limited: Duration::from_secs(300),
    }
}

fn verdict(outcome: &CheckOutcome) -> Verdict {
    match outcome {
        CheckOutcome::Passed(_) => Ok((true, None)),
        CheckOutcome::Rejected => Ok((false, None)),
        CheckOutcome::Tripped(stage) => Ok((false, Some(*stage))),
        CheckOutcome::Refused(refusal) => Err(*refusal),
        CheckOutcome::RunChanged(_) => panic!("the run changed"),
    }
}

fn verdict_of_rule(breaker: &mut Breaker, rule: &BreakerRule, is_right: bool, now: Timestamp) -> Verdict {
    match breaker.stage(rule, now) {
        Some((BreakerStage::Limited, until)) if rule.mode == Mode::Enforce => {
            Err(Refusal::GuessingLimited(until.since(now)))
        }
        _ => Ok((is_right, breaker.count(rule, is_right, now))),
    }
}

/// Types codes, each for a verification of its own, so many seconds after the one before.
async fn follows_rule(mut store: TestStore, rule: BreakerRule, codes: &[(u64, bool)]) {
    let ordinary = MacSet { active: fresh(store.now).standing, others: Vec::new() };
    store.breaker = Some(JudgedCheck { rule, standings: Standings { ordinary, spared: macs("spared") } });
    store.budgets.clear();
    let mut breaker = Breaker::default();
    for (pause, is_right) in codes {
        store.now = store.now.plus(Duration::from_secs(*pause));
        let id = store.started(RIGHT).await;

        let outcome = store.check(&id, if *is_right { RIGHT } else { WRONG }).await;

        let expected = verdict_of_rule(&mut breaker, &rule, *is_right, store.now);
        assert_eq!(verdict(&outcome), expected);
        let found = store.inner.conversion(store.scope.tenant, None).await.unwrap();
        assert_eq!(found.breaker, breaker);
    }
}

#[test]
fn the_breaker_in_redis_is_where_its_rule_is_after_every_sequence_of_codes() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(rekey_testing::redis());
    let codes = vec((0_u64..120, select(vec![true, false, false, false])), 0..60);
    let inputs = (select(vec![Mode::Enforce, Mode::Shadow]), codes);

    property(40, &inputs, |(mode, codes)| {
        runtime.block_on(async { follows_rule(one_redis(&server), rule(mode), &codes).await });
    });
}
