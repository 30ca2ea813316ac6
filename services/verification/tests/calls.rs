//! The service as its callers meet it: real sockets, access control, the generated client, and a notification service
//! that records its messages.

#![allow(clippy::unwrap_used, reason = "a test has nothing better to do")]

#[path = "calls/policies.rs"]
mod policies;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::Stream;
use rekey_client::{ClientSettings, Connection, Problem};
use rekey_primitives::clock::{SystemClock, Timestamp};
use rekey_primitives::entropy::{SystemEntropy, uuid_v4};
use rekey_runtime::access::{AccessTable, CallerEntry, PersonRule, Rule, token_digest};
use rekey_runtime::health::Health;
use rekey_runtime::loops::Loops;
use rekey_runtime::server::{Part, ServerSettings, bind};
use rekey_runtime::settings::Document;
use rekey_runtime::shutdown::Shutdown;
use rekey_sealing::KeyText;
use rekey_verification::config::{DEFAULTS, Settings};
use rekey_verification::{Dependencies, assemble};
use rekey_wire::notification::v1 as notification;
use rekey_wire::notification::v1::notification_service_server::{
    NotificationService, NotificationServiceServer,
};
use rekey_wire::verification::v1 as wire;
use rekey_wire::verification::v1::verification_service_client::VerificationServiceClient;
use tonic::{Code, Request, Response, Status};

type Client = VerificationServiceClient<Connection>;

/// Accepts messages, once per request id; refuses all while its channels are not configured.
#[derive(Clone, Default)]
struct FakeNotification {
    accepted: Arc<Mutex<Vec<notification::SendNotificationRequest>>>,
    is_not_configured: Arc<AtomicBool>,
}

#[tonic::async_trait]
impl NotificationService for FakeNotification {
    async fn send_notification(
        &self,
        request: Request<notification::SendNotificationRequest>,
    ) -> Result<Response<notification::SendNotificationResponse>, Status> {
        if self.is_not_configured.load(Ordering::SeqCst) {
            let reason = notification::ErrorReason::ChannelNotConfigured;
            let refusal = rekey_wire::status::Refusal::new(Code::FailedPrecondition, reason, "no");
            return Err(refusal.into_status());
        }
        let mut accepted = self.accepted.lock().unwrap();
        if accepted.iter().all(|known| known.request_id != request.get_ref().request_id) {
            accepted.push(request.into_inner());
        }
        Ok(Response::new(notification::SendNotificationResponse::default()))
    }

    async fn batch_send_notifications(
        &self,
        _: Request<notification::BatchSendNotificationsRequest>,
    ) -> Result<Response<notification::BatchSendNotificationsResponse>, Status> {
        Err(Status::unimplemented("not called"))
    }

    async fn get_notification(
        &self,
        _: Request<notification::GetNotificationRequest>,
    ) -> Result<Response<notification::GetNotificationResponse>, Status> {
        Err(Status::unimplemented("not called"))
    }

    async fn list_notifications(
        &self,
        _: Request<notification::ListNotificationsRequest>,
    ) -> Result<Response<notification::ListNotificationsResponse>, Status> {
        Err(Status::unimplemented("not called"))
    }

    async fn cancel_notification(
        &self,
        _: Request<notification::CancelNotificationRequest>,
    ) -> Result<Response<notification::CancelNotificationResponse>, Status> {
        Err(Status::unimplemented("not called"))
    }

    async fn replay_notification(
        &self,
        _: Request<notification::ReplayNotificationRequest>,
    ) -> Result<Response<notification::ReplayNotificationResponse>, Status> {
        Err(Status::unimplemented("not called"))
    }

    type WatchNotificationsStream = std::pin::Pin<
        Box<dyn Stream<Item = Result<notification::WatchNotificationsResponse, Status>> + Send>,
    >;

    async fn watch_notifications(
        &self,
        _: Request<notification::WatchNotificationsRequest>,
    ) -> Result<Response<Self::WatchNotificationsStream>, Status> {
        Err(Status::unimplemented("not called"))
    }
}

/// A running service and its fake notification service.
struct TestServer {
    notification_service: FakeNotification,
    endpoint: String,
    shutdown: Shutdown,
    _keys: tempfile::TempDir,
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.shutdown.begin();
    }
}

impl TestServer {
    async fn open() -> Self {
        Self::open_with(|_| ()).await
    }

    async fn open_with(change: impl FnOnce(&mut Settings)) -> Self {
        let notification_service = FakeNotification::default();
        let endpoint = serve_notification(notification_service.clone()).await;
        let keys = tempfile::tempdir().unwrap();
        let mut settings = settings(keys.path(), &endpoint);
        change(&mut settings);
        let health = Health::new();
        let dependencies = Dependencies {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            health: health.clone(),
            notification: Connection::open(&settings.notification, rekey_runtime::deadline::remaining)
                .unwrap(),
        };
        let service = assemble(&settings, dependencies).await.unwrap();
        service.loops.spawn(&mut Loops::new(health.clone()));
        let mut server = ServerSettings::for_tests();
        server.callers = ["shop", "bank"].map(|name| CallerEntry::trusted(name, token_digest(name))).to_vec();
        let listener = bind(server.listen).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = Shutdown::new();
        let part = Part::new("verification", server, service.routes, rules(), health);
        tokio::spawn(part.serve(listener, shutdown.clone()));
        Self { notification_service, endpoint, shutdown, _keys: keys }
    }

