//! Whether answers that must not tell by their speed leave later than the work behind them takes.

use std::time::Duration;

use super::super::finding::Finding;

/// Round trips to the database on the way of a sign-in: the account, the attempt, the outcome, the stored answer, with room.
const DATABASE_ROUND_TRIPS: u32 = 6;

/// Round trips to the throttles on the same way.
const THROTTLE_ROUND_TRIPS: u32 = 2;

/// The floor is at least so many tenths of the work: what was measured alone takes longer beside others.
const TENTHS: u32 = 15;

/// Floors are named in steps of this.
const STEP_MS: u128 = 50;

/// What was measured on this machine, the slowest of a few each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WorkFacts {
    /// `identity.answer_floor_ms`; zero is no grid.
    pub(crate) floor: Duration,
    /// One hash.
    pub(crate) hash: Duration,
    /// One round trip to the database.
    pub(crate) database: Duration,
    /// One round trip to the throttles; zero where they are in the process.
    pub(crate) throttle: Duration,
}

impl WorkFacts {
    fn work(&self) -> Duration {
        self.hash + DATABASE_ROUND_TRIPS * self.database + THROTTLE_ROUND_TRIPS * self.throttle
    }
}

pub(crate) fn judge(facts: &WorkFacts) -> Option<Finding> {
    let about = "identity.answer_floor_ms";
    let work = facts.work();
    let wanted = work * TENTHS / 10;
    if facts.floor >= wanted {
        return None;
    }
    let floor = wanted.as_millis().div_ceil(STEP_MS) * STEP_MS;
    let what = format!(
        "it is {} ms, and a sign-in works for {} ms here: a hash for {} ms, {DATABASE_ROUND_TRIPS} round trips to the \
         database of {:.1} ms",
        facts.floor.as_millis(),
        work.as_millis(),
        facts.hash.as_millis(),
        facts.database.as_secs_f64() * 1_000.0,
    );
    let mend = format!(
        "Set {about} = {floor}, or lower the cost of a hash, or move the part nearer to its database."
    );
    // Below the work every answer leaves at a later multiple, by how long it took: then the grid hides nothing.
    Some(if facts.floor < work {
        Finding::error(about, what, mend)
    } else {
        Finding::warning(about, what, mend)
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Severity;
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn with_floor(floor: u64) -> Option<Finding> {
        judge(&WorkFacts { floor: millis(floor), hash: millis(80), database: millis(3), throttle: millis(1) })
    }

    #[test]
    fn a_floor_above_the_work_with_room_is_in_order() {
        assert_eq!(with_floor(150), None);
    }

    #[test]
    fn a_floor_without_room_is_a_warning_and_one_below_the_work_an_error() {
        let (tight, below) = (with_floor(120).unwrap(), with_floor(99).unwrap());

        assert_eq!((tight.severity, below.severity), (Severity::Warning, Severity::Error));
        assert!(below.what.starts_with("it is 99 ms, and a sign-in works for 100 ms here: a hash for 80 ms"));
        assert!(below.mend.starts_with("Set identity.answer_floor_ms = 150,"), "{}", below.mend);
    }
}
