//! Two ways to ask: as many calls at once as one likes (how much is done), or at set times whatever the answers do
//! (how long it takes).
//!
//! The second kind is timed from when a call was due, not from when it was made: a system that stalls also stalls
//! whoever asks it one call after the other, and then the stall would count once instead of for everybody (the
//! "coordinated omission" of Gil Tene).

mod arrivals;

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub(crate) use arrivals::{Arrivals, Spacing};

/// Keeps `in_flight` calls going for `length`; how many were answered in a second. Each call gets its number.
pub(crate) async fn closed<F, C>(in_flight: usize, length: Duration, call: F) -> anyhow::Result<f64>
where
    F: Fn(usize) -> C + Clone + Send + 'static,
    C: Future<Output = anyhow::Result<()>> + Send,
{
    let began = Instant::now();
    let end = began + length;
    let mut lanes = JoinSet::new();
    for lane in 0..in_flight {
        let call = call.clone();
        lanes.spawn(async move {
            let mut done = 0;
            while Instant::now() < end {
                call(lane + done * in_flight).await?;
                // Those that end after the end were not done within the time.
                done += usize::from(Instant::now() <= end);
            }
            anyhow::Ok(done)
        });
    }
    let mut done = 0;
    while let Some(lane) = lanes.join_next().await {
        done += lane??;
    }
    Ok(done as f64 / length.as_secs_f64())
}

/// An answer to a call that was due at a set time.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    /// From when the call was due.
    pub(crate) took: Duration,
    /// From when the first call was due.
    pub(crate) at: Duration,
    /// What it was.
    pub(crate) outcome: T,
}

/// Makes a call at each of these times, whatever became of those before, and waits for all their answers.
pub(crate) async fn open<F, C, T>(due: Vec<Duration>, call: F) -> anyhow::Result<Vec<Answer<T>>>
where
    F: Fn(usize) -> C + Send + 'static,
    C: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let (sender, mut answers) = mpsc::unbounded_channel();
    let calls = Handle::current();
    let first = Instant::now() + Duration::from_millis(5);
    // On a thread of its own: the runtime's timer goes by whole milliseconds, which is what is to be measured.
    let clock = std::thread::Builder::new().name("bench-clock".to_owned()).spawn(move || {
        for (number, due) in due.into_iter().enumerate() {
            let due = first + due;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let (call, sender) = (call(number), sender.clone());
            calls.spawn(async move {
                let outcome = call.await;
                let now = Instant::now();
                let answer = Answer { took: now.duration_since(due), at: now.duration_since(first), outcome };
                // Nobody listens only when the measurement was given up.
                let _ = sender.send(answer);
            });
        }
    })?;
    let mut all = Vec::new();
    while let Some(answer) = answers.recv().await {
        all.push(answer);
    }
    clock.join().map_err(|_| anyhow::anyhow!("the clock of the load stopped"))?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_closed_loop_waits_for_answers_and_an_end() {
        let call = |_| async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(())
        };

        let rate = closed(3, Duration::from_secs(1), call).await.unwrap();

        assert!((rate - 30.0).abs() < 3.1, "{rate}");
    }

    #[tokio::test]
    async fn a_closed_loop_ends_with_the_first_failure() {
        let outcome = closed(2, Duration::from_secs(60), |_| async { anyhow::bail!("no") }).await;

        assert_eq!(outcome.unwrap_err().to_string(), "no");
    }

    fn due_every_millisecond(calls: u64) -> Vec<Duration> {
        (0..calls).map(Duration::from_millis).collect()
    }

    #[tokio::test]
    async fn an_open_loop_makes_every_call_and_gets_every_answer() {
        let answers = open(due_every_millisecond(50), |number| async move { number }).await.unwrap();

        let mut numbers: Vec<usize> = answers.iter().map(|answer| answer.outcome).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_stall_counts_for_every_call_that_was_due_in_it() {
        // One server, which takes 100 ms for the first call and nothing for the others: they wait behind it.
        let server = std::sync::Arc::new(tokio::sync::Mutex::new(()));
        let call = move |number| {
            let server = std::sync::Arc::clone(&server);
            async move {
                let _turn = server.lock().await;
                let stall = if number == 0 { Duration::from_millis(100) } else { Duration::ZERO };
                tokio::time::sleep(stall).await;
            }
        };

        let answers = open(due_every_millisecond(50), call).await.unwrap();

        let late = answers.iter().filter(|answer| answer.took >= Duration::from_millis(45)).count();
        assert_eq!((answers.len(), late), (50, 50));
    }
}
