//! Accepting messages: judge each, seal it, make all that pass durable in one step, wake the workers.
//!
//! A repeated call gets its first answer for as long as its request id lives. What would be refused by now, because the
//! lane is full or the message has died meanwhile, is looked up first: it may have been accepted before.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;
use rekey_primitives::id::{NotificationId, RequestId, TenantId};
use rekey_primitives::secret::same;
use rekey_sealing::digest;

use super::{Error, PostOffice};
use crate::domain::message::Message;
use crate::domain::payload::{Payload, binding};
use crate::domain::refusal::{Refusal, Violation};
use crate::domain::scope::TenantScope;
use crate::store::{Acceptance, NewNotification};

/// A message that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// Its id.
    pub(crate) id: NotificationId,
    /// When it was accepted.
    pub(crate) accepted_at: Timestamp,
}

/// How long a caller waits before it tries a full lane again.
const FULL_LANE_PAUSE: Duration = Duration::from_secs(5);

/// A message that passed, with the mark of its content.
struct Passed {
    place: usize,
    fingerprint: [u8; 32],
    row: NewNotification,
}

impl PostOffice {
    /// Accepts messages, each under its own request id; an answer for each, in their order. Refused ones do not hold
    /// up the others.
    ///
    /// # Errors
    /// The store failed; then none was accepted.
    pub(crate) async fn accept(
        &self,
        scope: TenantScope,
        messages: Vec<(RequestId, Message)>,
    ) -> Result<Vec<Result<Receipt, Refusal>>, Error> {
        let now = self.clock.now();
        let mut answers: Vec<Result<Receipt, Refusal>> = Vec::with_capacity(messages.len());
        let mut passed: Vec<Passed> = Vec::with_capacity(messages.len());
        for (place, (request_id, message)) in messages.iter().enumerate() {
            let seen = passed.iter().any(|earlier| earlier.row.request_id == *request_id);
            let judged = if seen { Err(Refusal::RequestIdReused) } else { self.judge(message, now) };
            answers.push(match judged {
                Err(refusal) => Err(refusal),
                Ok(not_after) => {
                    let id = NotificationId::generate(self.entropy.as_ref(), now);
                    let fingerprint = fingerprint(message);
                    let row = self.sealed(
                        scope.tenant_id(),
                        (id, *request_id),
                        message,
                        &fingerprint,
                        not_after,
                        now,
                    );
                    passed.push(Passed { place, fingerprint, row });
                    Ok(Receipt { id, accepted_at: now })
                }
            });
        }
        self.recall(scope, &messages, &mut answers, now).await?;
        if passed.is_empty() {
            return Ok(answers);
        }
        let rows: Vec<NewNotification> = passed.iter().map(|one| one.row.clone()).collect();
        let acceptances = self.store.accept(scope, &rows, now).await?;
        for (one, acceptance) in passed.iter().zip(acceptances) {
            match acceptance {
                Acceptance::Accepted => self.bell.ring(one.row.lane),
                other => {
                    let bound_to = request_binding(scope.tenant_id(), one.row.request_id);
                    answers[one.place] = self.repeated(&bound_to, &one.fingerprint, other);
                }
            }
        }
        Ok(answers)
    }

    /// Gives the messages that would be refused now their first answers, where they have some.
    async fn recall(
        &self,
        scope: TenantScope,
        messages: &[(RequestId, Message)],
        answers: &mut [Result<Receipt, Refusal>],
        now: Timestamp,
    ) -> Result<(), Error> {
        // A request id that stands in one call twice is no repeated call.
        let would_refuse = |answer: &Result<Receipt, Refusal>| {
            answer.as_ref().is_err_and(|refusal| *refusal != Refusal::RequestIdReused)
        };
        let places: Vec<usize> = (0..answers.len()).filter(|place| would_refuse(&answers[*place])).collect();
        if places.is_empty() {
            return Ok(());
        }
        let request_ids: Vec<RequestId> = places.iter().map(|place| messages[*place].0).collect();
        let found = self.store.find_requests(scope, &request_ids, now).await?;
        for (place, earlier) in places.into_iter().zip(found) {
            if let Some(earlier) = earlier {
                let (request_id, message) = &messages[place];
                let bound_to = request_binding(scope.tenant_id(), *request_id);
                answers[place] = self.repeated(&bound_to, &fingerprint(message), earlier);
            }
        }
        Ok(())
    }

