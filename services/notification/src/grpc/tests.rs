use std::collections::BTreeSet;
use std::sync::Arc;

use rekey_client::Problem;
use rekey_primitives::id::RequestId;
use rekey_runtime::access::CallerEntry;
use rekey_wire::notification::v1::{Destination, Lane, OutgoingMessage, batch_send_result, destination};
use rekey_wire::reason::Reason as _;
use tempfile::TempDir;

use super::*;
use crate::config::for_tests;
use crate::domain::destination::EndpointName;
use crate::domain::template::TemplateName;
use crate::domain::webhook_tenants::{AllowedTenants, WebhookTenants};
use crate::fixtures::{NOW, clock, entropy, key_text, keys, link_hosts, store, tenant, variables};
use crate::signals::Signals;

/// Streams that may be open at once.
const WATCHERS: usize = 3;

struct World {
    service: NotificationGrpc,
    entropy: rekey_primitives::entropy::SharedEntropy,
    _folder: TempDir,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let mut rules = crate::wiring::rules(&for_tests());
    rules.sends_email = true;
    rules.link_hosts = link_hosts();
    rules.webhooks = WebhookTenants::new([(EndpointName::parse("hooks").unwrap(), AllowedTenants::All)]);
    let entropy = entropy();
    let intake = Intake {
        store,
        keys: Arc::new(keys()),
        marks: rekey_sealing::MacKeys::from_text(&key_text()).unwrap(),
        rules,
        signals: Signals::default(),
        clock: Arc::new(clock()),
        entropy: Arc::clone(&entropy),
    };
    let poll = std::time::Duration::from_millis(1);
    let watching = WatchSettings { poll, watchers: WATCHERS, ..crate::wiring::watching(&for_tests()) };
    World { service: NotificationGrpc::new(intake, watching), entropy, _folder: folder }
}

fn trusted() -> CallerEntry {
    CallerEntry::trusted("identity", String::new())
}

fn by<T>(entry: CallerEntry, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(Caller::new(entry, None));
    request
}

impl World {
    fn request_id(&self) -> String {
        RequestId::generate(self.entropy.as_ref(), NOW).to_string()
    }

    fn request(&self) -> SendNotificationRequest {
        SendNotificationRequest {
            tenant_id: tenant().to_string(),
            request_id: self.request_id(),
            message: Some(OutgoingMessage {
                destination: Some(Destination {
                    address: Some(destination::Address::EmailAddress("anna@example.com".to_owned())),
                }),
                template: "password_reset_code".to_owned(),
                locale: "de-AT".to_owned(),
                variables: variables(TemplateName::PasswordResetCode),
                lane: Lane::Critical.into(),
                ..OutgoingMessage::default()
            }),
        }
    }

    async fn send(&self, entry: CallerEntry, request: SendNotificationRequest) -> Result<String, Problem> {
        let answer = self.service.send_notification(by(entry, request)).await;
        answer.map(|answer| answer.into_inner().notification_id).map_err(|status| Problem::of(&status))
    }
}

fn changed(
    mut request: SendNotificationRequest,
    change: impl FnOnce(&mut OutgoingMessage),
) -> SendNotificationRequest {
    change(request.message.as_mut().unwrap());
    request
}

#[tokio::test]
async fn a_sent_message_can_be_seen_by_its_tenant_without_its_content() {
    let world = world().await;

    let id = world.send(trusted(), world.request()).await.unwrap();
    let request = GetNotificationRequest { tenant_id: tenant().to_string(), notification_id: id.clone() };
    let seen = world.service.get_notification(by(trusted(), request)).await.unwrap().into_inner();

    let seen = seen.notification.unwrap();
    assert_eq!((seen.notification_id, seen.template.as_str()), (id, "password_reset_code"));
    assert_eq!((seen.masked_destination.as_str(), seen.locale.as_str()), ("a•••••@e•••••", "de-AT"));
    assert_eq!((seen.state, seen.lane, seen.channel, seen.last_failure), (1, 1, 1, 0));
    assert_eq!(seen.create_time.unwrap().seconds, NOW.unix_seconds());
}

#[tokio::test]
async fn everything_malformed_is_named_field_by_field() {
    let world = world().await;
    let mut request = changed(world.request(), |message| {
        message.destination.as_mut().unwrap().address =
            Some(destination::Address::PhoneNumber("0151".to_owned()));
        message.locale = "de_AT".to_owned();
        message.lane = 9;
        message.reference = "ä".to_owned();
        message.not_after_time = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
    });
    request.request_id = "7".to_owned();

    let refused = world.send(trusted(), request).await.unwrap_err();

    let fields: BTreeSet<_> = refused.fields.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!((refused.reason.as_str(), refused.domain.as_str()), ("FIELD_INVALID", "rekey.notification"));
    assert_eq!(
        fields,
        BTreeSet::from([
            "request_id",
            "message.lane",
            "message.destination.phone_number",
            "message.locale",
            "message.reference",
            "message.not_after_time",
        ])
    );
    assert!(refused.fields.iter().all(|(_, what)| !what.contains("0151")));
}

