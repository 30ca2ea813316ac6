//! Breakers of other products that never closed again, mended since: `docs/public-faults.md`.

use super::*;

const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);
const PAUSE: Duration = Duration::from_secs(15);

fn probing() -> (Breaker, Timestamp) {
    let longest_pause = Duration::from_secs(300);
    let breaker = Breaker::new(BreakerPolicy { faults: 1, pause: PAUSE, longest_pause });
    breaker.failed(NOW, None, |_| 0);
    let later = NOW.plus(PAUSE);
    assert_eq!(breaker.admit(true, later), Admission::Trial);
    (breaker, later)
}

// OmniRoute #13849: a probe that never ended kept the provider away for six days.
#[test]
fn a_probe_that_never_ends_is_followed_by_another() {
    let (breaker, probed_at) = probing();
    let just_before = probed_at.plus(PAUSE).minus(Duration::from_micros(1));

    let meanwhile = breaker.admit(true, just_before);
    let next = breaker.admit(true, probed_at.plus(PAUSE));
    let beside_it = breaker.admit(true, probed_at.plus(PAUSE));

    assert!(matches!(meanwhile, Admission::LeftAlone { .. }), "{meanwhile:?}");
    assert_eq!(next, Admission::Trial);
    assert!(matches!(beside_it, Admission::LeftAlone { .. }), "{beside_it:?}");
    assert!(breaker.worked(probed_at.plus(PAUSE)));
    assert_eq!(breaker.admit(false, probed_at.plus(PAUSE)), Admission::Admitted);
}

#[test]
fn a_lost_probe_that_fails_late_keeps_nobody_away_for_good() {
    let (breaker, probed_at) = probing();
    let again = probed_at.plus(PAUSE);
    assert_eq!(breaker.admit(true, again), Admission::Trial);

    breaker.failed(again, None, |_| 0);
    let left_alone = breaker.admit(true, again);
    let after_a_pause = breaker.admit(true, again.plus(PAUSE));

    assert_eq!(left_alone, Admission::LeftAlone { until: again.plus(PAUSE) });
    assert_eq!(after_a_pause, Admission::Trial);
}
