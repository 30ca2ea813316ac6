//! Steps to other channels, keys of notices, and streams of changes, as callers meet them.

use futures_util::StreamExt as _;
use rekey_wire::notification::v1::{
    CancelNotificationRequest, Fallback, NotificationState, WatchNotificationsResponse,
};

use super::*;

fn to_a_phone(after_seconds: i64) -> Fallback {
    let address = destination::Address::PhoneNumber("+4915112345678".to_owned());
    Fallback {
        destination: Some(Destination { address: Some(address) }),
        after: Some(prost_types::Duration { seconds: after_seconds, nanos: 0 }),
        delivery_event: None,
    }
}

impl World {
    /// A code that may leave its channel.
    fn code(&self) -> SendNotificationRequest {
        changed(self.request(), |message| {
            message.template = "verification_code".to_owned();
            message.variables = variables(TemplateName::VerificationCode);
        })
    }

    async fn refused(&self, request: SendNotificationRequest) -> Vec<String> {
        let problem = self.send(trusted(), request).await.unwrap_err();
        assert_eq!(problem.reason, "FIELD_INVALID");
        problem.fields.into_iter().map(|(field, _)| field).collect()
    }

    async fn watch(
        &self,
        entry: CallerEntry,
        request: WatchNotificationsRequest,
    ) -> Result<ChangeStream, Problem> {
        let opened = self.service.watch_notifications(by(entry, request)).await;
        opened.map(Response::into_inner).map_err(|status| Problem::of(&status))
    }
}

fn watching(notification_id: &str, resume_token: &str) -> WatchNotificationsRequest {
    WatchNotificationsRequest {
        tenant_id: tenant().to_string(),
        notification_id: notification_id.to_owned(),
        resume_token: resume_token.to_owned(),
        reference: String::new(),
    }
}

async fn next(stream: &mut ChangeStream) -> WatchNotificationsResponse {
    stream.next().await.unwrap().unwrap()
}

#[tokio::test]
async fn steps_that_lead_nowhere_are_named() {
    let world = world().await;
    let with = |steps: Vec<Fallback>| changed(world.code(), |message| message.fallbacks = steps);
    let same = Fallback { destination: world.request().message.unwrap().destination, ..to_a_phone(30) };
    let of_a_reset = changed(world.request(), |message| message.fallbacks = vec![to_a_phone(30)]);

    assert_eq!(world.refused(with(vec![to_a_phone(9)])).await, ["message.fallbacks[0].after"]);
    assert_eq!(world.refused(with(vec![same])).await, ["message.fallbacks[0].destination"]);
    assert_eq!(world.refused(with(vec![to_a_phone(30); 4])).await, ["message.fallbacks"]);
    assert_eq!(world.refused(of_a_reset).await, ["message.fallbacks"]);
    let empty = world.refused(with(vec![Fallback::default()])).await;
    assert_eq!(empty, ["message.fallbacks[0].destination", "message.fallbacks[0].after"]);
}

#[tokio::test]
async fn a_step_by_a_channel_that_nobody_carries_is_refused_at_once() {
    let world = world().await;
    let request = changed(world.code(), |message| message.fallbacks = vec![to_a_phone(30)]);

    let refused = world.send(trusted(), request).await.unwrap_err();

    assert_eq!(refused.reason, "CHANNEL_NOT_CONFIGURED");
}

#[tokio::test]
async fn a_key_is_for_notices_alone() {
    let world = world().await;
    let with_key = |request, key: &str| {
        changed(request, |message: &mut OutgoingMessage| message.deduplication_key = key.to_owned())
    };
    let notice = |key: &str| {
        changed(with_key(world.request(), key), |message| {
            message.lane = Lane::Bulk.into();
            message.template = "delivery_test".to_owned();
            message.variables = variables(TemplateName::DeliveryTest);
        })
    };
    let mut bulk_code = with_key(world.code(), "7");
    bulk_code.message.as_mut().unwrap().lane = Lane::Bulk.into();

    let (first, second) =
        (world.send(trusted(), notice("7")).await, world.send(trusted(), notice("7")).await);

    assert_eq!(first.unwrap(), second.unwrap());
    for wrong in [with_key(world.code(), "7"), bulk_code, notice("ä")] {
        assert_eq!(world.refused(wrong).await, ["message.deduplication_key"]);
    }
}

#[tokio::test]
async fn one_message_is_shown_as_it_stands_and_then_as_it_changes() {
    let world = world().await;
    let id = world.send(trusted(), world.request()).await.unwrap();
    let mut stream = world.watch(trusted(), watching(&id, "")).await.unwrap();

    let first = next(&mut stream).await;
    let cancel = CancelNotificationRequest {
        tenant_id: tenant().to_string(),
        notification_id: id.clone(),
        request_id: world.request_id(),
    };
    world.service.cancel_notification(by(trusted(), cancel)).await.unwrap();
    let second = next(&mut stream).await;
    let mut resumed = world.watch(trusted(), watching(&id, &first.resume_token)).await.unwrap();
    let again = next(&mut resumed).await;
    let mut caught_up = world.watch(trusted(), watching(&id, &second.resume_token)).await.unwrap();
    let sign = next(&mut caught_up).await;

    let states = |message: &WatchNotificationsResponse| -> Vec<NotificationState> {
        message.notifications.iter().map(|one| one.state()).collect()
    };
    assert_eq!(states(&first), [NotificationState::Queued]);
    assert_eq!(states(&second), [NotificationState::Cancelled]);
    assert_eq!(states(&again), [NotificationState::Cancelled], "what came behind the token");
    assert_eq!((states(&sign), sign.caught_up), (Vec::new(), true));
}

#[tokio::test]
async fn a_stream_is_for_who_may_see_and_a_token_for_who_got_it() {
    let world = world().await;
    let id = world.send(trusted(), world.request()).await.unwrap();
    let stranger = CallerEntry {
        name: "shop".to_owned(),
        senders: rekey_runtime::access::Allowed::nothing(),
        ..trusted()
    };
    let mut stream = world.watch(trusted(), watching(&id, "")).await.unwrap();
    let token = next(&mut stream).await.resume_token;

    let reason = async |entry, request| world.watch(entry, request).await.err().unwrap().reason;

    assert_eq!(reason(stranger.clone(), watching(&id, "")).await, "NOTIFICATION_NOT_FOUND");
    assert_eq!(reason(stranger, watching(&id, &token)).await, "RESUME_TOKEN_INVALID");
    assert_eq!(reason(trusted(), watching("", &token)).await, "RESUME_TOKEN_INVALID");
    assert_eq!(reason(trusted(), watching(&id, &token[1..])).await, "RESUME_TOKEN_INVALID");
}

#[tokio::test]
async fn there_are_as_many_streams_as_may_be() {
    let world = world().await;
    let mut open = Vec::new();
    for _ in 0..WATCHERS {
        open.push(world.watch(trusted(), watching("", "")).await.unwrap());
    }

    let refused = world.watch(trusted(), watching("", "")).await.err().unwrap();
    open.pop();
    let after_one_ended = world.watch(trusted(), watching("", "")).await;

    assert_eq!(refused.reason, "WATCHERS_FULL");
    assert!(refused.retry_after.is_some() && after_one_ended.is_ok());
}
