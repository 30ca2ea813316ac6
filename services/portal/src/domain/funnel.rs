//! How far resets come, as a chart: over which time they are counted, and where the shapes stand.
//!
//! Shapes are laid out from left to right; pages that are read from the right mirror the whole drawing, which holds no text.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// How wide a bar is that stands for all, in units of the drawing.
pub(crate) const BAR_WIDTH: u64 = 1_000;
/// How high the largest column is.
pub(crate) const COLUMN_HEIGHT: u64 = 100;
/// How much of the drawing's width a period has: two columns and the gap behind them.
pub(crate) const PERIOD_WIDTH: u64 = 10;
/// How wide a column is.
pub(crate) const COLUMN_WIDTH: u64 = 4;

/// Over which time resets are counted, and in which steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FunnelRange {
    /// A day, hour by hour.
    Day,
    /// A week, day by day.
    Week,
    /// Four weeks, day by day.
    FourWeeks,
    /// Thirteen weeks, week by week.
    Quarter,
}

/// The time that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CountedTime {
    pub(crate) start: Timestamp,
    /// The first moment behind it.
    pub(crate) end: Timestamp,
    pub(crate) period: Duration,
}

/// How often a step was taken, by how it ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StepCount {
    pub(crate) succeeded: u64,
    pub(crate) refused: u64,
    pub(crate) failed: u64,
}

/// A part of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BarPart {
    pub(crate) x: u64,
    pub(crate) width: u64,
}

/// A column over a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) x: u64,
    /// Where it begins, from above.
    pub(crate) y: u64,
    pub(crate) height: u64,
}

impl FunnelRange {
    /// Every one of them, the shortest first.
    pub(crate) const ALL: [Self; 4] = [Self::Day, Self::Week, Self::FourWeeks, Self::Quarter];

    /// The word for it in an address.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::FourWeeks => "four-weeks",
            Self::Quarter => "quarter",
        }
    }

    /// Reads that word; four weeks for any other.
    pub(crate) fn read(word: &str) -> Self {
        Self::ALL.into_iter().find(|range| range.word() == word).unwrap_or(Self::FourWeeks)
    }

    /// The time that ends with the hour or the day of now, so that a page that is looked at again has the same periods.
    pub(crate) fn counted(self, now: Timestamp) -> CountedTime {
        let (unit, units, period): (Duration, u32, Duration) = match self {
            Self::Day => (HOUR, 24, HOUR),
            Self::Week => (DAY, 7, DAY),
            Self::FourWeeks => (DAY, 28, DAY),
            Self::Quarter => (DAY, 91, DAY * 7),
        };
        let seconds = now.since(Timestamp::EPOCH).as_secs();
        let begun = Timestamp::EPOCH.plus(Duration::from_secs(seconds - seconds % unit.as_secs()));
        let end = begun.plus(unit);
        CountedTime { start: end.minus(unit * units), end, period }
    }
}

impl StepCount {
    pub(crate) fn total(self) -> u64 {
        self.succeeded.saturating_add(self.refused).saturating_add(self.failed)
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            succeeded: self.succeeded.saturating_add(other.succeeded),
            refused: self.refused.saturating_add(other.refused),
            failed: self.failed.saturating_add(other.failed),
        }
    }

    /// Its bar where the largest of all is `most`: what was done, what was refused and what failed, side by side.
    pub(crate) fn bar(self, most: u64) -> [BarPart; 3] {
        let done = scaled(self.succeeded, most, BAR_WIDTH);
        let refused = scaled(self.succeeded.saturating_add(self.refused), most, BAR_WIDTH);
        let all = scaled(self.total(), most, BAR_WIDTH);
        [(0, done), (done, refused), (refused, all)].map(|(x, end)| BarPart { x, width: end - x })
    }
}

/// Pairs of columns, a pair for each period, and the largest of all counts.
pub(crate) fn columns(counts: &[[u64; 2]]) -> Vec<[Column; 2]> {
    let most = largest(counts);
    let column = |count: u64, x: u64| {
        let height = scaled(count, most, COLUMN_HEIGHT);
        Column { x, y: COLUMN_HEIGHT - height, height }
    };
    let pair = |(&[first, second], x): (&[u64; 2], u64)| [column(first, x), column(second, x + COLUMN_WIDTH)];
    counts.iter().zip((0..).map(|place| place * PERIOD_WIDTH)).map(pair).collect()
}

/// The largest of all counts.
pub(crate) fn largest(counts: &[[u64; 2]]) -> u64 {
    counts.iter().flatten().copied().max().unwrap_or(0)
}

/// A count on a scale on which `most` is `length`; what there is can be seen.
fn scaled(count: u64, most: u64, length: u64) -> u64 {
    let share = u128::from(count) * u128::from(length) / u128::from(most.max(1));
    let share = u64::try_from(share).unwrap_or(length).min(length);
    if count > 0 { share.max(1) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_rfc3339(text).unwrap()
    }

    #[test]
    fn a_time_ends_with_the_hour_or_the_day_of_now() {
        let now = at("2026-11-30T10:17:41Z");

        let day = FunnelRange::Day.counted(now);
        let quarter = FunnelRange::Quarter.counted(now);

        assert_eq!((day.start, day.end), (at("2026-11-29T11:00:00Z"), at("2026-11-30T11:00:00Z")));
        assert_eq!((quarter.start, quarter.end), (at("2026-09-01T00:00:00Z"), at("2026-12-01T00:00:00Z")));
        assert_eq!((day.period, quarter.period), (HOUR, DAY * 7));
    }

    #[test]
    fn a_range_reads_back_from_its_word_and_four_weeks_from_any_other() {
        assert_eq!(FunnelRange::ALL.map(|range| FunnelRange::read(range.word())), FunnelRange::ALL);
        assert_eq!(FunnelRange::read("forever"), FunnelRange::FourWeeks);
    }

    #[test]
    fn a_bar_is_as_long_as_its_share_and_its_parts_touch() {
        let count = StepCount { succeeded: 50, refused: 25, failed: 5 };

        let [done, refused, failed] = count.bar(100);

        assert_eq!(done, BarPart { x: 0, width: 500 });
        assert_eq!(refused, BarPart { x: 500, width: 250 });
        assert_eq!(failed, BarPart { x: 750, width: 50 });
        assert_eq!(StepCount::default().bar(0).map(|part| part.width), [0; 3]);
    }

    #[test]
    fn a_count_of_any_size_stays_within_the_drawing_and_a_small_one_is_seen() {
        let huge = StepCount { succeeded: u64::MAX, refused: u64::MAX, failed: 1 };

        assert_eq!(huge.bar(u64::MAX).map(|part| part.x + part.width).into_iter().max(), Some(BAR_WIDTH));
        assert_eq!(StepCount { succeeded: 1, ..StepCount::default() }.bar(1_000_000)[0].width, 1);
    }

    #[test]
    fn columns_stand_side_by_side_and_the_largest_is_as_high_as_the_drawing() {
        let drawn = columns(&[[10, 5], [0, 20]]);

        assert_eq!(drawn[0], [Column { x: 0, y: 50, height: 50 }, Column { x: 4, y: 75, height: 25 }]);
        assert_eq!(drawn[1], [Column { x: 10, y: 100, height: 0 }, Column { x: 14, y: 0, height: 100 }]);
        assert!(columns(&[]).is_empty());
    }
}
