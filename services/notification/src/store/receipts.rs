//! What is heard of messages after they were handed over.
//!
//! A receipt and what follows from it are one step: the message shows it, and its address is written down in the same commit.
//! Nothing here is undone by hearing it twice.

use std::time::Duration;

use rekey_database::{
    FOR_UPDATE, FOR_UPDATE_SKIP_LOCKED, Failure, Finished, Transaction, statements, values,
};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, TenantId};
use uuid::Uuid;

use super::Store;
use super::rows::accepted_within;
use super::suppressions::{Entry, renew};
use crate::domain::destination::Channel;
use crate::domain::lane::Lane;
use crate::domain::receipt::{ReceiptState, Report, SuppressionLives};
use crate::domain::suppression::Reason;

/// Messages of one tenant in one millisecond, at most: far more than can be accepted in it.
const OF_ONE_MILLISECOND: i64 = 2_000;
/// How often the pace of a provider's receipts is written down, so that a row that all of them share is not hot.
const PACE_EVERY: Duration = Duration::from_secs(10);
/// For how long a pace counts after the last receipt.
const PACE_LIFE: Duration = Duration::from_secs(24 * 3_600);
/// Decoys that are older get no receipt any more.
const DECOY_WINDOW: Duration = Duration::from_secs(24 * 3_600);

statements! {
    /// By the milliseconds that an id begins with: they lead to the partition.
    const OF_MILLISECOND = "select id from notification
        where tenant_id = $1 and created_at between $2 and $3 and not decoy limit $4";

    const FIND_HANDED_OVER = "select lane, provider, address_hash, masked_destination, changed_at from notification
        where tenant_id = $1 and id = $2 and created_at between $3 and $4 and channel = $5 and not decoy", FOR_UPDATE;

    const RECORD_RECEIPT = "update notification set
            receipt_state = $5, receipt_detail = $6, receipt_at = $7, changed_at = $7
        where tenant_id = $1 and id = $2 and created_at between $3 and $4
          and (receipt_state is null or receipt_state < $5)";

    /// Of a message that did not arrive and has a step left: due at once, and with its step due as well. What was heard is of
    /// the channel that it leaves. A report may come before its worker says that the message was handed over, which the doubt
    /// tells: the fence makes that worker too late.
    const FALL_BACK = "update notification set state = 1, next_try_at = $5, fallback_at = $5, lease_until = null,
            fence = fence + 1, in_doubt = false, waits_for_provider = false, changed_at = $5,
            receipt_state = null, receipt_at = null, receipt_detail = ''
        where tenant_id = $1 and id = $2 and created_at between $3 and $4
          and (state in (3, 4) or (state in (1, 2) and in_doubt))
          and fallback_at is not null and payload is not null and not_after > $5";

    const PACE = "insert into receipt_pace (provider, took, heard_at) values ($1, $2, $3)
        on conflict (provider) do update set took = excluded.took, heard_at = excluded.heard_at
        where receipt_pace.heard_at <= $4";

    /// Decoys of text messages whose provider's receipts would have come by now.
    const ANSWER_DECOYS = "with ripe as (
            select tenant_id, created_at, id from notification
            where decoy and state = 3 and receipt_state is null and channel = 'sms' and created_at > $2
              and exists (select 1 from receipt_pace where receipt_pace.provider = notification.provider
                  and heard_at > $3 and notification.changed_at + took <= $1)
            limit $4", FOR_UPDATE_SKIP_LOCKED, ")
        update notification set receipt_state = 2, receipt_at = $1, changed_at = $1
        from ripe
        where notification.tenant_id = ripe.tenant_id and notification.created_at = ripe.created_at
          and notification.id = ripe.id";
}

/// A message that somebody reports of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: NotificationId,
    /// How the report came: that of another channel is none of this message's.
    pub(crate) channel: Channel,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReceiptOutcome {
    /// The message shows it. Why its address gets no more of some messages, where that follows.
    Recorded { suppressed: Option<Reason> },
    /// As much or more was heard before.
    Known,
    /// No such message, or it was purged.
    NotFound,
}

/// A message that was handed over.
#[derive(sqlx::FromRow)]
struct HandedOver {
    lane: i16,
    provider: String,
    address_hash: Option<Vec<u8>>,
    masked_destination: String,
    changed_at: i64,
}

