//! The rules against abuse: what is judged and counted in the steps that send and check.

use std::time::Duration;

use rekey_primitives::contact::PhoneNumber;

use super::test_store::{TestStore, counted, macs};
use crate::domain::abuse::breaker::{BreakerRule, BreakerStage};
use crate::domain::abuse::conversion::ConversionRule;
use crate::domain::abuse::tally::{Counts, TallyShape};
use crate::domain::abuse::{
    AbuseRule, AbuseRules, BudgetModes, JudgedDestination, JudgedSend, JudgedStart, Mode, NumberPrefix,
    Standings,
};
use crate::domain::budgets::{BudgetKind, Country, TenantBudget, Window};
use crate::domain::refusal::Refusal;
use crate::domain::route::Withheld;
use crate::domain::scope::ScopedId;
use crate::domain::verification::tests::fresh;
use crate::store::{CheckOutcome, ConvertStep, JudgedCheck, PendingMessage, SendOutcome};

const DAY: u64 = 86_400;

pub(super) fn rules(mode: Mode) -> AbuseRules {
    let minute = Duration::from_secs(60);
    AbuseRules {
        conversion: ConversionRule {
            mode,
            prefix_digits: 4,
            least_sends: 10,
            floor_percent: 20,
            shape: TallyShape { buckets: 24, bucket_length: minute * 60 },
            most_prefixes: 4,
        },
        breaker: BreakerRule {
            mode,
            shape: TallyShape { buckets: 10, bucket_length: minute },
            least_failures: 5,
            failure_percent: 50,
            challenge: minute * 10,
            limit_after: 3,
            limited: minute * 5,
        },
        spared: Duration::from_secs(90 * DAY),
        budgets: BudgetModes::default(),
    }
}

pub(super) fn prefix(number: &str) -> NumberPrefix {
    let number = PhoneNumber::parse(number).unwrap();
    NumberPrefix { digits: number.prefix(4), country: Country::of(&number) }
}

/// Texts to these numbers are judged.
fn judged(mode: Mode, numbers: &[&str]) -> JudgedSend {
    let destination = |(place, number): (usize, &&str)| JudgedDestination {
        place,
        name: format!("name of {number}"),
        prefix: number.starts_with('+').then(|| prefix(number)),
        is_counted: true,
        is_exempt: false,
    };
    JudgedSend {
        rules: rules(mode),
        destinations: numbers.iter().enumerate().map(destination).collect(),
        start: Some(JudgedStart { challenge_passed: false, spared_standing: macs("spared").active }),
    }
}

impl TestStore {
    pub(super) fn judging(&self, mode: Mode, numbers: &[&str]) -> Self {
        // What `fresh` gives a verification is its ordinary standing.
        let ordinary = crate::domain::mac::MacSet { active: fresh(self.now).standing, others: Vec::new() };
        let standings = Standings { ordinary, spared: macs("spared") };
        let breaker = Some(JudgedCheck { rule: rules(mode).breaker, standings });
        Self { judged: Some(judged(mode, numbers)), breaker, ..self.clone() }
    }

    pub(super) async fn sent(&self) -> SendOutcome {
        self.start(&self.start_step(&self.new_id(), "111111").await).await
    }

    async fn convert(&self, id: &ScopedId, number: &str) {
        let step = ConvertStep {
            id: id.clone(),
            spared: vec![format!("name of {number}")],
            spared_until: self.now.plus(rules(Mode::Enforce).spared),
            prefix: number.starts_with('+').then(|| prefix(number)),
            rule: rules(Mode::Enforce).conversion,
        };
        self.inner.convert(&step, self.now).await.unwrap();
    }

    /// A code that was sent to a number and came back from it.
    async fn converted(&self, number: &str) -> ScopedId {
        let id = self.started("111111").await;
        assert!(matches!(self.check(&id, "111111").await, CheckOutcome::Passed(_)));
        self.convert(&id, number).await;
        id
    }

    /// A wrong code for a verification of its own.
    pub(super) async fn guess(&self) -> CheckOutcome {
        let id = TestStore { judged: None, ..self.clone() }.started("111111").await;
        self.check(&id, "000000").await
    }

    pub(super) async fn counts_of(&self, number: &str) -> Counts {
        let found = self.inner.conversion(self.scope.tenant, None).await.unwrap();
        let tally = found.prefixes.into_iter().find(|(of, _)| *of == prefix(number));
        let shape = rules(Mode::Enforce).conversion.shape;
        tally.map(|(_, tally)| tally.counts(shape, self.now)).unwrap_or_default()
    }
}

/// As many destinations as asked for, all in one prefix.
pub(super) fn numbers_of_one_prefix(count: u32) -> Vec<String> {
    (0..count).map(|number| format!("+4915112{number:06}")).collect()
}

pub(super) fn was_sent(outcome: &SendOutcome) -> bool {
    matches!(outcome, SendOutcome::Counted(_))
}

