use secrecy::SecretString;
use tokio::sync::oneshot;

use super::*;
use crate::hashing::imported::Imported;
use crate::hashing::job::{Answer, Task};
use crate::hashing::phc::{Cost, Limits, SALT_BYTES, Stored};

const THREADS: NonZeroUsize = NonZeroUsize::new(2).unwrap();
const PLENTY: Duration = Duration::from_secs(60);

fn shared(usual_micros: u64) -> Shared {
    Shared {
        queue: Mutex::default(),
        work: Condvar::new(),
        usual_micros: AtomicU64::new(usual_micros),
        other_micros: AtomicU64::new(20 * usual_micros),
        most_micros: micros(longest_in_time(PLENTY, THREADS)),
    }
}

/// A pool whose threads never come, so that what waits keeps waiting.
fn without_threads(queue_max: usize) -> Pool {
    let shared = shared(10_000);
    Pool { shared: Arc::new(shared), threads: THREADS, queue_max }
}

fn job() -> (Job, oneshot::Receiver<Result<Answer, NotHashed>>) {
    let cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
    let stored = Stored::new(cost, [0; SALT_BYTES]).unwrap();
    let (reply, answer) = oneshot::channel();
    (Job::new(Task::derive(&stored, true), &SecretString::from("any"), reply), answer)
}

#[test]
fn a_queue_takes_as_many_as_it_may() {
    let pool = without_threads(3);
    let answers: Vec<_> = (0..3)
        .map(|_| {
            let (job, answer) = job();
            pool.admit(job, PLENTY.into()).unwrap();
            answer
        })
        .collect();

    let fourth = pool.admit(job().0, PLENTY.into());

    assert!(matches!(fourth, Err(NotHashed::Busy { retry_after }) if retry_after >= SHORTEST_RETRY));
    assert_eq!((pool.waiting(), answers.len()), (3, 3));
}

#[test]
fn nothing_is_hashed_for_a_caller_that_left() {
    let pool = without_threads(8);
    let (job, answer) = job();
    drop(answer);

    serve(&pool.shared, &mut Arena::new(8), job);

    assert_eq!(pool.shared.usual_micros.load(Ordering::Relaxed), 10_000, "nothing was measured");
}

#[test]
fn a_job_that_comes_too_late_is_told_so_unhashed() {
    let pool = without_threads(8);
    let (mut job, mut answer) = job();
    job.give_up_at = now().checked_sub(Duration::from_micros(1));

    serve(&pool.shared, &mut Arena::new(8), job);

    assert!(matches!(answer.try_recv(), Ok(Err(NotHashed::Busy { .. }))));
    assert_eq!(pool.shared.usual_micros.load(Ordering::Relaxed), 10_000, "nothing was measured");
}

#[test]
fn memory_is_clean_once_no_job_waits() {
    let pool = without_threads(8);
    let mut arena = Arena::new(8);
    let jobs = [job(), job()].map(|(job, answer)| {
        pool.admit(job, PLENTY.into()).unwrap();
        answer
    });
    pool.shared.queue().is_closed = true;

    work(&pool.shared, &mut arena);

    for mut answer in jobs {
        assert!(matches!(answer.try_recv(), Ok(Ok(tag)) if tag.len() == 32));
    }
    assert!(arena.is_clean());
}

#[test]
fn whoever_waits_when_hashing_stops_hears_so() {
    let pool = without_threads(8);
    let (job, mut answer) = job();
    pool.admit(job, PLENTY.into()).unwrap();

    drop(pool);

    assert!(matches!(answer.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
}

#[test]
fn a_job_is_refused_when_it_would_end_after_four_fifths_of_its_budget() {
    let usual = Duration::from_millis(10);
    let longest = |budget: u64| {
        (0..1_000)
            .take_while(|waiting| {
                !is_too_late(wait_for_turn(*waiting, usual, THREADS), usual, Duration::from_millis(budget))
            })
            .count()
    };

    assert_eq!([10, 25, 100, 250].map(longest), [0, 2, 14, 38]);
}

#[test]
fn estimates_follow_what_was_measured() {
    let shared = shared(8_000);

    shared.learn(true, Duration::from_micros(16_000));

    assert_eq!(shared.usual_micros.load(Ordering::Relaxed), 9_000);
}

#[test]
fn those_who_wait_behind_imported_hashes_are_refused_in_time() {
    let pool = without_threads(64);
    let bcrypt = format!("$2b$10${}", "a".repeat(53));
    let imported = Arc::new(Imported::parse(&bcrypt, &Limits::default()).unwrap());
    let slow = || {
        let (reply, answer) = oneshot::channel();
        (Job::new(Task::imported(&imported), &SecretString::from("any"), reply), answer)
    };
    let answers: Vec<_> = (0..7)
        .map(|_| {
            let (job, answer) = slow();
            pool.admit(job, PLENTY.into()).unwrap();
            answer
        })
        .collect();

    let budget = Duration::from_millis(800);
    let quick = pool.admit(job().0, budget.into());
    let another = pool.admit(slow().0, budget.into());
    let patient = pool.admit(job().0, (budget * 2).into());

    assert!(matches!(quick, Err(NotHashed::Busy { retry_after }) if retry_after >= budget / 2), "{quick:?}");
    assert!(matches!(another, Err(NotHashed::Busy { .. })), "{another:?}");
    assert!(patient.is_ok());
    assert_eq!(answers.len(), 7);
}

#[test]
fn a_spell_of_slow_hashes_does_not_refuse_for_ever() {
    let pool = without_threads(8);
    for _ in 0..100 {
        pool.shared.learn(true, PLENTY * 2);
    }

    let patient = pool.admit(job().0, PLENTY.into());
    let hurried = pool.admit(job().0, (PLENTY / 2).into());

    assert!(patient.is_ok());
    assert!(matches!(hurried, Err(NotHashed::Busy { .. })));
}

#[test]
fn a_place_that_was_reserved_is_good_for_one_job_however_full_and_slow_it_became() {
    let pool = without_threads(2);
    let places = [pool.reserve(PLENTY).unwrap(), pool.reserve(PLENTY).unwrap()];
    let [first, _] = &places;
    for _ in 0..100 {
        pool.shared.learn(true, PLENTY * 2);
    }

    let at_the_place = || Room { within: PLENTY, reserved: Some(first) };
    let (reserved, again) = (pool.admit(job().0, at_the_place()), pool.admit(job().0, at_the_place()));
    let (without, looked) = (pool.admit(job().0, PLENTY.into()), pool.check_room(PLENTY));
    drop(places);

    assert!(reserved.is_ok());
    for refused in [again, without, looked] {
        assert!(matches!(refused, Err(NotHashed::Busy { .. })));
    }
    assert_eq!((pool.waiting(), pool.shared.queue().reserved), (1, 0));
}

#[test]
fn all_threads_end_with_the_pool() {
    let threads = std::thread::available_parallelism().unwrap();
    let params = Cost { memory_kib: 8, passes: 1, lanes: 1 }.params().unwrap();
    let pool = Pool::start(threads, 8, PLENTY, &params).unwrap();
    let shared = Arc::downgrade(&pool.shared);

    drop(pool);

    while shared.strong_count() > 0 {
        std::thread::yield_now();
    }
}
