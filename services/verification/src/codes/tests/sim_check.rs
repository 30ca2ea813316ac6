//! SIMs that were changed of late hold codes back, and nobody sees by the time who was asked about.

use rekey_primitives::contact::PhoneNumber;
use tokio::time::Instant;

use super::*;
use crate::codes::sim_check::{SimCheck, SimCheckOptions};
use crate::domain::budgets::Window;
use crate::domain::sim_change::{SimChangeRule, SimHistory, WhenUnknown};
use crate::peers::SimHistories;

const NUMBER: &str = "+4915112345642";
const OTHER: &str = "+4915112345643";
const TAKES: Duration = seconds(2);
const HOLD: Duration = seconds(3_600);
const CACHED_FOR: Duration = seconds(600);

/// Knows one number's change, takes its time, and counts who asks.
struct FakeGateway {
    changed: Mutex<Option<SimHistory>>,
    takes: Duration,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl SimHistories for FakeGateway {
    async fn history(&self, number: &PhoneNumber) -> SimHistory {
        self.asked.lock().unwrap().push(number.as_str().to_owned());
        tokio::time::sleep(self.takes).await;
        let changed = *self.changed.lock().unwrap();
        changed.filter(|_| number.as_str() == NUMBER).unwrap_or(SimHistory::ChangedOfLate(false))
    }
}

struct Checked {
    service: TestService,
    gateway: Arc<FakeGateway>,
}

fn checked(history: SimHistory, takes: Duration, when_unknown: WhenUnknown) -> Checked {
    let mut service =
        TestService::in_memory(&settings(|settings| settings.phone.countries = vec!["DE".to_owned()]));
    let gateway =
        Arc::new(FakeGateway { changed: Mutex::new(Some(history)), takes, asked: Mutex::default() });
    let throttle = Arc::clone(&service.codes.throttle);
    service.codes.sim_check = Some(SimCheck::new(gateway.clone(), throttle, options(when_unknown)));
    Checked { service, gateway }
}

fn options(when_unknown: WhenUnknown) -> SimCheckOptions {
    SimCheckOptions {
        rule: SimChangeRule { hold: HOLD, when_unknown },
        takes: TAKES,
        cached_for: CACHED_FOR,
        cached: 1,
        lookups: Window::per_day(1_000),
    }
}

impl Checked {
    /// The same with so many look-ups a day.
    fn with_lookups(mut self, limit: u32, when_unknown: WhenUnknown) -> Self {
        let options = SimCheckOptions { lookups: Window::per_day(limit), ..options(when_unknown) };
        let throttle = Arc::clone(&self.service.codes.throttle);
        self.service.codes.sim_check = Some(SimCheck::new(self.gateway.clone(), throttle, options));
        self
    }

