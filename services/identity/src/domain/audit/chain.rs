//! The chain of a tenant's log: each link is a hash over the link before it and an event, by position.
//!
//! [`Walk`] follows it in batches and stops at the first place where it does not hold. What was forgotten at the beginning
//! is no break: the walk begins behind it, from the link that was kept of it. Nor is what an erasure of the same log took.

use std::collections::BTreeSet;

use rekey_primitives::id::EventId;

use super::commitment::{AccountHash, LinkFormat};
use super::{AuditEvent, SealedEvent, erasure};

/// The link before a tenant's first event.
pub(crate) const CHAIN_START: [u8; 32] = [0; 32];

/// Hashes parts so that no two lists of them hash alike: the `digest` of `sealing`.
pub(crate) type Digest = fn(&[&[u8]]) -> [u8; 32];

/// The link of an event behind another.
pub(crate) fn next_link<Kind: AsRef<str> + PartialEq>(
    digest: Digest,
    previous: &[u8; 32],
    event: &AuditEvent<Kind>,
    format: &LinkFormat,
) -> [u8; 32] {
    match format {
        LinkFormat::Plain => digest(&[previous, &event.canonical()]),
        LinkFormat::Committed(commitments) => digest(&[previous, &commitments.canonical(event, digest)]),
    }
}

/// A row of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChainRow {
    pub position: i64,
    pub event_id: EventId,
    /// What it says; `None` if nobody can have written that.
    pub sealed: Option<SealedEvent>,
}

impl ChainRow {
    fn has_erased(&self) -> bool {
        let format = self.sealed.as_ref().map(|sealed| &sealed.format);
        matches!(format, Some(LinkFormat::Committed(commitments)) if commitments.has_erased())
    }
}

/// Where a chain begins or ends: a position and its link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChainPlace {
    pub position: i64,
    /// `None` where it is not known: logs that were cut before links were kept.
    pub link: Option<[u8; 32]>,
}

impl ChainPlace {
    /// Before a tenant's first event.
    pub(crate) const START: Self = Self { position: 0, link: Some(CHAIN_START) };
}

/// The two ends of a tenant's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChainEnds {
    /// The last event that was forgotten.
    pub forgotten: ChainPlace,
    /// The last event there is.
    pub last: ChainPlace,
}

/// The first place where a chain does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChainBreak {
    /// Events from this position to that one are gone.
    Missing { from: i64, to: i64 },
    /// The event at the position is not the one that was sealed there.
    Changed { position: i64, event_id: EventId },
    /// The event that was sealed at the position stands at another one.
    Moved { position: i64, event_id: EventId, found_at: i64 },
    /// An event that was never sealed stands at the position beside the one that was.
    Inserted { position: i64, event_id: EventId },
}

/// How far a chain was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Walk {
    /// The last place that held.
    pub at: ChainPlace,
    /// In how many events on the way something was erased.
    pub erased_events: u64,
}

impl From<ChainPlace> for Walk {
    fn from(at: ChainPlace) -> Self {
        Self { at, erased_events: 0 }
    }
}

impl Walk {
    /// Follows the chain through the rows behind [`Walk::at`], in the order of their positions. The accounts are those that
    /// events of this log say are erased.
    pub(crate) fn follow(
        &mut self,
        rows: &[ChainRow],
        digest: Digest,
        erased: &BTreeSet<AccountHash>,
    ) -> Result<(), ChainBreak> {
        for row in rows {
            let is_founded = row.sealed.as_ref().is_none_or(|sealed| erasure::is_founded(sealed, erased));
            if !is_founded && row.position == self.at.position + 1 {
                return Err(ChainBreak::Changed { position: row.position, event_id: row.event_id });
            }
            self.step(row, rows, digest)?;
            self.erased_events += u64::from(row.has_erased());
        }
        Ok(())
    }

    fn step(&mut self, row: &ChainRow, rows: &[ChainRow], digest: Digest) -> Result<(), ChainBreak> {
        let (position, event_id) = (row.position, row.event_id);
        let expected = self.at.position + 1;
        if position > expected {
            return Err(ChainBreak::Missing { from: expected, to: position - 1 });
        }
        if position < expected {
            return Err(ChainBreak::Inserted { position, event_id });
        }
        let changed = ChainBreak::Changed { position, event_id };
        let Some(previous) = self.at.link else {
            let first = row.sealed.as_ref().ok_or(changed)?;
            self.at = ChainPlace { position, link: Some(first.link) };
            return Ok(());
        };
        let holds =
            |sealed: &SealedEvent| next_link(digest, &previous, &sealed.event, &sealed.format) == sealed.link;
        match &row.sealed {
            Some(sealed) if holds(sealed) => {
                self.at = ChainPlace { position, link: Some(sealed.link) };
                Ok(())
            }
            _ => Err(moved(row, &previous, rows, digest).unwrap_or(changed)),
        }
    }

    /// Whether the chain ends where it is known to end, once no row is left.
    pub(crate) fn ends_at(&self, last: ChainPlace) -> Result<(), ChainBreak> {
        if self.at.position < last.position {
            return Err(ChainBreak::Missing { from: self.at.position + 1, to: last.position });
        }
        Ok(())
    }
}