#[tokio::test]
async fn each_refusal_has_its_published_reason() {
    let world = world().await;
    let reason = async |request| world.send(trusted(), request).await.unwrap_err().reason;

    assert_eq!(
        reason(changed(world.request(), |message| message.template = "x".into())).await,
        "TEMPLATE_NOT_FOUND"
    );
    let missing = changed(world.request(), |message| {
        message.variables.remove("code");
    });
    assert_eq!(reason(missing).await, "TEMPLATE_VARIABLES_WRONG");
    let past = changed(world.request(), |message| {
        message.not_after_time = Some(prost_types::Timestamp { seconds: 1, nanos: 0 });
    });
    assert_eq!(reason(past).await, "ALREADY_EXPIRED");
    let text = changed(world.request(), |message| {
        let address = destination::Address::PhoneNumber("+4915112345678".to_owned());
        message.destination = Some(Destination { address: Some(address) });
    });
    assert_eq!(reason(text).await, "CHANNEL_NOT_CONFIGURED");
    let request = world.request();
    world.send(trusted(), request.clone()).await.unwrap();
    assert_eq!(reason(changed(request, |message| message.locale = "en".into())).await, "REQUEST_ID_REUSED");
    let none = SendNotificationRequest { message: None, ..world.request() };
    assert_eq!(reason(none).await, "FIELD_INVALID");
}

#[tokio::test]
async fn a_wrong_variable_is_named_beside_wrong_fields() {
    let world = world().await;
    let mut request = changed(world.request(), |message| {
        message.lane = 9;
        message.variables.remove("code");
        message.variables.insert("minutes".to_owned(), String::new());
    });
    request.tenant_id = "7".to_owned();

    let refused = world.send(trusted(), request).await.unwrap_err();

    let fields: Vec<_> = refused.fields.iter().map(|(field, _)| field.as_str()).collect();
    let expected = ["tenant_id", "message.lane", "message.variables[code]", "message.variables[minutes]"];
    assert_eq!((refused.reason.as_str(), fields), ("FIELD_INVALID", expected.to_vec()));
}

#[tokio::test]
async fn a_refused_message_of_a_batch_names_its_fields() {
    let world = world().await;
    let wrong = changed(world.request(), |message| {
        message.lane = 9;
        message.variables.remove("code");
    });
    let request = BatchSendNotificationsRequest {
        tenant_id: tenant().to_string(),
        requests: vec![world.request(), wrong],
    };

    let answer = world.service.batch_send_notifications(by(trusted(), request)).await.unwrap().into_inner();

    let Some(batch_send_result::Result::Refused(refused)) = &answer.results[1].result else { panic!("sent") };
    let fields: Vec<_> = refused.fields.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["requests[1].message.lane", "requests[1].message.variables[code]"]);
}

#[tokio::test]
async fn a_batch_answers_each_message_in_its_place() {
    let world = world().await;
    let wrong = changed(world.request(), |message| message.template = "x".into());
    let mut silent = world.request();
    silent.tenant_id = String::new();
    let request = BatchSendNotificationsRequest {
        tenant_id: tenant().to_string(),
        requests: vec![world.request(), wrong, silent],
    };

    let answer = world.service.batch_send_notifications(by(trusted(), request)).await.unwrap().into_inner();

    let reasons: Vec<_> = answer
        .results
        .into_iter()
        .map(|one| match one.result.unwrap() {
            batch_send_result::Result::Accepted(_) => String::new(),
            batch_send_result::Result::Refused(refused) => refused.reason().word().to_owned(),
        })
        .collect();
    assert_eq!(reasons, ["", "TEMPLATE_NOT_FOUND", ""]);
}

#[tokio::test]
async fn a_batch_of_nothing_too_much_or_another_tenant_is_malformed() {
    let world = world().await;
    let mut foreign = world.request();
    foreign.tenant_id = world.request_id();
    for requests in [vec![], vec![world.request(); 101], vec![foreign]] {
        let request = BatchSendNotificationsRequest { tenant_id: tenant().to_string(), requests };

        let refused = world.service.batch_send_notifications(by(trusted(), request)).await.unwrap_err();

        assert_eq!(Problem::of(&refused).reason, "FIELD_INVALID");
    }
}

#[tokio::test]
async fn what_is_not_there_cannot_be_shown_withdrawn_or_replayed() {
    let world = world().await;
    let (tenant_id, notification_id) = (tenant().to_string(), world.request_id());
    let request_id = world.request_id();
    let cancel = CancelNotificationRequest {
        tenant_id: tenant_id.clone(),
        notification_id: notification_id.clone(),
        request_id: request_id.clone(),
    };
    let replay = ReplayNotificationRequest {
        tenant_id: tenant_id.clone(),
        notification_id: notification_id.clone(),
        request_id,
    };
    let get = GetNotificationRequest { tenant_id, notification_id };

    let statuses = [
        world.service.get_notification(by(trusted(), get)).await.unwrap_err(),
        world.service.cancel_notification(by(trusted(), cancel)).await.unwrap_err(),
        world.service.replay_notification(by(trusted(), replay)).await.unwrap_err(),
    ];

    assert!(statuses.iter().all(|status| Problem::of(status).reason == "NOTIFICATION_NOT_FOUND"));
}

#[tokio::test]
async fn a_list_refuses_sizes_and_tokens_that_cannot_be() {
    let world = world().await;
    let list = |page_size, page_token: &str| ListNotificationsRequest {
        tenant_id: tenant().to_string(),
        page_size,
        page_token: page_token.to_owned(),
        ..ListNotificationsRequest::default()
    };

    let negative = world.service.list_notifications(by(trusted(), list(-1, ""))).await.unwrap_err();
    let foreign = world.service.list_notifications(by(trusted(), list(0, "x"))).await.unwrap_err();
    let empty = world.service.list_notifications(by(trusted(), list(0, ""))).await.unwrap().into_inner();

    assert_eq!(Problem::of(&negative).fields[0].0, "page_size");
    assert_eq!(Problem::of(&foreign).reason, "PAGE_TOKEN_INVALID");
    assert!(empty.notifications.is_empty() && empty.next_page_token.is_empty());
}

mod delivery_events;
mod journeys;
mod rights;
