//! How urgent a message is. Lanes share nothing but the table, so a long one never holds up a short one.

/// One of the three queues. The numbers are those of the contract and of the stores; they are never reused.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::FromRepr,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
#[repr(i16)]
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
    pub(crate) const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The number in the stores, which `from_repr` reads.
    pub(crate) const fn number(self) -> i16 {
        self as i16
    }

    /// The word in settings, callers' rights and logs.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One value per lane: the compiler sees that none was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PerLane<T> {
    pub(crate) critical: T,
    pub(crate) transactional: T,
    pub(crate) bulk: T,
}

impl<T> PerLane<T> {
    pub(crate) fn each(mut make: impl FnMut(Lane) -> T) -> Self {
        Self {
            critical: make(Lane::Critical),
            transactional: make(Lane::Transactional),
            bulk: make(Lane::Bulk),
        }
    }

    pub(crate) const fn of(&self, lane: Lane) -> &T {
        match lane {
            Lane::Critical => &self.critical,
            Lane::Transactional => &self.transactional,
            Lane::Bulk => &self.bulk,
        }
    }

    pub(crate) const fn of_mut(&mut self, lane: Lane) -> &mut T {
        match lane {
            Lane::Critical => &mut self.critical,
            Lane::Transactional => &mut self.transactional,
            Lane::Bulk => &mut self.bulk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_reads_back_its_number() {
        assert!(Lane::ALL.iter().all(|lane| Lane::from_repr(lane.number()) == Some(*lane)));
        assert_eq!(Lane::from_repr(0), None);
    }

    #[test]
    fn each_lane_has_its_own_value() {
        let words = PerLane::each(Lane::as_str);

        let each: Vec<_> = Lane::ALL.iter().map(|lane| *words.of(*lane)).collect();
        assert_eq!(each, ["critical", "transactional", "bulk"]);
    }
}
