//! What probes of a provider that is left alone do to its pause.

use super::*;

#[test]
fn the_first_answer_after_a_missed_probe_ends_the_pause_for_every_message() {
    let breaker = opened();

    let missed = breaker.probed(false, NOW, NOW);
    let answered = breaker.probed(true, NOW, NOW);
    let again = breaker.probed(true, NOW, NOW);

    assert_eq!([missed, answered, again], [false, true, false]);
    assert_eq!(breaker.admit(false, NOW), Admission::Trial);
}

#[test]
fn a_front_that_answers_every_probe_keeps_its_growing_pause() {
    let breaker = opened();
    let mut now = NOW;
    let mut pauses = Vec::new();

    for _ in 0..4 {
        let trial_at = breaker.view().trial_at.unwrap();
        let half_way = now.plus(trial_at.since(now) / 2);
        assert!(!breaker.probed(true, half_way, half_way));
        assert!(!is_admitted(&breaker, true, half_way));
        pauses.push(trial_at.since(now).as_secs());
        now = trial_at;
        assert_eq!(breaker.admit(true, now), Admission::Trial);
        breaker.failed(now, None, most);
    }

    assert_eq!(pauses, [15, 30, 60, 120]);
}

#[test]
fn a_trial_that_fails_after_a_return_makes_the_pause_longer_though_probes_are_answered() {
    let breaker = opened();
    breaker.probed(false, NOW, NOW);
    assert!(breaker.probed(true, NOW, NOW));
    breaker.admit(true, NOW);

    breaker.failed(NOW, None, most);

    assert!(!breaker.probed(true, NOW, NOW));
    assert_eq!(breaker.admit(true, NOW), Admission::LeftAlone { until: NOW.plus(2 * PAUSE) });
}

#[test]
fn a_probe_that_began_before_the_last_trial_failed_tells_nothing() {
    let breaker = opened();
    let later = NOW.plus(PAUSE);
    breaker.admit(true, later);
    breaker.failed(later, None, most);

    breaker.probed(false, NOW, later);

    assert!(!breaker.probed(true, later, later));
}

#[test]
fn probes_close_nothing_and_say_nothing_of_a_provider_that_is_not_left_alone() {
    let (closed, half_open) = (Breaker::new(POLICY), opened());
    half_open.admit(true, NOW.plus(PAUSE));

    for breaker in [&closed, &half_open] {
        let before = breaker.view();
        let later = NOW.plus(PAUSE);
        let said = [false, true].map(|is_answered| breaker.probed(is_answered, later, later));
        assert_eq!((said, breaker.view(), breaker.is_awaited(later)), ([false, false], before, false));
    }
}

#[test]
fn who_went_missing_is_awaited_until_it_answers_and_others_until_any_message_may_try() {
    let (missing, answering) = (opened(), opened());
    let much_later = NOW.plus(10 * PAUSE);

    missing.probed(false, NOW, NOW);
    answering.probed(true, NOW, NOW);
    let while_left_alone = [missing.is_awaited(NOW), answering.is_awaited(NOW)];
    let after_it = [missing.is_awaited(much_later), answering.is_awaited(much_later)];
    missing.probed(true, much_later, much_later);

    assert_eq!((while_left_alone, after_it), ([true, true], [true, false]));
    assert!(!missing.is_awaited(much_later));
}

#[test]
fn who_asked_to_be_left_alone_is_not_probed_and_keeps_its_pause_until_then() {
    let breaker = opened();
    let (trial_at, asked) = (NOW.plus(PAUSE), 4 * PAUSE);
    breaker.admit(true, trial_at);
    breaker.failed(trial_at, Some(asked), most);
    let (soon, until) = (trial_at.plus(PAUSE), trial_at.plus(asked));

    let while_asked = [false, true].map(|is_answered| breaker.probed(is_answered, soon, soon));
    let is_awaited = [soon, until].map(|at| breaker.is_awaited(at));

    assert_eq!((while_asked, is_awaited), ([false; 2], [false, true]));
    assert_eq!(breaker.admit(true, soon), Admission::LeftAlone { until });
    assert_eq!(breaker.admit(true, until), Admission::Trial);
}
