//! Password spraying: one guess tried on many logins, so that no login is locked and no network stands out.
//!
//! What gives it away is the tenant as a whole: at places that no login is known to use, far more logins fail than get in.
//! People who mistype get in with the next try, so of their logins about as many get in as fail.

use std::time::Duration;

/// Over which time logins are counted: long enough that a guess a minute adds up, short enough that it is over soon after
/// it ends.
pub(crate) const WINDOW: Duration = Duration::from_secs(600);

/// How many logins of a tenant were tried at unfamiliar places within [`WINDOW`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StrangeLogins {
    /// Those that a wrong password was typed for.
    pub failed: u64,
    /// Those that got in, whether or not they failed before.
    pub right: u64,
}

impl StrangeLogins {
    /// Whether it looks like spraying, where so many failing logins are the fewest that do: at least that many, and twice as
    /// many as get in.
    pub(crate) const fn look_sprayed(self, fewest: u64) -> bool {
        self.failed >= fewest && self.failed >= 2 * self.right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEWEST: u64 = 50;

    fn sprayed(failed: u64, right: u64) -> bool {
        StrangeLogins { failed, right }.look_sprayed(FEWEST)
    }

    #[test]
    fn many_logins_that_fail_and_few_that_get_in_look_sprayed() {
        assert!(sprayed(50, 0));
        assert!(sprayed(1_024, 500));
    }

    #[test]
    fn a_monday_morning_does_not() {
        assert!(!sprayed(49, 0), "a few");
        assert!(!sprayed(120, 300), "most get in");
        assert!(!sprayed(1_024, 1_024), "both counts are full");
    }
}
