//! The span of a call, its measure, and the W3C context that goes along, so that the server's span hangs under
//! it.

use std::sync::OnceLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::metrics::Histogram;
use opentelemetry::propagation::Injector;
use opentelemetry::{KeyValue, global};
use tokio::time::Instant;
use tonic::Code;
use tracing::Span;
use tracing::field::Empty;
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
        rpc.status_code = Empty,
        attempts = Empty,
    )
}

/// Writes `traceparent` and `tracestate`.
pub(crate) fn inject(span: &Span, headers: &mut HeaderMap) {
    let context = span.context();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut Headers(headers)));
}

/// 5 ms to 10 s, the bounds of the semantic convention.
const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

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
        // Made at the first call, which is after the process has started its telemetry.
        static DURATION: OnceLock<Histogram<f64>> = OnceLock::new();
        let duration = DURATION.get_or_init(|| {
            global::meter("rekey")
                .f64_histogram("rpc.client.call.duration")
                .with_unit("s")
                .with_description("Duration of the calls made, retries included.")
                .with_boundaries(SECONDS.to_vec())
                .build()
        });
        let attributes = [
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", self.method),
            KeyValue::new("rpc.status_code", code_name(code)),
        ];
        duration.record(self.started.elapsed().as_secs_f64(), &attributes);
    }
}

/// `NotFound` as `NOT_FOUND`, the way the contract and the server's measure write it.
pub(crate) fn code_name(code: Code) -> String {
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
