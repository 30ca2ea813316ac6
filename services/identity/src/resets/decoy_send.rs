//! Sends that a limit stopped which nobody may see: answered as if they had gone out, to the second.
//!
//! The verification is started again as a decoy, which consumes none of those limits and has the ladder of every other.
//! Where that is not possible either, the ladder is stored here: a row for each send that did not go out. Its clocks come
//! with the stop, so they are verification's of today.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::Resets;
use super::send::{Sending, nth};
use crate::operation::Error;
use crate::peers::verification::{CodeTiming, Progress, StartCode, Started, Stopped, Timers};
use crate::store::resets as store;

/// A send that went nowhere, to be answered as one that did.
struct DecoySend<'a> {
    start: &'a StartCode,
    stopped: &'a Stopped,
    /// How far the verification is, if it began.
    progress: Option<Progress>,
}

impl Resets {
    /// A first send that was stopped.
    pub(super) async fn start_decoy_send(
        &self,
        sending: &Sending<'_>,
        start: &StartCode,
        stopped: &Stopped,
    ) -> Result<Option<Timers>, Error> {
        let request_id = sending.operation.request_id_from_here(&format!("decoy{}", nth(sending.code)));
        let decoy = StartCode { decoy: true, request_id, ..start.clone() };
        match self.verification.start(&decoy).await? {
            Started::Sent(timers) => Ok(Some(self.noted_send(sending, start, Some(stopped.stop), timers))),
            Started::WasThere(_) | Started::Differs => Box::pin(self.send_again(sending, start)).await,
            Started::Stopped(_) => {
                self.decoy_send(sending, DecoySend { start, stopped, progress: None }).await
            }
        }
    }

    /// Another send of a verification that runs.
    pub(super) async fn resend_decoy_send(
        &self,
        sending: &Sending<'_>,
        start: &StartCode,
        stopped: &Stopped,
    ) -> Result<Option<Timers>, Error> {
        let progress = self.verification.progress(start.tenant_id, start.verification_id).await?;
        self.decoy_send(sending, DecoySend { start, stopped, progress }).await
    }

    async fn decoy_send(&self, sending: &Sending<'_>, decoy: DecoySend<'_>) -> Result<Option<Timers>, Error> {
        let DecoySend { start, stopped, progress } = decoy;
        let (scope, now) = (&sending.operation.scope, sending.operation.now);
        let CodeTiming { code_life, waits: ladder } = &stopped.timing;
        let went_out =
            progress.map_or(0, |progress| (ladder.len() + 1).saturating_sub(progress.sends_remaining));
        let verification_id = start.verification_id;
        let decoys = self.store.decoy_sends(scope, verification_id, number_of(went_out), now).await?;
        let number = went_out + decoys.len();
        let begun = decoys.first().copied().unwrap_or(now);
        let code_expires_at =
            progress.map_or_else(|| begun.plus(*code_life), |progress| progress.code_expires_at);
        if now.has_reached(code_expires_at) {
            // As verification says of one whose code has died: another one is due.
            return Ok(None);
        }
        if number > ladder.len() {
            return Err(self.sends_exhausted(sending.operation));
        }
        if let Some(wait) = wait_before(number, decoys.last(), ladder, sending) {
            return Err(self.send_limited(sending, wait));
        }
        let (number_sent, expires_at) = (number_of(number), sending.state.expires_at);
        let send = store::DecoySend { verification_id, number: number_sent, sent_at: now, expires_at };
        let at = self.store.record_decoy_send(scope, &send).await?;
        let timers = Timers { code_expires_at, resend_after: ladder.get(number).map(|wait| at.plus(*wait)) };
        Ok(Some(self.noted_send(sending, start, Some(stopped.stop), timers)))
    }
}

/// How long a send comes too soon; `None` if it is due.
fn wait_before(
    number: usize,
    last: Option<&Timestamp>,
    ladder: &[Duration],
    sending: &Sending<'_>,
) -> Option<Duration> {
    let due = last?.plus(*ladder.get(number.checked_sub(1)?)?);
    let now = sending.operation.now;
    (!now.has_reached(due)).then(|| due.since(now))
}

/// Ladders have a handful of steps.
fn number_of(send: usize) -> u32 {
    u32::try_from(send).unwrap_or(u32::MAX)
}