/// Where among the rows the event is that belongs behind `previous`, whether it took its link along or not.
fn moved(row: &ChainRow, previous: &[u8; 32], rows: &[ChainRow], digest: Digest) -> Option<ChainBreak> {
    let own = row.sealed.as_ref().map(|sealed| sealed.link);
    let others = rows.iter().filter(|other| other.event_id != row.event_id);
    let mut events = others.filter_map(|other| other.sealed.as_ref());
    let found = events.find(|other| {
        let link = next_link(digest, previous, &other.event, &other.format);
        link == other.link || Some(link) == own
    })?;
    let (event_id, found_at) = (found.event.id, found.position);
    Some(ChainBreak::Moved { position: row.position, event_id, found_at })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::audit::fixtures::{commitments, digest, event};

    /// Every other event is of an earlier release.
    fn chain(length: u8) -> Vec<ChainRow> {
        let mut previous = CHAIN_START;
        let row = |position: u8| {
            let event = event(position.into());
            let committed = LinkFormat::Committed(commitments(&event));
            let format = if position.is_multiple_of(2) { LinkFormat::Plain } else { committed };
            previous = next_link(digest, &previous, &event, &format);
            let position = i64::from(position);
            let sealed = SealedEvent { position, link: previous, format, event };
            ChainRow { position, event_id: sealed.event.id, sealed: Some(sealed) }
        };
        (1..=length).map(row).collect()
    }

    fn followed(rows: &[ChainRow]) -> Result<ChainPlace, ChainBreak> {
        let mut walk = Walk::from(ChainPlace::START);
        walk.follow(rows, digest, &BTreeSet::new()).map(|()| walk.at)
    }

    fn sealed(row: &mut ChainRow) -> &mut SealedEvent {
        row.sealed.as_mut().unwrap()
    }

    #[test]
    fn a_chain_holds_in_one_walk_and_in_batches() {
        let rows = chain(5);
        let mut walk = Walk::from(ChainPlace::START);

        let batches = [&rows[..2], &rows[2..], &[]].map(|batch| walk.follow(batch, digest, &BTreeSet::new()));

        assert_eq!(batches, [Ok(()), Ok(()), Ok(())]);
        assert_eq!(followed(&rows), Ok(walk.at));
        assert_eq!(walk.at.position, 5);
    }

    #[test]
    fn a_changed_event_is_named() {
        let mut rows = chain(4);
        sealed(&mut rows[2]).event.count = 2;
        let mut unreadable = chain(4);
        unreadable[1].sealed = None;

        let changed = |row: &ChainRow| ChainBreak::Changed { position: row.position, event_id: row.event_id };
        assert_eq!(followed(&rows), Err(changed(&rows[2])));
        assert_eq!(followed(&unreadable), Err(changed(&rows[1])));
    }

    #[test]
    fn missing_events_are_counted_at_the_beginning_between_and_at_the_end() {
        let rows = chain(5);
        let between = [&rows[..1], &rows[3..]].concat();
        let mut walk = Walk::from(ChainPlace::START);
        walk.follow(&rows[..4], digest, &BTreeSet::new()).unwrap();

        assert_eq!(followed(&rows[1..]), Err(ChainBreak::Missing { from: 1, to: 1 }));
        assert_eq!(followed(&between), Err(ChainBreak::Missing { from: 2, to: 3 }));
        assert_eq!(walk.ends_at(ChainPlace { position: 4, link: None }), Ok(()));
        let cut = walk.ends_at(ChainPlace { position: 5, link: None });
        assert_eq!(cut, Err(ChainBreak::Missing { from: 5, to: 5 }));
    }

    #[test]
    fn reordered_events_are_found_with_their_links_and_without() {
        let whole = chain(4);
        let mut swapped_with_links = whole.clone();
        swapped_with_links.swap(1, 2);
        for (position, row) in (1..).zip(&mut swapped_with_links) {
            row.position = position;
            sealed(row).position = position;
        }
        let mut swapped_texts = whole;
        sealed(&mut swapped_texts[1]).event = event(3);
        sealed(&mut swapped_texts[2]).event = event(2);
        let formats = [1, 2].map(|place: usize| sealed(&mut swapped_texts[place]).format.clone());
        sealed(&mut swapped_texts[1]).format = formats[1].clone();
        sealed(&mut swapped_texts[2]).format = formats[0].clone();
        swapped_texts[1].event_id = event(3).id;
        swapped_texts[2].event_id = event(2).id;

        let moved = Err(ChainBreak::Moved { position: 2, event_id: event(2).id, found_at: 3 });
        assert_eq!(followed(&swapped_with_links), moved);
        assert_eq!(followed(&swapped_texts), moved);
    }

    #[test]
    fn an_event_beside_another_was_inserted() {
        let mut rows = chain(3);
        let mut beside = rows[1].clone();
        beside.event_id = EventId::from_uuid(Uuid::from_u128(77));
        rows.insert(2, beside);

        let inserted = ChainBreak::Inserted { position: 2, event_id: rows[2].event_id };
        assert_eq!(followed(&rows), Err(inserted));
    }

    #[test]
    fn a_walk_goes_on_behind_what_was_forgotten() {
        let rows = chain(5);
        let kept = sealed(&mut rows.clone()[2]).link;
        let walk = |link| Walk::from(ChainPlace { position: 3, link });

        let followed = [Some(kept), None, Some([1; 32])]
            .map(|link| walk(link).follow(&rows[3..], digest, &BTreeSet::new()));

        let changed = Err(ChainBreak::Changed { position: 4, event_id: rows[3].event_id });
        assert_eq!(followed, [Ok(()), Ok(()), changed]);
    }
}
