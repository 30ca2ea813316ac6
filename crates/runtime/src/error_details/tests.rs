use std::collections::HashMap;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::{RpcName, TraceId, complete};

const PATH: &str = "/rekey.identity.v1.SessionService/SignIn";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// What a caller gets when the service answers `status`.
async fn seen(status: Status) -> Status {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = PATH.parse().unwrap();
    request.extensions_mut().insert(TraceId { text: TRACE.into(), span: None });
    let response = complete(&RpcName::of(PATH), request, async |_| status.into_http()).await;
    Status::from_header_map(response.headers()).unwrap()
}

fn reason(status: &Status) -> (String, String) {
    let info = status.get_details_error_info().unwrap();
    (info.domain, info.reason)
}

fn ours(reason: &str) -> (String, String) {
    ("rekey.identity".to_owned(), reason.to_owned())
}

#[tokio::test]
async fn a_services_own_reason_stays_and_gets_the_support_code() {
    let mut details = ErrorDetails::with_error_info("THROTTLED", "rekey.identity", HashMap::new());
    details.set_retry_info(Some(Duration::from_secs(7)));
    let status = Status::with_error_details(Code::ResourceExhausted, "too many tries", details);

    let status = seen(status).await;

    assert_eq!((status.code(), status.message()), (Code::ResourceExhausted, "too many tries"));
    assert_eq!(reason(&status), ours("THROTTLED"));
    assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(Duration::from_secs(7)));
    assert_eq!(status.get_details_request_info().unwrap().request_id, TRACE);
    assert_eq!(status.get_error_details_vec().len(), 3);
}

#[tokio::test]
async fn what_broke_is_not_told() {
    for status in [
        Status::internal("connection to postgres://rekey:hunter2@db refused"),
        Status::unknown("hunter2"),
        Status::data_loss("hunter2"),
        Status::with_error_details(
            Code::Internal,
            "hunter2",
            ErrorDetails::with_error_info("INTERNAL", "rekey.identity", HashMap::new()),
        ),
    ] {
        let status = seen(status).await;

        assert_eq!(
            (status.code(), status.message()),
            (Code::Internal, "INTERNAL: something broke on our side")
        );
        assert_eq!(reason(&status), ours("INTERNAL"));
    }
}

#[tokio::test]
async fn what_tonic_says_by_itself_gets_a_published_reason() {
    let decoding =
        Status::internal("failed to decode Protobuf message: SignInRequest.login: invalid wire type");
    for (status, code, name) in [
        (decoding, Code::InvalidArgument, "REQUEST_MALFORMED"),
        (Status::internal("Missing request message."), Code::InvalidArgument, "REQUEST_MALFORMED"),
        (Status::out_of_range("Error, decoded message"), Code::OutOfRange, "REQUEST_TOO_LARGE"),
        (Status::unimplemented(""), Code::Unimplemented, "METHOD_UNKNOWN"),
        (Status::unimplemented("Content is compressed with `br`"), Code::Unimplemented, "REQUEST_MALFORMED"),
        (Status::cancelled("h2"), Code::Cancelled, "CALL_CANCELLED"),
    ] {
        let status = seen(status).await;

        assert_eq!((status.code(), reason(&status)), (code, ours(name)));
    }
}

#[tokio::test]
async fn compression_is_refused_in_words() {
    let status = seen(Status::unimplemented("Content is compressed with `gzip` which isn't supported")).await;

    assert_eq!(
        status.message(),
        "REQUEST_MALFORMED: compressed requests are not taken; send grpc-encoding identity"
    );
}

#[tokio::test]
async fn unavailable_always_says_when_to_come_back() {
    let status = seen(Status::unavailable("redis is gone")).await;

    assert_eq!(status.message(), "UNAVAILABLE: try again later");
    assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
}

#[test]
fn a_path_has_a_package_a_service_and_a_method() {
    let rpc = RpcName::of(PATH);

    assert_eq!(rpc.domain(), "rekey.identity");
    assert_eq!(rpc.service(), "rekey.identity.v1.SessionService");
    assert_eq!(rpc.method(), "rekey.identity.v1.SessionService/SignIn");
    assert_eq!(RpcName::of("*").domain(), "");
    assert_eq!(RpcName::of("/grpc.health.v1.Health/Check").domain(), "grpc.health");
    assert_eq!(RpcName::of("/rekey.vault.Safe/Open").domain(), "rekey.vault");
}
