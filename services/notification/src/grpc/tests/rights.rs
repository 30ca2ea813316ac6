//! What a caller's entry allows: what it may send, and whose messages it may see and touch.

use rekey_runtime::access::Allowed;

use super::*;

impl World {
    /// What becomes of a caller's looks at a message and of its changes (reasons, empty where it went through), and how
    /// many it is shown in a list.
    async fn reach(&self, entry: &CallerEntry, id: &str) -> (String, String, String, usize) {
        let (tenant_id, notification_id) = (tenant().to_string(), id.to_owned());
        let get =
            GetNotificationRequest { tenant_id: tenant_id.clone(), notification_id: notification_id.clone() };
        let replay = ReplayNotificationRequest {
            tenant_id: tenant_id.clone(),
            notification_id: notification_id.clone(),
            request_id: self.request_id(),
        };
        let cancel = CancelNotificationRequest {
            tenant_id: tenant_id.clone(),
            notification_id,
            request_id: self.request_id(),
        };
        let list = ListNotificationsRequest { tenant_id, ..ListNotificationsRequest::default() };
        let reason = |refused: Status| Problem::of(&refused).reason;
        let listed = self.service.list_notifications(by(entry.clone(), list)).await.unwrap();
        let seen = self.service.get_notification(by(entry.clone(), get)).await;
        let replayed = self.service.replay_notification(by(entry.clone(), replay)).await;
        let cancelled = self.service.cancel_notification(by(entry.clone(), cancel)).await;
        (
            seen.err().map(reason).unwrap_or_default(),
            cancelled.err().map(reason).unwrap_or_default(),
            replayed.err().map(reason).unwrap_or_default(),
            listed.into_inner().notifications.len(),
        )
    }
}

#[tokio::test]
async fn a_caller_may_do_what_its_entry_allows_and_nothing_else() {
    let world = world().await;
    let only = |name: &str| Allowed::Only(BTreeSet::from([name.to_owned()]));
    let with_not_after = changed(world.request(), |message| {
        let seconds = NOW.unix_seconds() + 60;
        message.not_after_time = Some(prost_types::Timestamp { seconds, nanos: 0 });
    });
    let fitting = CallerEntry {
        templates: only("password_reset_code"),
        lanes: only("critical"),
        tenants: only(&tenant().to_string()),
        may_assert_not_after: false,
        ..trusted()
    };
    let unknown = changed(world.request(), |message| message.template = "x".into());
    let wrong = [
        (CallerEntry { templates: only("help_request"), ..trusted() }, world.request(), "templates"),
        (CallerEntry { templates: only("help_request"), ..trusted() }, unknown, "templates"),
        (CallerEntry { lanes: only("bulk"), ..trusted() }, world.request(), "lanes"),
        (CallerEntry { tenants: only("other"), ..trusted() }, world.request(), "tenants"),
        (fitting.clone(), with_not_after, "may_assert_not_after"),
    ];

    for (entry, request, missing) in wrong {
        let refused = world.send(entry, request).await.unwrap_err();
        assert_eq!(
            (refused.reason.as_str(), refused.metadata["missing"].as_str()),
            ("CALLER_NOT_ALLOWED", missing)
        );
    }
    assert!(world.send(fitting, world.request()).await.is_ok());
    let nobody = world.service.send_notification(Request::new(world.request())).await.unwrap_err();
    assert_eq!(Problem::of(&nobody).reason, "CALLER_NOT_ALLOWED");
}

#[tokio::test]
async fn an_event_takes_a_caller_that_may_use_any_template() {
    let world = world().await;
    let event = changed(world.request(), |message| {
        let endpoint = destination::Address::WebhookEndpoint("shop".to_owned());
        *message = OutgoingMessage {
            destination: Some(Destination { address: Some(endpoint) }),
            event: crate::fixtures::event().as_str().to_owned(),
            lane: Lane::Transactional.into(),
            ..OutgoingMessage::default()
        };
    });
    let bound = CallerEntry {
        templates: Allowed::Only(BTreeSet::from(["password_reset_code".to_owned()])),
        ..trusted()
    };

    let refused = world.send(bound, event.clone()).await.unwrap_err();
    let nobody = world.send(trusted(), event).await.unwrap_err();

    assert_eq!(
        (refused.reason.as_str(), refused.metadata["missing"].as_str()),
        ("CALLER_NOT_ALLOWED", "templates")
    );
    assert_eq!(nobody.reason, "WEBHOOK_ENDPOINT_NOT_FOUND");
}

#[tokio::test]
async fn a_message_is_not_there_for_callers_that_did_not_send_it_or_may_not_use_its_lane_or_template() {
    let world = world().await;
    let sent = world.send(trusted(), world.request()).await.unwrap();
    let only = |name: &str| Allowed::Only(BTreeSet::from([name.to_owned()]));
    let own = CallerEntry { senders: Allowed::nothing(), ..trusted() };
    let blind = [
        CallerEntry { name: "shop".to_owned(), ..own.clone() },
        CallerEntry { lanes: only("bulk"), ..trusted() },
        CallerEntry { templates: only("help_request"), ..trusted() },
    ];

    for entry in blind {
        let (seen, cancelled, replayed, listed) = world.reach(&entry, &sent).await;

        assert_eq!([seen, cancelled, replayed], ["NOTIFICATION_NOT_FOUND"; 3], "{entry:?}");
        assert_eq!(listed, 0);
    }
    let support = CallerEntry { name: "support".to_owned(), senders: only("identity"), ..own.clone() };
    let (of_support, .., listed) = world.reach(&support, &sent).await;
    assert_eq!((of_support.as_str(), listed), ("", 1));
}

#[tokio::test]
async fn a_list_of_a_lane_that_the_caller_may_not_use_is_refused() {
    let world = world().await;
    let bulk_only = CallerEntry { lanes: Allowed::Only(BTreeSet::from(["bulk".to_owned()])), ..trusted() };
    let request = ListNotificationsRequest {
        tenant_id: tenant().to_string(),
        lane: Lane::Critical.into(),
        ..ListNotificationsRequest::default()
    };

    let refused = world.service.list_notifications(by(bulk_only, request)).await.unwrap_err();

    let refused = Problem::of(&refused);
    assert_eq!(
        (refused.reason.as_str(), refused.metadata["missing"].as_str()),
        ("CALLER_NOT_ALLOWED", "lanes")
    );
}