    fn client(&self, caller: &str) -> Client {
        let connection = Connection::open(&ClientSettings::to(self.endpoint.clone()), || None).unwrap();
        VerificationServiceClient::new(connection.with_token(&caller.to_owned().into()).unwrap())
    }

    fn last_message(&self) -> notification::OutgoingMessage {
        self.notification_service.accepted.lock().unwrap().last().unwrap().message.clone().unwrap()
    }
}

async fn serve_notification(notification_service: FakeNotification) -> String {
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    let server =
        tonic::transport::Server::builder().add_service(NotificationServiceServer::new(notification_service));
    tokio::spawn(server.serve_with_incoming(incoming));
    endpoint
}

fn settings(keys: &std::path::Path, endpoint: &str) -> Settings {
    let document = Document::builder().part("verification", 0, DEFAULTS).load().unwrap();
    let mut settings: Settings = document.part("verification").unwrap();
    let file = |name: &str| {
        let path = keys.join(name);
        std::fs::write(&path, KeyText::generate(&SystemEntropy, Timestamp::EPOCH)).unwrap();
        Some(path)
    };
    settings.store.redis.url = "memory:".to_owned();
    settings.keys.code_mac_file = file("code-mac");
    settings.keys.code_seal_file = file("code-seal");
    settings.keys.grant_file = file("grant");
    settings.notification = ClientSettings::to(endpoint);
    settings
}

fn rules() -> AccessTable {
    let ours = rekey_wire::access::rules().keys().filter(|path| path.starts_with("/rekey.verification."));
    ours.map(|path| ((*path).to_owned(), Rule { service: true, person: PersonRule::None, roles: vec![] }))
        .collect()
}

fn id() -> String {
    uuid_v4(&SystemEntropy).hyphenated().to_string()
}

fn start(decoy: bool) -> wire::StartVerificationRequest {
    let address = wire::destination::Address::EmailAddress("anna@example.com".to_owned());
    wire::StartVerificationRequest {
        tenant_id: id(),
        verification_id: id(),
        request_id: id(),
        purpose: "password_reset".to_owned(),
        subject: "anna".to_owned(),
        destinations: vec![wire::Destination { address: Some(address) }],
        locale: "de-AT".to_owned(),
        organisation: "Contoso".to_owned(),
        binding: vec![7; 32],
        decoy,
        ..Default::default()
    }
}

fn check(started: &wire::StartVerificationRequest, code: &str) -> wire::CheckVerificationRequest {
    wire::CheckVerificationRequest {
        tenant_id: started.tenant_id.clone(),
        verification_id: started.verification_id.clone(),
        request_id: id(),
        code: code.to_owned(),
        purpose: started.purpose.clone(),
        subject: started.subject.clone(),
        transaction: started.transaction.clone(),
        context: None,
    }
}

#[tokio::test]
async fn a_code_goes_out_comes_back_and_counts_once() {
    let server = TestServer::open().await;
    let mut shop = server.client("shop");
    let request = start(false);

    let started = shop.start_verification(request.clone()).await.unwrap().into_inner();
    let message = server.last_message();
    let typed = message.variables["code"].clone();
    let spaced = format!("{} {}", &typed[..3], &typed[3..]);
    let checked = shop.check_verification(check(&request, &spaced)).await.unwrap().into_inner();
    let redeem = wire::RedeemGrantRequest {
        tenant_id: request.tenant_id.clone(),
        grant: checked.grant.clone(),
        binding: request.binding.clone(),
        request_id: id(),
    };
    let redeemed = shop.redeem_grant(redeem.clone()).await.unwrap().into_inner();
    let repeated = shop.redeem_grant(redeem.clone()).await.unwrap().into_inner();
    let second = wire::RedeemGrantRequest { request_id: id(), ..redeem };
    let refused = Problem::of(&shop.redeem_grant(second).await.unwrap_err());

    assert!(started.sent);
    assert_eq!((message.template.as_str(), message.locale.as_str()), ("password_reset_code", "de-AT"));
    assert_eq!(
        (message.lane(), message.not_after_time),
        (notification::Lane::Critical, started.code_expire_time)
    );
    assert_eq!(message.variables["minutes"], "10");
    assert_eq!(message.variables["organisation"], "Contoso");
    assert_eq!(message.reference, request.verification_id);
    assert_eq!(checked.outcome(), wire::CheckOutcome::Passed);
    assert_eq!((redeemed.subject.as_str(), redeemed.proof_class()), ("anna", wire::ProofClass::Issued));
    assert_eq!(redeemed.issuer, "shop");
    assert_eq!(repeated, redeemed);
    assert_eq!(refused.reason, "GRANT_INVALID");
}

