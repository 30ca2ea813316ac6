//! From the wire into the domain's types, naming every field that does not fit.

mod delivery_event;
mod fallbacks;

use std::collections::HashMap;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{Malformed, NotificationId, RequestId};
use rekey_primitives::locale::Locale;
use rekey_primitives::secret::Zeroizing;
use rekey_wire::notification::v1::{self as wire, destination::Address};
use rekey_wire::time;

use self::delivery_event::delivery_event;
use self::fallbacks::fallbacks;
use crate::domain::deduplication::{DeduplicationKey, may_deduplicate};
use crate::domain::destination::{Channel, Destination};
use crate::domain::event::Event;
use crate::domain::fallback::Fallbacks;
use crate::domain::lane::Lane;
use crate::domain::links::LinkHosts;
use crate::domain::message::{Message, Reference, Variables};
use crate::domain::page::{ChangeFilter, Filter};
use crate::domain::refusal::{Refusal, Violation};
use crate::domain::state::State;
use crate::domain::template::TemplateName;
use crate::domain::trace::TraceContext;
use crate::intake::MessageRequest;

/// What is wrong with a request so far.
#[derive(Default)]
pub(super) struct Fields {
    /// What stands before the paths, such as `requests[3].`.
    within: String,
    malformed: Vec<Violation>,
    variables: Vec<Violation>,
    template_unknown: bool,
}

impl Fields {
    /// Those of one message of a batch.
    pub(super) fn of_batch(place: usize) -> Self {
        Self { within: format!("requests[{place}]."), ..Self::default() }
    }

    /// Notes a violation unless `fits`.
    pub(super) fn check(&mut self, fits: bool, field: &str, what: &'static str) {
        if !fits {
            self.malformed.push(Violation::new(format!("{}{field}", self.within), what));
        }
    }

    /// A value, or a note that the field does not fit.
    pub(super) fn take<T>(&mut self, value: Option<T>, field: &str, what: &'static str) -> Option<T> {
        self.check(value.is_some(), field, what);
        value
    }

    /// An id, or a note that it is none.
    pub(super) fn id<T>(
        &mut self,
        field: &str,
        text: &str,
        parse: impl Fn(&str) -> Result<T, Malformed>,
    ) -> Option<T> {
        let what = if text.is_empty() { "is missing" } else { "is not a UUID" };
        self.take(parse(text).ok(), field, what)
    }

    /// A template, or a note that it is missing or none of ours.
    pub(super) fn template(&mut self, field: &str, name: &str) -> Option<TemplateName> {
        self.check(!name.is_empty(), field, "is missing");
        let template = TemplateName::parse(name);
        self.template_unknown = template.is_none();
        template
    }

    pub(super) fn are_right(&self) -> bool {
        self.malformed.is_empty() && self.variables.is_empty() && !self.template_unknown
    }

    /// The refusal that names them all. What is malformed comes before a template that is not there, and that before
    /// variables.
    pub(super) fn refusal(&mut self) -> Refusal {
        let Self { malformed, variables, template_unknown, .. } = std::mem::take(self);
        if !malformed.is_empty() {
            return Refusal::FieldsInvalid([malformed, variables].concat());
        }
        if template_unknown { Refusal::TemplateNotFound } else { Refusal::VariablesWrong(variables) }
    }

    /// The variables of a template, or notes of all that is wrong with them.
    fn variables(
        &mut self,
        template: TemplateName,
        sent: HashMap<String, String>,
        hosts: &LinkHosts,
    ) -> Option<Variables> {
        self.check(sent.len() <= 32, "message.variables", "holds more than 32");
        match Variables::fitting(template, sent, hosts) {
            Ok(variables) => Some(variables),
            Err(violations) => {
                let place =
                    |one: Violation| Violation { field: format!("{}{}", self.within, one.field), ..one };
                let placed: Vec<_> = violations.into_iter().map(place).collect();
                self.variables.extend(placed);
                None
            }
        }
    }
}

/// One message with its request id, or notes of all that is wrong with it.
pub(super) fn message(
    fields: &mut Fields,
    request: wire::SendNotificationRequest,
    hosts: &LinkHosts,
) -> Option<MessageRequest> {
    let request_id = fields.id("request_id", &request.request_id, RequestId::parse);
    let mut sent = fields.take(request.message, "message", "is missing")?;
    let lane = fields.take(lane(sent.lane), "message.lane", "is no lane");
    let destination = destination(fields, sent.destination.take(), "message.destination");
    let locale = match sent.locale.as_str() {
        "" => None,
        text => fields.take(Locale::parse(text).ok(), "message.locale", "is no BCP 47 language tag"),
    };
    let what = "is longer than 64 characters or not printable ASCII";
    let reference = fields.take(Reference::parse(&sent.reference), "message.reference", what);
    let not_after = sent.not_after_time.as_ref().and_then(|at| {
        let at = time::unix_micros(at).map(Timestamp::from_unix_micros);
        fields.take(at, "message.not_after_time", "is no instant")
    });
    let is_event = matches!(destination, Some(Destination::Webhook(_)));
    let decoy = sent.decoy;
    let told = sent.delivery_event.take();
    let steps = std::mem::take(&mut sent.fallbacks);
    let key = std::mem::take(&mut sent.deduplication_key);
    let content = if is_event {
        fields.check(told.is_none(), "message.delivery_event", "is not for webhooks");
        fields.check(steps.is_empty(), "message.fallbacks", "are not for webhooks");
        fields.check(key.is_empty(), "message.deduplication_key", "is not for webhooks");
        event(fields, sent)
    } else {
        fields.check(sent.event.is_empty(), "message.event", "is for webhooks only");
        templated(fields, &sent.template, sent.variables, hosts)
    };
    let delivery_event = delivery_event(fields, told, "message.delivery_event");
    let template = content.as_ref().and_then(|content| content.template);
    let fallbacks = match template {
        Some(template) => fallbacks(fields, template, destination.as_ref(), steps),
        None => Some(Fallbacks::default()),
    };
    let deduplication_key = template.and_then(|template| deduplication_key(fields, template, lane, &key));
    let (destination, content, lane, reference) = (destination?, content?, lane?, reference?);
    let Content { template, variables, event } = content;
    let message = Message {
        destination,
        template,
        event,
        locale,
        variables,
        lane,
        not_after,
        reference,
        decoy,
        delivery_event,
        fallbacks: fallbacks?,
        deduplication_key,
    };
    // A locale, an instant or an event that does not read is noted, and looks here like one that was not sent.
    fields.are_right().then_some(MessageRequest { request_id: request_id?, message, trace: None })
}

