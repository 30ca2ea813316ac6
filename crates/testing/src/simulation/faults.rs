//! Faults at the points of simulated calls.
//!
//! A point is where a call waits for something outside of it: before and behind every call of a store or a neighbour. At a
//! point it may fail, which before is work that was not done and behind an answer that was lost; it may be given up, as when
//! its caller goes away; or another call goes on first. So calls that are made side by side move from point to point in an
//! order that is drawn, and what they wait for between two points, such as a thread with a database, changes nothing in it.

use std::fmt;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use super::{Chance, Tally};

/// Of this many faults one gives the call up; the others fail.
const FAULTS_A_DROP: u64 = 3;

/// So often people make a call that is not answered.
const TRIES: usize = 6;

/// Calls that people make at once, each at a replica of its own.
pub const REPLICAS: usize = 2;

/// Calls to be made side by side.
pub type SideBySide<'a, T> = Vec<Pin<Box<dyn Future<Output = T> + 'a>>>;

/// A call did not do what it was asked to, or its answer was lost.
#[derive(Debug)]
pub struct Fault;

/// Decides what happens at points. Clones decide together; one without a world lets everything pass.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<World>>);

struct World {
    chance: Chance,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Calls are being made side by side; other calls pass.
    is_running: bool,
    /// Points for each fault; none where there are none.
    one_in: Option<u64>,
    /// Where the call that was looked at last has come to.
    reached: Option<Reached>,
    tally: Tally,
}

/// Where a call has come to. The later one counts, where parts of a call have come to both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    Point,
    /// It is given up here.
    End,
}

/// What happens at a point.
enum Fate {
    Passes,
    Fails,
    IsGivenUp,
}

/// What became of a call that went on to its next point.
enum Progress<T> {
    Done(T),
    Reached(Reached),
}

impl Faults {
    /// Faults of a world; none for now.
    #[must_use]
    pub fn of(chance: Chance) -> Self {
        Self(Some(Arc::new(World { chance, state: Mutex::default() })))
    }

    /// From now on one point in so many has a fault, or none has.
    pub fn set_one_in(&self, one_in: Option<u64>) {
        if let Some(world) = &self.0 {
            world.state().one_in = one_in;
        }
    }

    /// How often what happened up to now.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.0.as_ref().map(|world| world.state().tally.clone()).unwrap_or_default()
    }

    /// A call of a store or a neighbour, between two points.
    ///
    /// # Errors
    /// Those of the call, and what `failed` makes of a fault.
    pub async fn around<T, E>(
        &self,
        call: impl Future<Output = Result<T, E>>,
        failed: impl Fn(Fault) -> E,
    ) -> Result<T, E> {
        self.point().await.map_err(&failed)?;
        let answer = call.await?;
        self.point().await.map_err(&failed)?;
        Ok(answer)
    }

    /// A point: another call may go on here.
    ///
    /// # Errors
    /// A fault.
    pub async fn point(&self) -> Result<(), Fault> {
        self.arrive(true).await
    }

    /// A point of a call that holds what others wait for, so that none of them goes on here.
    ///
    /// # Errors
    /// A fault.
    pub async fn point_alone(&self) -> Result<(), Fault> {
        self.arrive(false).await
    }

    async fn arrive(&self, others_go_on: bool) -> Result<(), Fault> {
        let world = self.0.as_ref().filter(|world| world.state().is_running);
        let Some(world) = world else { return Ok(()) };
        match world.fate() {
            Fate::IsGivenUp => {
                world.stop(Reached::End).await;
                // Nobody comes back to it.
                pending().await
            }
            fate => {
                if others_go_on {
                    world.stop(Reached::Point).await;
                }
                if matches!(fate, Fate::Fails) { Err(Fault) } else { Ok(()) }
            }
        }
    }

    /// Makes calls side by side, from point to point in an order that is drawn, and `between` two points what it says.
    /// `None` for a call that was given up.
    pub async fn side_by_side<T>(&self, calls: SideBySide<'_, T>, between: impl Fn()) -> Vec<Option<T>> {
        let world = self.0.as_ref().unwrap_or_else(|| panic!("faults without a world"));
        world.state().is_running = true;
        let mut ended: Vec<Option<T>> = calls.iter().map(|_| None).collect();
        let mut running: Vec<_> = calls.into_iter().enumerate().collect();
        while !running.is_empty() {
            let next = world.chance.below(running.len() as u64) as usize;
            match world.go_on(&mut running[next].1).await {
                Progress::Done(answer) => ended[running.swap_remove(next).0] = Some(answer),
                Progress::Reached(Reached::End) => drop(running.swap_remove(next)),
                Progress::Reached(Reached::Point) => {}
            }
            between();
        }
        world.state().is_running = false;
        ended
    }

    /// Makes these calls, as many at once as there are replicas and each at one of them, again and again while they have no
    /// answer: what each was answered, if it was. `call` is told the replica by its number, and gives nothing where it broke.
    pub async fn answers<R, A>(
        &self,
        requests: &[R],
        call: impl AsyncFn(usize, &R) -> Option<A>,
        between: impl Fn(),
    ) -> Vec<Option<A>> {
        let world = self.0.as_ref().unwrap_or_else(|| panic!("faults without a world"));
        let mut answers: Vec<Option<A>> = requests.iter().map(|_| None).collect();
        for _ in 0..TRIES {
            let open: Vec<usize> = (0..requests.len()).filter(|at| answers[*at].is_none()).collect();
            for some in open.chunks(REPLICAS) {
                let first = world.chance.below(REPLICAS as u64) as usize;
                let mut calls: SideBySide<'_, Option<A>> = Vec::new();
                for (place, at) in some.iter().enumerate() {
                    calls.push(Box::pin(call((first + place) % REPLICAS, &requests[*at])));
                }
                let ended = self.side_by_side(calls, &between).await;
                for (at, ended) in some.iter().zip(ended) {
                    answers[*at] = ended.flatten();
                }
            }
        }
        answers
    }
}

