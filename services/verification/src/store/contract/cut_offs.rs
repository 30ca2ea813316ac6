//! Prefixes that are cut off: which texts lead to it, whom it spares, and what it costs.

use super::abuse::{numbers_of_one_prefix, was_sent};
use super::test_store::{TestStore, counted, macs};
use crate::domain::abuse::tally::Counts;
use crate::domain::abuse::{JudgedDestination, Mode};
use crate::domain::refusal::Refusal;
use crate::domain::route::Withheld;
use crate::store::SendOutcome;

/// A number of the prefix of [`numbers_of_one_prefix`].
const NEIGHBOUR: &str = "+4915112999999";

impl TestStore {
    /// As many texts to the prefix as cut it off.
    async fn pump(&self) {
        for number in numbers_of_one_prefix(10) {
            assert!(was_sent(&self.judging(Mode::Enforce, &[&number]).sent().await));
        }
    }

    /// The same with all that is judged changed.
    fn changed(mut self, change: impl FnMut(&mut JudgedDestination)) -> Self {
        self.judged.as_mut().unwrap().destinations.iter_mut().for_each(change);
        self
    }
}

pub(super) async fn a_text_that_is_not_counted_is_judged_all_the_same(store: TestStore) {
    let uncounted = store.judging(Mode::Enforce, &[NEIGHBOUR]).changed(|to| to.is_counted = false);
    for _ in 0..30 {
        assert!(was_sent(&uncounted.sent().await));
    }
    let before = store.counts_of(NEIGHBOUR).await;

    store.pump().await;
    let refused = uncounted.sent().await;

    assert_eq!(before, Counts::default());
    assert!(matches!(refused, SendOutcome::Refused(Refusal::PrefixLimited(_))), "{refused:?}");
    assert_eq!(store.counts_of(NEIGHBOUR).await, Counts { total: 10, hits: 0 });
}

pub(super) async fn who_is_exempt_is_spared_and_is_somebody_who_is_left(store: TestStore) {
    let exempt = |to: &mut JudgedDestination| {
        if to.place == 0 {
            (to.prefix, to.is_exempt) = (None, true);
        }
    };
    let alone = store.judging(Mode::Enforce, &["+4917012345678"]);
    let both = store.judging(Mode::Enforce, &["+4917012345678", NEIGHBOUR]);
    store.pump().await;

    let beside = counted(both.clone().changed(exempt).sent().await);
    for _ in 0..5 {
        alone.guess().await;
    }
    let challenged = [alone.sent().await, both.changed(exempt).sent().await];
    let spared = alone.changed(exempt);
    let id = spared.new_id();
    let sent = spared.start(&spared.start_step(&id, "111111").await).await;

    let second = Withheld::default().with(1);
    assert_eq!((beside.withheld, beside.findings.cut_off), (second, second));
    let refused = SendOutcome::Refused(Refusal::ChallengeRequired);
    assert_eq!(challenged, [refused.clone(), refused]);
    assert!(was_sent(&sent), "{sent:?}");
    assert_eq!(spared.seen(&id).await.standing, macs("spared").active);
}
