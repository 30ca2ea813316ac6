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
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::{TraceContextExt, TraceId as OtelTraceId};
use opentelemetry::{Context, global};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use rekey_metrics::LabelValue;
use rekey_metrics::process::SERVER_CALLS;
use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tracing::field::Empty;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::error_details::{Reason, RpcName, TraceId};
use crate::transport::Peer;

const UNKNOWN_METHOD: &str = "_OTHER";

/// The names under which the calls of a part are measured.
pub(crate) struct CallMetrics {
    /// What may be called, without the leading slash.
    names: HashSet<Arc<str>>,
}

/// In the extensions of a request whose method is one that the contract knows: the reasons of any other say nothing about a
/// part, and its domain is whatever a stranger typed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownMethod;

impl CallMetrics {
    /// `paths` are those that are served.
    pub(crate) fn new<'a>(paths: impl Iterator<Item = &'a str>) -> Self {
        Self { names: paths.map(|path| path.trim_start_matches('/').into()).collect() }
    }

    fn name(&self, rpc: &RpcName) -> Option<Arc<str>> {
        self.names.get(rpc.method()).map(Arc::clone)
    }
}

/// The stage.
pub(crate) async fn observe(
    metrics: &Arc<CallMetrics>,
    rpc: &RpcName,
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let known = metrics.name(rpc);
    if known.is_some() {
        request.extensions_mut().insert(KnownMethod);
    }
    let method = known.unwrap_or_else(|| UNKNOWN_METHOD.into());
    let span = tracing::info_span!(
        "call",
        otel.name = &*method,
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system.name = "grpc",
        rpc.method = &*method,
        rpc.response.status_code = Empty,
        error.type = Empty,
        network.peer.address = Empty,
        caller = Empty,
        reason = Empty,
        missing = Empty,
        trace_id = Empty,
    );
    if let Some(peer) = request.extensions().get::<Peer>() {
        span.record("network.peer.address", tracing::field::display(peer.address.ip()));
    }
    let parent =
        global::get_text_map_propagator(|propagator| propagator.extract(&Headers(request.headers())));
    let trace_id = join(&span, parent);
    span.record("trace_id", trace_id.text.as_ref());
    request.extensions_mut().insert(trace_id);

    let mut measurement =
        CallMeasurement { method, started: Instant::now(), span: span.clone(), is_over: false };
    let response = next(request).instrument(span).await;
    if response.headers().contains_key(Status::GRPC_STATUS) {
        measurement.end_with(response.headers());
        return response;
    }
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            if let Some(trailers) = frame.trailers_ref().filter(|held| held.contains_key(Status::GRPC_STATUS))
            {
                measurement.end_with(trailers);
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
    let context = span.context();
    let own = context.span().span_context().clone();
    let recorded = own.is_valid() && own.is_sampled();
    let id = [own.trace_id(), callers]
        .into_iter()
        .find(|id| *id != OtelTraceId::INVALID)
        .unwrap_or_else(|| RandomIdGenerator::default().new_trace_id());
    TraceId { text: id.to_string().into(), span: recorded.then(|| own.span_id().to_bytes()) }
}

/// The measurement of one call. It ends once: with the status of the call, or as cancelled when the client went away
/// before there was one.
struct CallMeasurement {
    method: Arc<str>,
    started: Instant,
    span: Span,
    is_over: bool,
}

impl CallMeasurement {
    /// Ends it with the status in headers or trailers, which is complete by now.
    fn end_with(&mut self, headers: &HeaderMap) {
        let code =
            headers.get(Status::GRPC_STATUS).map_or(Code::Unknown, |code| Code::from_bytes(code.as_bytes()));
        let failed = (code != Code::Ok).then(|| Status::from_header_map(headers)).flatten();
        let reason = failed.and_then(|status| status.get_details_error_info()).map(|info| info.reason);
        self.end(code, reason.as_deref());
    }

    fn end(&mut self, code: Code, reason: Option<&str>) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let (name, reason) = (code_name(code), reason.unwrap_or_default());
        let span = &self.span;
        span.record("rpc.response.status_code", name);
        if code != Code::Ok {
            span.record("reason", reason);
        }
        if is_error(code) {
            span.record("error.type", name);
            span.record("otel.status_code", "ERROR");
        }
        let labels: [LabelValue; 3] = ["grpc".into(), Arc::clone(&self.method).into(), name.into()];
        SERVER_CALLS.record(self.started.elapsed(), labels);
        // What broke has its line where it broke, with its cause.
        let is_told = reason == Reason::Internal.name() || reason == Reason::Unavailable.name();
        if code == Code::Ok || is_told {
            tracing::debug!(parent: span, code = name, "call answered");
        } else {
            tracing::info!(parent: span, code = name, "call refused");
        }
    }
}

/// Whether a status is an error of the server, by the semantic conventions: what a caller did wrong is none.
const fn is_error(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

impl Drop for CallMeasurement {
    fn drop(&mut self) {
        self.end(Code::Cancelled, None);
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
