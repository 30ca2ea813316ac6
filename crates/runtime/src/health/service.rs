//! `grpc.health.v1`: an unknown name is `NOT_FOUND` to `Check` and an open stream to `Watch`.
//!
//! tonic-health's own server ends the stream for an unknown name and starts as serving, so only its generated
//! types are used.

use std::pin::Pin;

use tokio_stream::Stream;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health as HealthRpc, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::{Health, Serving};

/// The gRPC face of [`Health`].
#[derive(Debug)]
pub(crate) struct HealthService(Health);

impl HealthService {
    /// Its name, for the list of services anybody may call.
    pub(crate) const NAME: &'static str = tonic_health::pb::health_server::SERVICE_NAME;

    /// Speaks for this health.
    pub(super) fn new(health: Health) -> Self {
        Self(health)
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
        match self.0.serving(&request.get_ref().service) {
            Serving::Unknown => Err(Status::not_found("no such service here")),
            serving => Ok(Response::new(answer(serving))),
        }
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let health = self.0.clone();
        let name = request.into_inner().service;
        let start = (self.0.changes(), None);
        let stream = futures_util::stream::unfold(start, move |(mut changes, told)| {
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
