//! How fast a lane may go: a bucket that fills with time, so that a relay with a quota is not overrun by a mailing.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

/// A bucket of permits that holds one second's worth. Zero a second means: as fast as the workers are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenBucket {
    per_second: u32,
    left: f64,
    at: Timestamp,
}

impl TokenBucket {
    /// A full bucket.
    pub(crate) fn starting(per_second: u32, now: Timestamp) -> Self {
        Self { per_second, left: f64::from(per_second), at: now }
    }

    /// How many of `wanted` may go now. They are taken from the bucket; give back with [`give_back`](Self::give_back)
    /// what found no message.
    pub(crate) fn take(&mut self, wanted: usize, now: Timestamp) -> usize {
        if self.per_second == 0 {
            return wanted;
        }
        let rate = f64::from(self.per_second);
        let gained = now.since(self.at).min(Duration::from_secs(1)).as_secs_f64() * rate;
        self.left = (self.left + gained).min(rate);
        self.at = now;
        let taken = wanted.min(self.left as usize);
        self.left -= taken as f64;
        taken
    }

    /// Returns permits that were not used.
    pub(crate) fn give_back(&mut self, unused: usize) {
        self.left = (self.left + unused as f64).min(f64::from(self.per_second));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

    #[test]
    fn a_paced_lane_sends_no_more_than_a_second_holds() {
        let mut bucket = TokenBucket::starting(10, NOW);

        assert_eq!(bucket.take(8, NOW), 8);
        assert_eq!(bucket.take(8, NOW), 2);
        assert_eq!(bucket.take(8, NOW.plus(Duration::from_millis(500))), 5);
        assert_eq!(bucket.take(50, NOW.plus(Duration::from_secs(60))), 10);
    }

    #[test]
    fn what_was_not_used_can_be_used_later() {
        let mut bucket = TokenBucket::starting(10, NOW);

        bucket.take(10, NOW);
        bucket.give_back(7);

        assert_eq!(bucket.take(10, NOW), 7);
    }

    #[test]
    fn a_lane_without_a_pace_is_not_held() {
        assert_eq!(TokenBucket::starting(0, NOW).take(1_000, NOW), 1_000);
    }
}
