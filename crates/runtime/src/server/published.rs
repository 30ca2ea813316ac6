//! Holds refusals to the contract in builds that test: an RPC refuses with what its comment names, and with what every RPC
//! refuses with. A released build trusts the tests and sends what the service said.

use axum::extract::Request;
use axum::response::Response;
use tonic::Status;
use tonic_types::StatusExt;

use crate::error_details::RpcName;

/// Whether the contract says that the RPC of a path refuses with this reason.
pub type Published = fn(path: &str, reason: &str) -> bool;

/// The stage: a refusal that the contract does not name becomes a failure that says so.
pub(super) async fn hold(
    published: Published,
    rpc: &RpcName,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let response = next(request).await;
    if !cfg!(debug_assertions) {
        return response;
    }
    let status = Status::from_header_map(response.headers());
    let reason = status.and_then(|status| status.get_details_error_info()).map(|info| info.reason);
    match reason {
        Some(reason) if !published(rpc.path(), &reason) => {
            tracing::error!(rpc = rpc.path(), reason, "the contract does not name this reason for this RPC");
            Status::internal("a reason that the contract does not name for this RPC").into_http()
        }
        _ => response,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use axum::body::Body;
    use tonic::Code;
    use tonic_types::ErrorDetails;

    use super::*;

    async fn held(reason: &str) -> Code {
        let details = ErrorDetails::with_error_info(reason, "rekey.sample", HashMap::new());
        let status = Status::with_error_details(Code::NotFound, reason, details);
        let rpc = RpcName::of("/rekey.sample.v1.SampleService/Do");
        let published: Published =
            |path, reason| path == "/rekey.sample.v1.SampleService/Do" && reason == "NOT_HERE";
        let answer = hold(published, &rpc, Request::new(Body::empty()), async |_| status.into_http()).await;
        Status::from_header_map(answer.headers()).unwrap().code()
    }

    #[tokio::test]
    async fn a_reason_that_the_contract_does_not_name_is_a_failure() {
        assert_eq!([held("NOT_HERE").await, held("ODD").await], [Code::NotFound, Code::Internal]);
    }
}
