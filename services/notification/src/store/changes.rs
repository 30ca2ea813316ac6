//! Stepping in: withdrawing a message, and sending one again.

use rekey_database::{Failure, Sql, Transaction, Value, statements, values};
use rekey_primitives::clock::Timestamp;

use super::Store;
use super::journeys::find;
use super::models::{ChangeOutcome, ChangeRequest};
use super::requests::{Action, Request};
use super::rows::accepted_within;
use super::visible::{VISIBLE, values_of};
use crate::domain::fallback::SHORTEST_AFTER;
use crate::domain::scope::CallerScope;

statements! {
    const CANCEL = "update notification set state = 6, payload = null, next_try_at = null, changed_at = $10", VISIBLE,
        " and id = $7 and created_at between $8 and $9 and state = 1 and not in_doubt";

    /// A step that is due by now is put off: the channel that the message is on is asked first.
    const REPLAY = "update notification set state = 1, next_try_at = $10, fence = fence + 1, changed_at = $10,
            in_doubt = false, tries = 0, receipt_state = null, receipt_at = null, receipt_detail = '',
            fallback_at = case when fallback_at < $11 then $11 else fallback_at end", VISIBLE,
        " and id = $7 and created_at between $8 and $9
          and state in (4, 7) and payload is not null and not_after > $10";
}

impl Store {
    /// Withdraws a queued message and wipes its payload, unless it may have gone out already. The same request
    /// again changes nothing and says the same.
    pub(crate) async fn cancel(
        &self,
        scope: &CallerScope,
        change: ChangeRequest,
        now: Timestamp,
    ) -> Result<ChangeOutcome, Failure> {
        let step = Step { scope, change, action: Action::Cancelled, sql: CANCEL, next_step_at: None, now };
        self.database.step(|tx| step.take(tx)).await
    }

    /// Queues a dead or unknown message again, due now, if its payload is still kept. Tries are counted from one
    /// again: a message out of tries gets all of them. Whoever asks has seen the doubt, if there was any, and it
    /// ends: the message will show how the new tries end. Its next step comes no sooner than after the shortest time that
    /// a channel is given. The same request again changes nothing and says the same.
    pub(crate) async fn replay(
        &self,
        scope: &CallerScope,
        change: ChangeRequest,
        now: Timestamp,
    ) -> Result<ChangeOutcome, Failure> {
        let next_step_at = Some(now.plus(SHORTEST_AFTER));
        let step = Step { scope, change, action: Action::Replayed, sql: REPLAY, next_step_at, now };
        self.database.step(|tx| step.take(tx)).await
    }
}

/// A change about to be made.
#[derive(Clone, Copy)]
struct Step<'a> {
    scope: &'a CallerScope,
    change: ChangeRequest,
    action: Action,
    /// Changes the message if it stands where that is possible.
    sql: Sql,
    /// The soonest that its next step is due by it, for a statement that asks.
    next_step_at: Option<Timestamp>,
    now: Timestamp,
}

impl Step<'_> {
    async fn take(self, mut tx: Transaction) -> Result<rekey_database::Finished<ChangeOutcome>, Failure> {
        let Self { scope, change, action, sql, next_step_at, now } = self;
        let request = Request {
            tenant_id: scope.tenant_id(),
            request_id: change.request_id,
            action,
            notification_id: change.id,
            expires_at: change.request_expires_at,
            fingerprint: &[],
        };
        if let Some(earlier) = request.enter(&mut tx, now).await? {
            let outcome = match find(&mut tx, scope, change.id).await? {
                _ if !earlier.is_change(action, change.id) => ChangeOutcome::RequestIdReused,
                Some(notification) => ChangeOutcome::Made(Box::new(notification)),
                None => ChangeOutcome::NotFound,
            };
            return Ok(tx.roll_back(outcome));
        }
        let (first, last) = accepted_within(change.id);
        let mut rest = values![change.id, first, last, now].to_vec();
        rest.extend(next_step_at.map(Value::from));
        let changed = tx.execute(sql, &values_of(scope, &rest)).await?;
        Ok(match find(&mut tx, scope, change.id).await? {
            Some(notification) if changed == 1 => tx.commit(ChangeOutcome::Made(Box::new(notification))),
            // A refused request does not use up its id.
            Some(_) => tx.roll_back(ChangeOutcome::Impossible),
            None => tx.roll_back(ChangeOutcome::NotFound),
        })
    }
}
