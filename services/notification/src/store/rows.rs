//! How rows read, in both databases alike, and what an id says about where its row lies.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, TenantId};
use uuid::Uuid;

use super::models::{Claim, Lease};
use crate::domain::delivery::Outcome;
use crate::domain::destination::Channel;
use crate::domain::lane::Lane;
use crate::domain::notification::Notification;
use crate::domain::page::Position;
use crate::domain::receipt::{Receipt, ReceiptDetail, ReceiptState};
use crate::domain::state::{FailureClass, State};
use crate::domain::trace::TraceContext;
use rekey_database::Failure;

/// A journey.
#[derive(sqlx::FromRow)]
pub(super) struct NotificationRow {
    tenant_id: Uuid,
    pub(super) id: Uuid,
    created_at: i64,
    changed_at: i64,
    lane: i16,
    state: i16,
    template: String,
    locale: String,
    channel: String,
    masked_destination: String,
    reference: String,
    tries: i32,
    next_try_at: Option<i64>,
    not_after: i64,
    last_failure: Option<i16>,
    provider: String,
    fallbacks_used: i16,
    fallback_at: Option<i64>,
    pub(super) change_number: i64,
    trace_id: Option<Vec<u8>>,
    span_id: Option<Vec<u8>>,
    receipt_state: Option<i16>,
    receipt_at: Option<i64>,
    receipt_detail: String,
}

impl NotificationRow {
    /// Where it stands in a list.
    pub(super) fn position(&self) -> Position {
        let created_at = Timestamp::from_unix_micros(self.created_at);
        Position { created_at, id: NotificationId::from_uuid(self.id) }
    }
}

impl TryFrom<NotificationRow> for Notification {
    type Error = Failure;

    fn try_from(row: NotificationRow) -> Result<Self, Failure> {
        // A class that a newer replica wrote is shown as none: one row must not take a page with it.
        let last_failure = row.last_failure.and_then(FailureClass::from_repr);
        let receipt = row.receipt_state.and_then(ReceiptState::from_repr).zip(row.receipt_at);
        Ok(Self {
            id: NotificationId::from_uuid(row.id),
            tenant_id: TenantId::from_uuid(row.tenant_id),
            template: row.template,
            locale: row.locale,
            channel: Channel::parse(&row.channel).ok_or(unreadable("channel"))?,
            masked_destination: row.masked_destination,
            lane: Lane::from_repr(row.lane).ok_or(unreadable("lane"))?,
            state: State::from_repr(row.state).ok_or(unreadable("state"))?,
            reference: row.reference,
            tries: u32::try_from(row.tries).map_err(|_| unreadable("tries"))?,
            last_failure,
            provider: row.provider,
            created_at: Timestamp::from_unix_micros(row.created_at),
            changed_at: Timestamp::from_unix_micros(row.changed_at),
            next_try_at: row.next_try_at.map(Timestamp::from_unix_micros),
            not_after: Timestamp::from_unix_micros(row.not_after),
            fallbacks_used: u32::try_from(row.fallbacks_used).unwrap_or(0),
            fallback_at: row.fallback_at.map(Timestamp::from_unix_micros),
            trace: TraceContext::from_parts(row.trace_id.as_deref(), row.span_id.as_deref()),
            receipt: receipt.map(|(state, at)| Receipt {
                state,
                detail: ReceiptDetail::from_stored(row.receipt_detail),
                at: Timestamp::from_unix_micros(at),
            }),
        })
    }
}

/// A claimed message.
#[derive(sqlx::FromRow)]
pub(super) struct ClaimRow {
    tenant_id: Uuid,
    id: Uuid,
    created_at: i64,
    fence: i64,
    in_doubt: bool,
    template: String,
    locale: String,
    channel: String,
    decoy: bool,
    tries: i32,
    payload: Vec<u8>,
    not_after: i64,
    fallbacks_used: i16,
    fallback_at: Option<i64>,
    trace_id: Option<Vec<u8>>,
    span_id: Option<Vec<u8>>,
}

impl TryFrom<ClaimRow> for Claim {
    type Error = Failure;

    fn try_from(row: ClaimRow) -> Result<Self, Failure> {
        Ok(Self {
            lease: Lease {
                tenant_id: TenantId::from_uuid(row.tenant_id),
                id: NotificationId::from_uuid(row.id),
                created_at: Timestamp::from_unix_micros(row.created_at),
                fence: row.fence,
                in_doubt: row.in_doubt,
            },
            template: row.template,
            locale: row.locale,
            channel: Channel::parse(&row.channel).ok_or(unreadable("channel"))?,
            is_decoy: row.decoy,
            tries: u32::try_from(row.tries).unwrap_or(u32::MAX),
            payload: row.payload,
            not_after: Timestamp::from_unix_micros(row.not_after),
            fallbacks_used: usize::try_from(row.fallbacks_used).unwrap_or(0),
            fallback_at: row.fallback_at.map(Timestamp::from_unix_micros),
            trace: TraceContext::from_parts(row.trace_id.as_deref(), row.span_id.as_deref()),
        })
    }
}

const fn unreadable(what: &'static str) -> Failure {
    Failure::Unreadable { what }
}

/// The columns an outcome sets, on a message that is in doubt or not.
pub(super) struct OutcomeColumns {
    pub(super) state: i16,
    pub(super) next_try_at: Option<i64>,
    pub(super) last_failure: Option<i16>,
    pub(super) wipes: bool,
}

impl OutcomeColumns {
    pub(super) fn of(outcome: Outcome, in_doubt: bool) -> Self {
        Self {
            state: outcome.state(in_doubt).number(),
            next_try_at: outcome.due_at().map(Timestamp::unix_micros),
            last_failure: outcome.last_failure(in_doubt).map(FailureClass::number),
            wipes: outcome.wipes(),
        }
    }
}

/// The first and the last microsecond at which a message of this id can have been accepted: a UUID version 7 begins
/// with its millisecond. Other ids name an instant at which nothing was.
pub(super) fn accepted_within(id: NotificationId) -> (i64, i64) {
    let millis = i64::try_from(id.as_uuid().as_u128() >> 80).expect("48 bits fit 64");
    let first = millis.saturating_mul(1_000);
    (first, first.saturating_add(999))
}

/// A count for a `limit`.
pub(super) fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use rekey_primitives::entropy::SeededEntropy;

    use super::*;

    #[test]
    fn an_id_leads_to_the_millisecond_of_its_acceptance() {
        let now = Timestamp::from_unix_micros(1_785_000_000_123_456);

        let (first, last) = accepted_within(NotificationId::generate(&SeededEntropy::new(1), now));

        assert_eq!((first, last), (1_785_000_000_123_000, 1_785_000_000_123_999));
    }
}