#[tokio::test]
async fn a_grant_proves_the_amount_and_payee_that_the_message_showed() {
    let server = TestServer::open().await;
    let mut shop = server.client("shop");
    let transaction = Some(wire::Transaction { amount: "12.00 EUR".to_owned(), payee: "Berta".to_owned() });
    let request = wire::StartVerificationRequest {
        purpose: "payment".to_owned(),
        transaction: transaction.clone(),
        ..start(false)
    };

    shop.start_verification(request.clone()).await.unwrap();
    let shown = server.last_message();
    let typed = check(&request, &shown.variables["code"]);
    let grant = shop.check_verification(typed).await.unwrap().into_inner().grant;
    let redeem = wire::RedeemGrantRequest {
        tenant_id: request.tenant_id,
        grant,
        binding: request.binding,
        request_id: id(),
    };
    let redeemed = shop.redeem_grant(redeem).await.unwrap().into_inner();

    assert_eq!(shown.template, "payment_code");
    assert_eq!((&*shown.variables["amount"], &*shown.variables["payee"]), ("12.00 EUR", "Berta"));
    assert_eq!((redeemed.purpose.as_str(), redeemed.transaction), ("payment", transaction));
}

#[tokio::test]
async fn another_caller_finds_nothing() {
    let server = TestServer::open().await;
    let request = start(false);
    server.client("shop").start_verification(request.clone()).await.unwrap();
    let code = server.last_message().variables["code"].clone();
    let mut bank = server.client("bank");
    let get = wire::GetVerificationRequest {
        tenant_id: request.tenant_id.clone(),
        verification_id: request.verification_id.clone(),
    };

    let hidden = Problem::of(&bank.get_verification(get.clone()).await.unwrap_err());
    let rejected = bank.check_verification(check(&request, &code)).await.unwrap().into_inner();
    let stranger = Problem::of(&server.client("mallory").get_verification(get.clone()).await.unwrap_err());
    let shown = server.client("shop").get_verification(get).await.unwrap().into_inner().verification.unwrap();

    assert_eq!((hidden.code, hidden.reason.as_str()), (Code::NotFound, "VERIFICATION_NOT_FOUND"));
    assert_eq!(rejected.outcome(), wire::CheckOutcome::Rejected);
    assert_eq!(stranger.reason, "CALLER_UNKNOWN");
    assert_eq!((shown.state(), shown.tries_remaining), (wire::VerificationState::Pending, 5));
    assert_eq!(shown.sends_remaining, 4);
}

#[tokio::test]
async fn a_decoy_is_answered_like_any_other_and_marked_for_notification_only() {
    let server = TestServer::open().await;
    let mut shop = server.client("shop");
    let (real, decoy) = (start(false), start(true));

    let answers = [
        shop.start_verification(real.clone()).await.unwrap().into_inner(),
        shop.start_verification(decoy.clone()).await.unwrap().into_inner(),
    ];
    let message = server.last_message();
    let rejected = shop.check_verification(check(&decoy, &message.variables["code"])).await.unwrap();

    assert!(message.decoy);
    assert_eq!(answers[0].sent, answers[1].sent);
    assert_eq!(answers[0].resend_time.is_some(), answers[1].resend_time.is_some());
    assert_eq!(rejected.into_inner().outcome(), wire::CheckOutcome::Rejected);
}

#[tokio::test]
async fn refusals_carry_their_reason_and_when_to_come_back() {
    let server = TestServer::open().await;
    let mut shop = server.client("shop");
    let request = start(false);
    shop.start_verification(request.clone()).await.unwrap();
    let resend = wire::ResendCodeRequest {
        tenant_id: request.tenant_id.clone(),
        verification_id: request.verification_id.clone(),
        request_id: id(),
        context: None,
    };
    let differs =
        wire::StartVerificationRequest { subject: "berta".to_owned(), request_id: id(), ..request.clone() };
    let reused = wire::StartVerificationRequest { verification_id: id(), ..request.clone() };

    let too_soon = Problem::of(&shop.resend_code(resend).await.unwrap_err());
    let differs = Problem::of(&shop.start_verification(differs).await.unwrap_err());
    let reused = Problem::of(&shop.start_verification(reused).await.unwrap_err());
    server.notification_service.is_not_configured.store(true, Ordering::SeqCst);
    let not_carried = Problem::of(&shop.start_verification(start(false)).await.unwrap_err());

    assert_eq!(too_soon.reason, "RESEND_TOO_SOON");
    let wait = too_soon.retry_after.unwrap();
    assert!(wait > Duration::from_secs(20) && wait <= Duration::from_secs(30), "{wait:?}");
    assert_eq!((differs.code, differs.reason.as_str()), (Code::AlreadyExists, "VERIFICATION_DIFFERS"));
    assert_eq!((reused.code, reused.reason.as_str()), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
    assert_eq!(not_carried.reason, "CHANNEL_NOT_ALLOWED");
}