    fn asked(&self) -> Vec<String> {
        self.gateway.asked.lock().unwrap().clone()
    }
}

/// What came of a start, and how long it took.
async fn timed(service: &TestService, request: &StartRequest) -> (Result<SentCode, Error>, Duration) {
    let begun = Instant::now();
    (service.start(request).await, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_changed_sim_holds_codes_back_until_its_time_is_over() {
    let Checked { service, .. } = checked(SimHistory::ChangedAt(BEGIN), Duration::ZERO, WhenUnknown::Send);
    let request = start_request(NUMBER);

    let held = service.start(&request).await;
    service.clock.advance(HOLD);
    let sent = service.start(&request).await;

    assert_eq!(refusal(held), Refusal::SimChanged);
    assert!(sent.unwrap().sent);
}

#[tokio::test(start_paused = true)]
async fn of_several_numbers_one_that_is_held_back_is_withheld() {
    let Checked { service, .. } = checked(SimHistory::ChangedOfLate(true), Duration::ZERO, WhenUnknown::Send);

    service.start(&start_request_to(&[NUMBER, OTHER])).await.unwrap();

    let to: Vec<_> = service.messages().iter().map(|sent| sent.destination.as_str().to_owned()).collect();
    assert_eq!(to, [OTHER]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_is_sent_or_held_as_was_set() {
    for (when_unknown, is_sent) in [(WhenUnknown::Send, true), (WhenUnknown::Hold, false)] {
        let silent = checked(SimHistory::ChangedOfLate(false), seconds(60), when_unknown);

        let outcome = silent.service.start(&start_request(NUMBER)).await;

        assert_eq!(outcome.is_ok(), is_sent, "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_text_takes_as_long_whether_its_number_was_asked_about_or_not() {
    let quick = checked(SimHistory::ChangedOfLate(false), seconds(1), WhenUnknown::Send);
    let silent = checked(SimHistory::ChangedOfLate(false), seconds(60), WhenUnknown::Send);
    let held = checked(SimHistory::ChangedOfLate(true), seconds(1), WhenUnknown::Send);
    let mut decoy = start_request(OTHER);
    decoy.route.decoy = true;

    let (_, of_decoy) = timed(&quick.service, &decoy).await;
    let asked_for_a_decoy = quick.asked();
    let (_, of_quick) = timed(&quick.service, &start_request(NUMBER)).await;
    let (_, of_remembered) = timed(&quick.service, &start_request(NUMBER)).await;
    let (_, of_silent) = timed(&silent.service, &start_request(NUMBER)).await;
    let (stopped, of_held) = timed(&held.service, &start_request(NUMBER)).await;
    let (_, of_mail) = timed(&quick.service, &start_request("anna@example.com")).await;

    assert_eq!(refusal(stopped), Refusal::SimChanged);
    assert_eq!([of_decoy, of_quick, of_remembered, of_silent, of_held], [TAKES; 5]);
    assert_eq!(of_mail, Duration::ZERO);
    assert_eq!(asked_for_a_decoy, [""; 0]);
    assert_eq!(quick.asked(), [NUMBER]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_and_the_decoy_in_its_place_take_together_as_long_as_a_message() {
    let held = checked(SimHistory::ChangedOfLate(true), seconds(1), WhenUnknown::Send);
    let free = checked(SimHistory::ChangedOfLate(false), seconds(1), WhenUnknown::Send);
    let real = start_request(NUMBER);
    let mut decoy = StartRequest { request_id: request_id(), ..real.clone() };
    decoy.route.decoy = true;

    let (refused, first) = timed(&held.service, &real).await;
    let (taken, second) = timed(&held.service, &decoy).await;
    let (_, alone) = timed(&free.service, &decoy).await;

    assert_eq!(refusal(refused), Refusal::SimChanged);
    assert!(taken.unwrap().sent);
    assert_eq!((first + second, alone), (TAKES, TAKES));
}

#[tokio::test(start_paused = true)]
async fn who_is_over_a_budget_is_not_asked_about_and_waits_as_well() {
    let mut checked = checked(SimHistory::ChangedOfLate(false), seconds(1), WhenUnknown::Send);
    let mut rules = settings(|settings| settings.limits.destination_per_hour = 1).rules().unwrap();
    rules.phone_countries = Arc::clone(&checked.service.codes.rules.phone_countries);
    checked.service.codes.rules = Arc::new(rules);
    let request = start_request(NUMBER);
    checked.service.start(&request).await.unwrap();
    checked.service.clock.advance(seconds(601));

    let (limited, took) = timed(&checked.service, &another(&request)).await;

    assert!(matches!(refusal(limited), Refusal::DestinationLimited(_)));
    assert_eq!((took, checked.asked().len()), (TAKES, 1));
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_held_back_costs_its_owner_nothing() {
    let checked = checked(SimHistory::ChangedAt(BEGIN), Duration::ZERO, WhenUnknown::Send);
    let request = start_request(NUMBER);
    for _ in 0..20 {
        assert_eq!(refusal(checked.service.start(&another(&request)).await), Refusal::SimChanged);
    }

    checked.service.clock.advance(HOLD);

    assert!(checked.service.start(&request).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_repeated_call_asks_nobody_and_waits_for_nothing() {
    let checked = checked(SimHistory::ChangedOfLate(false), seconds(1), WhenUnknown::Send);
    let request = start_request(NUMBER);
    checked.service.start(&request).await.unwrap();

    let (repeated, took) = timed(&checked.service, &request).await;

    assert!(repeated.unwrap().sent);
    assert_eq!((took, checked.asked().len()), (Duration::ZERO, 1));
}

#[tokio::test(start_paused = true)]
async fn answers_are_remembered_for_a_while_and_no_more_than_there_is_room_for() {
    let checked = checked(SimHistory::ChangedOfLate(false), Duration::ZERO, WhenUnknown::Send);
    let service = &checked.service;
    let start = async |number: &str| service.start(&start_request(number)).await.unwrap();

    start(NUMBER).await;
    start(NUMBER).await;
    start(OTHER).await;
    start(OTHER).await;
    service.clock.advance(seconds(600));
    start(OTHER).await;
    start(OTHER).await;

    assert_eq!(checked.asked(), [NUMBER, OTHER, OTHER, OTHER], "there is room for one");
}

#[tokio::test(start_paused = true)]
async fn look_ups_of_a_tenant_end_also_where_every_message_is_refused() {
    for (when_unknown, is_sent) in [(WhenUnknown::Send, true), (WhenUnknown::Hold, false)] {
        let changed = checked(SimHistory::ChangedOfLate(true), Duration::ZERO, when_unknown);
        let Checked { service, gateway } = changed.with_lookups(2, when_unknown);
        let request = start_request(NUMBER);
        for _ in 0..2 {
            assert_eq!(refusal(service.start(&another(&request)).await), Refusal::SimChanged);
            service.clock.advance(CACHED_FOR);
        }

        let unknown = service.start(&another(&request)).await;
        let of_another_tenant = service.start(&start_request(NUMBER)).await;

        assert_eq!(unknown.is_ok(), is_sent, "{unknown:?}");
        assert_eq!(refusal(of_another_tenant), Refusal::SimChanged);
        assert_eq!(gateway.asked.lock().unwrap().len(), 3);
    }
}
