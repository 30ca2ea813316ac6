//! The breaker by examples, and against a model that remembers everything.

use proptest::prelude::*;

use super::*;

const RULE: BreakerRule = BreakerRule {
    mode: Mode::Enforce,
    shape: TallyShape { buckets: 10, bucket_length: Duration::from_secs(60) },
    least_failures: 5,
    failure_percent: 50,
    challenge: Duration::from_secs(600),
    limit_after: 3,
    limited: Duration::from_secs(300),
};

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_micros(1_785_000_000_000_000).plus(Duration::from_secs(seconds))
}

fn stage_of(breaker: &Breaker, seconds: u64) -> BreakerStage {
    breaker.stage(&RULE, at(seconds)).map_or(BreakerStage::Closed, |(stage, _)| stage)
}

fn failed(breaker: &mut Breaker, times: usize, seconds: u64) -> Vec<BreakerStage> {
    (0..times).filter_map(|_| breaker.count(&RULE, false, at(seconds))).collect()
}

#[test]
fn failures_first_demand_a_challenge_and_then_limit() {
    let mut breaker = Breaker::default();

    let few = failed(&mut breaker, 4, 0);
    let fifth = failed(&mut breaker, 1, 1);
    let more = failed(&mut breaker, 2, 2);
    let too_many = failed(&mut breaker, 1, 3);
    let further = failed(&mut breaker, 50, 4);

    assert_eq!((few, fifth, more), (vec![], vec![BreakerStage::Challenge], vec![]));
    assert_eq!((too_many, further), (vec![BreakerStage::Limited], vec![]));
    assert_eq!(
        (stage_of(&breaker, 302), stage_of(&breaker, 303)),
        (BreakerStage::Limited, BreakerStage::Closed)
    );
}

#[test]
fn a_challenge_lasts_until_it_was_quiet_for_its_length() {
    let mut breaker = Breaker::default();
    failed(&mut breaker, 5, 0);
    failed(&mut breaker, 1, 100);

    assert_eq!(stage_of(&breaker, 699), BreakerStage::Challenge);
    assert_eq!(stage_of(&breaker, 700), BreakerStage::Closed);
}

#[test]
fn a_share_that_people_have_trips_nothing() {
    let mut breaker = Breaker::default();
    for second in 0..500 {
        let is_wrong = second % 5 == 0;
        assert_eq!(breaker.count(&RULE, !is_wrong, at(second)), None);
    }
}

#[test]
fn one_failure_after_a_limit_demands_the_next_challenge() {
    let mut breaker = Breaker::default();
    failed(&mut breaker, 8, 0);

    let next = failed(&mut breaker, 1, 301);

    assert_eq!(next, [BreakerStage::Challenge]);
    assert_eq!(breaker.failures, 0);
}

#[test]
fn a_stage_that_a_clock_ahead_set_is_over() {
    let mut breaker = Breaker::default();
    failed(&mut breaker, 5, 86_400);

    assert_eq!(stage_of(&breaker, 0), BreakerStage::Closed);
}

/// The rule in words: everything that was ever compared, the end of the stage, and the failures since the challenge began.
#[derive(Default)]
struct Model {
    compared: Vec<(u64, bool)>,
    stage: BreakerStage,
    ends: u64,
    failures: u64,
}

impl Model {
    fn stage(&self, seconds: u64) -> BreakerStage {
        if seconds < self.ends { self.stage } else { BreakerStage::Closed }
    }

    fn count(&mut self, passed: bool, seconds: u64) {
        let stage = self.stage(seconds);
        self.compared.push((seconds, passed));
        let minute = seconds / 60;
        let recent: Vec<bool> = self
            .compared
            .iter()
            .filter(|(then, _)| then / 60 + 10 > minute)
            .map(|(_, passed)| *passed)
            .collect();
        let wrong = recent.iter().filter(|passed| !**passed).count();
        let is_met = wrong >= 5 && wrong * 2 >= recent.len();
        if passed || stage == BreakerStage::Limited {
            return;
        }
        self.failures = if stage == BreakerStage::Challenge { self.failures + 1 } else { 0 };
        if is_met && stage == BreakerStage::Challenge && self.failures >= 3 {
            (self.stage, self.ends) = (BreakerStage::Limited, seconds + 300);
        } else if is_met {
            (self.stage, self.ends) = (BreakerStage::Challenge, seconds + 600);
        }
    }
}

proptest! {
    #[test]
    fn it_does_what_the_model_does(steps in prop::collection::vec((0_u64..120, 0_u8..4), 0..120)) {
        let (mut breaker, mut model, mut seconds) = (Breaker::default(), Model::default(), 0);
        for (pause, kind) in steps {
            seconds += pause;
            let (before, passed) = (stage_of(&breaker, seconds), kind == 0);
            let tripped = breaker.count(&RULE, passed, at(seconds));
            model.count(passed, seconds);

            let after = stage_of(&breaker, seconds);
            prop_assert_eq!(after, model.stage(seconds));
            prop_assert_eq!(tripped, (after != before && !passed).then_some(after));
            // It never opens a step further than the one after, and never closes by being counted.
            prop_assert!(before != BreakerStage::Closed || after != BreakerStage::Limited);
            prop_assert!(before == BreakerStage::Closed || after != BreakerStage::Closed);
        }
    }
}
