//! Accepting messages: judge each, seal it, make all that pass durable in one step, wake the workers.
//!
//! A repeated call gets its first answer for as long as its request id lives. What would be refused by now, because the
//! lane is full or the message has died meanwhile, is looked up first: it may have been accepted before.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, RequestId, TenantId};
use rekey_primitives::secret::same;
use rekey_sealing::digest;

use super::{Error, Intake, deduplication, of_caller};
use crate::domain::destination::{Destination, EndpointName};
use crate::domain::message::Message;
use crate::domain::refusal::{Refusal, Violation};
use crate::domain::scope::CallerScope;
use crate::domain::template::TemplateName;
use crate::domain::trace::TraceContext;
use crate::metrics;
use crate::payload::{EventPayload, Payload, PayloadRow};
use crate::store::{AcceptOutcome, Deduplication, NewNotification};

/// A message that somebody asks to have sent, under the id that makes a repeated call the same call.
#[derive(Debug, Clone)]
pub(crate) struct MessageRequest {
    pub(crate) request_id: RequestId,
    pub(crate) message: Message,
    /// The call that asks.
    pub(crate) trace: Option<TraceContext>,
}

/// A message that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) id: NotificationId,
    pub(crate) accepted_at: Timestamp,
}

/// How long a caller waits before it tries a full lane again.
const FULL_LANE_PAUSE: Duration = Duration::from_secs(5);

/// What is measured in place of a template where there is none.
const NO_TEMPLATE: &str = "_OTHER";

/// A message that passed, before it is made durable.
struct Draft<'a> {
    /// Its place in the call.
    place: usize,
    request: &'a MessageRequest,
    id: NotificationId,
    not_after: Timestamp,
    fingerprint: [u8; 32],
}

impl Intake {
    /// Accepts messages, each under its own request id; an answer for each, in their order. Refused ones do not hold
    /// up the others.
    ///
    /// # Errors
    /// The store failed; then none was accepted.
    pub(crate) async fn accept(
        &self,
        scope: &CallerScope,
        requests: &[MessageRequest],
    ) -> Result<Vec<Result<Receipt, Refusal>>, Error> {
        let now = self.clock.now();
        let mut drafts: Vec<Draft<'_>> = Vec::with_capacity(requests.len());
        let mut answers = Vec::with_capacity(requests.len());
        for (place, request) in requests.iter().enumerate() {
            let is_second = drafts.iter().any(|earlier| earlier.request.request_id == request.request_id);
            let judged = if is_second {
                Err(Refusal::RequestIdReused)
            } else {
                self.judge(scope, &request.message, now)
            };
            answers.push(judged.map(|not_after| {
                let id = NotificationId::generate(self.entropy.as_ref(), now);
                let fingerprint = fingerprint(&request.message);
                drafts.push(Draft { place, request, id, not_after, fingerprint });
                Receipt { id, accepted_at: now }
            }));
        }
        self.recall(scope, requests, &mut answers, now).await?;
        if drafts.is_empty() {
            return Ok(answers);
        }
        let rows: Vec<_> = drafts.iter().map(|draft| self.sealed(scope, draft, now)).collect();
        let outcomes = self.store.accept(scope, &rows, now).await?;
        for (draft, outcome) in drafts.iter().zip(outcomes) {
            let message = &draft.request.message;
            match outcome {
                AcceptOutcome::Accepted => {
                    let template = message.template.map_or(NO_TEMPLATE, TemplateName::as_str);
                    metrics::ACCEPTED.add(1, [message.lane.as_str(), template]);
                    self.signals.wake_up.wake(message.lane);
                }
                AcceptOutcome::Deduplicated { id, created_at } => {
                    tracing::debug!(notification_id = %id, "the same notice was said lately");
                    answers[draft.place] = Ok(Receipt { id, accepted_at: created_at });
                }
                earlier => {
                    let request_id = draft.request.request_id;
                    answers[draft.place] = self.repeated(scope, request_id, &draft.fingerprint, earlier);
                }
            }
        }
        Ok(answers)
    }

    /// Gives the messages that would be refused now their first answers, where they have some.
    async fn recall(
        &self,
        scope: &CallerScope,
        requests: &[MessageRequest],
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
        let request_ids: Vec<RequestId> =
            places.iter().map(|place| of_caller(scope, requests[*place].request_id)).collect();
        let found = self.store.find_requests(scope, &request_ids, now).await?;
        for (place, earlier) in places.into_iter().zip(found) {
            if let Some(earlier) = earlier {
                let MessageRequest { request_id, message, .. } = &requests[place];
                answers[place] = self.repeated(scope, *request_id, &fingerprint(message), earlier);
            }
        }
        Ok(())
    }

    /// Whether somebody carries messages of the tenant there.
    fn judge_destination(&self, scope: &CallerScope, to: &Destination) -> Result<(), Refusal> {
        let has_provider = match to {
            Destination::Email(_) => self.rules.sends_email,
            Destination::Phone(_) => self.rules.sends_sms,
            Destination::Webhook(name) => return self.judge_endpoint(scope, name),
        };
        if has_provider { Ok(()) } else { Err(Refusal::ChannelNotConfigured) }
    }

    /// Whether events of the tenant go there.
    fn judge_endpoint(&self, scope: &CallerScope, name: &EndpointName) -> Result<(), Refusal> {
        let is_open = self.rules.webhooks.allow(name, scope.tenant_id());
        if is_open { Ok(()) } else { Err(Refusal::WebhookEndpointNotFound) }
    }

