//! A part on a real socket, with a small hand-made service behind it.

mod access;
mod limits;
mod mutual_tls;
mod office;
mod silence;
mod stopping;
mod web;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, Streaming};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;

use self::office::{Office, Tokens, rules};
use super::{Part, ServeError, ServerSettings, bind};
use crate::access::{Allowed, CallerEntry, SharedPersonVerifier, token_digest};
use crate::health::Health;
use crate::shutdown::Shutdown;

/// May call everything.
const PORTAL: &str = "portal-token";
/// May call `Check` only, for one tenant.
const SHOP: &str = "shop-token";

const CHECK: &str = "/rekey.test.v1.Office/Check";
const WATCH: &str = "/rekey.test.v1.Office/Watch";

/// A part that is being served.
struct Running {
    address: SocketAddr,
    shutdown: Shutdown,
    health: Health,
    hanging: Arc<Notify>,
    tokens: Arc<Tokens>,
    served: JoinHandle<Result<(), ServeError>>,
}

fn settings() -> ServerSettings {
    let shop = CallerEntry {
        methods: Allowed::Only([CHECK.to_owned()].into()),
        tenants: Allowed::Only([office::TENANT.to_owned()].into()),
        ..CallerEntry::trusted("shop", token_digest(SHOP))
    };
    ServerSettings {
        callers: vec![CallerEntry::trusted("portal", token_digest(PORTAL)), shop],
        ..ServerSettings::for_tests()
    }
}

impl Running {
    async fn with(settings: ServerSettings) -> Self {
        let health = Health::new();
        health.part("office", rules().services());
        let listener = bind(settings.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::new();
        let hanging = Arc::new(Notify::new());
        let routes = Routes::new(Office::new(Arc::clone(&hanging)));
        let tokens = Arc::new(Tokens::default());
        let part = Part::new("office", settings, routes, rules(), health.clone())
            .persons(Arc::clone(&tokens) as SharedPersonVerifier)
            .descriptors(tonic_health::pb::FILE_DESCRIPTOR_SET);
        let served = tokio::spawn(part.serve(listener, shutdown.clone()));
        Self { address, shutdown, health, hanging, tokens, served }
    }

    async fn channel(&self) -> Channel {
        self.try_channel().await.unwrap()
    }

    async fn try_channel(&self) -> Result<Channel, tonic::transport::Error> {
        Endpoint::from_shared(format!("http://{}", self.address)).unwrap().connect().await
    }

    /// Calls `Check` of the office with this request and these headers.
    async fn check(&self, service: &str, headers: &[(&'static str, &str)]) -> Result<MetadataMap, Status> {
        call(self.channel().await, CHECK, service, headers).await
    }

    /// Calls `Watch` of the office, as the portal.
    async fn watch(&self, service: &str) -> Streaming<HealthCheckResponse> {
        let mut grpc = Grpc::new(self.channel().await);
        grpc.ready().await.unwrap();
        let message = HealthCheckRequest { service: service.to_owned() };
        let message = request(message, &[("authorization", &bearer(PORTAL))]);
        let codec = ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
        let path = http::uri::PathAndQuery::from_static(WATCH);
        grpc.server_streaming(message, path, codec).await.unwrap().into_inner()
    }

    async fn stopped(self) {
        self.served.await.unwrap().unwrap();
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn request<T>(message: T, headers: &[(&'static str, &str)]) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in headers {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    request
}

/// A unary call to any path with the messages of health; the answer's metadata.
async fn call(
    channel: Channel,
    path: &'static str,
    service: &str,
    headers: &[(&'static str, &str)],
) -> Result<MetadataMap, Status> {
    let message = HealthCheckRequest { service: service.to_owned() };
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static(path);
    let codec = ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
    let response: Response<HealthCheckResponse> = grpc.unary(request(message, headers), path, codec).await?;
    Ok(response.metadata().clone())
}

fn reason(status: &Status) -> String {
    assert_eq!(status.get_details_request_info().unwrap().request_id.len(), 32, "{status:?}");
    status.get_details_error_info().unwrap().reason
}
