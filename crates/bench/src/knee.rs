//! Finding the knee: the highest rate of calls that a suite still holds. A pure search; `flows` asks it for a rate, offers that,
//! and says whether it was held.

/// Each step up offers so many times as much.
const STEP_UP: f64 = 2.0;

/// How often the distance between what was held and what was not is halved then: to a twentieth.
const HALVINGS: u32 = 4;

/// No more steps up: what holds so much is not what is being measured.
const STEPS_UP: u32 = 16;

/// A search under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search {
    first: f64,
    held: Option<f64>,
    not_held: Option<f64>,
    steps_up: u32,
    halvings: u32,
}

impl Search {
    /// Begins with this rate.
    pub(crate) const fn from(first: f64) -> Self {
        Self { first, held: None, not_held: None, steps_up: 0, halvings: 0 }
    }

    /// The rate to offer next; none when the knee is known.
    pub(crate) fn next(&self) -> Option<f64> {
        match (self.held, self.not_held) {
            (None, None) => Some(self.first),
            (Some(held), None) if self.steps_up < STEPS_UP => Some(held * STEP_UP),
            (Some(held), Some(not_held)) if self.halvings < HALVINGS => Some((held * not_held).sqrt()),
            // The first rate was too high already: down until one is held.
            (None, Some(not_held)) if self.steps_up < STEPS_UP => Some(not_held / STEP_UP),
            _ => None,
        }
    }

    /// Takes what became of the rate that was offered.
    pub(crate) fn record(&mut self, rate: f64, is_held: bool) {
        if self.held.is_some() && self.not_held.is_some() {
            self.halvings += 1;
        } else {
            self.steps_up += 1;
        }
        *(if is_held { &mut self.held } else { &mut self.not_held }) = Some(rate);
    }

    /// The highest rate that was held; none if not even the lowest was.
    pub(crate) const fn knee(&self) -> Option<f64> {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches a suite that holds every rate up to its capacity; the knee and how many rates were offered.
    fn search(first: f64, capacity: f64) -> (Option<f64>, usize) {
        let mut search = Search::from(first);
        let mut offered = 0;
        while let Some(rate) = search.next() {
            search.record(rate, rate <= capacity);
            offered += 1;
        }
        (search.knee(), offered)
    }

    #[test]
    fn the_knee_lies_within_a_twentieth_below_the_capacity() {
        for capacity in [21.0, 47.0, 640.0, 9_500.0] {
            let (knee, offered) = search(20.0, capacity);

            let knee = knee.unwrap();
            assert!((capacity / 1.05..=capacity).contains(&knee), "{knee} of {capacity}");
            assert!(offered <= 16, "{offered} for {capacity}");
        }
    }

    #[test]
    fn a_first_rate_that_is_too_high_is_lowered() {
        let (knee, _) = search(1_000.0, 47.0);

        let knee = knee.unwrap();
        assert!((47.0 / 1.05..=47.0).contains(&knee), "{knee}");
    }

    #[test]
    fn what_holds_nothing_has_no_knee_and_what_holds_all_an_end() {
        assert_eq!(search(20.0, 0.0).0, None);
        assert_eq!(search(20.0, f64::INFINITY).0, Some(20.0 * 2_f64.powi(15)));
    }
}
