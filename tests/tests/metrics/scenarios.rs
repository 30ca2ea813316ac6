//! What people, attackers and broken neighbours do, and what the metrics say of it.

use std::collections::BTreeSet;

use rekey::Part;
use rekey_client::Problem;
use rekey_runtime::telemetry::{Format, Telemetry, TelemetrySettings};
use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, waiting};
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::audit_webhook_service_client::AuditWebhookServiceClient;
use rekey_wire::identity::v1::password_service_client::PasswordServiceClient;
use rekey_wire::identity::v1::{
    ChangePasswordRequest, CreateAuditWebhookRequest, ListAccountsRequest, SignInRequest,
};
use rekey_wire::verification::v1::destination::Address;
use rekey_wire::verification::v1::verification_service_client::VerificationServiceClient;
use rekey_wire::verification::v1::{CheckVerificationRequest, Destination, StartVerificationRequest};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::bounces::a_suite_whose_mail_bounces;
use super::exposition::{instrument_of, instruments, recorded, series, sum};

const NEW: &str = "a meadow full of rain";

/// A suite on real stores, with loops that look often and a replica that is away, which hurts nobody.
const HEALTHY: [(&str, &str); 10] = [
    // Nobody knows this endpoint.
    ("VERIFICATION__EVENTS__ENDPOINTS__CLI", "nowhere"),
    // A gateway that nobody answers at: no SIM is known.
    ("VERIFICATION__SIM_CHANGE__URL", "http://127.0.0.1:1"),
    ("VERIFICATION__SIM_CHANGE__TIMEOUT_MS", "50"),
    ("IDENTITY__STORE__REPLICA_URL", "postgres://postgres@127.0.0.1:1/identity?sslmode=disable"),
    ("IDENTITY__LIMITS__SIGN_INS_PER_NETWORK_PER_MINUTE", "25"),
    ("IDENTITY__LIMITS__SIGN_INS_PER_CALLER_PER_MINUTE", "25"),
    ("NOTIFICATION__RETENTION__SWEEP_SECONDS", "1"),
    ("IDENTITY__STORE__CHECK_SECONDS", "1"),
    ("VERIFICATION__ABUSE__SPRAY_BREAKER__LEAST_FAILURES", "1"),
    ("VERIFICATION__ABUSE__PREFIX_CONVERSION__LEAST_SENDS", "1"),
];

fn telemetry() -> Telemetry {
    let settings = TelemetrySettings {
        format: Format::Human,
        filter: "warn".to_owned(),
        otlp_endpoint: None,
        otlp_ca_file: None,
        otlp_certificate_file: None,
        otlp_key_file: None,
        otlp_headers_file: None,
        sample_ratio: 0.0,
        export_interval_seconds: 60,
        export_timeout_ms: 1_000,
    };
    Telemetry::start(&settings, "rekey-tests").unwrap()
}

/// Everything is recorded by one or the other, and nothing of it names anybody.
#[tokio::test(flavor = "multi_thread")]
async fn every_instrument_is_recorded_and_names_nobody() {
    let telemetry = telemetry();

    let healthy = a_healthy_suite(&telemetry).await;
    let troubled = a_suite_in_trouble(&telemetry).await;
    let bouncing = a_suite_whose_mail_bounces(&telemetry).await;

    let known: BTreeSet<&str> = instruments().iter().map(|one| one.name).collect();
    let pages = [&healthy, &troubled, &bouncing];
    let seen: BTreeSet<&str> = pages.iter().flat_map(|page| recorded(page)).collect();
    let missing: Vec<_> = known.difference(&seen).collect();
    assert!(missing.is_empty(), "never recorded: {missing:?}");
    for page in pages {
        labels_are_listed(page);
        assert!(!page.contains("zoe") && !page.contains("acme") && !page.contains("192.0.2."), "{page}");
    }
}

