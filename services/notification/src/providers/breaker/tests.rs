use super::*;

mod model;
mod probes;

const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);
const PAUSE: Duration = Duration::from_secs(15);
const POLICY: BreakerPolicy =
    BreakerPolicy { faults: 3, pause: PAUSE, longest_pause: Duration::from_secs(300) };

/// The shortest wait there may be.
fn least(_: u64) -> u64 {
    0
}

/// The longest.
fn most(bound: u64) -> u64 {
    bound - 1
}

fn opened() -> Breaker {
    let breaker = Breaker::new(POLICY);
    let said = [NOW, NOW, NOW].map(|now| breaker.failed(now, None, most));
    assert_eq!(said, [false, false, true]);
    breaker
}

fn fail(breaker: &Breaker, times: usize) {
    for _ in 0..times {
        breaker.failed(NOW, None, most);
    }
}

fn is_admitted(breaker: &Breaker, is_fresh: bool, now: Timestamp) -> bool {
    !matches!(breaker.admit(is_fresh, now), Admission::LeftAlone { .. })
}

#[test]
fn faults_in_a_row_open_it() {
    let until = NOW.plus(PAUSE);

    assert_eq!(opened().admit(true, NOW), Admission::LeftAlone { until });
}

#[test]
fn an_answer_between_faults_starts_the_count_anew() {
    let breaker = Breaker::new(BreakerPolicy { faults: 2, ..POLICY });

    breaker.failed(NOW, None, most);
    breaker.worked(NOW);
    breaker.failed(NOW, None, most);

    assert_eq!(breaker.admit(true, NOW), Admission::Admitted);
}

#[test]
fn after_the_pause_one_message_tries_and_its_answer_closes_it() {
    let breaker = opened();
    let later = NOW.plus(PAUSE);

    let trials = [breaker.admit(true, later), breaker.admit(true, later)];

    assert_eq!(trials, [Admission::Trial, Admission::LeftAlone { until: later }]);
    assert!(breaker.worked(later));
    assert_eq!(breaker.admit(false, later), Admission::Admitted);
}

/// Has one trial after the other fail as soon as there may be one, and gives the pauses.
fn pauses(breaker: &Breaker, trials: usize, draw: fn(u64) -> u64) -> Vec<u64> {
    let mut now = NOW;
    let mut pauses = Vec::new();
    for _ in 0..trials {
        let trial_at = breaker.view().trial_at.unwrap();
        pauses.push(trial_at.since(now).as_secs());
        now = trial_at;
        assert_eq!(breaker.admit(true, now), Admission::Trial);
        assert!(!breaker.failed(now, None, draw));
    }
    pauses
}

#[test]
fn the_pause_doubles_with_every_trial_that_fails_up_to_the_longest() {
    assert_eq!(pauses(&opened(), 8, most), [15, 30, 60, 120, 240, 300, 300, 300]);
    assert_eq!(pauses(&opened(), 8, least), [15, 15, 30, 60, 120, 150, 150, 150]);
}

#[test]
fn an_answer_makes_the_pause_the_first_one_again() {
    let breaker = opened();
    pauses(&breaker, 5, most);

    breaker.worked(NOW);
    fail(&breaker, 3);

    assert_eq!(breaker.view().trial_at, Some(NOW.plus(PAUSE)));
}

#[test]
fn a_message_that_failed_before_tries_only_where_no_fresh_one_came() {
    let breaker = opened();
    let later = NOW.plus(PAUSE);

    let at_once = breaker.admit(false, later);
    let fresh = is_admitted(&opened(), true, later);
    let after_another_pause = is_admitted(&breaker, false, later.plus(PAUSE));

    assert_eq!(at_once, Admission::LeftAlone { until: NOW.plus(2 * PAUSE) });
    assert!(fresh && after_another_pause);
}

#[test]
fn a_provider_that_asks_to_be_left_alone_is_for_a_while() {
    let asking = |seconds| {
        let breaker = Breaker::new(BreakerPolicy { faults: 1, ..POLICY });
        breaker.failed(NOW, Some(Duration::from_secs(seconds)), most);
        breaker.admit(true, NOW)
    };

    let until = |seconds| Admission::LeftAlone { until: NOW.plus(Duration::from_secs(seconds)) };
    assert_eq!([asking(1), asking(60), asking(86_400)], [until(15), until(60), until(300)]);
}

#[test]
fn what_was_under_way_when_it_opened_does_not_keep_it_open() {
    let breaker = opened();

    breaker.failed(NOW.plus(PAUSE / 2), None, most);

    assert!(is_admitted(&breaker, true, NOW.plus(PAUSE)));
}

#[test]
fn the_outlook_is_what_was_heard_last() {
    let (fresh, open) = (Breaker::new(POLICY), opened());
    let (at_first, until) = (fresh.outlook(NOW), NOW.plus(PAUSE));
    fresh.failed(NOW, None, most);

    assert_eq!((at_first, fresh.outlook(NOW)), (Outlook::Taken, Outlook::Fault));
    assert_eq!(open.outlook(NOW), Outlook::LeftAlone { until });
    assert_eq!(open.outlook(until), Outlook::Fault);
    assert!(is_admitted(&open, true, until));
    assert_eq!(open.outlook(until), Outlook::LeftAlone { until });
}

#[test]
fn what_is_shown_of_it_follows_it_around() {
    let breaker = Breaker::new(POLICY);
    let seen = |breaker: &Breaker| {
        let view = breaker.view();
        (view.state, view.since, view.faults_in_a_row)
    };
    let later = NOW.plus(PAUSE);

    let at_first = seen(&breaker);
    fail(&breaker, 3);
    let open = seen(&breaker);
    breaker.admit(true, later);
    let half_open = seen(&breaker);
    breaker.worked(later);

    assert_eq!(at_first, (BreakerState::Closed, None, 0));
    assert_eq!(open, (BreakerState::Open, Some(NOW), 3));
    assert_eq!(half_open, (BreakerState::HalfOpen, Some(later), 3));
    assert_eq!(seen(&breaker), (BreakerState::Closed, Some(later), 0));
}

#[test]
fn a_clock_that_is_set_back_does_not_lengthen_the_pause() {
    let day_before = NOW.minus(Duration::from_secs(86_400));

    assert!(is_admitted(&opened(), true, day_before));
}
