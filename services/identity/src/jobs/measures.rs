//! What is measured of work that waits: events until they are sealed, notices until they are handed over.

use rekey_primitives::clock::{SharedClock, Timestamp};

use crate::domain::audit::EventKind;
use crate::metrics;
use crate::store::audit::sealing::SealedKind;
use crate::store::{Failure, Store, in_time};

/// The name in the metrics of a kind of event that a newer release wrote.
const UNKNOWN_KIND: &str = "_OTHER";

/// So many notices that are due are counted: beyond it the number says nothing new.
const COUNTED_NOTICES: u32 = 1_000;

/// Counts what was sealed, here and by nobody else: whoever seals an event is alone with it.
pub(super) fn count_sealed(events: &[SealedKind], now: Timestamp) {
    for event in events {
        let kind = event.kind.parse().map_or(UNKNOWN_KIND, EventKind::as_str);
        metrics::EVENTS.add(u64::from(event.count), [kind]);
        metrics::SEALING_LAG.record::<&str>(now.since(event.at), []);
    }
}

/// Says how many notices are due, and for how long the oldest has been.
///
/// # Errors
/// The store is away.
pub(crate) async fn notices(store: Store, clock: SharedClock) -> Result<(), Failure> {
    let now = clock.now();
    let due = in_time(store.due_notices(COUNTED_NOTICES, now)).await?;
    metrics::NOTICES_DUE.set_count::<&str>(due.count, []);
    metrics::NOTICES_AGE.set::<&str>(due.since.map_or(0.0, |at| now.since(at).as_secs_f64()), []);
    Ok(())
}
