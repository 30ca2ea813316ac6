//! The service of the tests: the messages of `grpc.health.v1` under a name of ours.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SessionId, TenantId};
use tokio::sync::Notify;
use tokio_stream::{Stream, StreamExt};
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::access::{
    AccessTable, AccessTokenError, Caller, Person, PersonRule, PersonVerifier, RoleMissing, Rule,
};
use crate::deadline;

pub(super) const TENANT: &str = "018f3b5e-0000-7000-8000-000000000001";

/// `Check` for backends, the others for persons as their names say.
pub(super) fn rules() -> AccessTable {
    let rule = |service, person, roles: &[&str]| Rule {
        service,
        person,
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    };
    [
        ("Check", rule(true, PersonRule::None, &[])),
        ("Watch", rule(true, PersonRule::None, &[])),
        ("Mine", rule(false, PersonRule::SelfOnly, &[])),
        ("Either", rule(true, PersonRule::SelfOnly, &[])),
        ("Leave", rule(false, PersonRule::Leaving, &[])),
        ("Whichever", rule(false, PersonRule::Administrator, &[])),
        ("Manage", rule(true, PersonRule::Administrator, &["reports_reader"])),
        ("Administer", rule(false, PersonRule::Administrator, &["global_administrator", "reports_reader"])),
    ]
    .into_iter()
    .map(|(method, rule)| (format!("/rekey.test.v1.Office/{method}"), rule))
    .collect()
}

/// Tokens are `tenant role`, where the role may be `none`, or `away`; with `left ` before it, one whose session its person has left.
#[derive(Default)]
pub(super) struct Tokens {
    /// Who was stopped: caller, role and RPC.
    pub(super) stopped: Mutex<Vec<String>>,
}

#[async_trait]
impl PersonVerifier for Tokens {
    async fn verify(&self, access_token: &str) -> Result<Person, AccessTokenError> {
        if access_token == "away" {
            return Err(AccessTokenError::Unavailable);
        }
        let (tenant, role) = access_token.split_once(' ').ok_or(AccessTokenError::Invalid)?;
        let (role, backend) = role.split_once(" of ").unwrap_or((role, "shop"));
        Ok(Person {
            backend: backend.to_owned(),
            tenant_id: TenantId::parse(tenant).map_err(|_| AccessTokenError::Invalid)?,
            account_id: AccountId::parse(TENANT).unwrap(),
            session_id: SessionId::parse(TENANT).unwrap(),
            epoch: 1,
            roles: [role.to_owned()].into_iter().filter(|role| role != "none").collect(),
            auth_time: Timestamp::EPOCH,
            token_expires_at: Timestamp::EPOCH.plus(Duration::from_secs(300)),
            token_state: crate::access::TokenState::Live,
        })
    }

    fn role_missing(&self, stopped: &RoleMissing<'_>) {
        assert!(stopped.trace_id.is_some());
        let roles = stopped.person.roles.join(",");
        let line = format!("{} {roles} {}", stopped.caller, stopped.rpc);
        self.stopped.lock().unwrap().push(line);
    }

    async fn verify_leaving(&self, access_token: &str) -> Result<Person, AccessTokenError> {
        self.verify(access_token.strip_prefix("left ").unwrap_or(access_token)).await
    }
}

pub(super) struct Desk {
    /// Told when a call has arrived that will never be answered.
    hanging: Arc<Notify>,
}

#[async_trait]
impl Health for Desk {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match request.get_ref().service.as_str() {
            "hang" => {
                self.hanging.notify_one();
                std::future::pending::<()>().await;
            }
            "panic" => panic!("a broken handler"),
            "secret" => return Err(Status::internal("hunter2")),
            _ => {}
        }
        let mut response = Response::new(HealthCheckResponse { status: 1 });
        let caller = request.extensions().get::<Caller>().expect("the gate puts it there");
        let person = caller.person().map_or("nobody", |person| person.roles[0].as_str());
        let remaining = deadline::remaining().unwrap().as_millis().to_string();
        response.metadata_mut().insert("caller", caller.name().parse().unwrap());
        response.metadata_mut().insert("person", person.parse().unwrap());
        response.metadata_mut().insert("remaining-ms", remaining.parse().unwrap());
        Ok(response)
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let first = tokio_stream::once(Ok(HealthCheckResponse { status: 1 }));
        let breaks = request.get_ref().service == "break";
        let breaking = tokio_stream::iter(breaks.then(|| Err(Status::internal("hunter2"))));
        Ok(Response::new(Box::pin(first.chain(breaking).chain(tokio_stream::pending()))))
    }
}

/// Every method but `Watch` is answered by `check`.
#[derive(Clone)]
pub(super) struct Office(HealthServer<Desk>);

impl Office {
    pub(super) fn new(hanging: Arc<Notify>) -> Self {
        Self(HealthServer::new(Desk { hanging }))
    }
}

impl NamedService for Office {
    const NAME: &'static str = "rekey.test.v1.Office";
}

impl tower::Service<http::Request<Body>> for Office {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = <HealthServer<Desk> as tower::Service<http::Request<Body>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        tower::Service::<http::Request<Body>>::poll_ready(&mut self.0, context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let method = if request.uri().path().ends_with("/Watch") { "Watch" } else { "Check" };
        *request.uri_mut() = format!("/grpc.health.v1.Health/{method}").parse().unwrap();
        self.0.call(request)
    }
}