impl World {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self) -> Fate {
        let one_in = self.state().one_in;
        let (fate, name) = match one_in {
            Some(one_in) if self.chance.one_in(one_in) => {
                if self.chance.one_in(FAULTS_A_DROP) {
                    (Fate::IsGivenUp, "calls given up")
                } else {
                    (Fate::Fails, "faults")
                }
            }
            _ => (Fate::Passes, "points passed"),
        };
        *self.state().tally.entry(name).or_default() += 1;
        fate
    }

    /// Lets whoever makes the calls choose who goes on.
    async fn stop(&self, at: Reached) {
        let mut has_stopped = false;
        poll_fn(|context| {
            if std::mem::replace(&mut has_stopped, true) {
                return Poll::Ready(());
            }
            let mut state = self.state();
            state.reached = state.reached.max(Some(at));
            // The call may look at its parts only when they ask for it.
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Goes on with one call, to its next point.
    async fn go_on<T>(&self, call: &mut Pin<Box<dyn Future<Output = T> + '_>>) -> Progress<T> {
        poll_fn(|context| {
            let looked_at = call.as_mut().poll(context);
            let reached = self.state().reached.take();
            match (looked_at, reached) {
                (Poll::Ready(answer), _) => Poll::Ready(Progress::Done(answer)),
                (Poll::Pending, Some(reached)) => Poll::Ready(Progress::Reached(reached)),
                // It waits for something that no other call has.
                (Poll::Pending, None) => Poll::Pending,
            }
        })
        .await
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a simulated fault")
    }
}

impl std::error::Error for Fault {}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faults")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls that note their points in one list.
    fn calls<'a>(faults: &'a Faults, noted: &'a Mutex<Vec<u8>>) -> SideBySide<'a, Result<(), Fault>> {
        let call = |number: u8| -> Pin<Box<dyn Future<Output = Result<(), Fault>> + 'a>> {
            Box::pin(async move {
                for _ in 0..20 {
                    faults.point().await?;
                    noted.lock().unwrap().push(number);
                }
                Ok(())
            })
        };
        vec![call(1), call(2)]
    }

    async fn noted(seed: u64, one_in: Option<u64>) -> (Vec<u8>, Vec<&'static str>) {
        let (faults, noted) = (Faults::of(Chance::of(seed)), Mutex::default());
        faults.set_one_in(one_in);
        let ended = faults.side_by_side(calls(&faults, &noted), || {}).await;
        let how = |ended: &Option<Result<(), Fault>>| match ended {
            Some(Ok(())) => "done",
            Some(Err(Fault)) => "failed",
            None => "given up",
        };
        (noted.into_inner().unwrap(), ended.iter().map(how).collect())
    }

    #[tokio::test]
    async fn calls_go_from_point_to_point_in_an_order_that_is_drawn() {
        let (first, ended) = noted(1, None).await;

        assert_eq!(ended, ["done", "done"]);
        assert_eq!(first.len(), 40);
        assert!(first.windows(2).any(|pair| pair == [1, 2]) && first.windows(2).any(|pair| pair == [2, 1]));
        assert_eq!(noted(1, None).await.0, first);
        assert_ne!(noted(2, None).await.0, first);
    }

    #[tokio::test]
    async fn calls_fail_and_are_given_up_and_the_others_go_on() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..50 {
            seen.extend(noted(seed, Some(30)).await.1);
        }

        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["done", "failed", "given up"]);
    }

    #[tokio::test]
    async fn nobody_else_goes_on_where_a_call_is_alone() {
        let (faults, noted) = (Faults::of(Chance::of(1)), Mutex::new(Vec::new()));
        let call = |number: u8| -> Pin<Box<dyn Future<Output = ()> + '_>> {
            let (faults, noted) = (&faults, &noted);
            Box::pin(async move {
                for _ in 0..20 {
                    faults.point_alone().await.unwrap();
                    noted.lock().unwrap().push(number);
                }
            })
        };

        faults.side_by_side(vec![call(1), call(2)], || {}).await;

        assert_eq!(noted.into_inner().unwrap().chunk_by(|one, other| one == other).count(), 2);
    }

    #[tokio::test]
    async fn what_is_called_by_itself_meets_no_fault() {
        let faults = Faults::of(Chance::of(1));
        faults.set_one_in(Some(1));

        let around = faults.around(async { Ok(7) }, |fault| fault).await;

        assert_eq!(around.unwrap(), 7);
        assert!(faults.tally().is_empty());
    }
}
