//! Response timing: answers that could tell by their speed whether an account exists leave in slots, at `answer_floor` or at a
//! multiple of it. Waiting costs no thread and no connection; the work behind it has ended.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// Has answers leave in slots.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResponseTiming {
    pub floor: Duration,
}

impl ResponseTiming {
    /// Does the work and hands its outcome over at the end of a slot, whatever it is.
    pub(crate) async fn even<T>(self, work: impl Future<Output = T>) -> T {
        in_slots(self.floor, work).await
    }
}

async fn in_slots<T>(floor: Duration, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let outcome = work.await;
    let rest = rest_of_slot(began.elapsed(), floor);
    // Even a sleep of nothing lasts until the next millisecond begins.
    if !rest.is_zero() {
        tokio::time::sleep(rest).await;
    }
    outcome
}

/// How long to wait so that an answer whose work took `elapsed` leaves at `floor` or its next multiple.
///
/// Waiting only up to a floor would still show the tail of the work behind it; a grid shows at most which
/// slot was missed. A zero floor means no grid.
fn rest_of_slot(elapsed: Duration, floor: Duration) -> Duration {
    if floor.is_zero() {
        return Duration::ZERO;
    }
    let slots = elapsed.as_nanos().div_ceil(floor.as_nanos()).max(1);
    let wait = slots.saturating_mul(floor.as_nanos()).saturating_sub(elapsed.as_nanos());
    Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn quick_and_slow_work_leave_in_slots() {
        let floor = Duration::from_millis(150);
        let mut left = Vec::new();
        for taken in [1, 149, 151] {
            let began = Instant::now();
            in_slots(floor, tokio::time::sleep(Duration::from_millis(taken))).await;
            left.push(began.elapsed().as_millis());
        }

        assert_eq!(left, [150, 150, 300]);
    }

    #[test]
    fn answers_leave_at_the_floor_or_its_next_multiple() {
        let floor = Duration::from_millis(150);
        let waits = [0, 1, 149, 150, 151, 301]
            .map(|taken| rest_of_slot(Duration::from_millis(taken), floor).as_millis());

        assert_eq!(waits, [150, 149, 1, 0, 149, 149]);
        assert_eq!(rest_of_slot(Duration::from_millis(7), Duration::ZERO), Duration::ZERO);
    }

    #[tokio::test]
    async fn no_floor_is_no_wait() {
        let mut answer = pin!(in_slots(Duration::ZERO, async {}));

        let at_once = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));

        assert!(at_once.is_ready());
    }
}
