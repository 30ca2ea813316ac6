//! Asking another process whether it serves: over the port that it serves on, which answers without a credential.

use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codegen::{Body as ResponseBody, Bytes, StdError};
use tonic::{Code, Status};

use super::Serving;
use super::protocol::HealthCheckRequest;
use super::protocol::health_check_response::ServingStatus;
use super::protocol::health_client::HealthClient;

/// What a gRPC service is at the other end of a channel.
///
/// # Errors
/// Nobody answers, or whoever does knows nothing of health.
pub async fn ask<C>(channel: C, service: &str) -> Result<Serving, Status>
where
    C: GrpcService<Body>,
    C::Error: Into<StdError>,
    C::ResponseBody: ResponseBody<Data = Bytes> + Send + 'static,
    <C::ResponseBody as ResponseBody>::Error: Into<StdError> + Send,
{
    let request = HealthCheckRequest { service: service.to_owned() };
    match HealthClient::new(channel).check(request).await {
        Ok(answer) if answer.get_ref().status() == ServingStatus::Serving => Ok(Serving::Yes),
        Ok(_) => Ok(Serving::No),
        Err(status) if status.code() == Code::NotFound => Ok(Serving::Unknown),
        Err(status) => Err(status),
    }
}
