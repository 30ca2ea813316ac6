//! Verification and notification.

use std::collections::HashMap;

use rekey_primitives::clock::Clock as _;
use rekey_tests::World;
use rekey_tests::person::request_id;
use rekey_wire::notification::v1 as notification;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;
use rekey_wire::notification::v1::suppression_service_client::SuppressionServiceClient;
use rekey_wire::verification::v1 as verification;
use rekey_wire::verification::v1::verification_service_client::VerificationServiceClient;

use super::Example;

/// Verifications whose codes may be sent again only when time has moved on.
pub(super) struct Before {
    to_resend: String,
    to_check: (String, String),
    to_cancel: String,
    grant: String,
    notification_id: String,
}

impl Before {
    pub(super) async fn prepare(world: &World) -> Self {
        let (to_resend, _) = started(world, "resend@example.net").await;
        let to_check = started(world, "check@example.net").await;
        let (to_cancel, _) = started(world, "cancel@example.net").await;
        let passed = started(world, "passed@example.net").await;
        let check = check(world, &passed);
        let mut verifications = VerificationServiceClient::new(world.verification.clone());
        let grant = verifications.check_verification(check).await.unwrap().into_inner().grant;
        let mut notifications = NotificationServiceClient::new(world.notification.clone());
        notifications.send_notification(sending(world)).await.unwrap();
        let sent = notifications.send_notification(sending(world)).await.unwrap().into_inner();
        world.settled().await;
        Self { to_resend, to_check, to_cancel, grant, notification_id: sent.notification_id }
    }
}

fn starting(world: &World, address: &str) -> verification::StartVerificationRequest {
    let address = verification::destination::Address::EmailAddress(address.to_owned());
    verification::StartVerificationRequest {
        tenant_id: world.tenant_id.clone(),
        verification_id: request_id(),
        request_id: request_id(),
        purpose: "payment".to_owned(),
        subject: "somebody".to_owned(),
        transaction: transaction(),
        destinations: vec![verification::Destination { address: Some(address) }],
        audience: "cli".to_owned(),
        locale: "en".to_owned(),
        binding: b"order 66".to_vec(),
        decoy: false,
        context: context(),
        caller_counts_failures: true,
        organisation: "Acme".to_owned(),
        familiar: true,
        challenge_passed: true,
        fallbacks: vec![verification::Fallback {
            destination: Some(verification::Destination {
                address: Some(verification::destination::Address::PhoneNumber("+12125550142".to_owned())),
            }),
            after: Some(prost_types::Duration { seconds: 30, nanos: 0 }),
        }],
    }
}

fn context() -> Option<verification::RequestContext> {
    Some(verification::RequestContext {
        ip_address: "2001:db8::7".to_owned(),
        user_agent: "curl/8.0".to_owned(),
        backend: "shop".to_owned(),
    })
}

/// A verification and its code.
async fn started(world: &World, address: &str) -> (String, String) {
    let request = starting(world, address);
    let id = request.verification_id.clone();
    VerificationServiceClient::new(world.verification.clone()).start_verification(request).await.unwrap();
    (id, world.code_for(address).await)
}

fn check(world: &World, (id, code): &(String, String)) -> verification::CheckVerificationRequest {
    verification::CheckVerificationRequest {
        tenant_id: world.tenant_id.clone(),
        verification_id: id.clone(),
        code: code.clone(),
        request_id: request_id(),
        context: context(),
        purpose: "payment".to_owned(),
        subject: "somebody".to_owned(),
        transaction: transaction(),
    }
}

fn transaction() -> Option<verification::Transaction> {
    Some(verification::Transaction { amount: "12.00 EUR".to_owned(), payee: "Berta".to_owned() })
}