pub(super) async fn texts_to_a_prefix_without_codes_are_cut_off_and_others_are_not(store: TestStore) {
    let mut sent = 0;
    for number in numbers_of_one_prefix(30) {
        sent += u32::from(was_sent(&store.judging(Mode::Enforce, &[&number]).sent().await));
    }

    let refused = store.judging(Mode::Enforce, &["+4915112999999"]).sent().await;
    let other = store.judging(Mode::Enforce, &["+4917012345678"]).sent().await;
    let mail = store.judging(Mode::Enforce, &["anna@example.com"]).sent().await;

    assert_eq!(sent, 10);
    assert!(matches!(refused, SendOutcome::Refused(Refusal::PrefixLimited(_))), "{refused:?}");
    assert!(was_sent(&other) && was_sent(&mail));
    assert_eq!(store.counts_of("+4915112999999").await, Counts { total: 10, hits: 0 });
    assert!(!store.now.has_reached(store.now.plus(wait_of(&refused))));
    assert!(was_sent(&store.later(DAY).judging(Mode::Enforce, &["+4915112999999"]).sent().await));
}

fn wait_of(refused: &SendOutcome) -> Duration {
    match refused {
        SendOutcome::Refused(refusal) => refusal.retry_after().unwrap(),
        other => panic!("a refusal was expected: {other:?}"),
    }
}

pub(super) async fn shadow_mode_reports_the_same_and_sends(store: TestStore) {
    let mut messages: Vec<PendingMessage> = Vec::new();
    for number in numbers_of_one_prefix(30) {
        messages.push(counted(store.judging(Mode::Shadow, &[&number]).sent().await));
    }

    let reported = messages.iter().filter(|one| one.findings.shadow == [AbuseRule::PrefixConversion]);
    let first = Withheld::default().with(0);
    assert_eq!(reported.clone().count(), 20);
    assert!(reported.clone().all(|one| one.findings.shadow_cut_off == first));
    assert!(messages.iter().all(|one| one.withheld == Withheld::default()));
    assert_eq!(store.counts_of("+4915112000000").await.total, 30);
}

pub(super) async fn a_rule_that_is_off_counts_nothing(store: TestStore) {
    for number in numbers_of_one_prefix(12) {
        let message = counted(store.judging(Mode::Off, &[&number]).sent().await);
        assert_eq!(message.findings, Default::default());
    }

    assert_eq!(store.counts_of("+4915112000000").await, Counts::default());
}

pub(super) async fn right_codes_let_texts_through_again_and_spare_their_numbers(store: TestStore) {
    let ours = store.judging(Mode::Enforce, &["+4915112345678"]);
    let id = ours.converted("+4915112345678").await;
    ours.convert(&id, "+4915112345678").await;
    for number in numbers_of_one_prefix(30) {
        store.judging(Mode::Enforce, &[&number]).sent().await;
    }

    let spared = ours.sent().await;
    let counts = store.counts_of("+4915112345678").await;
    let after_ninety_days = store.later(90 * DAY).judging(Mode::Enforce, &["+4915112345678"]).sent().await;

    assert_eq!(counts, Counts { total: 11, hits: 1 });
    assert!(was_sent(&spared), "{spared:?}");
    assert!(was_sent(&after_ninety_days));
}

pub(super) async fn wrong_codes_of_a_tenant_demand_a_challenge_and_then_limit(store: TestStore) {
    let store = store.judging(Mode::Enforce, &["anna@example.com"]);
    let waiting = store.started("111111").await;
    let mut guesses = Vec::new();
    for _ in 0..5 {
        guesses.push(store.guess().await);
    }

    let without = store.sent().await;
    let mut solved = store.clone();
    solved.judged.as_mut().unwrap().start.as_mut().unwrap().challenge_passed = true;
    let with = solved.sent().await;
    let more = [store.guess().await, store.guess().await, store.guess().await];
    let limited = [solved.sent().await, store.sent().await];
    let check = store.check(&waiting, "111111").await;
    let unknown = store.check(&store.new_id(), "111111").await;
    let elsewhere = store.of_another_tenant().judging(Mode::Enforce, &["anna@example.com"]).sent().await;
    let later = store.later(300).check(&waiting, "111111").await;

    let wait = Refusal::GuessingLimited(Duration::from_secs(300));
    assert!(guesses[..4].iter().all(|guess| *guess == CheckOutcome::Rejected), "{guesses:?}");
    assert_eq!(guesses[4], CheckOutcome::Tripped(BreakerStage::Challenge));
    assert_eq!(without, SendOutcome::Refused(Refusal::ChallengeRequired));
    assert!(was_sent(&with), "{with:?}");
    assert_eq!(more[2], CheckOutcome::Tripped(BreakerStage::Limited));
    assert!(limited.iter().all(|outcome| *outcome == SendOutcome::Refused(wait)), "{limited:?}");
    assert_eq!([check, unknown], [CheckOutcome::Refused(wait), CheckOutcome::Refused(wait)]);
    assert!(was_sent(&elsewhere), "{elsewhere:?}");
    assert!(matches!(later, CheckOutcome::Passed(_)), "a refused check costs nothing: {later:?}");
}

