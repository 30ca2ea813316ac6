//! The span of a call, its measure, and the W3C context that goes along, so that the server's span hangs under
//! it.

use std::collections::HashMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::global;
use opentelemetry::propagation::Injector;
use rekey_metrics::LabelValue;
use rekey_metrics::process::{CLIENT_CALLS, PEER_ANSWERS};
use tokio::time::Instant;
use tonic::Code;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The span for a path `/package.Service/Method`.
pub(crate) fn span(path: &str) -> Span {
    let method = path.strip_prefix('/').unwrap_or(path);
    tracing::info_span!(
        "call_out",
        otel.name = method,
        otel.kind = "client",
        rpc.system.name = "grpc",
        rpc.method = method,
        otel.status_code = Empty,
        rpc.response.status_code = Empty,
        error.type = Empty,
        attempts = Empty,
    )
}

/// Writes `traceparent` and `tracestate`.
pub(crate) fn inject(span: &Span, headers: &mut HeaderMap) {
    let context = span.context();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut Headers(headers)));
}

/// Where what runs now stands in its trace, as W3C writes it, for what is done about it later; none where nothing is traced.
#[must_use]
pub fn trace_parent() -> Option<String> {
    let mut headers = HeaderMap::new();
    inject(&Span::current(), &mut headers);
    Some(headers.get(TRACE_PARENT)?.to_str().ok()?.to_owned())
}

/// Goes on with a trace: what `work` does hangs under the call that [`trace_parent`] was asked in.
pub async fn in_trace<T>(trace_parent: Option<&str>, work: impl Future<Output = T>) -> T {
    let Some(trace_parent) = trace_parent else { return work.await };
    let carrier = HashMap::from([(TRACE_PARENT.to_owned(), trace_parent.to_owned())]);
    let parent = global::get_text_map_propagator(|propagator| propagator.extract(&carrier));
    let span = tracing::info_span!("go_on", otel.kind = "producer");
    let _no_layer = span.set_parent(parent);
    work.instrument(span).await
}

/// The header of W3C that names trace and span.
const TRACE_PARENT: &str = "traceparent";

/// `rpc.client.call.duration` of one call, all attempts together.
pub(crate) struct CallMeasurement {
    method: String,
    started: Instant,
}

impl CallMeasurement {
    pub(crate) fn start(path: &str) -> Self {
        Self { method: path.strip_prefix('/').unwrap_or(path).to_owned(), started: Instant::now() }
    }

    pub(crate) fn record(self, code: Code) {
        let (name, span) = (code_name(code), Span::current());
        span.record("rpc.response.status_code", &*name);
        if code != Code::Ok {
            span.record("error.type", &*name);
            span.record("otel.status_code", "ERROR");
        }
        if let Some(peer) = peer_of(&self.method) {
            let is_away = matches!(code, Code::Unavailable | Code::DeadlineExceeded);
            PEER_ANSWERS.set_whether(!is_away, [peer.to_owned()]);
        }
        let labels: [LabelValue; 3] = ["grpc".into(), self.method.into(), name.into()];
        CLIENT_CALLS.record(self.started.elapsed(), labels);
    }
}

/// The part that a method of ours is of: `identity` of `rekey.identity.v1.SessionService/SignIn`.
fn peer_of(method: &str) -> Option<&str> {
    method.strip_prefix("rekey.")?.split('.').next()
}

/// `NotFound` as `NOT_FOUND`, the way the contract and the server's measure write it.
#[must_use]
pub fn code_name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::code_name;

    #[test]
    fn codes_are_named_as_in_the_contract() {
        assert_eq!(code_name(Code::Ok), "OK");
        assert_eq!(code_name(Code::DeadlineExceeded), "DEADLINE_EXCEEDED");
    }
}
