use std::sync::atomic::AtomicUsize;

use super::*;

/// A primary that can be taken away, and counts how often it was asked.
#[derive(Default)]
struct Primary {
    is_away: AtomicBool,
    asked: AtomicUsize,
    given_back: AtomicUsize,
}

impl Primary {
    fn answer<T>(&self, answer: T) -> Result<T, Failure> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
            return Err(Failure::Redis(refused.into()));
        }
        Ok(answer)
    }
}

#[async_trait]
impl Throttle for Primary {
    async fn spend(&self, _: &[Budget], _: u64, _: Timestamp) -> Result<Outcome, Failure> {
        self.answer(Outcome::Spent)
    }

    async fn give_back(&self, _: &[Budget], _: u64, _: Timestamp) -> Result<(), Failure> {
        self.given_back.fetch_add(1, Ordering::SeqCst);
        self.answer(())
    }

    async fn observe_distinct(&self, _: &str, _: &[u8], _: Duration, _: Timestamp) -> Result<u64, Failure> {
        self.answer(1_000)
    }
}

const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);
const REST: Duration = Duration::from_secs(2);

fn pair(processes: u64) -> (Arc<Primary>, Fallback) {
    let primary = Arc::new(Primary::default());
    let processes = NonZeroU64::new(processes).unwrap();
    (primary.clone(), Fallback::new(primary, InProcess::new(100), processes, REST))
}

fn budget(limit: u64) -> [Budget; 1] {
    [Budget { key: "ip".into(), limit, window: Duration::from_secs(60) }]
}

async fn spent(fallback: &Fallback, limit: u64, now: Timestamp) -> bool {
    fallback.spend(&budget(limit), 1, now).await.unwrap() == Outcome::Spent
}

#[tokio::test]
async fn while_the_primary_is_away_each_process_has_its_share() {
    let (primary, fallback) = pair(3);
    primary.is_away.store(true, Ordering::SeqCst);

    let mut passed = 0;
    for _ in 0..20 {
        passed += usize::from(spent(&fallback, 10, NOW).await);
    }

    assert_eq!(passed, 3);
    assert!(fallback.is_on_shares());
}

#[tokio::test]
async fn a_share_is_at_least_one_unless_nothing_is_allowed() {
    let (primary, fallback) = pair(100);
    primary.is_away.store(true, Ordering::SeqCst);

    assert!(!spent(&fallback, 0, NOW).await);
    assert!(spent(&fallback, 5, NOW).await);
    assert!(!spent(&fallback, 5, NOW).await);
}

#[tokio::test]
async fn a_primary_that_failed_is_left_alone_and_then_tried_once() {
    let (primary, fallback) = pair(1);
    primary.is_away.store(true, Ordering::SeqCst);

    for _ in 0..5 {
        spent(&fallback, 10, NOW).await;
    }
    let before_rest = primary.asked.load(Ordering::SeqCst);
    for _ in 0..5 {
        spent(&fallback, 10, NOW.plus(REST)).await;
    }

    assert_eq!(before_rest, 1);
    assert_eq!(primary.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_primary_that_is_back_answers_again() {
    let (primary, fallback) = pair(1);
    primary.is_away.store(true, Ordering::SeqCst);
    assert!(spent(&fallback, 1, NOW).await);
    primary.is_away.store(false, Ordering::SeqCst);

    let during_rest = spent(&fallback, 1, NOW).await;
    let after_rest = spent(&fallback, 1, NOW.plus(REST)).await;

    assert_eq!((during_rest, after_rest), (false, true));
    assert!(!fallback.is_on_shares());
    let count = fallback.observe_distinct("ip", b"anna", REST, NOW.plus(REST)).await.unwrap();
    assert_eq!(count, 1_000);
}

#[tokio::test]
async fn what_was_spent_from_the_share_is_given_back_to_the_share() {
    let (primary, fallback) = pair(1);
    primary.is_away.store(true, Ordering::SeqCst);
    assert!(spent(&fallback, 1, NOW).await);
    primary.is_away.store(false, Ordering::SeqCst);
    assert!(spent(&fallback, 1, NOW.plus(REST)).await);

    fallback.give_back(&budget(1), 1, NOW).await.unwrap();
    let after_share = primary.given_back.load(Ordering::SeqCst);
    fallback.give_back(&budget(1), 1, NOW.plus(REST)).await.unwrap();

    assert_eq!(after_share, 0);
    assert_eq!(primary.given_back.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn distinct_members_are_counted_here_meanwhile() {
    let (primary, fallback) = pair(4);
    primary.is_away.store(true, Ordering::SeqCst);

    fallback.observe_distinct("ip", b"anna", REST, NOW).await.unwrap();
    let count = fallback.observe_distinct("ip", b"bert", REST, NOW).await.unwrap();

    assert_eq!(count, 2);
}
