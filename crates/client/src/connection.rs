//! One call from beginning to end: deadline, credentials, trace, attempts.
//!
//! The deadline is enforced here, and polled before the call: tonic's own channel answers `CANCELLED` when
//! `grpc-timeout` is over, which callers take for something else.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use secrecy::SecretString;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tower::{Service, ServiceExt};
use tracing::Instrument;

use crate::balance::{Away, Lease, Resolver, SystemResolver};
use crate::cause::{Peer, Unseen, cause, links, unseen};
use crate::credentials::{AccessToken, BadToken, ServiceToken, present};
use crate::deadline::{GRPC_TIMEOUT, Remaining, budget, header, requested};
use crate::reloading_channel::{Current, ReloadingChannel, Route};
use crate::replay::Replay;
use crate::retry::{RetryBudget, pause_before_next};
use crate::settings::{ClientSettings, OpenError};
use crate::trace;

const PREVIOUS_ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");

/// A channel to one peer, ready for any generated client. Cheap to clone; clones share connections and the
/// retry budget. Certificates and the token are read again when their files change.
#[derive(Debug, Clone)]
pub struct Connection {
    person: Option<AccessToken>,
    shared: Arc<Shared>,
}

/// What clones of a connection share.
#[derive(Debug)]
struct Shared {
    channel: Arc<ReloadingChannel>,
    /// Instead of the one in the file.
    token: Option<ServiceToken>,
    default_deadline: Duration,
    attempts: u32,
    remaining: Remaining,
    retries: RetryBudget,
}

impl Connection {
    /// Makes a connection ready; it connects at the first call, and again whenever it broke. `remaining` tells
    /// what is left of the call being served, if one is. Must run inside the tokio runtime.
    ///
    /// # Errors
    /// Settings that cannot work: no URL, missing files. A peer that is away is no error.
    pub fn open(settings: &ClientSettings, remaining: Remaining) -> Result<Self, OpenError> {
        Self::open_resolving(settings, remaining, Arc::new(SystemResolver))
    }

    /// The same with a resolver of one's own, which says where calls are balanced to.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_resolving(
        settings: &ClientSettings,
        remaining: Remaining,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, OpenError> {
        let shared = Shared {
            channel: ReloadingChannel::open(settings, resolver)?,
            token: None,
            default_deadline: settings.deadline(),
            attempts: settings.attempts,
            remaining,
            retries: RetryBudget::default(),
        };
        Ok(Self { person: None, shared: Arc::new(shared) })
    }

    /// The same connection with this service token, for tools that hold it in memory.
    ///
    /// # Errors
    /// A token with characters that cannot be sent.
    pub fn with_token(self, token: &SecretString) -> Result<Self, BadToken> {
        use secrecy::ExposeSecret;

        let shared = Shared {
            channel: Arc::clone(&self.shared.channel),
            token: Some(ServiceToken::new(token.expose_secret())?),
            default_deadline: self.shared.default_deadline,
            attempts: self.shared.attempts,
            remaining: self.shared.remaining,
            retries: RetryBudget::default(),
        };
        Ok(Self { shared: Arc::new(shared), ..self })
    }

    /// The same connection on behalf of the person this access token belongs to.
    ///
    /// # Errors
    /// A token with characters that cannot be sent.
    pub fn acting_for(&self, access_token: &SecretString) -> Result<Self, BadToken> {
        Ok(Self { person: Some(AccessToken::new(access_token)?), ..self.clone() })
    }

    async fn answer(self, request: Request<Body>) -> Response<Body> {
        let Self { person, shared } = self;
        let requested = requested(request.headers());
        let Some(time) = budget(requested, shared.default_deadline, (shared.remaining)()) else {
            return Status::deadline_exceeded("no time was left for the call").into_http();
        };
        let deadline = Instant::now() + time;
        let (mut head, body) = request.into_parts();
        let span = trace::span(head.uri.path());
        let Current { route, token, .. } = shared.channel.current();
        present(&mut head.headers, shared.token.as_ref().or(token.as_ref()), person.as_ref());
        trace::inject(&span, &mut head.headers);
        let measurement = trace::CallMeasurement::start(head.uri.path());
        let call = Call { route, head, deadline, shared, tried: Vec::new() };
        async move {
            let replay = Replay::capture(body).await;
            let (response, attempts) = call.attempts(replay).await;
            let code = failure(&response).map_or(Code::Ok, |status| status.code());
            tracing::Span::current().record("attempts", attempts);
            measurement.record(code);
            response
        }
        .instrument(span)
        .await
    }
}

/// A call while it runs.
struct Call {
    /// Where it goes, as it was at the moment the call began.
    route: Route,
    head: http::request::Parts,
    deadline: Instant,
    shared: Arc<Shared>,
    /// Replicas that attempts went to.
    tried: Vec<SocketAddr>,
}

/// How an attempt ended.
struct Attempt {
    response: Response<Body>,
    /// Set where the peer has seen nothing of it.
    unseen: Option<Unseen>,
    /// Whether it was the first one that went to its replica.
    is_first_there: bool,
}

