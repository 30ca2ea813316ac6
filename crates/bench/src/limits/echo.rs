//! A bare tonic server: decodes the request, does the work it is given, encodes an answer made beforehand. No callers,
//! deadlines, traces or reasons.
//!
//! It answers under the name of the service it is compared with, so that the same generated client calls both. It has a
//! runtime of its own, with as many workers as the suite's process has.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use prost::Message;
use tokio::sync::oneshot;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// A call that is answered barely.
pub(crate) trait Call: Clone + Send + Sync + 'static {
    /// The full name of its service.
    const SERVICE: &'static str;
    /// What is asked.
    type Question: Message + Default + 'static;
    /// What is answered.
    type Answer: Message + Clone + 'static;
}

/// A future of the work behind a call.
pub(crate) type Working = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

/// What is done for each call.
pub(crate) type Work = Arc<dyn Fn() -> Working + Send + Sync>;

/// A running server, which ends when dropped.
pub(crate) struct Echo {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Echo {
    /// Starts a server that does `work` for every call and gives `answer`.
    pub(crate) async fn start<C: Call>(answer: C::Answer, work: Work) -> anyhow::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (started, address) = oneshot::channel();
        let bare = Bare::<C> { answer, work };
        std::thread::Builder::new().name("bench-echo".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            // Whoever asked hears of a failure by the address that never comes.
            let Ok(runtime) = runtime else { return };
            runtime.block_on(serve(bare, started, stopped));
            runtime.shutdown_background();
        })?;
        Ok(Self { address: address.await?, _stop: stop })
    }
}

async fn serve<C: Call>(bare: Bare<C>, started: oneshot::Sender<SocketAddr>, stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await else { return };
    let Ok(address) = listener.local_addr() else { return };
    let _ = started.send(address);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let serving = Server::builder().add_service(bare).serve_with_incoming(incoming);
    tokio::select! {
        _ = serving => {}
        _ = stopped => {}
    }
}

#[derive(Clone)]
struct Bare<C: Call> {
    answer: C::Answer,
    work: Work,
}

impl<C: Call> NamedService for Bare<C> {
    const NAME: &'static str = C::SERVICE;
}

impl<C: Call> Service<http::Request<Body>> for Bare<C> {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let bare = self.clone();
        Box::pin(async move {
            let codec = ProstCodec::<C::Answer, C::Question>::default();
            Ok(Grpc::new(codec).unary(bare, request).await)
        })
    }
}

impl<C: Call> UnaryService<C::Question> for Bare<C> {
    type Response = C::Answer;
    type Future = Pin<Box<dyn Future<Output = Result<Response<C::Answer>, Status>> + Send>>;

    fn call(&mut self, _request: Request<C::Question>) -> Self::Future {
        let (work, answer) = ((self.work)(), self.answer.clone());
        Box::pin(async move {
            work.await?;
            Ok(Response::new(answer))
        })
    }
}