/// A reset with a wrong code, guesses until a login is locked, a limit, a stranger, a webhook that nobody answers.
async fn a_healthy_suite(telemetry: &Telemetry) -> String {
    let world = World::start_measured(Stores::Real, &HEALTHY, telemetry.metrics()).await;
    let zoe = world.person("zoe").await;
    watch(&world).await;
    let started = world.start_reset(&zoe.login).await;
    world.send_code(&started.reset_token, "1").await.unwrap();
    let code = world.code_for(&zoe.login).await;
    let too_soon = world.send_code(&started.reset_token, "1").await.unwrap_err();
    assert_eq!(too_soon.code(), tonic::Code::ResourceExhausted);
    world.prove(&started.reset_token, "1", if code == "000000" { "111111" } else { "000000" }).await;
    let proved = world.prove(&started.reset_token, "1", &code).await;
    world.execute(Part::Notification, UNREADABLE).await;
    world.complete_reset(&proved.reset_token, NEW).await.unwrap();
    let list = ListAccountsRequest { tenant_id: world.tenant_id.clone(), ..ListAccountsRequest::default() };
    AccountServiceClient::new(world.identity.clone()).list_accounts(list).await.unwrap();
    let tokens = world.signed_in(&zoe.login, NEW).await;
    let change = ChangePasswordRequest {
        current_password: "not the one".to_owned(),
        new_password: "another meadow of rain".to_owned(),
        request_id: request_id(),
        context: None,
    };
    let mut passwords = PasswordServiceClient::new(world.acting_for(&tokens.access_token));
    passwords.change_password(change).await.unwrap();
    for _ in 0..30 {
        let _wrong_or_stopped = try_to_sign_in(&world, &zoe.login).await;
    }
    abuse(&world).await;
    world.settled().await;
    world.execute(Part::Notification, ORPHAN).await;
    let page = eventually(telemetry, "all that was done is measured", |page| {
        let events = |kind| sum(page, "rekey_identity_audit_events_total", &[("event", kind)]);
        let of = |name| sum(page, name, &[]);
        events("sign_in.locked_out") >= 1.0
            && events("reset.completed") >= 1.0
            && of("rekey_identity_webhooks_sent_total") > 0.0
            && of("rekey_notification_put_back_total") > 0.0
            && of("rekey_verification_events_total") > 0.0
            && of("rekey_notification_text_fallbacks_total") > 0.0
            && page.contains("rekey_notification_queue_age_seconds{")
            && page.contains("rekey_identity_notices_due{")
            && of("rekey_identity_notices_handed_over_total") > 0.0
    });
    let page = page.await;
    world.stop().await;

    let steps =
        |step, outcome| sum(&page, "rekey_identity_steps_total", &[("step", step), ("outcome", outcome)]);
    let passwords = |outcome| sum(&page, "rekey_identity_passwords_total", &[("outcome", outcome)]);
    let proofs =
        |outcome| sum(&page, "rekey_identity_proofs_total", &[("outcome", outcome), ("method", "email")]);
    let checks = |outcome| sum(&page, "rekey_verification_checks_total", &[("outcome", outcome)]);
    let funnel = ["reset_started", "reset_code_sent", "reset_proof", "reset_completed"]
        .map(|step| steps(step, "done"));
    assert_eq!(funnel, [1.0; 4]);
    assert_eq!((steps("reset_proof", "rejected"), steps("reset_code_sent", "refused")), (1.0, 1.0));
    assert_eq!((proofs("accepted"), proofs("rejected")), (1.0, 1.0));
    assert_eq!((checks("passed"), checks("rejected")), (1.0, 2.0));
    assert!(sum(&page, "rekey_verification_sim_lookups_total", &[("outcome", "unknown")]) >= 1.0);
    assert_eq!((passwords("right"), passwords("wrong")), (1.0, 10.0));
    assert!(
        passwords("locked") >= 5.0
            && sum(&page, "rekey_identity_limits_total", &[("limit", "sign_ins")]) >= 1.0
    );
    assert!(sum(&page, "rekey_refusals_total", &[("reason", "RESEND_TOO_SOON")]) >= 1.0);
    let met = |rule| sum(&page, "rekey_verification_abuse_total", &[("rule", rule), ("outcome", "stopped")]);
    assert_eq!((met("prefix_conversion"), met("spray_breaker")), (1.0, 1.0));
    let trips = [("stage", "challenge"), ("mode", "enforce")];
    assert_eq!(sum(&page, "rekey_verification_breaker_trips_total", &trips), 1.0);
    assert_eq!(sum(&page, "rekey_verification_cut_offs_total", &[("country", "US")]), 1.0);
    page
}

