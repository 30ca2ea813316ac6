//! Moments and spans both ways between the wire and the microseconds that the suite counts in.
//!
//! A moment is an `i64` of microseconds since the Unix epoch here, since this crate knows no other of ours;
//! `rekey_primitives::clock::Timestamp` wraps exactly that.

use std::time::Duration;

/// A moment as the wire has it.
pub fn timestamp(unix_micros: i64) -> prost_types::Timestamp {
    let nanos = i32::try_from(unix_micros.rem_euclid(1_000_000) * 1_000).expect("below a billion");
    prost_types::Timestamp { seconds: unix_micros.div_euclid(1_000_000), nanos }
}

/// Microseconds since the Unix epoch, rounded down; `None` for what is no moment: nanoseconds out of range, or too far
/// away to be counted.
pub fn unix_micros(at: &prost_types::Timestamp) -> Option<i64> {
    let nanos = u32::try_from(at.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    at.seconds.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1_000))
}

/// A span as the wire has it; what is too long for it becomes the longest.
pub fn duration(span: Duration) -> prost_types::Duration {
    let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    let nanos = i32::try_from(span.subsec_nanos()).expect("below a billion");
    prost_types::Duration { seconds, nanos }
}

/// A span of the wire; `None` for a negative one and for nanoseconds out of range.
pub fn std_duration(span: &prost_types::Duration) -> Option<Duration> {
    let nanos = u32::try_from(span.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(u64::try_from(span.seconds).ok()?, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_comes_back_as_it_went() {
        for micros in [0, 1, -1, 1_999_999, -1_500_000, i64::MAX, i64::MIN + 1_000_000] {
            assert_eq!(unix_micros(&timestamp(micros)), Some(micros));
        }
    }

    #[test]
    fn a_moment_before_the_epoch_has_a_positive_fraction() {
        assert_eq!(timestamp(-1), prost_types::Timestamp { seconds: -1, nanos: 999_999_000 });
    }

    #[test]
    fn what_is_no_moment_does_not_read() {
        let moments = [(0, -1), (0, 1_000_000_000), (i64::MAX, 0), (i64::MIN, 0)];

        for (seconds, nanos) in moments {
            assert_eq!(unix_micros(&prost_types::Timestamp { seconds, nanos }), None);
        }
    }

    #[test]
    fn a_span_comes_back_as_it_went_and_is_never_negative() {
        let span = Duration::new(90, 5);

        assert_eq!(std_duration(&duration(span)), Some(span));
        assert_eq!(std_duration(&prost_types::Duration { seconds: -1, nanos: 0 }), None);
        assert_eq!(duration(Duration::MAX).seconds, i64::MAX);
    }
}