    /// Whether a message may be accepted, and when it dies.
    fn judge(&self, scope: &CallerScope, message: &Message, now: Timestamp) -> Result<Timestamp, Refusal> {
        self.judge_destination(scope, &message.destination)?;
        for step in message.fallbacks.iter() {
            self.judge_destination(scope, &step.destination)?;
        }
        for told in message.delivery_events() {
            self.judge_endpoint(scope, &told.endpoint)?;
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
        let depth = self.signals.queue_depth.of(message.lane);
        if depth >= *self.rules.queue_limit.of(message.lane) {
            return Err(Refusal::QueueFull { retry_after: FULL_LANE_PAUSE });
        }
        Ok(not_after)
    }

    /// What makes the message the same notice as another, as far as the lane remembers any.
    fn deduplication(&self, scope: &CallerScope, message: &Message, now: Timestamp) -> Option<Deduplication> {
        let remembered = *self.rules.deduplication.of(message.lane);
        let name = deduplication::name(&self.marks, scope.caller(), message)?;
        (!remembered.is_zero()).then(|| Deduplication { name, expires_at: now.plus(remembered) })
    }

    fn sealed(&self, scope: &CallerScope, draft: &Draft<'_>, now: Timestamp) -> NewNotification {
        let Draft { request: MessageRequest { request_id, message, trace }, id, .. } = *draft;
        let (entropy, tenant_id) = (self.entropy.as_ref(), scope.tenant_id());
        let bound_to = request_binding(tenant_id, *request_id);
        NewNotification {
            id,
            request_id: of_caller(scope, *request_id),
            // Sealed, because a bare digest would let whoever reads the table try a million codes against it.
            fingerprint: self.keys.seal(entropy, &bound_to, &draft.fingerprint),
            request_expires_at: now.plus(self.rules.request_life),
            template: message.template,
            locale: message.locale.as_ref().map(|locale| locale.as_str().to_owned()).unwrap_or_default(),
            channel: message.destination.channel(),
            masked_destination: message.destination.masked(),
            lane: message.lane,
            reference: message.reference.as_str().to_owned(),
            decoy: message.decoy,
            payload: self.payload(message, PayloadRow { tenant_id, id }),
            not_after: draft.not_after,
            fallback_at: message.fallbacks.due_at(0, now),
            deduplication: self.deduplication(scope, message, now),
            trace: *trace,
        }
    }

    fn payload(&self, message: &Message, row: PayloadRow) -> Vec<u8> {
        let (destination, entropy) = (message.destination.clone(), self.entropy.as_ref());
        match &message.event {
            Some(event) => EventPayload { destination, event: event.clone() }.seal(&self.keys, entropy, row),
            None => {
                let variables = message.variables.clone();
                let (delivery_event, fallbacks) = (message.delivery_event.clone(), message.fallbacks.clone());
                Payload { destination, variables, delivery_event, fallbacks }.seal(&self.keys, entropy, row)
            }
        }
    }

    /// The answer to a request id that was used before: the same message if it was the same content.
    fn repeated(
        &self,
        scope: &CallerScope,
        request_id: RequestId,
        content: &[u8; 32],
        earlier: AcceptOutcome,
    ) -> Result<Receipt, Refusal> {
        let AcceptOutcome::Known { id, created_at, fingerprint } = earlier else {
            return Err(Refusal::RequestIdReused);
        };
        match self.keys.open(&request_binding(scope.tenant_id(), request_id), &fingerprint) {
            Ok(opened) if same(&opened, content) => Ok(Receipt { id, accepted_at: created_at }),
            _ => Err(Refusal::RequestIdReused),
        }
    }
}

fn request_binding(tenant_id: TenantId, request_id: RequestId) -> Vec<u8> {
    [b"notification request".as_slice(), tenant_id.as_uuid().as_bytes(), request_id.as_uuid().as_bytes()]
        .concat()
}

/// The mark of a message's content: everything the caller said of it, and nothing that we added. Whom it has told of the delivery
/// is beside the content: a repeat is the same message though its sender has learned meanwhile that somebody listens.
fn fingerprint(message: &Message) -> [u8; 32] {
    let not_after = message.not_after.map(|at| at.unix_micros().to_be_bytes());
    let lane = message.lane.number().to_be_bytes();
    let decoy = [u8::from(message.decoy)];
    let mut parts: Vec<&[u8]> = vec![
        message.template.map_or("", TemplateName::as_str).as_bytes(),
        message.locale.as_ref().map_or("", |locale| locale.as_str()).as_bytes(),
        message.destination.channel().as_str().as_bytes(),
        message.destination.as_str().as_bytes(),
        &lane,
        not_after.as_ref().map_or(&[][..], |bytes| &bytes[..]),
        message.reference.as_str().as_bytes(),
        &decoy,
    ];
    // An event stands in the place of variables, and no template has one of this name.
    if let Some(event) = &message.event {
        parts.extend([b"event".as_slice(), event.as_str().as_bytes()]);
    }
    for (name, value) in message.variables.iter() {
        parts.extend([name.as_bytes(), value.as_bytes()]);
    }
    // Messages that have neither keep the mark that the version before made.
    let afters: Vec<[u8; 16]> =
        message.fallbacks.iter().map(|step| step.after.as_micros().to_be_bytes()).collect();
    for (step, after) in message.fallbacks.iter().zip(&afters) {
        let destination = &step.destination;
        let channel = destination.channel().as_str().as_bytes();
        parts.extend([b"fallback".as_slice(), channel, destination.as_str().as_bytes(), after.as_slice()]);
    }
    if let Some(key) = &message.deduplication_key {
        parts.extend([b"deduplication".as_slice(), key.as_str().as_bytes()]);
    }
    digest(&parts)
}
