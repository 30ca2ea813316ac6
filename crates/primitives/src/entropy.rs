//! Randomness as a dependency that is passed in.
//!
//! Production draws from the operating system; tests draw from a seed. Nothing else in the workspace may ask for random
//! bytes (clippy.toml), so a test can reproduce every code, token and id.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::{Builder, Uuid};

use crate::clock::Timestamp;

/// The source of randomness that a part is given.
pub type SharedEntropy = Arc<dyn Entropy>;

/// Gives bytes that nobody can predict.
pub trait Entropy: Send + Sync + 'static {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the operating system")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("getrandom(2) cannot fail once the kernel has seeded its generator");
    }
}

/// `N` fresh bytes.
pub fn array<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// A number in `0..bound`, each equally likely.
///
/// Lemire, "Fast Random Integer Generation in an Interval": the product's high half is the number, and the few low halves
/// that would favour some numbers are drawn again.
///
/// # Panics
/// When `bound` is zero, since no number is below it.
pub fn below(entropy: &dyn Entropy, bound: u64) -> u64 {
    assert!(bound > 0, "no number is below zero");
    let favoured = bound.wrapping_neg() % bound;
    loop {
        let product = u128::from(u64::from_le_bytes(array(entropy))) * u128::from(bound);
        let (high, low) = ((product >> 64) as u64, product as u64);
        if low >= favoured {
            return high;
        }
    }
}

/// A random UUID (RFC 9562, version 4): says nothing, not even when it was made.
pub fn uuid_v4(entropy: &dyn Entropy) -> Uuid {
    Builder::from_random_bytes(array(entropy)).into_uuid()
}

/// A UUID that sorts by the millisecond it was made in (RFC 9562, version 7), which keeps new
/// rows together in an index. It tells its age to whoever sees it.
pub fn uuid_v7(entropy: &dyn Entropy, now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.unix_micros() / 1_000).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &array(entropy)).into_uuid()
}

/// Predictable bytes from a seed (SplitMix64). For tests only: whoever has seen eight bytes knows the rest.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// The same seed gives the same bytes in the same order.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut word = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;

    /// Hands out words that were written down before.
    struct Scripted(Mutex<Vec<u64>>);

    impl Entropy for Scripted {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0.lock().unwrap().remove(0).to_le_bytes());
        }
    }

    #[test]
    fn below_draws_again_where_an_answer_would_be_favoured() {
        // 2^64 mod 10 = 6: a low half under 6 is one of the words that would be one too many.
        let scripted = Scripted(Mutex::new(vec![0, u64::MAX]));

        let drawn = below(&scripted, 10);

        assert_eq!(drawn, 9);
        assert!(scripted.0.lock().unwrap().is_empty());
    }

    #[test]
    fn below_reaches_every_answer_about_equally() {
        let entropy = SeededEntropy::new(7);
        let mut seen = [0_u32; 10];

        for _ in 0..100_000 {
            seen[below(&entropy, 10) as usize] += 1;
        }

        // 10,000 expected each, standard deviation 95: five of them either way.
        assert!(seen.iter().all(|&count| (9_525..=10_475).contains(&count)), "{seen:?}");
    }

    #[test]
    fn below_one_is_zero_and_below_everything_stays_in_range() {
        let entropy = SeededEntropy::new(1);

        assert_eq!(below(&entropy, 1), 0);
        assert!(below(&entropy, u64::MAX) < u64::MAX);
    }

    #[test]
    #[should_panic(expected = "no number is below zero")]
    fn below_zero_is_a_mistake_of_the_caller() {
        below(&SeededEntropy::new(1), 0);
    }

    #[test]
    fn a_seed_repeats_itself_and_another_does_not() {
        let first: [u8; 20] = array(&SeededEntropy::new(5));

        assert_eq!(first, array::<20>(&SeededEntropy::new(5)));
        assert_ne!(first, array::<20>(&SeededEntropy::new(6)));
    }

    #[test]
    fn uuids_carry_their_version_and_version_7_sorts_by_time() {
        let entropy = SeededEntropy::new(9);
        let now = Timestamp::from_unix_micros(1_785_000_000_000_000);

        let earlier = uuid_v7(&entropy, now);
        let later = uuid_v7(&entropy, now.plus(Duration::from_millis(1)));

        assert_eq!(uuid_v4(&entropy).get_version_num(), 4);
        assert_eq!(earlier.get_version_num(), 7);
        assert!(earlier < later);
    }

    #[test]
    fn the_system_does_not_repeat_itself() {
        assert_ne!(array::<32>(&SystemEntropy), array::<32>(&SystemEntropy));
    }
}
