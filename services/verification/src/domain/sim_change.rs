//! SIMs that were changed of late: whoever talks a carrier into a new SIM gets the texts of somebody else's number, so a code
//! waits until its owner had time to notice (NIST SP 800-63B-4, 3.1.3.3).

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

/// What a gateway knows of the SIM behind a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SimHistory {
    /// When it was last changed.
    ChangedAt(Timestamp),
    /// Whether it was changed within the gateway's own period, where it tells no time.
    ChangedOfLate(bool),
    /// Nothing: it was not reached, or the number's carrier does not say.
    Unknown,
}

/// What becomes of a code where nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WhenUnknown {
    Send,
    Hold,
}

/// When a SIM holds a code back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SimChangeRule {
    /// How long after a change.
    pub(crate) hold: Duration,
    pub(crate) when_unknown: WhenUnknown,
}

impl SimChangeRule {
    /// Whether no code may go to the number. A change that seems still to come is one of just now: clocks differ.
    pub(crate) fn holds(self, history: SimHistory, now: Timestamp) -> bool {
        match history {
            SimHistory::ChangedAt(at) => now.since(at) < self.hold,
            SimHistory::ChangedOfLate(changed) => changed,
            SimHistory::Unknown => self.when_unknown == WhenUnknown::Hold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

    #[test]
    fn a_sim_holds_a_code_back_for_so_long_and_no_longer() {
        let hold = Duration::from_secs(3_600);
        let rule = SimChangeRule { hold, when_unknown: WhenUnknown::Send };
        let changed_before = |by: Duration| rule.holds(SimHistory::ChangedAt(NOW.minus(by)), NOW);

        assert!(changed_before(Duration::ZERO) && changed_before(hold - Duration::from_micros(1)));
        assert!(!changed_before(hold));
        assert!(rule.holds(SimHistory::ChangedAt(NOW.plus(hold)), NOW), "a clock that is ahead");
    }

    #[test]
    fn what_is_not_known_is_sent_or_held_as_was_set() {
        let holds = |when_unknown, history| {
            SimChangeRule { hold: Duration::from_secs(60), when_unknown }.holds(history, NOW)
        };

        assert!(!holds(WhenUnknown::Send, SimHistory::Unknown));
        assert!(holds(WhenUnknown::Hold, SimHistory::Unknown));
        assert!(!holds(WhenUnknown::Hold, SimHistory::ChangedOfLate(false)));
        assert!(holds(WhenUnknown::Send, SimHistory::ChangedOfLate(true)));
    }
}
