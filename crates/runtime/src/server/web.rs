//! What a port takes besides gRPC over HTTP/2: nothing, unless web pages are named that may speak gRPC-Web to it.
//!
//! Browsers cannot speak gRPC. Where origins are named, their gRPC-Web calls are translated before the stages of a call,
//! and the answers say that pages of these origins may read them (CORS). Everything else that is no gRPC is refused with
//! 415, as the protocol asks, before anything is looked at.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tower::ServiceBuilder;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::access::ACCESS_TOKEN_METADATA;

/// How long a browser may remember that it may call.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// Adds gRPC-Web for pages of these origins, if there are any, and refuses what is no gRPC.
pub(super) fn with_web(routes: Router, origins: &[String]) -> Result<Router, OriginError> {
    let routes = routes.layer(from_fn(refuse_other_content));
    if origins.is_empty() {
        return Ok(routes);
    }
    let read = |origin: &String| origin_of(origin).ok_or_else(|| OriginError(origin.clone()));
    let origins = origins.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let translation = ServiceBuilder::new()
        .layer(tonic_web::GrpcWebLayer::new())
        .map_request(|request: http::Request<tonic::body::Body>| request.map(Body::new))
        .map_response(|response: Response| response.map(tonic::body::Body::new));
    Ok(routes.layer(translation).layer(cors(origins)))
}

/// A page that is no origin.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no origin of web pages: https://host or https://host:port")]
pub struct OriginError(String);

fn origin_of(text: &str) -> Option<HeaderValue> {
    let (scheme, host) = text.split_once("://")?;
    let is_origin = matches!(scheme, "https" | "http") && !host.is_empty() && !host.contains(['/', '*', ' ']);
    is_origin.then(|| HeaderValue::from_str(text).ok()).flatten()
}

fn cors(origins: Vec<HeaderValue>) -> CorsLayer {
    let headers =
        [ACCESS_TOKEN_METADATA, "grpc-timeout", "traceparent", "tracestate", "x-grpc-web", "x-user-agent"];
    let exposed = ["grpc-status", "grpc-message", "grpc-status-details-bin", "grpc-retry-pushback-ms"];
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::POST])
        .allow_headers(
            headers
                .map(HeaderName::from_static)
                .into_iter()
                .chain([AUTHORIZATION, CONTENT_TYPE])
                .collect::<Vec<_>>(),
        )
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(REMEMBERED)
}

async fn refuse_other_content(request: Request, next: Next) -> Response {
    if is_grpc(request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "this port speaks gRPC: content-type application/grpc\n")
        .into_response()
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let written = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = written.split(';').next().unwrap_or_default().trim();
    ["application/grpc", "application/grpc+proto"].iter().any(|known| kind.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_protobuf_over_grpc_is_grpc() {
        let is_grpc = |written: &'static str| {
            is_grpc(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(written))]))
        };

        assert!(
            ["application/grpc", "application/grpc+proto", "Application/gRPC; x=y"]
                .iter()
                .all(|kind| is_grpc(kind))
        );
        let others =
            ["", "application/json", "application/grpc+json", "application/grpc-web", "application/grpcx"];
        assert!(!others.iter().any(|kind| is_grpc(kind)));
        assert!(!super::is_grpc(&HeaderMap::new()));
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        assert!(
            ["https://app.example.com", "http://localhost:5173"].iter().all(|text| origin_of(text).is_some())
        );
        for wrong in
            ["*", "app.example.com", "https://", "https://*.example.com", "https://a.example/x", "ftp://a"]
        {
            assert!(origin_of(wrong).is_none(), "{wrong}");
        }
    }
}
