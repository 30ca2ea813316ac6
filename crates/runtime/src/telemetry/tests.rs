use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use super::{Format, Telemetry, TelemetryError, TelemetrySettings};
use crate::health::{self, Health};
use crate::server::{Part, ServerSettings, bind};
use crate::shutdown::Shutdown;

fn settings() -> TelemetrySettings {
    let document = crate::settings::Document::builder().load().unwrap();
    document.part("telemetry").unwrap()
}

/// Meter and propagator belong to the process, so tests that start telemetry take turns.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn connect(endpoint: String) -> Channel {
    Endpoint::from_shared(endpoint).unwrap().connect().await.unwrap()
}

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: probe\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_health_port_shows_calls_readiness_and_life() {
    let _alone = ALONE.lock().await;
    let telemetry = Telemetry::start(&settings(), "rekey-test").unwrap();
    let (health, stop) = (Health::new(), Shutdown::new());
    let part = health.part("office", []);
    part.require("keys");
    let port = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let probes = port.local_addr().unwrap();
    let probing = tokio::spawn(health::serve(
        port,
        health.clone(),
        telemetry.metrics(),
        axum::Router::new(),
        stop.clone(),
    ));
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let office = format!("http://{}", listener.local_addr().unwrap());
    let serving = Part::new(
        "office",
        ServerSettings::for_tests(),
        tonic::service::Routes::default(),
        crate::access::AccessTable::default(),
        health.clone(),
    );
    let serving = tokio::spawn(serving.serve(listener, stop.clone()));

    let mut client = HealthClient::new(connect(office).await);
    client.check(HealthCheckRequest::default()).await.unwrap();
    let mut same = HealthClient::new(connect(format!("http://{probes}")).await);
    assert_eq!(same.check(HealthCheckRequest::default()).await.unwrap().get_ref().status, 2);
    let unready = get(probes, "/readyz").await;
    part.meet("keys");

    assert!(unready.starts_with("HTTP/1.1 503") && unready.contains("office: keys"), "{unready}");
    assert!(get(probes, "/readyz").await.starts_with("HTTP/1.1 200"));
    assert!(get(probes, "/healthz").await.starts_with("HTTP/1.1 200"));
    let metrics = get(probes, "/metrics").await;
    assert!(metrics.contains("rpc_server_call_duration_seconds_bucket"), "{metrics}");
    assert!(metrics.contains(r#"rpc_method="grpc.health.v1.Health/Check""#), "{metrics}");
    stop.begin();
    drop((client, same));
    serving.await.unwrap().unwrap();
    probing.await.unwrap();
    telemetry.shutdown().await;
}

#[tokio::test]
async fn a_collector_that_is_away_is_no_error_and_holds_nobody() {
    let _alone = ALONE.lock().await;
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let away = listener.local_addr().unwrap();
    drop(listener);
    let settings = TelemetrySettings {
        format: Format::Json,
        otlp_endpoint: Some(format!("http://{away}")),
        export_timeout_ms: 200,
        ..settings()
    };

    let telemetry = Telemetry::start(&settings, "rekey-test").unwrap();
    tracing::info_span!("lost").in_scope(|| tracing::info!("nobody collects this"));

    tokio::time::timeout(Duration::from_secs(5), telemetry.shutdown()).await.unwrap();
}

#[tokio::test]
async fn the_support_code_is_the_trace_of_the_caller() {
    let _alone = ALONE.lock().await;
    let telemetry = Telemetry::start(&settings(), "rekey-test").unwrap();
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let channel = connect(format!("http://{}", listener.local_addr().unwrap())).await;
    let part = Part::new(
        "office",
        ServerSettings::for_tests(),
        tonic::service::Routes::default(),
        crate::access::AccessTable::default(),
        Health::new(),
    );
    tokio::spawn(part.serve(listener, Shutdown::new()));
    let mut request = tonic::Request::new(HealthCheckRequest { service: "nobody".to_owned() });
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    request.metadata_mut().insert("traceparent", traceparent.parse().unwrap());

    let status = HealthClient::new(channel).check(request).await.unwrap_err();

    let code = status.get_details_request_info().unwrap().request_id;
    assert_eq!(code, "0af7651916cd43dd8448eb211c80319c");
    telemetry.shutdown().await;
}

#[tokio::test]
async fn a_filter_that_does_not_parse_is_named() {
    let settings = TelemetrySettings { filter: "rekey=loud".to_owned(), ..settings() };

    assert!(matches!(Telemetry::start(&settings, "rekey-test"), Err(TelemetryError::Filter(_))));
}

#[tokio::test]
async fn only_names_of_the_contract_become_labels() {
    let _alone = ALONE.lock().await;
    let telemetry = Telemetry::start(&settings(), "rekey-test").unwrap();
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let channel = connect(format!("http://{}", listener.local_addr().unwrap())).await;
    let part = Part::new(
        "office",
        ServerSettings { reflection: true, ..ServerSettings::for_tests() },
        tonic::service::Routes::default(),
        crate::access::AccessTable::default(),
        Health::new(),
    );
    tokio::spawn(part.serve(listener, Shutdown::new()));
    let scans =
        ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "rekey.identity.v1.SessionService"];

    for service in scans {
        let path = format!("/{service}/Scan").parse().unwrap();
        let mut grpc = tonic::client::Grpc::new(channel.clone());
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<HealthCheckRequest, HealthCheckRequest>::default();
        let scanned = grpc.unary(tonic::Request::new(HealthCheckRequest::default()), path, codec);
        scanned.await.unwrap_err();
    }

    let metrics = telemetry.metrics().text();
    assert!(metrics.contains(r#"rpc_method="_OTHER""#), "{metrics}");
    assert!(!metrics.contains("Scan"), "{metrics}");
    telemetry.shutdown().await;
}
