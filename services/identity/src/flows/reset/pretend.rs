//! Sends that a limit stopped which nobody may see: answered as if they had gone out, to the second.
//!
//! The verification is started again as a decoy, which spends none of those limits and has the ladder of every other.
//! Where that is not possible either, the ladder is kept here: the time of each send that was pretended, once. Its
//! clocks come with the stop, so they are verification's of today.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_sealing::digest;

use super::send::Sending;
use crate::domain::scope::TenantScope;
use crate::flows::once::Repeatable;
use crate::flows::{Error, Identity};
use crate::peers::verification::{Pace, Progress, StartCode, Started, Stopped, Timers};

impl Identity {
    /// A first send that was stopped.
    pub(super) async fn pretend_start(
        &self,
        scope: &TenantScope,
        sending: &Sending<'_>,
        start: &StartCode,
        stopped: &Stopped,
    ) -> Result<Timers, Error> {
        let decoy = StartCode { decoy: true, request_id: sending.request_id("decoy"), ..start.clone() };
        match self.verification.start(&decoy).await? {
            Started::Sent(timers) => Ok(self.noted_send(sending, start, Some(stopped.stop), timers)),
            Started::WasThere(_) | Started::Differs => Box::pin(self.send_again(scope, sending, start)).await,
            Started::Stopped(_) => self.pretend(scope, sending, (start, stopped), None).await,
        }
    }

    /// Another send of a verification that runs.
    pub(super) async fn pretend_resend(
        &self,
        scope: &TenantScope,
        sending: &Sending<'_>,
        start: &StartCode,
        stopped: &Stopped,
    ) -> Result<Timers, Error> {
        let progress = self.verification.progress(start.tenant_id, start.verification_id).await?;
        self.pretend(scope, sending, (start, stopped), progress).await
    }

    async fn pretend(
        &self,
        scope: &TenantScope,
        sending: &Sending<'_>,
        (start, stopped): (&StartCode, &Stopped),
        progress: Option<Progress>,
    ) -> Result<Timers, Error> {
        let Pace { code_life, waits: ladder } = &stopped.pace;
        let went_out =
            progress.map_or(0, |progress| (ladder.len() + 1).saturating_sub(progress.sends_remaining));
        let mut pretended = Vec::new();
        for number in went_out..=ladder.len() {
            let first = first_of(sending, start, number);
            match self.recall::<i64>(scope, &first, sending.now).await? {
                Some(at) => pretended.push(Timestamp::from_unix_micros(at)),
                None => break,
            }
        }
        let number = went_out + pretended.len();
        let begun = pretended.first().copied().unwrap_or(sending.now);
        let code_expires_at =
            progress.map_or_else(|| begun.plus(*code_life), |progress| progress.code_expires_at);
        if sending.now.has_reached(code_expires_at) {
            // As verification says of one whose code has died: there is nothing to send again.
            return Err(self.send_limited(sending, sending.state.expires_at.since(sending.now)));
        }
        if let Some(wait) = wait_before(number, pretended.last(), ladder, sending) {
            return Err(self.send_limited(sending, wait));
        }
        let first = first_of(sending, start, number);
        let at = self.keep_answer(scope, &first, sending.now.unix_micros(), sending.now).await?;
        let at = Timestamp::from_unix_micros(at);
        let timers = Timers { code_expires_at, resend_after: ladder.get(number).map(|wait| at.plus(*wait)) };
        Ok(self.noted_send(sending, start, Some(stopped.stop), timers))
    }
}

/// How long a send comes too soon; `None` if it is due.
fn wait_before(
    number: usize,
    last: Option<&Timestamp>,
    ladder: &[Duration],
    sending: &Sending<'_>,
) -> Option<Duration> {
    if number > ladder.len() {
        return Some(sending.state.expires_at.since(sending.now));
    }
    let due = last?.plus(*ladder.get(number.checked_sub(1)?)?);
    (!sending.now.has_reached(due)).then(|| due.since(sending.now))
}

/// Names the send of a verification by its number, for as long as its reset lives.
fn first_of(sending: &Sending<'_>, start: &StartCode, number: usize) -> Repeatable {
    let verification = start.verification_id.as_uuid();
    let key = digest(&[b"pretended send", verification.as_bytes(), &number.to_be_bytes()]);
    Repeatable::first_of(key, sending.state.expires_at)
}