/// What a message says.
struct Content {
    template: Option<TemplateName>,
    variables: Variables,
    event: Option<Event>,
}

fn templated(
    fields: &mut Fields,
    template: &str,
    variables: HashMap<String, String>,
    hosts: &LinkHosts,
) -> Option<Content> {
    fields.check(!template.is_empty(), "message.template", "is missing");
    let template = TemplateName::parse(template);
    fields.template_unknown = template.is_none();
    let template = template?;
    let variables = fields.variables(template, variables, hosts)?;
    Some(Content { template: Some(template), variables, event: None })
}

/// What goes to a webhook: an event, and nothing that is for people.
fn event(fields: &mut Fields, sent: wire::OutgoingMessage) -> Option<Content> {
    fields.check(sent.template.is_empty(), "message.template", "is not for webhooks");
    fields.check(sent.variables.is_empty(), "message.variables", "are not for webhooks");
    fields.check(sent.locale.is_empty(), "message.locale", "is not for webhooks");
    // A decoy hides whether somebody has an account; nobody's account shows in an endpoint.
    fields.check(!sent.decoy, "message.decoy", "is not for webhooks");
    let json = Zeroizing::new(sent.event);
    if json.is_empty() {
        return fields.take(None, "message.event", "is missing");
    }
    match Event::parse(json) {
        Ok(event) => Some(Content { template: None, variables: Variables::none(), event: Some(event) }),
        Err(what) => fields.take(None, "message.event", what),
    }
}

/// An address, or a note of what is wrong with the field it came in.
pub(super) fn destination(
    fields: &mut Fields,
    sent: Option<wire::Destination>,
    within: &str,
) -> Option<Destination> {
    let (channel, text, field) = match sent.and_then(|destination| destination.address) {
        Some(Address::EmailAddress(text)) => (Channel::Email, text, "email_address"),
        Some(Address::PhoneNumber(text)) => (Channel::Sms, text, "phone_number"),
        Some(Address::WebhookEndpoint(text)) => (Channel::Webhook, text, "webhook_endpoint"),
        None => return fields.take(None, within, "is missing"),
    };
    let what = match channel {
        Channel::Email => "is no e-mail address",
        Channel::Sms => "is no phone number in E.164",
        Channel::Webhook => "is no name of an endpoint",
    };
    fields.take(Destination::parse(channel, &text).ok(), &format!("{within}.{field}"), what)
}

/// What makes two notices the same, or notes of what is wrong with it.
fn deduplication_key(
    fields: &mut Fields,
    template: TemplateName,
    lane: Option<Lane>,
    sent: &str,
) -> Option<DeduplicationKey> {
    if sent.is_empty() {
        return None;
    }
    let field = "message.deduplication_key";
    let is_notice = lane.is_none_or(|lane| may_deduplicate(lane, template));
    fields.check(is_notice, field, "is not for codes, reset links or the critical lane");
    let what = "is longer than 64 characters or not printable ASCII";
    fields.take(DeduplicationKey::parse(sent), field, what)
}

/// Which messages a stream shows.
pub(super) fn change_filter(fields: &mut Fields, request: &wire::WatchNotificationsRequest) -> ChangeFilter {
    let id = match request.notification_id.as_str() {
        "" => None,
        text => fields.id("notification_id", text, NotificationId::parse),
    };
    let reference = Some(request.reference.clone()).filter(|reference| !reference.is_empty());
    ChangeFilter { id, reference }
}

/// Which messages a list shows.
pub(super) fn filter(fields: &mut Fields, request: &wire::ListNotificationsRequest) -> Filter {
    let state = match request.state {
        0 => None,
        number => fields.take(state(number), "state", "is no state"),
    };
    let lane = match request.lane {
        0 => None,
        number => fields.take(lane(number), "lane", "is no lane"),
    };
    let reference = Some(request.reference.clone()).filter(|reference| !reference.is_empty());
    let trace_id = match request.support_code.as_str() {
        "" => None,
        code => fields.take(TraceContext::read_code(code), "support_code", "is not 32 hexadecimal digits"),
    };
    Filter { state, lane, reference, trace_id }
}

/// AIP-158: nothing asked for is the default, too much is the most, less than nothing is a mistake.
pub(super) fn page_size(fields: &mut Fields, asked: i32) -> usize {
    fields.check(asked >= 0, "page_size", "is negative");
    match usize::try_from(asked).unwrap_or(0) {
        0 => 50,
        size => size.min(200),
    }
}

pub(super) fn lane(number: i32) -> Option<Lane> {
    Lane::from_repr(i16::try_from(number).ok()?)
}

fn state(number: i32) -> Option<State> {
    State::from_repr(i16::try_from(number).ok()?)
}
