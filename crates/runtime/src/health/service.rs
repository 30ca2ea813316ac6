//! `grpc.health.v1`: an unknown name is `NOT_FOUND` to `Check` and an open stream to `Watch`.
//!
//! tonic-health's own server ends the stream for an unknown name, starts as serving and has no `List`, so this one
//! speaks the protocol itself. Anybody may watch without a credential, so there are few places for it.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::protocol::health_check_response::ServingStatus;
use super::protocol::health_server::{Health as HealthRpc, HealthServer};
use super::protocol::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use super::{Health, Serving};
use crate::shares::Shares;
use crate::transport::{Peer, holder};

/// How many streams of a port watch its health at once: more than clients that balance by health have connections to one
/// process.
const WATCHERS: usize = 1024;
/// How many of them one peer may hold: a quarter, since a proxy brings many clients from one address.
const WATCHERS_PER_PEER: usize = 256;

/// The gRPC face of [`Health`].
#[derive(Debug)]
pub(crate) struct HealthService {
    health: Health,
    watchers: Arc<Semaphore>,
    of_peers: Shares<Option<IpAddr>>,
}

impl HealthService {
    /// Its RPCs, which anybody may call.
    pub(crate) const PATHS: [&'static str; 3] =
        ["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List", "/grpc.health.v1.Health/Watch"];

    /// Speaks for this health.
    pub(super) fn new(health: Health) -> Self {
        let (watchers, of_peers) = (Arc::new(Semaphore::new(WATCHERS)), Shares::new(WATCHERS_PER_PEER));
        Self { health, watchers, of_peers }
    }

    /// The service to route to.
    pub(crate) fn server(health: Health) -> HealthServer<Self> {
        HealthServer::new(Self::new(health))
    }
}

fn answer(serving: Serving) -> HealthCheckResponse {
    let status = match serving {
        Serving::Yes => ServingStatus::Serving,
        Serving::No => ServingStatus::NotServing,
        Serving::Unknown => ServingStatus::ServiceUnknown,
    };
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl HealthRpc for HealthService {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match self.health.serving(&request.get_ref().service) {
            Serving::Unknown => Err(Status::not_found("no such service here")),
            serving => Ok(Response::new(answer(serving))),
        }
    }

    async fn list(
        &self,
        _request: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        let statuses = self.health.all().into_iter().map(|(name, serving)| (name, answer(serving))).collect();
        Ok(Response::new(HealthListResponse { statuses }))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let peer = request.extensions().get::<Peer>().map(|peer| holder(peer.address.ip()));
        let places = Arc::clone(&self.watchers).try_acquire_owned().ok().zip(self.of_peers.take(peer));
        let Some(places) = places else {
            return Err(Status::resource_exhausted("too many watchers"));
        };
        let health = self.health.clone();
        let name = request.into_inner().service;
        let start = (self.health.changes(), None);
        let stream = futures_util::stream::unfold(start, move |(mut changes, told)| {
            let _held_as_long_as_the_stream = &places;
            let (health, name) = (health.clone(), name.clone());
            async move {
                loop {
                    changes.mark_unchanged();
                    let serving = health.serving(&name);
                    if told != Some(serving) {
                        return Some((Ok(answer(serving)), (changes, Some(serving))));
                    }
                    changes.changed().await.ok()?;
                }
            }
        });
        Ok(Response::new(Box::pin(stream)))
    }
}