fn sending(world: &World) -> notification::SendNotificationRequest {
    let address = notification::destination::Address::EmailAddress("reader@example.net".to_owned());
    let variables = [("organisation", "Acme"), ("code", "123456"), ("minutes", "10")];
    let message = notification::OutgoingMessage {
        destination: Some(notification::Destination { address: Some(address) }),
        template: "verification_code".to_owned(),
        locale: "en".to_owned(),
        variables: HashMap::from(variables.map(|(name, value)| (name.to_owned(), value.to_owned()))),
        lane: notification::Lane::Critical.into(),
        not_after_time: Some(prost_types::Timestamp {
            seconds: world.clock.now().unix_seconds() + 3_600,
            nanos: 0,
        }),
        reference: "order-66".to_owned(),
        decoy: false,
        event: String::new(),
        fallbacks: vec![notification::Fallback {
            destination: Some(notification::Destination {
                address: Some(notification::destination::Address::PhoneNumber("+12125550142".to_owned())),
            }),
            after: Some(prost_types::Duration { seconds: 30, nanos: 0 }),
            delivery_event: None,
        }],
        deduplication_key: String::new(),
        delivery_event: None,
    };
    notification::SendNotificationRequest {
        tenant_id: world.tenant_id.clone(),
        request_id: request_id(),
        message: Some(message),
    }
}

pub(super) async fn examples(world: &World, before: Before) -> Vec<Example> {
    let mut examples = verifications(world, &before);
    examples.extend(notifications(world, before.notification_id).await);
    examples.extend(suppressions(world).await);
    examples
}

fn verifications(world: &World, before: &Before) -> Vec<Example> {
    let tenant_id = || world.tenant_id.clone();
    let resend = verification::ResendCodeRequest {
        tenant_id: tenant_id(),
        verification_id: before.to_resend.clone(),
        request_id: request_id(),
        context: context(),
    };
    let cancel = verification::CancelVerificationRequest {
        tenant_id: tenant_id(),
        verification_id: before.to_cancel.clone(),
        request_id: request_id(),
    };
    let get = verification::GetVerificationRequest {
        tenant_id: tenant_id(),
        verification_id: before.to_resend.clone(),
    };
    let redeem = verification::RedeemGrantRequest {
        tenant_id: tenant_id(),
        grant: before.grant.clone(),
        binding: b"order 66".to_vec(),
        request_id: request_id(),
    };
    let release = verification::ReleaseSubjectRequest {
        tenant_id: tenant_id(),
        purpose: "sign_up".to_owned(),
        subject: "somebody".to_owned(),
        request_id: request_id(),
    };
    let conversion = verification::GetConversionRequest {
        tenant_id: tenant_id(),
        window: verification::ConversionWindow::Hour.into(),
        country: "US".to_owned(),
    };
    let start = starting(world, "start@example.net");
    vec![
        Example::new("/rekey.verification.v1.VerificationService/StartVerification", &start),
        Example::new("/rekey.verification.v1.VerificationService/ResendCode", &resend),
        Example::new(
            "/rekey.verification.v1.VerificationService/CheckVerification",
            &check(world, &before.to_check),
        ),
        Example::new("/rekey.verification.v1.VerificationService/CancelVerification", &cancel),
        Example::new("/rekey.verification.v1.VerificationService/GetVerification", &get),
        Example::new("/rekey.verification.v1.VerificationService/RedeemGrant", &redeem),
        Example::new("/rekey.verification.v1.VerificationService/ReleaseSubject", &release),
        Example::new("/rekey.verification.v1.VerificationService/GetConversion", &conversion),
    ]
}

