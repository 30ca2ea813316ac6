//! Answers on a time grid: those that could tell by their speed whether an account exists leave at `answer_floor` or
//! at a multiple of it. Waiting costs no thread and no connection; the work behind it has ended.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::Identity;
use crate::domain::reset::grid::next_grid;

impl Identity {
    /// Runs `work` and hands its outcome over on the grid, whatever it is.
    pub(crate) async fn on_grid<T>(&self, work: impl Future<Output = T>) -> T {
        on_grid(self.settings.answer_floor(), work).await
    }
}

async fn on_grid<T>(floor: Duration, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let outcome = work.await;
    let rest = next_grid(began.elapsed(), floor);
    // Even a sleep of nothing lasts until the next millisecond begins.
    if !rest.is_zero() {
        tokio::time::sleep(rest).await;
    }
    outcome
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
            on_grid(floor, tokio::time::sleep(Duration::from_millis(taken))).await;
            left.push(began.elapsed().as_millis());
        }

        assert_eq!(left, [150, 150, 300]);
    }

    #[tokio::test]
    async fn no_floor_is_no_wait() {
        let mut answer = pin!(on_grid(Duration::ZERO, async {}));

        let at_once = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));

        assert!(at_once.is_ready());
    }
}
