//! Work that is done later goes on the trace of the call that asked for it.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Makes the recorded span of an earlier call, perhaps of another process, the parent of a span that has just been made, so
/// that both are one trace.
pub fn join_trace(span: &Span, trace_id: [u8; 16], recorded_span: [u8; 8]) {
    let (trace_id, span_id) = (TraceId::from_bytes(trace_id), SpanId::from_bytes(recorded_span));
    let parent = SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, true, TraceState::default());
    let _no_layer = span.set_parent(Context::new().with_remote_span_context(parent));
}