async fn notifications(world: &World, notification_id: String) -> Vec<Example> {
    let tenant_id = || world.tenant_id.clone();
    let batch = notification::BatchSendNotificationsRequest {
        tenant_id: tenant_id(),
        requests: vec![sending(world), sending(world)],
    };
    let get = notification::GetNotificationRequest {
        tenant_id: tenant_id(),
        notification_id: notification_id.clone(),
    };
    let first_page = notification::ListNotificationsRequest {
        tenant_id: tenant_id(),
        page_size: 1,
        page_token: String::new(),
        state: notification::NotificationState::Delivered.into(),
        lane: notification::Lane::Critical.into(),
        reference: "order-66".to_owned(),
        support_code: String::new(),
    };
    let mut service = NotificationServiceClient::new(world.notification.clone());
    let page_token =
        service.list_notifications(first_page.clone()).await.unwrap().into_inner().next_page_token;
    let list = notification::ListNotificationsRequest { page_token, ..first_page };
    let cancel = notification::CancelNotificationRequest {
        tenant_id: tenant_id(),
        notification_id: notification_id.clone(),
        request_id: request_id(),
    };
    let replay = notification::ReplayNotificationRequest {
        tenant_id: tenant_id(),
        notification_id,
        request_id: request_id(),
    };
    let watch = watch(world, &cancel.notification_id).await;
    let providers = notification::ListProvidersRequest { channel: notification::Channel::Email.into() };
    vec![
        Example::new("/rekey.notification.v1.ProviderService/ListProviders", &providers),
        Example::new("/rekey.notification.v1.NotificationService/WatchNotifications", &watch),
        Example::new("/rekey.notification.v1.NotificationService/SendNotification", &sending(world)),
        Example::new("/rekey.notification.v1.NotificationService/BatchSendNotifications", &batch),
        Example::new("/rekey.notification.v1.NotificationService/GetNotification", &get),
        Example::new("/rekey.notification.v1.NotificationService/ListNotifications", &list),
        // The inbox takes everything at once and loses nothing, so none is queued and none is dead.
        Example::new("/rekey.notification.v1.NotificationService/CancelNotification", &cancel)
            .refused("NOTIFICATION_NOT_QUEUED"),
        Example::new("/rekey.notification.v1.NotificationService/ReplayNotification", &replay)
            .refused("NOTIFICATION_NOT_REPLAYABLE"),
    ]
}

fn suppressing(world: &World, address: &str) -> notification::CreateSuppressionRequest {
    let address = notification::destination::Address::EmailAddress(address.to_owned());
    notification::CreateSuppressionRequest {
        tenant_id: world.tenant_id.clone(),
        request_id: request_id(),
        destination: Some(notification::Destination { address: Some(address) }),
        lane: notification::Lane::Bulk.into(),
        reason: notification::SuppressionReason::Complaint.into(),
        expire_time: Some(prost_types::Timestamp {
            seconds: world.clock.now().unix_seconds() + 3_600,
            nanos: 0,
        }),
    }
}

async fn suppressions(world: &World) -> Vec<Example> {
    let mut service = SuppressionServiceClient::new(world.notification.clone());
    for address in ["first@example.net", "second@example.net", "third@example.net"] {
        service.create_suppression(suppressing(world, address)).await.unwrap();
    }
    let first_page = notification::ListSuppressionsRequest {
        tenant_id: world.tenant_id.clone(),
        page_size: 1,
        page_token: String::new(),
        channel: notification::Channel::Email.into(),
        reason: notification::SuppressionReason::Complaint.into(),
    };
    let page = service.list_suppressions(first_page.clone()).await.unwrap().into_inner();
    let list = notification::ListSuppressionsRequest { page_token: page.next_page_token, ..first_page };
    let get = notification::GetSuppressionRequest {
        tenant_id: world.tenant_id.clone(),
        destination: suppressing(world, "first@example.net").destination,
    };
    let delete = notification::DeleteSuppressionRequest {
        tenant_id: world.tenant_id.clone(),
        request_id: request_id(),
        destination: suppressing(world, "second@example.net").destination,
    };
    let create = suppressing(world, "fourth@example.net");
    vec![
        Example::new("/rekey.notification.v1.SuppressionService/ListSuppressions", &list),
        Example::new("/rekey.notification.v1.SuppressionService/GetSuppression", &get),
        Example::new("/rekey.notification.v1.SuppressionService/CreateSuppression", &create),
        Example::new("/rekey.notification.v1.SuppressionService/DeleteSuppression", &delete),
    ]
}

/// A stream that goes on.
async fn watch(world: &World, notification_id: &str) -> notification::WatchNotificationsRequest {
    let first = notification::WatchNotificationsRequest {
        tenant_id: world.tenant_id.clone(),
        resume_token: String::new(),
        notification_id: notification_id.to_owned(),
        reference: "order-66".to_owned(),
    };
    let mut service = NotificationServiceClient::new(world.notification.clone());
    let mut stream = service.watch_notifications(first.clone()).await.unwrap().into_inner();
    let resume_token = stream.message().await.unwrap().unwrap().resume_token;
    notification::WatchNotificationsRequest { resume_token, ..first }
}
