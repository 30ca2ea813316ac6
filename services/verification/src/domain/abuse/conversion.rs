//! Conversion: which share of the texts to the numbers that begin alike led to a right code.
//!
//! Whoever makes money with texts to numbers of their own (SMS pumping) never types a code, and rents the numbers by ranges. So
//! a range that gets many texts and gives few codes is cut off, and no other is.

use std::time::Duration;

use super::Mode;
use super::tally::{Counts, TallyShape};

/// When texts to a prefix are cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConversionRule {
    pub(crate) mode: Mode,
    /// Digits of a prefix behind the country code.
    pub(crate) prefix_digits: usize,
    /// Fewer texts say nothing.
    pub(crate) least_sends: u64,
    /// The lowest share of right codes, in percent, that lets further texts through.
    pub(crate) floor_percent: u64,
    /// The window, of a tally with texts as its total and right codes as its hits.
    pub(crate) shape: TallyShape,
    /// The most prefixes of a tenant; further ones are counted by their country.
    pub(crate) most_prefixes: usize,
}

impl ConversionRule {
    /// What is counted, however short the window: operators look at a day.
    pub(crate) fn counted(&self) -> TallyShape {
        let day = Duration::from_secs(86_400).as_micros() / self.shape.bucket_length.as_micros().max(1);
        TallyShape { buckets: u32::try_from(day).unwrap_or(u32::MAX), ..self.shape }
    }

    /// Whether the texts so far let no further one through.
    pub(crate) const fn is_cut_off(&self, counts: Counts) -> bool {
        counts.total >= self.least_sends && counts.hits_are_below(self.floor_percent)
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::clock::Timestamp;

    use super::super::tally::Tally;
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);
    const RULE: ConversionRule = ConversionRule {
        mode: Mode::Enforce,
        prefix_digits: 4,
        least_sends: 80,
        floor_percent: 10,
        shape: TallyShape { buckets: 24, bucket_length: HOUR },
        most_prefixes: 1_000,
    };

    #[test]
    fn few_texts_say_nothing_and_many_without_codes_cut_off() {
        assert!(!RULE.is_cut_off(Counts { total: 79, hits: 0 }));
        assert!(RULE.is_cut_off(Counts { total: 80, hits: 0 }));
        assert!(RULE.is_cut_off(Counts { total: 80, hits: 7 }));
        assert!(!RULE.is_cut_off(Counts { total: 80, hits: 8 }));
    }

    #[test]
    fn a_prefix_is_open_again_when_codes_come_back_or_the_window_moves() {
        let now = Timestamp::from_unix_micros(1_785_000_000_000_000);
        let mut tally = Tally::default();
        tally.add(RULE.shape, Counts { total: 80, hits: 0 }, now);
        let is_cut_off = |tally: &Tally, at| RULE.is_cut_off(tally.counts(RULE.shape, at));

        assert!(is_cut_off(&tally, now.plus(HOUR * 23)));
        assert!(!is_cut_off(&tally, tally.slides_at(RULE.shape, now)));
        tally.add(RULE.shape, Counts { total: 0, hits: 8 }, now);
        assert!(!is_cut_off(&tally, now));
    }
}