pub(super) async fn who_converted_is_spared_by_the_breaker(store: TestStore) {
    let anna = store.judging(Mode::Enforce, &["anna@example.com"]);
    anna.converted("anna@example.com").await;
    for _ in 0..5 {
        anna.guess().await;
    }

    let id = anna.new_id();
    let spared = anna.start(&anna.start_step(&id, "111111").await).await;
    let other = store.judging(Mode::Enforce, &["berta@example.com"]).sent().await;
    for _ in 0..3 {
        anna.guess().await;
    }
    let right = anna.check(&id, "111111").await;

    assert!(was_sent(&spared), "{spared:?}");
    assert_eq!(other, SendOutcome::Refused(Refusal::ChallengeRequired));
    assert!(matches!(right, CheckOutcome::Passed(_)), "{right:?}");
}

pub(super) async fn a_breaker_in_shadow_mode_trips_and_holds_nothing_up(store: TestStore) {
    let store = store.judging(Mode::Shadow, &["anna@example.com"]);
    let mut tripped = Vec::new();
    for _ in 0..20 {
        tripped.extend(match store.guess().await {
            CheckOutcome::Tripped(stage) => Some(stage),
            other => {
                assert_eq!(other, CheckOutcome::Rejected);
                None
            }
        });
    }

    let message = counted(store.sent().await);

    assert_eq!(tripped, [BreakerStage::Challenge, BreakerStage::Limited]);
    assert_eq!(message.findings.shadow, [AbuseRule::SprayBreaker]);
}

pub(super) async fn wrong_codes_of_decoys_trip_nothing(store: TestStore) {
    let store = store.judging(Mode::Enforce, &["anna@example.com"]);
    for guess in 0..20 {
        let decoys = TestStore { judged: None, ..store.clone() };
        let id = decoys.new_id();
        let mut start = decoys.start_step(&id, "111111").await;
        start.verification.standing = macs(&format!("random {guess}")).active;
        counted(decoys.start(&start).await);
        assert_eq!(store.check(&id, "000000").await, CheckOutcome::Rejected);
    }

    assert!(was_sent(&store.sent().await));
}

pub(super) async fn a_budget_in_shadow_mode_reports_and_refuses_nothing(mut store: TestStore) {
    let tenant = TenantBudget { kind: BudgetKind::Tenant, cost: 1, window: Window::per_hour(2) };
    let subject = TenantBudget { kind: BudgetKind::Subject, cost: 1, window: Window::per_hour(4) };
    store.budgets = vec![tenant, subject];
    store.modes = BudgetModes { tenant: Mode::Shadow, ..BudgetModes::default() };

    let mut shadow = Vec::new();
    for _ in 0..4 {
        shadow.push(counted(store.sent().await).findings.shadow);
    }
    let refused = store.sent().await;

    let tenant = vec![AbuseRule::Tenant];
    assert_eq!(shadow, [vec![], vec![], tenant.clone(), tenant]);
    assert!(matches!(refused, SendOutcome::Refused(Refusal::SubjectLimited(_))), "{refused:?}");
}

pub(super) async fn budgets_of_texts_are_shown_with_what_is_used(mut store: TestStore) {
    let germany = prefix("+4915112345678").country;
    let window = Window::per_day(5);
    store.budgets = vec![TenantBudget { kind: BudgetKind::Texts(germany), cost: 1, window }];
    let store = store.judging(Mode::Enforce, &["+4915112345678"]);
    counted(store.sent().await);
    counted(store.sent().await);

    let found = store.inner.conversion(store.scope.tenant, Some(window)).await.unwrap();
    let empty = store.inner.conversion(store.of_another_tenant().scope.tenant, Some(window)).await.unwrap();

    assert_eq!(
        found.texts.iter().map(|(country, count)| (*country, count.used)).collect::<Vec<_>>(),
        [(germany, 2)]
    );
    assert_eq!(empty, Default::default());
}

pub(super) async fn what_a_clock_that_was_ahead_counted_cuts_off_nobody(store: TestStore) {
    let ahead = store.later(2 * DAY);
    for number in numbers_of_one_prefix(10) {
        ahead.judging(Mode::Enforce, &[&number]).sent().await;
    }
    for _ in 0..8 {
        ahead.judging(Mode::Enforce, &["anna@example.com"]).guess().await;
    }

    let set_right = store.judging(Mode::Enforce, &["+4915112999999"]).sent().await;

    assert!(was_sent(&set_right), "{set_right:?}");
}

pub(super) async fn of_many_texts_at_once_no_more_go_out_than_the_rule_allows(store: TestStore) {
    let gate = std::sync::Arc::new(tokio::sync::Barrier::new(40));
    let tasks = numbers_of_one_prefix(40).into_iter().map(|number| {
        let (store, gate) = (store.judging(Mode::Enforce, &[&number]), gate.clone());
        tokio::spawn(async move {
            let step = store.start_step(&store.new_id(), "111111").await;
            gate.wait().await;
            store.start(&step).await
        })
    });
    let tasks: Vec<_> = tasks.collect();

    let mut sent = 0;
    for task in tasks {
        sent += u32::from(was_sent(&task.await.unwrap()));
    }

    assert_eq!(sent, 10);
}
