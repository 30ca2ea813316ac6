//! Handing a counted message over to notification.

use futures_util::future::join_all;
use rekey_primitives::contact::Destination;

use super::events::EventSubject;
use super::{Codes, Error};
use crate::domain::code::Code;
use crate::domain::event::EventKind;
use crate::domain::names::Purpose;
use crate::domain::refusal::Refusal;
use crate::domain::route::{Fallback, Route, Withheld, minutes_left};
use crate::domain::rules::Rules;
use crate::domain::scope::{RunId, ScopedId};
use crate::domain::verification::CodeTimes;
use crate::metrics;
use crate::peers::{CodeMessage, SendResult};
use crate::store::{PendingMessage, SendOutcome};

/// The answer to a start or a resend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SentCode {
    pub(crate) times: CodeTimes,
    /// Whether a message went out for this call.
    pub(crate) sent: bool,
}

/// Whose messages are handed over, for what, and by which rules.
pub(super) struct Addressed<'a> {
    pub(super) id: &'a ScopedId,
    pub(super) purpose: &'a Purpose,
    pub(super) run_id: &'a RunId,
    pub(super) rules: &'a Rules,
}

/// What all messages of one step say.
#[derive(Clone, Copy)]
struct Content<'a> {
    route: &'a Route,
    code: &'a Code,
    pending: &'a PendingMessage,
}

/// Whom a message goes to.
#[derive(Clone, Copy)]
struct Recipient<'a> {
    place: usize,
    destination: &'a Destination,
    /// Where it falls back to.
    fallback: Option<&'a Fallback>,
}

/// Counts whom a message that is counted does not go to.
fn count_silent(message: &PendingMessage) {
    let cut_off = message.findings.cut_off;
    let had_theirs = message.withheld.bits() & !cut_off.bits();
    for (withheld, limit) in [(had_theirs, "destination"), (cut_off.bits(), "prefix")] {
        if withheld > 0 {
            metrics::LIMITS.add(u64::from(withheld.count_ones()), [limit, "silent"]);
        }
    }
    if message.is_dropped {
        metrics::LIMITS.add(1, ["tenant", "silent"]);
    }
}

impl Codes {
    /// Does what the outcome of a step asks for. None means: take another snapshot.
    pub(super) async fn deliver(
        &self,
        outcome: SendOutcome,
        addressed: &Addressed<'_>,
    ) -> Result<Option<SentCode>, Error> {
        self.act_on(outcome, addressed).await.map_err(|error| error.of_send(addressed.rules))
    }

    async fn act_on(
        &self,
        outcome: SendOutcome,
        addressed: &Addressed<'_>,
    ) -> Result<Option<SentCode>, Error> {
        match outcome {
            SendOutcome::Counted(message) => {
                count_silent(&message);
                self.hand_over(&message, addressed).await?;
                Ok(Some(SentCode { times: message.times, sent: true }))
            }
            SendOutcome::Unacknowledged(message) => {
                self.hand_over(&message, addressed).await?;
                Ok(Some(SentCode { times: message.times, sent: true }))
            }
            SendOutcome::NothingToSend { times, sent } => Ok(Some(SentCode { times, sent })),
            SendOutcome::Refused(refusal) => Err(refusal.into()),
            SendOutcome::NotReserved | SendOutcome::Stale => Ok(None),
        }
    }

    /// Hands a message over to each destination that gets it, and notes that all were accepted. A repeat hands every one
    /// over again, under the ids they had.
    async fn hand_over(&self, message: &PendingMessage, addressed: &Addressed<'_>) -> Result<(), Error> {
        let Addressed { id, purpose, run_id, rules } = *addressed;
        let route = self.keys.open_route(id, &message.sealed_route)?;
        if message.is_dropped {
            return Ok(());
        }
        let code = self.keys.open_code(id, &message.sealed_code)?;
        let content = Content { route: &route, code: &code, pending: message };
        let handed_over = reached(rules, &route, message.withheld)
            .into_iter()
            .map(|recipient| self.code_message(recipient, &content, addressed))
            .map(|message| async move {
                match self.messenger.send(&message).await? {
                    SendResult::Accepted => Ok(()),
                    SendResult::ChannelNotConfigured => Err(Error::from(Refusal::ChannelNotAllowed)),
                    SendResult::AlreadyExpired => Err(Refusal::VerificationOver.into()),
                }
            });
        // All are tried whatever comes of the first.
        join_all(handed_over).await.into_iter().collect::<Result<(), Error>>()?;
        let about = EventSubject { id, purpose, channel: Some(route.destinations.channel()) };
        let events = self.step_events(about, &[EventKind::Sent], self.clock.now());
        Ok(self.store.acknowledge(id, message.number, run_id, &events).await?)
    }

    fn code_message(
        &self,
        recipient: Recipient<'_>,
        content: &Content<'_>,
        addressed: &Addressed<'_>,
    ) -> CodeMessage {
        let Addressed { id, purpose, run_id, rules } = *addressed;
        let Recipient { place, destination, fallback } = recipient;
        let Content { route, code, pending } = *content;
        let organisation = match route.organisation.as_str() {
            "" => &rules.organisation,
            given => given,
        };
        let message_id = self.keys.message_id(id, run_id, pending, place);
        let about = EventSubject { id, purpose, channel: Some(destination.channel()) };
        let next = fallback.map(|step| step.destination.channel());
        CodeMessage {
            tenant: id.scope.tenant,
            id: message_id,
            verification: id.verification,
            template: purpose.template().as_str(),
            destination: destination.clone(),
            fallback: fallback.cloned(),
            locale: route.locale.clone(),
            organisation: organisation.to_owned(),
            transaction: route.transaction.clone(),
            code: code.clone(),
            minutes: minutes_left(pending.sent_at, pending.times.expires_at),
            not_after: pending.times.expires_at,
            decoy: route.decoy,
            delivery_events: self.delivery_events(about, message_id, next),
        }
    }
}

/// Whom messages go to. A message whose own destination has had its messages for now goes to the other channel at once.
fn reached<'a>(rules: &Rules, route: &'a Route, withheld: Withheld) -> Vec<Recipient<'a>> {
    let is_real = |destination: &Destination| !rules.is_test_destination(destination);
    let step = route.fallback_without(withheld).filter(|step| is_real(&step.destination));
    let count = route.destinations.iter().count();
    let is_withheld = (0..count).all(|place| withheld.includes(place));
    let destinations = route.without(withheld).filter(|(place, _)| *place < count || is_withheld);
    destinations
        .filter(|(_, destination)| is_real(destination))
        .map(|(place, destination)| Recipient {
            place,
            destination,
            fallback: step.filter(|_| place < count),
        })
        .collect()
}
