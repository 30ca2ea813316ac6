use std::sync::atomic::AtomicUsize;

use super::*;

/// A primary that can be taken away, and counts how often it was asked.
#[derive(Default)]
struct Primary {
    is_away: AtomicBool,
    asked: AtomicUsize,
    refunded: AtomicUsize,
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
    async fn consume(&self, _: &[Budget], _: u64, _: Timestamp) -> Result<Outcome, Failure> {
        self.answer(Outcome::Consumed)
    }

    async fn refund(&self, _: &[Budget], _: u64, _: Timestamp) -> Result<(), Failure> {
        self.refunded.fetch_add(1, Ordering::SeqCst);
        self.answer(())
    }

    async fn count_distinct(&self, _: &str, _: &[u8], _: Duration, _: Timestamp) -> Result<u64, Failure> {
        self.answer(1_000)
    }

    async fn distinct(&self, _: &str, _: Duration, _: Timestamp) -> Result<u64, Failure> {
        self.answer(1_000)
    }
}

const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);
const RETRY_INTERVAL: Duration = Duration::from_secs(2);

fn pair(processes: u64) -> (Arc<Primary>, FallbackThrottle) {
    let primary = Arc::new(Primary::default());
    let processes = NonZeroU64::new(processes).unwrap();
    (primary.clone(), FallbackThrottle::new(primary, InProcessThrottle::new(100), processes, RETRY_INTERVAL))
}

fn budget(limit: u64) -> [Budget; 1] {
    [Budget { key: "ip".into(), limit, window: Duration::from_secs(60) }]
}

async fn consumed(fallback: &FallbackThrottle, limit: u64, now: Timestamp) -> bool {
    fallback.consume(&budget(limit), 1, now).await.unwrap() == Outcome::Consumed
}

#[tokio::test]
async fn while_the_primary_is_away_each_process_has_its_share() {
    let (primary, fallback) = pair(3);
    primary.is_away.store(true, Ordering::SeqCst);

    let mut passed = 0;
    for _ in 0..20 {
        passed += usize::from(consumed(&fallback, 10, NOW).await);
    }

    assert_eq!(passed, 3);
    assert!(fallback.uses_shares());
}

#[tokio::test]
async fn a_share_is_at_least_one_unless_nothing_is_allowed() {
    let (primary, fallback) = pair(100);
    primary.is_away.store(true, Ordering::SeqCst);

    assert!(!consumed(&fallback, 0, NOW).await);
    assert!(consumed(&fallback, 5, NOW).await);
    assert!(!consumed(&fallback, 5, NOW).await);
}

#[tokio::test]
async fn a_primary_that_failed_is_left_alone_and_then_tried_once() {
    let (primary, fallback) = pair(1);
    primary.is_away.store(true, Ordering::SeqCst);

    for _ in 0..5 {
        consumed(&fallback, 10, NOW).await;
    }
    let before_retry = primary.asked.load(Ordering::SeqCst);
    for _ in 0..5 {
        consumed(&fallback, 10, NOW.plus(RETRY_INTERVAL)).await;
    }

    assert_eq!(before_retry, 1);
    assert_eq!(primary.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_primary_that_is_back_answers_again() {
    let (primary, fallback) = pair(1);
    primary.is_away.store(true, Ordering::SeqCst);
    assert!(consumed(&fallback, 1, NOW).await);
    primary.is_away.store(false, Ordering::SeqCst);

    let before_retry = consumed(&fallback, 1, NOW).await;
    let after_retry = consumed(&fallback, 1, NOW.plus(RETRY_INTERVAL)).await;

    assert_eq!((before_retry, after_retry), (false, true));
    assert!(!fallback.uses_shares());
    let count =
        fallback.count_distinct("ip", b"anna", RETRY_INTERVAL, NOW.plus(RETRY_INTERVAL)).await.unwrap();
    assert_eq!(count, 1_000);
}

#[tokio::test]
async fn what_was_consumed_from_the_share_is_refunded_to_the_share() {
    let (primary, fallback) = pair(1);
    primary.is_away.store(true, Ordering::SeqCst);
    assert!(consumed(&fallback, 1, NOW).await);
    primary.is_away.store(false, Ordering::SeqCst);
    assert!(consumed(&fallback, 1, NOW.plus(RETRY_INTERVAL)).await);

    fallback.refund(&budget(1), 1, NOW).await.unwrap();
    let after_share = primary.refunded.load(Ordering::SeqCst);
    fallback.refund(&budget(1), 1, NOW.plus(RETRY_INTERVAL)).await.unwrap();

    assert_eq!(after_share, 0);
    assert_eq!(primary.refunded.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn distinct_members_are_counted_here_meanwhile() {
    let (primary, fallback) = pair(4);
    primary.is_away.store(true, Ordering::SeqCst);

    fallback.count_distinct("ip", b"anna", RETRY_INTERVAL, NOW).await.unwrap();
    let count = fallback.count_distinct("ip", b"bert", RETRY_INTERVAL, NOW).await.unwrap();

    assert_eq!(count, 2);
}
