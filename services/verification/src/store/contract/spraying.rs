//! One guess at each of 50,000 verifications, at the store in memory and with the rules as they are shipped.

use super::memory_of;
use super::test_store::macs;
use crate::config::{DEFAULTS, Settings};
use crate::domain::abuse::Standings;
use crate::domain::abuse::breaker::BreakerStage;
use crate::domain::mac::MacSet;
use crate::domain::refusal::Refusal;
use crate::domain::verification::tests::fresh;
use crate::store::{CheckOutcome, JudgedCheck};

const GUESSES: u64 = 50_000;

#[tokio::test]
async fn one_guess_at_each_of_fifty_thousand_codes_trips_the_breaker() {
    let document = rekey_runtime::settings::Document::builder().part("verification", 7302, DEFAULTS).load();
    let settings: Settings = document.unwrap().part("verification").unwrap();
    let rule = settings.rules().unwrap().abuse.breaker;
    let mut store = memory_of(500_000);
    let ordinary = MacSet { active: fresh(store.now).standing, others: Vec::new() };
    store.breaker = Some(JudgedCheck { rule, standings: Standings { ordinary, spared: macs("spared") } });
    store.budgets.clear();
    let mut ids = Vec::new();
    for _ in 0..GUESSES {
        ids.push(store.started("111111").await);
    }

    let (mut compared, mut refused, mut tripped) = (0, 0, Vec::new());
    for id in &ids {
        match store.check(id, "000000").await {
            CheckOutcome::Rejected => compared += 1,
            CheckOutcome::Tripped(stage) => {
                compared += 1;
                tripped.push((stage, compared));
            }
            CheckOutcome::Refused(Refusal::GuessingLimited(_)) => refused += 1,
            other => panic!("{other:?}"),
        }
    }

    assert_eq!(tripped, [(BreakerStage::Challenge, 100), (BreakerStage::Limited, 1_100)]);
    assert_eq!((compared, refused), (1_100, GUESSES - 1_100));
}