impl Store {
    /// The messages of a tenant that were accepted in the millisecond since the epoch.
    pub(crate) async fn accepted_in(
        &self,
        tenant_id: TenantId,
        millisecond: i64,
    ) -> Result<Vec<NotificationId>, Failure> {
        let first = millisecond.saturating_mul(1_000);
        let values = values![tenant_id, first, first.saturating_add(999), OF_ONE_MILLISECOND];
        let found: Vec<(Uuid,)> = self.database.all(OF_MILLISECOND, values).await?;
        Ok(found.into_iter().map(|(id,)| NotificationId::from_uuid(id)).collect())
    }

    /// Records what is reported of a message, if it is further along than what was heard before, and writes its address down
    /// where the report says so. One that did not arrive takes the next step of its fallbacks. A decoy is not found: nothing that could be reported of left here.
    pub(crate) async fn record_receipt(
        &self,
        reported: Reported,
        report: &Report,
        lives: SuppressionLives,
        now: Timestamp,
    ) -> Result<ReceiptOutcome, Failure> {
        let step = ReceiptStep { reported, report, lives, now };
        self.database.step(|tx| step.take(tx)).await
    }

    /// Gives decoys the receipts that messages would have by now. How many.
    pub(super) async fn answer_decoys(&self, batch: u32, now: Timestamp) -> Result<u64, Failure> {
        let values = values![now, now.minus(DECOY_WINDOW), now.minus(PACE_LIFE), batch];
        self.database.execute(ANSWER_DECOYS, values).await
    }
}

/// A receipt about to be recorded.
#[derive(Clone, Copy)]
struct ReceiptStep<'a> {
    reported: Reported,
    report: &'a Report,
    lives: SuppressionLives,
    now: Timestamp,
}

impl ReceiptStep<'_> {
    async fn take(self, mut tx: Transaction) -> Result<Finished<ReceiptOutcome>, Failure> {
        let Self { reported: Reported { tenant_id, id, channel }, report, now, .. } = self;
        let (first, last) = accepted_within(id);
        let values = values![tenant_id, id, first, last, channel.as_str()];
        let Some(message) = tx.optional::<HandedOver>(FIND_HANDED_OVER, values).await? else {
            return Ok(tx.roll_back(ReceiptOutcome::NotFound));
        };
        let (state, detail) = (report.state.number(), report.detail.as_str());
        let recorded = values![tenant_id, id, first, last, state, detail, now];
        if tx.execute(RECORD_RECEIPT, recorded).await? == 0 {
            return Ok(tx.roll_back(ReceiptOutcome::Known));
        }
        let suppressed = self.suppress(&mut tx, &message).await?;
        if report.state == ReceiptState::Failed {
            tx.execute(FALL_BACK, values![tenant_id, id, first, last, now]).await?;
        }
        if report.state == ReceiptState::Delivered && channel == Channel::Sms {
            let took = now.since(Timestamp::from_unix_micros(message.changed_at));
            let took = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
            tx.execute(PACE, values![&message.provider, took, now, now.minus(PACE_EVERY)]).await?;
        }
        Ok(tx.commit(ReceiptOutcome::Recorded { suppressed }))
    }

    /// Writes the address down, where that follows.
    async fn suppress(&self, tx: &mut Transaction, message: &HandedOver) -> Result<Option<Reason>, Failure> {
        let Self { reported: Reported { tenant_id, channel, .. }, report, lives, now } = *self;
        let lane = Lane::from_repr(message.lane).ok_or(Failure::Unreadable { what: "lane" })?;
        let hash = message.address_hash.as_deref().and_then(|hash| hash.try_into().ok());
        let (Some(new), Some(address_hash)) = (report.suppresses(channel, lane, lives), hash) else {
            return Ok(None);
        };
        let entry = Entry {
            tenant_id,
            channel,
            address_hash,
            stream: new.stream,
            reason: new.reason,
            masked_destination: &message.masked_destination,
            expires_at: new.life.map(|life| now.plus(life)),
        };
        renew(tx, &entry, now).await?;
        Ok(Some(new.reason))
    }
}
