//! Deadlines, sizes, load, panics, from outside.

use tonic::client::Grpc;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;

use super::{CHECK, PORTAL, Running, ServerSettings, bearer, reason, request, settings};

async fn refused(part: &Running, service: &str) -> Status {
    part.check(service, &[("authorization", &bearer(PORTAL))]).await.unwrap_err()
}

async fn remaining(part: &Running, timeout: Option<&str>) -> u64 {
    let portal = bearer(PORTAL);
    let mut headers = vec![("authorization", portal.as_str())];
    headers.extend(timeout.map(|timeout| ("grpc-timeout", timeout)));
    let answer = part.check("", &headers).await.unwrap();
    answer.get("remaining-ms").unwrap().to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_handler_knows_what_is_left_never_more_than_the_ceiling() {
    let part = Running::with(settings()).await;

    assert!((9_000..=10_000).contains(&remaining(&part, None).await));
    assert!((29_000..=30_000).contains(&remaining(&part, Some("30S")).await));
    assert!((59_000..=60_000).contains(&remaining(&part, Some("2H")).await));
}

#[tokio::test]
async fn a_call_over_its_time_is_told_so_by_the_server() {
    let part = Running::with(ServerSettings { default_deadline_ms: 30, ..settings() }).await;

    let status = refused(&part, "hang").await;

    assert_eq!((status.code(), reason(&status).as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
}

#[tokio::test]
async fn a_panic_fails_one_call_and_tells_nothing() {
    let part = Running::with(settings()).await;

    let status = refused(&part, "panic").await;

    assert_eq!((status.code(), reason(&status).as_str()), (Code::Internal, "INTERNAL"));
    assert!(part.check("", &[("authorization", &bearer(PORTAL))]).await.is_ok());
}

#[tokio::test]
async fn the_text_of_an_internal_error_stays_inside() {
    let part = Running::with(settings()).await;

    let status = refused(&part, "secret").await;

    assert_eq!((status.code(), status.message()), (Code::Internal, "INTERNAL: something broke on our side"));
}

#[tokio::test]
async fn a_stream_that_breaks_half_way_tells_as_little() {
    let part = Running::with(settings()).await;
    let mut stream = part.watch("break").await;

    assert!(stream.message().await.unwrap().is_some());
    let status = stream.message().await.unwrap_err();

    assert_eq!((status.code(), status.message()), (Code::Internal, "INTERNAL: something broke on our side"));
    assert_eq!(reason(&status), "INTERNAL");
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_and_one_under_it_is_not() {
    let part = Running::with(settings()).await;
    let (large, fitting) = ("x".repeat(300_000), "x".repeat(250_000));

    let status = refused(&part, &large).await;
    let allowed = part.check(&fitting, &[("authorization", &bearer(PORTAL))]).await;

    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "REQUEST_TOO_LARGE"));
    assert!(allowed.is_ok());
}

#[tokio::test]
async fn bytes_that_are_no_message_are_malformed() {
    let part = Running::with(settings()).await;
    let mut grpc = Grpc::new(part.channel().await);
    grpc.ready().await.unwrap();
    // The same field number with another wire type.
    let wrong = request(HealthCheckResponse { status: 7 }, &[("authorization", &bearer(PORTAL))]);
    let codec = ProstCodec::<HealthCheckResponse, HealthCheckRequest>::default();

    let status = grpc.unary(wrong, http::uri::PathAndQuery::from_static(CHECK), codec).await.unwrap_err();

    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "REQUEST_MALFORMED"));
}

#[tokio::test]
async fn too_many_calls_at_once_are_told_to_come_back_and_health_still_answers() {
    let part = Running::with(ServerSettings { concurrency_limit: 0, ..settings() }).await;

    let status = refused(&part, "").await;
    let mut health = tonic_health::pb::health_client::HealthClient::new(part.channel().await);

    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    assert!(status.get_details_retry_info().is_some());
    assert!(health.check(HealthCheckRequest::default()).await.is_ok());
}

#[tokio::test]
async fn a_path_that_no_method_can_have_is_refused_unseen() {
    let part = Running::with(settings()).await;
    let ask = async |length: usize| {
        let mut grpc = Grpc::new(part.channel().await);
        grpc.ready().await.unwrap();
        let path = format!("/{}", "x".repeat(length - 1)).parse().unwrap();
        let codec = ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
        grpc.unary(request(HealthCheckRequest::default(), &[]), path, codec).await.unwrap_err()
    };

    assert_eq!(reason(&ask(200).await), "CALLER_UNKNOWN");
    assert_eq!(reason(&ask(201).await), "METHOD_UNKNOWN");
}

#[tokio::test]
async fn one_caller_leaves_room_for_the_others() {
    let part = Running::with(ServerSettings { calls_per_caller: 2, ..settings() }).await;
    let portal = bearer(PORTAL);
    let mut watched = part.watch("").await;
    let (channel, headers) = (part.channel().await, [("authorization", portal.as_str())]);
    let hanging = super::call(channel, CHECK, "hang", &headers);
    let mut hanging = std::pin::pin!(hanging);
    tokio::select! {
        _ = &mut hanging => panic!("it never ends"),
        () = part.hanging.notified() => {}
    }

    let status = refused(&part, "").await;
    let other = part.check("", &[("authorization", &bearer(super::SHOP))]).await;
    assert!(watched.message().await.unwrap().is_some());
    drop(watched);

    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    assert!(other.is_ok());
    while part.check("", &headers).await.is_err() {
        tokio::task::yield_now().await;
    }
}
