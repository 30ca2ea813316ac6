//! What tests of several rooms need: a clock to move, keys, a tenant, messages.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use rekey_primitives::clock::{ManualClock, Timestamp};
use rekey_primitives::entropy::{Entropy, SeededEntropy, SharedEntropy};
use rekey_primitives::id::{NotificationId, RequestId, TenantId};
use rekey_primitives::secret::Zeroizing;
use rekey_sealing::{AeadKeys, KeyText};
use uuid::Uuid;

use crate::domain::delivery_event::DeliveryEvent;
use crate::domain::destination::{Channel, Destination, EndpointName};
use crate::domain::event::{Event, UntimedEvent};
use crate::domain::fallback::Fallbacks;
use crate::domain::lane::Lane;
use crate::domain::links::LinkHosts;
use crate::domain::message::{Message, Reference, Variables};
use crate::domain::scope::{CallerRights, CallerScope};
use crate::domain::state::FailureClass;
use crate::domain::template::TemplateName;
use crate::payload::{Payload, PayloadRow};
use crate::providers::{HandOver, SendFailure};
use crate::receipt_keys::ReceiptKeys;
use crate::store::{NewNotification, Store};

pub(crate) const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

pub(crate) fn clock() -> ManualClock {
    ManualClock::starting_at(NOW)
}

pub(crate) fn entropy() -> SharedEntropy {
    Arc::new(SeededEntropy::new(42))
}

pub(crate) fn keys() -> AeadKeys {
    AeadKeys::from_text(&key_text()).unwrap()
}

/// The key of addresses and tokens.
pub(crate) fn receipt_keys() -> ReceiptKeys {
    ReceiptKeys::from_text(&receipt_key_text()).unwrap()
}

pub(crate) fn receipt_key_text() -> String {
    KeyText::generate(&SeededEntropy::new(8), NOW)
}

pub(crate) fn key_text() -> String {
    KeyText::generate(&SeededEntropy::new(7), NOW)
}

pub(crate) fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(0x7e4a47))
}

/// Of a caller that may see everything.
pub(crate) fn scope() -> CallerScope {
    scope_of(tenant(), rights("identity"))
}

pub(crate) fn scope_of(tenant_id: TenantId, rights: CallerRights) -> CallerScope {
    CallerScope::of(true, tenant_id, rights).unwrap()
}

/// Of a caller that may see and send everything.
pub(crate) fn rights(caller: &str) -> CallerRights {
    CallerRights { caller: caller.to_owned(), senders: None, templates: None, lanes: Lane::ALL.to_vec() }
}

pub(crate) fn link_hosts() -> LinkHosts {
    LinkHosts::new(["id.example.com".to_owned()])
}

/// Lets every message leave.
pub(crate) struct Open;

#[async_trait]
impl HandOver for Open {
    async fn begin(&self) -> Result<(), SendFailure> {
        Ok(())
    }
}

/// Lets none leave.
pub(crate) struct Shut;

impl Shut {
    pub(crate) fn failure() -> SendFailure {
        SendFailure::before_provider(FailureClass::Transient, "held too long")
    }
}

#[async_trait]
impl HandOver for Shut {
    async fn begin(&self) -> Result<(), SendFailure> {
        Err(Self::failure())
    }
}

/// A value that fits any variable of that name.
pub(crate) fn variables(template: TemplateName) -> HashMap<String, String> {
    let value = |name: &str| match name {
        "code" => "271828".to_owned(),
        "minutes" => "10".to_owned(),
        "count" | "days" => "7".to_owned(),
        "link" => "https://id.example.com/undo#token".to_owned(),
        "message" => "Line one & <b>.\nLine two.".to_owned(),
        "requests" => "Anna\nBert".to_owned(),
        other => format!("the {other}"),
    };
    template.variables().iter().map(|name| ((*name).to_owned(), value(name))).collect()
}

pub(crate) fn fitting(template: TemplateName) -> Variables {
    Variables::fitting(template, variables(template), &link_hosts()).unwrap()
}

/// What a caller has posted to a webhook.
pub(crate) fn event() -> Event {
    let json =
        r#"{"specversion":"1.0","id":"66","source":"/shop","type":"order.paid","data":{"code":"271828"}}"#;
    Event::parse(Zeroizing::new(json.to_owned())).unwrap()
}

/// A code by mail on the critical lane.
pub(crate) fn message() -> Message {
    Message {
        destination: Destination::parse(Channel::Email, "anna@example.com").unwrap(),
        template: Some(TemplateName::PasswordResetCode),
        event: None,
        locale: None,
        variables: fitting(TemplateName::PasswordResetCode),
        lane: Lane::Critical,
        not_after: None,
        reference: Reference::default(),
        decoy: false,
        delivery_event: None,
        fallbacks: Fallbacks::default(),
        deduplication_key: None,
    }
}

/// What is told when a message is taken over on that channel.
pub(crate) fn delivery_event(channel: Channel) -> DeliveryEvent {
    let json = format!(
        r#"{{"specversion":"1.0","id":"{channel}","source":"/shop","type":"code.delivered","data":{{"channel":"{channel}"}}}}"#,
        channel = channel.as_str()
    );
    DeliveryEvent {
        endpoint: EndpointName::parse("shop").unwrap(),
        event: UntimedEvent::parse(Zeroizing::new(json)).unwrap(),
    }
}

pub(crate) fn request_id(entropy: &dyn Entropy) -> RequestId {
    RequestId::generate(entropy, NOW)
}

/// A row as `intake` would make it, dying ten minutes after `now`.
pub(crate) fn row(entropy: &dyn Entropy, lane: Lane, now: Timestamp) -> NewNotification {
    row_to(entropy, lane, now, "anna@example.com")
}

pub(crate) fn row_to(entropy: &dyn Entropy, lane: Lane, now: Timestamp, to: &str) -> NewNotification {
    let message = message();
    let id = NotificationId::generate(entropy, now);
    let destination = Destination::parse(Channel::Email, to).unwrap();
    let masked_destination = destination.masked();
    let payload = Payload::plain(destination, message.variables);
    NewNotification {
        id,
        request_id: RequestId::generate(entropy, now),
        fingerprint: b"sealed mark".to_vec(),
        request_expires_at: now.plus(std::time::Duration::from_secs(86_400)),
        template: message.template,
        locale: String::new(),
        channel: Channel::Email,
        masked_destination,
        lane,
        reference: String::new(),
        trace: None,
        decoy: false,
        payload: payload.seal(&keys(), entropy, PayloadRow { tenant_id: tenant(), id }),
        not_after: now.plus(std::time::Duration::from_secs(600)),
        fallback_at: None,
        deduplication: None,
    }
}

/// The URL of a store in that folder.
pub(crate) fn store_url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("notification.db").display())
}

/// A store with its schema, in that folder.
pub(crate) async fn store(folder: &Path) -> Store {
    let (url, options) = (store_url(folder), rekey_database::Options::named("test"));
    Store::migrate(&url, &options, NOW).await.unwrap();
    Store::open(&url, &options).await.unwrap()
}