/// The relay is dead, nothing is hashed in time, the audit buffer is full, and a peer holds more connections than it may.
async fn a_suite_in_trouble(telemetry: &Telemetry) -> String {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port().to_string();
    let changes = [
        ("NOTIFICATION__PROVIDERS__0__KIND", "smtp"),
        ("NOTIFICATION__PROVIDERS__0__NAME", "relay"),
        ("NOTIFICATION__PROVIDERS__0__HOST", "127.0.0.1"),
        ("NOTIFICATION__PROVIDERS__0__PORT", &nobody),
        ("NOTIFICATION__PROVIDERS__0__FROM", "no-reply@acme.example"),
        ("IDENTITY__HASHING__PATIENCE_MS", "30"),
        ("IDENTITY__AUDIT__BUFFER_EVENTS", "1"),
        ("IDENTITY__AUDIT__FLUSH_MS", "600000"),
        ("VERIFICATION__SERVER__CONNECTIONS_PER_PEER", "1"),
    ];
    let world = World::start_measured(Stores::Embedded, &changes, telemetry.metrics()).await;

    for name in ["zoe", "yan", "ada", "eva", "tim", "kim"] {
        let person = world.person_with(name, |request| request.password.clear()).await;
        let started = world.start_reset(&person.login).await;
        world.send_code(&started.reset_token, "1").await.unwrap();
    }
    let busy = try_to_sign_in(&world, "zoe@acme.example").await.unwrap_err();
    let address = world.addresses.of(Part::Verification);
    let mut silent = TcpStream::connect(address).await.unwrap();
    let closed = silent.read(&mut [0]).await;
    let page = eventually(telemetry, "the dead relay is left alone", |page| {
        let labels = [("provider", "relay"), ("lane", "critical"), ("state", "open")];
        sum(page, "rekey_notification_breaker_state", &labels) == 1.0
    });
    let page = page.await;
    world.stop().await;

    assert_eq!(Problem::of(&busy).reason, "HASHING_BUSY");
    assert!(closed.is_err() || closed.unwrap() == 0);
    let failed = [("messaging_destination_name", "relay"), ("error_type", "provider")];
    assert!(sum(&page, "messaging_client_operation_duration_seconds_count", &failed) >= 1.0);
    assert!(sum(&page, "rekey_identity_hashing_refused_total", &[("cause", "no_room")]) >= 1.0);
    assert!(sum(&page, "rekey_connections_refused_total", &[("cause", "peer_limit")]) >= 1.0);
    assert!(sum(&page, "rekey_identity_audit_dropped_total", &[]) >= 1.0);
    page
}

/// A tenant's text of a release with other rules, for the notice of the reset.
const UNREADABLE: &str = "insert into template_version
        (tenant_id, template, locale, version, action, subject, body, sms, author, created_at, request_id)
    select tenant_id, 'password_reset_notice', 'en', 1, 1, '{{', '{{', '{{', 'office', 0, id from notification limit 1";
/// Two texts of which none is answered, a wrong code after the one of the reset, and somebody who solved no challenge.
async fn abuse(world: &World) {
    let start = async |address, challenge_passed| {
        let verification_id = request_id();
        let request = StartVerificationRequest {
            tenant_id: world.tenant_id.clone(),
            verification_id: verification_id.clone(),
            request_id: request_id(),
            purpose: "sign_up".to_owned(),
            subject: "somebody".to_owned(),
            destinations: vec![Destination { address: Some(address) }],
            challenge_passed,
            ..StartVerificationRequest::default()
        };
        let mut client = VerificationServiceClient::new(world.verification.clone());
        let _sent_or_refused = client.start_verification(request).await;
        verification_id
    };
    for number in ["+12125550100", "+12125550101"] {
        start(Address::PhoneNumber(number.to_owned()), true).await;
    }
    let guessed = start(Address::EmailAddress("ann@example.net".to_owned()), true).await;
    let check = CheckVerificationRequest {
        tenant_id: world.tenant_id.clone(),
        verification_id: guessed,
        code: "ABCDEF".to_owned(),
        request_id: request_id(),
        purpose: "sign_up".to_owned(),
        subject: "somebody".to_owned(),
        ..CheckVerificationRequest::default()
    };
    VerificationServiceClient::new(world.verification.clone()).check_verification(check).await.unwrap();
    start(Address::EmailAddress("bob@example.net".to_owned()), false).await;
}

/// A message that a dead worker holds.
const ORPHAN: &str = "update notification set state = 2, lease_until = 1 where state = 3";

async fn eventually(telemetry: &Telemetry, what: &str, is_so: impl Fn(&str) -> bool) -> String {
    let look = async || Some(telemetry.metrics().text()).filter(|page| is_so(page));
    waiting::eventually(what, look).await
}

async fn try_to_sign_in(world: &World, login: &str) -> Result<(), tonic::Status> {
    let request = SignInRequest {
        tenant_id: world.tenant_id.clone(),
        login: login.to_owned(),
        password: format!("not this {}", request_id()),
        request_id: request_id(),
        context: None,
    };
    world.sessions().sign_in(request).await.map(drop)
}

/// Sends the events of the tenant to where nobody is.
async fn watch(world: &World) {
    let request = CreateAuditWebhookRequest {
        tenant_id: world.tenant_id.clone(),
        url: "https://siem.invalid/rekey".to_owned(),
        filter: None,
        start_time: None,
        request_id: request_id(),
        context: None,
    };
    AuditWebhookServiceClient::new(world.identity.clone()).create_audit_webhook(request).await.unwrap();
}

fn labels_are_listed(page: &str) {
    for series in series(page) {
        let Some(instrument) = instrument_of(&series.name) else { continue };
        for (name, value) in &series.labels {
            let label = instrument.labels.iter().find(|label| label.prometheus_name() == *name);
            let is_listed = label.is_some_and(|label| label.may_hold(value));
            assert!(is_listed || ["le", "otel_scope_name"].contains(&name.as_str()), "{series:?}");
        }
    }
}
