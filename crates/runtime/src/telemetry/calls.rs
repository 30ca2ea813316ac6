//! One span and one measurement per call, named as the semantic conventions for RPC say.
//!
//! The W3C context of the caller becomes the parent. Only names that the contract knows are recorded, here as in
//! every other label, span and log line; everything else is `_OTHER`, or a scanner could fill the memory of Prometheus.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use http_body_util::BodyExt;
use opentelemetry::metrics::Histogram;
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::{TraceContextExt, TraceId as OtelTraceId};
use opentelemetry::{Context, KeyValue, global};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use tokio::time::Instant;
use tonic::{Code, Status};
use tracing::field::Empty;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::error_details::{RpcName, TraceId};

/// 5 ms to 10 s, the bounds of the convention.
const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

const UNKNOWN_METHOD: &str = "_OTHER";

/// The metrics of all calls of a part.
pub(crate) struct CallMetrics {
    duration: Histogram<f64>,
    /// What may be called, without the leading slash.
    names: HashSet<Arc<str>>,
}

impl CallMetrics {
    /// Takes the meter of the process as it is now: telemetry starts before servers.
    /// `paths` are those that are served.
    pub(crate) fn new<'a>(paths: impl Iterator<Item = &'a str>) -> Self {
        let duration = global::meter("rekey")
            .f64_histogram("rpc.server.call.duration")
            .with_unit("s")
            .with_description("Duration of the calls served.")
            .with_boundaries(SECONDS.to_vec())
            .build();
        Self { duration, names: paths.map(|path| path.trim_start_matches('/').into()).collect() }
    }

    fn name(&self, rpc: &RpcName) -> Arc<str> {
        self.names.get(rpc.method()).map_or_else(|| UNKNOWN_METHOD.into(), Arc::clone)
    }
}

/// The stage.
pub(crate) async fn observe(
    metrics: &Arc<CallMetrics>,
    rpc: &RpcName,
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let method = metrics.name(rpc);
    let span = tracing::info_span!(
        "call",
        otel.name = &*method,
        otel.kind = "server",
        rpc.system.name = "grpc",
        rpc.method = &*method,
        rpc.status_code = Empty,
        caller = Empty,
        trace_id = Empty,
    );
    let parent =
        global::get_text_map_propagator(|propagator| propagator.extract(&Headers(request.headers())));
    let trace_id = join(&span, parent);
    span.record("trace_id", trace_id.0.as_ref());
    request.extensions_mut().insert(trace_id);

    let metrics = Arc::clone(metrics);
    let mut measurement =
        CallMeasurement { metrics, method, started: Instant::now(), span: span.clone(), is_over: false };
    let response = next(request).instrument(span).await;
    if let Some(code) = response.headers().get(Status::GRPC_STATUS) {
        measurement.end(Code::from_bytes(code.as_bytes()));
        return response;
    }
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            if let Some(code) = frame.trailers_ref().and_then(|trailers| trailers.get(Status::GRPC_STATUS)) {
                measurement.end(Code::from_bytes(code.as_bytes()));
            }
            frame
        }))
    })
}

/// Makes the caller's span the parent, and returns the trace id of both. Without a layer that collects spans the
/// caller's trace id is used, or one is drawn: there is always a support code.
fn join(span: &Span, parent: Context) -> TraceId {
    let callers = parent.span().span_context().trace_id();
    let _no_layer = span.set_parent(parent);
    let own = span.context().span().span_context().trace_id();
    let id = [own, callers]
        .into_iter()
        .find(|id| *id != OtelTraceId::INVALID)
        .unwrap_or_else(|| RandomIdGenerator::default().new_trace_id());
    TraceId(id.to_string().into())
}

/// The measurement of one call. It ends once: with the status of the call, or as cancelled when the client went away
/// before there was one.
struct CallMeasurement {
    metrics: Arc<CallMetrics>,
    method: Arc<str>,
    started: Instant,
    span: Span,
    is_over: bool,
}

impl CallMeasurement {
    fn end(&mut self, code: Code) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let name = code_name(code);
        self.span.record("rpc.status_code", name);
        let attributes = [
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", Arc::clone(&self.method)),
            KeyValue::new("rpc.status_code", name),
        ];
        self.metrics.duration.record(self.started.elapsed().as_secs_f64(), &attributes);
        if code == Code::Ok {
            tracing::debug!(parent: &self.span, "call answered");
        } else {
            tracing::info!(parent: &self.span, code = name, "call answered");
        }
    }
}

impl Drop for CallMeasurement {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
