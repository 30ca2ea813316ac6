//! The time grid on which answers leave that would otherwise tell by their speed whether an account exists.

use std::time::Duration;

/// How long to wait so that an answer whose work took `elapsed` leaves at `floor` or its next multiple.
///
/// Waiting only up to a floor would still show the tail of the work behind it; a grid shows at most which
/// slot was missed. A zero floor means no grid.
pub(crate) fn next_grid(elapsed: Duration, floor: Duration) -> Duration {
    if floor.is_zero() {
        return Duration::ZERO;
    }
    let slots = elapsed.as_nanos().div_ceil(floor.as_nanos()).max(1);
    let wait = slots.saturating_mul(floor.as_nanos()).saturating_sub(elapsed.as_nanos());
    Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_leave_at_the_floor_or_its_next_multiple() {
        let floor = Duration::from_millis(150);
        let waits = [0, 1, 149, 150, 151, 301]
            .map(|taken| next_grid(Duration::from_millis(taken), floor).as_millis());

        assert_eq!(waits, [150, 149, 1, 0, 149, 149]);
        assert_eq!(next_grid(Duration::from_millis(7), Duration::ZERO), Duration::ZERO);
    }
}
