//! Completes error statuses on their way out, in the headers of a failed call and in the trailers of a stream.
//!
//! A status with a reason keeps it; one without gets the reason that its code and text imply.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Frame;
use rekey_metrics::process::REFUSALS;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{Reason, RpcName};
use crate::telemetry::KnownMethod;

/// The trace id of a call as 32 hexadecimal digits: what a person reads to support.
///
/// It is in the extensions of every request, so that a service can write it into its own records.
#[derive(Debug, Clone)]
pub struct TraceId {
    pub(crate) text: Arc<str>,
    /// The span of the call, where it is recorded.
    pub(crate) span: Option<[u8; 8]>,
}

impl TraceId {
    /// The 16 bytes it stands for.
    #[must_use]
    pub fn bytes(&self) -> Option<[u8; 16]> {
        u128::from_str_radix(&self.text, 16).ok().map(u128::to_be_bytes)
    }

    /// The span of this call, for what follows from it later; none where it is not recorded.
    #[must_use]
    pub const fn recorded_span(&self) -> Option<[u8; 8]> {
        self.span
    }
}

/// The stage.
pub(crate) async fn complete(
    rpc: &RpcName,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let trace_id = request.extensions().get::<TraceId>().cloned();
    let is_known = request.extensions().get::<KnownMethod>().is_some();
    let completing = Completing { rpc: rpc.clone(), trace_id, is_known };
    let mut response = next(request).await;
    if response.headers().contains_key(Status::GRPC_STATUS) {
        completing.complete(response.headers_mut());
        return response;
    }
    response.map(|body| {
        Body::new(body.map_frame(move |frame| match frame.into_trailers() {
            Ok(mut trailers) => {
                completing.complete(&mut trailers);
                Frame::trailers(trailers)
            }
            Err(frame) => frame,
        }))
    })
}

/// What is known of a call when its status is completed.
struct Completing {
    rpc: RpcName,
    trace_id: Option<TraceId>,
    /// Whether the contract knows the method.
    is_known: bool,
}

impl Completing {
    fn complete(&self, headers: &mut HeaderMap) {
        let Some(status) = Status::from_header_map(headers).filter(|status| status.code() != Code::Ok) else {
            return;
        };
        let completed = completed(&status, &self.rpc, self.trace_id.as_ref());
        self.count(&completed);
        for name in [Status::GRPC_STATUS, Status::GRPC_MESSAGE, Status::GRPC_STATUS_DETAILS] {
            headers.remove(name);
        }
        if completed.add_header(headers).is_err() {
            tracing::error!("a status does not fit into headers");
        }
    }

    /// Counts the reason that is sent.
    fn count(&self, status: &Status) {
        let Some(info) = status.get_details_error_info() else { return };
        if self.is_known {
            REFUSALS.add(1, [info.domain, info.reason]);
        } else {
            REFUSALS.add(1, ["_OTHER".to_owned(), info.reason]);
        }
    }
}

/// The status as it leaves. Metadata stays in the headers it came in.
fn completed(status: &Status, rpc: &RpcName, trace_id: Option<&TraceId>) -> Status {
    let mut details = status.check_error_details().unwrap_or_default();
    let has_reason = details.error_info().is_some();
    let reason = if has_reason { None } else { Some(reason_for(status)) };
    let is_ours = matches!(status.code(), Code::Internal | Code::Unknown | Code::DataLoss);
    let (code, named, text) = match reason {
        Some(Reason::Internal) | None if is_ours => {
            // What a service says with a reason it has written down with its cause.
            if reason.is_some() {
                tracing::error!(code = ?status.code(), text = status.message(), "call failed");
            }
            (Code::Internal, Some(Reason::Internal), Reason::Internal.text())
        }
        Some(Reason::Internal) => (status.code(), reason, Reason::Internal.text()),
        // The protocol asks for this code, and for the encodings that would do, which tonic adds.
        Some(reason) if reason == Reason::RequestMalformed && status.code() == Code::Unimplemented => (
            Code::Unimplemented,
            Some(reason),
            "compressed requests are not taken; send grpc-encoding identity",
        ),
        Some(Reason::RequestTooLarge) => (status.code(), reason, Reason::RequestTooLarge.text()),
        Some(reason) => (reason.code(), Some(reason), reason.text()),
        // A service's own text names its reason.
        None => (status.code(), None, status.message()),
    };
    let text = named.map_or_else(|| text.to_owned(), |reason| reason.with_text(text));
    if let Some(reason) = reason {
        details.set_error_info(reason.name(), rpc.domain(), std::collections::HashMap::new());
        if reason.retry_after().is_some() && details.retry_info().is_none() {
            details.set_retry_info(reason.retry_after());
        }
    }
    if let Some(trace_id) = trace_id {
        details.set_request_info(trace_id.text.as_ref(), "");
    }
    Status::with_error_details(code, text, details)
}

/// Why a status without a reason was given. tonic has no machine-readable causes, so its texts are looked at;
/// the tests pin those of the version in use.
fn reason_for(status: &Status) -> Reason {
    let text = status.message();
    match status.code() {
        Code::Internal | Code::Unknown if is_decoding_error(text) => Reason::RequestMalformed,
        Code::Unimplemented if text.starts_with("Content is compressed") => Reason::RequestMalformed,
        Code::InvalidArgument => Reason::RequestMalformed,
        Code::OutOfRange => Reason::RequestTooLarge,
        Code::ResourceExhausted => Reason::Overloaded,
        Code::Unimplemented => Reason::MethodUnknown,
        Code::Unavailable => Reason::Unavailable,
        Code::DeadlineExceeded => Reason::DeadlineExceeded,
        Code::Cancelled => Reason::CallCancelled,
        Code::Unauthenticated => Reason::CallerUnknown,
        Code::PermissionDenied => Reason::CallerNotAllowed,
        Code::NotFound => Reason::ServiceUnknown,
        _ => Reason::Internal,
    }
}

fn is_decoding_error(text: &str) -> bool {
    [
        "failed to decode Protobuf message",
        "Missing request message",
        "protocol error",
        "Unexpected EOF decoding",
    ]
    .iter()
    .any(|start| text.starts_with(start))
}