    /// Whether a message may be accepted, and when it dies.
    fn judge(&self, message: &Message, now: Timestamp) -> Result<Timestamp, Refusal> {
        let has_provider = match message.destination.channel() {
            Channel::Email => self.rules.sends_email,
            Channel::Sms => self.rules.sends_sms,
        };
        if !has_provider {
            return Err(Refusal::ChannelNotConfigured);
        }
        let not_after = match message.not_after {
            None => now.plus(*self.rules.life.of(message.lane)),
            Some(at) if now.has_reached(at) => return Err(Refusal::AlreadyExpired),
            Some(at) if at > now.plus(self.rules.longest_life) => {
                let what = "is later than a message may live";
                return Err(Refusal::FieldsInvalid(vec![Violation::new("message.not_after", what)]));
            }
            Some(at) => at,
        };
        if self.depths.of(message.lane) >= *self.rules.queue_limit.of(message.lane) {
            return Err(Refusal::QueueFull { retry_after: FULL_LANE_PAUSE });
        }
        Ok(not_after)
    }

    fn sealed(
        &self,
        tenant_id: TenantId,
        (id, request_id): (NotificationId, RequestId),
        message: &Message,
        fingerprint: &[u8; 32],
        not_after: Timestamp,
        now: Timestamp,
    ) -> NewNotification {
        let payload =
            Payload { destination: message.destination.clone(), variables: message.variables.clone() };
        let entropy = self.entropy.as_ref();
        NewNotification {
            id,
            request_id,
            // Sealed, because a bare digest would let whoever reads the table try a million codes against it.
            fingerprint: self.keys.seal(entropy, &request_binding(tenant_id, request_id), fingerprint),
            request_expires_at: now.plus(self.rules.request_life),
            template: message.template,
            locale: message.locale.as_ref().map(|locale| locale.as_str().to_owned()).unwrap_or_default(),
            channel: message.destination.channel(),
            masked_destination: message.destination.masked(),
            lane: message.lane,
            reference: message.reference.as_str().to_owned(),
            decoy: message.decoy,
            payload: self.keys.seal(entropy, &binding(tenant_id, id), &payload.to_bytes()),
            not_after,
        }
    }

    /// The answer to a request id that was used before: the same message if it was the same content.
    fn repeated(&self, bound_to: &[u8], content: &[u8; 32], earlier: Acceptance) -> Result<Receipt, Refusal> {
        let Acceptance::Known { id, created_at, fingerprint } = earlier else {
            return Err(Refusal::RequestIdReused);
        };
        match self.keys.open(bound_to, &fingerprint) {
            Ok(opened) if same(&opened, content) => Ok(Receipt { id, accepted_at: created_at }),
            _ => Err(Refusal::RequestIdReused),
        }
    }
}

fn request_binding(tenant_id: TenantId, request_id: RequestId) -> Vec<u8> {
    [b"notification request".as_slice(), tenant_id.as_uuid().as_bytes(), request_id.as_uuid().as_bytes()]
        .concat()
}

/// The mark of a message's content: everything the caller said, and nothing that we added.
fn fingerprint(message: &Message) -> [u8; 32] {
    let not_after = message.not_after.map(|at| at.unix_micros().to_be_bytes());
    let lane = message.lane.number().to_be_bytes();
    let decoy = [u8::from(message.decoy)];
    let mut parts: Vec<&[u8]> = vec![
        message.template.as_str().as_bytes(),
        message.locale.as_ref().map_or("", |locale| locale.as_str()).as_bytes(),
        message.destination.channel().as_str().as_bytes(),
        message.destination.as_str().as_bytes(),
        &lane,
        not_after.as_ref().map_or(&[][..], |bytes| &bytes[..]),
        message.reference.as_str().as_bytes(),
        &decoy,
    ];
    for (name, value) in message.variables.iter() {
        parts.extend([name.as_bytes(), value.as_bytes()]);
    }
    digest(&parts)
}
