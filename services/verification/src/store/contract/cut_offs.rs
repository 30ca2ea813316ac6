//! Prefixes that are cut off: which texts lead to it, whom it spares, and what it costs.

use super::abuse::{numbers_of_one_prefix, prefix, rules, was_sent};
use super::test_store::{TestStore, counted, macs};
use crate::domain::abuse::tally::Counts;
use crate::domain::abuse::{JudgedDestination, Mode};
use crate::domain::budgets::{BudgetKind, TenantBudget, Window};
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

pub(super) async fn of_several_numbers_those_of_a_good_prefix_get_theirs(store: TestStore) {
    for number in numbers_of_one_prefix(10) {
        store.judging(Mode::Enforce, &[&number]).sent().await;
    }

    let mixed = store.judging(Mode::Enforce, &["+4917012345678", "+4915112999999"]);
    let id = mixed.new_id();
    let message = counted(mixed.start(&mixed.start_step(&id, "111111").await).await);

    let second = Withheld::default().with(1);
    assert_eq!((message.withheld, message.findings.cut_off), (second, second));
    assert_eq!(mixed.seen(&id).await.withheld, second);
    assert_eq!(store.counts_of("+4917012345678").await.total, 1);
    assert_eq!(store.counts_of("+4915112999999").await.total, 10);
}

pub(super) async fn further_prefixes_are_counted_by_their_country(store: TestStore) {
    for operator in 0..12 {
        let number = format!("+4917{operator:02}345678");
        counted(store.judging(Mode::Enforce, &[&number]).sent().await);
    }

    let found = store.inner.conversion(store.scope.tenant, None).await.unwrap();

    assert!(found.prefixes.len() <= 5, "{:?}", found.prefixes);
    let country = found.prefixes.iter().find(|(prefix, _)| prefix.digits == "DE").unwrap();
    let counts = country.1.counts(rules(Mode::Enforce).conversion.shape, store.now);
    assert!(counts.total >= 8, "{counts:?}");
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

pub(super) async fn texts_that_are_cut_off_cost_neither_the_tenant_nor_their_country(store: TestStore) {
    store.pump().await;
    let budget = |kind, cost, limit| TenantBudget { kind, cost, window: Window::per_day(limit) };
    let [germany, austria] =
        [NEIGHBOUR, "+43664123456"].map(|number| BudgetKind::Texts(prefix(number).country));
    let mut both = store.judging(Mode::Enforce, &[NEIGHBOUR, "+43664123456"]);
    both.budgets = vec![budget(BudgetKind::Tenant, 2, 2), budget(germany, 1, 0), budget(austria, 1, 2)];

    let first = counted(both.sent().await);
    let second = counted(both.sent().await);
    let third = both.sent().await;
    let mut alone = both.judging(Mode::Enforce, &["+43664123457"]);
    alone.budgets = vec![budget(austria, 1, 2)];
    let fourth = alone.sent().await;

    let cut_off = Withheld::default().with(0);
    assert_eq!([first.withheld, second.withheld], [cut_off; 2]);
    for refused in [third, fourth] {
        assert!(matches!(refused, SendOutcome::Refused(Refusal::TenantLimited(_))), "{refused:?}");
    }
}
