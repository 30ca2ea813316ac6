//! How urgent a message is. Lanes share nothing but the table, so a long one never holds up a short one.

/// One of the three queues. The numbers are those of the contract and of the stores; they are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Lane {
    /// Codes and alarms: somebody is waiting in front of a screen.
    Critical = 1,
    /// Notices to one person about their own doing.
    Transactional = 2,
    /// Everything that goes to many.
    Bulk = 3,
}

impl Lane {
    /// All of them, the most urgent first.
    pub(crate) const ALL: [Self; 3] = [Self::Critical, Self::Transactional, Self::Bulk];

    /// The number in the stores.
    pub(crate) const fn number(self) -> i16 {
        self as i16
    }

    /// Reads that number.
    pub(crate) fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.number() == number)
    }

    /// The word in settings, callers' rights and logs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Transactional => "transactional",
            Self::Bulk => "bulk",
        }
    }
}

/// One value per lane: the compiler sees that none was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PerLane<T> {
    /// For codes and alarms.
    pub(crate) critical: T,
    /// For notices to one person.
    pub(crate) transactional: T,
    /// For everything that goes to many.
    pub(crate) bulk: T,
}

impl<T> PerLane<T> {
    /// Builds one from a function of the lane.
    pub(crate) fn each(mut make: impl FnMut(Lane) -> T) -> Self {
        Self {
            critical: make(Lane::Critical),
            transactional: make(Lane::Transactional),
            bulk: make(Lane::Bulk),
        }
    }

    /// The value of a lane.
    pub(crate) const fn of(&self, lane: Lane) -> &T {
        match lane {
            Lane::Critical => &self.critical,
            Lane::Transactional => &self.transactional,
            Lane::Bulk => &self.bulk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_reads_back_its_number() {
        assert!(Lane::ALL.into_iter().all(|lane| Lane::from_number(lane.number()) == Some(lane)));
        assert_eq!(Lane::from_number(0), None);
    }

    #[test]
    fn each_lane_has_its_own_value() {
        let words = PerLane::each(Lane::as_str);

        assert_eq!(Lane::ALL.map(|lane| *words.of(lane)), ["critical", "transactional", "bulk"]);
    }
}
