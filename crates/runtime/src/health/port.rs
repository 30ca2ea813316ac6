//! The health port: plain text, for probes and Prometheus inside the cluster.
//!
//! `grpc.health.v1` over HTTP/2, and over either HTTP: `/healthz` (alive), `/readyz` (should get traffic, with
//! what is missing), `/readyz/SERVICE` (one gRPC service), `/metrics`. Whatever else is asked for is not found.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tonic::service::Routes;

use super::{Health, HealthService, Serving};
use crate::error_details::RpcName;
use crate::server::message_limits::MessageLimits;
use crate::shutdown::Shutdown;
use crate::telemetry::Metrics;
use crate::transport::{ConnectionOptions, listen};

/// The `[health]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthSettings {
    /// Where probes and Prometheus come to. Never expose it.
    pub listen: SocketAddr,
}

/// Probes are short; nothing on this port is worth waiting for.
const GRACE: Duration = Duration::from_secs(1);

/// Far more than probes and scrapers need.
const CONNECTIONS: usize = 256;

/// A quarter: a node's probes and one scraper are a handful.
const CONNECTIONS_PER_PEER: usize = 64;

/// Probes ask as soon as they are connected.
const FIRST_CALL_WITHIN: Duration = Duration::from_secs(5);

/// Longer than scrapers pause, short enough for what was forgotten.
const CONNECTION_AGE: Duration = Duration::from_secs(600);

/// A probe names one service.
const MESSAGES: MessageLimits = MessageLimits { bytes: 1024, within: Duration::from_secs(5) };

/// Serves the health port until `stop`, and beside its own pages those of the parts, which must be public (`pages`).
/// Give it a signal that comes after the servers have drained, so that "not ready" can still be asked for.
pub async fn serve(listener: TcpListener, health: Health, metrics: Metrics, pages: Router, stop: Shutdown) {
    health.show();
    let http = Router::new()
        .route("/healthz", get(alive).with_state(health.clone()))
        .route("/readyz", get(ready).with_state(health.clone()))
        .route("/readyz/{service}", get(serves).with_state(health.clone()))
        .route("/metrics", get(scrape).with_state(metrics));
    let limited = async |request: Request, next: Next| {
        let rpc = RpcName::of(request.uri().path());
        next.run(MESSAGES.limit(&rpc, false, request)).await
    };
    let grpc = Routes::new(HealthService::server(health)).into_axum_router().layer(from_fn(limited));
    serve_pages(listener, grpc.merge(http).merge(pages).fallback(unknown), stop).await;
}

/// Serves pages in plain text, for a few peers at once, until `stop`.
pub async fn serve_pages(listener: TcpListener, pages: Router, stop: Shutdown) {
    let options = ConnectionOptions {
        tls: None,
        connection_limit: CONNECTIONS,
        connections_per_peer: CONNECTIONS_PER_PEER,
        handshake_within: FIRST_CALL_WITHIN,
        first_call_within: FIRST_CALL_WITHIN,
        connection_age: Some(CONNECTION_AGE),
        grace: GRACE,
        http2_only: false,
    };
    listen(listener, pages, options, stop).await;
}

async fn alive(State(health): State<Health>) -> impl IntoResponse {
    match health.serving("liveness") {
        Serving::Yes => (StatusCode::OK, "alive\n"),
        Serving::No | Serving::Unknown => (StatusCode::SERVICE_UNAVAILABLE, "a background loop ended\n"),
    }
}

async fn ready(State(health): State<Health>) -> impl IntoResponse {
    let missing = health.missing();
    if missing.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("not ready\n{}\n", missing.join("\n")))
    }
}

/// One service: whether calls to it are answered now.
async fn serves(State(health): State<Health>, Path(service): Path<String>) -> impl IntoResponse {
    match health.serving(&service) {
        Serving::Yes => (StatusCode::OK, "ready\n"),
        Serving::No => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
        Serving::Unknown => (StatusCode::NOT_FOUND, "no such service here\n"),
    }
}

/// To a gRPC client an RPC that is not there is unimplemented; to everybody else a page is not found.
async fn unknown(request: Request) -> Response {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|value| value.starts_with("application/grpc")) {
        return tonic::Status::unimplemented("no such RPC here").into_http();
    }
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}

async fn scrape(State(metrics): State<Metrics>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.text())
}