impl Call {
    /// Tries until there is an answer to return; also how many attempts it took.
    async fn attempts(mut self, mut replay: Replay) -> (Response<Body>, u32) {
        let mut made = 0;
        loop {
            let Attempt { response, unseen, is_first_there } = self.attempt(made, replay.next()).await;
            if unseen.is_some() && is_first_there && replay.may_repeat() {
                // A transparent retry of gRFC A6, to another replica: it counts as no attempt, and spends nothing.
                continue;
            }
            made += 1;
            let Some(status) = failure(&response) else {
                self.shared.retries.succeeded();
                return (response, made);
            };
            let left = self.deadline.saturating_duration_since(Instant::now());
            let pause = pause_before_next(&status, response.headers(), made, self.shared.attempts, left)
                .filter(|_| replay.may_repeat());
            // What was never seen adds nothing to an outage.
            let is_free = unseen.is_some() || status.code() != Code::Unavailable;
            let may_retry = is_free || self.shared.retries.failed();
            let Some(pause) = pause.filter(|_| may_retry) else { return (response, made) };
            tracing::debug!(made, ?pause, "trying again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&mut self, made: u32, body: Body) -> Attempt {
        let mut request = Request::from_parts(self.head.clone(), body);
        let left = self.deadline.saturating_duration_since(Instant::now());
        request.headers_mut().insert(GRPC_TIMEOUT, header(left));
        if made > 0 {
            request.headers_mut().insert(PREVIOUS_ATTEMPTS, HeaderValue::from(made));
        }
        let deadline = self.deadline;
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(deadline) => {
                Attempt::answered(Status::deadline_exceeded("the deadline passed first").into_http())
            }
            attempt = self.send(request) => attempt,
        }
    }

    async fn send(&mut self, request: Request<Body>) -> Attempt {
        let balancer = match &self.route {
            Route::One(channel) => {
                return match answer(channel.clone(), request).await {
                    Ok(answer) => Attempt::answered(answer),
                    Err(error) => Attempt::broken(error, self.shared.channel.peer()),
                };
            }
            Route::Balanced(balancer) => Arc::clone(balancer),
        };
        match balancer.lease(&self.tried).await {
            Ok(lease) => self.send_to(&lease, request).await,
            Err(Away(cause)) => {
                let response = Status::unavailable(cause).into_http();
                Attempt { unseen: Some(Unseen::Undelivered), ..Attempt::answered(response) }
            }
        }
    }

    async fn send_to(&mut self, lease: &Lease, request: Request<Body>) -> Attempt {
        let is_first_there = !self.tried.contains(&lease.address);
        if is_first_there {
            self.tried.push(lease.address);
        }
        match answer(lease.channel.clone(), request).await {
            Ok(answer) => {
                lease.answered();
                Attempt::answered(answer)
            }
            Err(error) => {
                let address = lease.address.to_string();
                let attempt = Attempt::broken(error, Peer { name: &address, ..self.shared.channel.peer() });
                if attempt.unseen == Some(Unseen::Undelivered) {
                    lease.lost();
                }
                Attempt { is_first_there, ..attempt }
            }
        }
    }
}

impl Attempt {
    const fn answered(response: Response<Body>) -> Self {
        Self { response, unseen: None, is_first_there: false }
    }

    fn broken(error: tonic::transport::Error, peer: Peer<'_>) -> Self {
        let unseen = unseen(&error);
        Self { unseen, ..Self::answered(broken(error, peer).into_http()) }
    }
}

async fn answer(
    mut channel: Channel,
    request: Request<Body>,
) -> Result<Response<Body>, tonic::transport::Error> {
    let answer = channel.ready().await?.call(request).await?;
    Ok(answer.map(|body| Body::new(body.map_err(cut_short))))
}

/// The status of a transport error. tonic's own timer may win a race by a hair; it means the same.
fn broken(error: tonic::transport::Error, peer: Peer<'_>) -> Status {
    tracing::debug!(error = &error as &dyn std::error::Error, peer = peer.name, "transport failed");
    if links(&error).any(|link| link.is::<tonic::TimeoutExpired>()) {
        return Status::deadline_exceeded("the deadline passed first");
    }
    let (cause, unseen) = (cause(&error, peer), unseen(&error));
    match Status::from_error(Box::new(error)).code() {
        code if code == Code::Unknown || unseen.is_some() => Status::unavailable(cause),
        code => Status::new(code, cause),
    }
}

/// The status of an answer that began and never ended, because the peer died in the middle. tonic calls that unknown;
/// like a peer that cannot be reached it passes, and the call may be repeated by its `request_id`.
fn cut_short(status: Status) -> Status {
    if status.code() == Code::Unknown {
        return Status::unavailable("the connection broke before the answer was whole");
    }
    status
}

/// The status of an answer that is an error and nothing else.
fn failure<B>(response: &Response<B>) -> Option<Status> {
    if let Some(status) = Status::from_header_map(response.headers()) {
        return (status.code() != Code::Ok).then_some(status);
    }
    // What proxies say when nobody stands behind them.
    let is_away = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT]
        .contains(&response.status());
    is_away.then(|| Status::unavailable("a proxy found nobody"))
}

#[cfg(test)]
impl Connection {
    /// Looks at the files now.
    pub(crate) fn reload(&self) -> Result<bool, OpenError> {
        self.shared.channel.reload()
    }
}

impl Service<Request<Body>> for Connection {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The channel's readiness is awaited within the deadline of each call.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let connection = self.clone();
        Box::pin(async move { Ok(connection.answer(request).await) })
    }
}
