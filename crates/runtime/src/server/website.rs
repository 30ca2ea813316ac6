//! A port that speaks HTTP to browsers: the sockets, certificates and end of a gRPC port, with its limit of what is worked on at once,
//! and without callers and deadlines.
//!
//! Beyond the limit, and where a page panics, the port itself answers: with a page that needs nothing of the part.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::{ServeError, ServerSettings, panics};
use crate::health::Health;
use crate::reload::Due;
use crate::shutdown::Shutdown;
use crate::transport::{Tls, listen};

/// Beyond the limit.
const BUSY: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>Not possible right now</title>
<h1>Not possible right now</h1>
<p>Too much is going on. Nothing was changed. Please try again in a moment.</p>
</html>
";

/// Instead of a page that panicked.
const BROKEN: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>Something went wrong</title>
<h1>Something went wrong</h1>
<p>It is our fault and not yours. Please try again.</p>
</html>
";

/// What browsers are told about both: nothing is loaded, kept or framed.
const PLAIN: [(HeaderName, &str); 4] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
];

/// A page is there in milliseconds: a second later there is a place.
const A_SECOND: HeaderValue = HeaderValue::from_static("1");

/// Pages as the runtime serves them. Each request has its [`Peer`](super::Peer) among its extensions.
pub struct Website {
    name: &'static str,
    settings: ServerSettings,
    pages: Router,
    health: Health,
}

impl Website {
    /// The pages of a part named as in the settings.
    #[must_use]
    pub fn new(name: &'static str, settings: ServerSettings, pages: Router, health: Health) -> Self {
        Self { name, settings, pages, health }
    }

    /// Serves until `shutdown` and everything after it is done.
    ///
    /// # Errors
    /// Certificates that do not read.
    pub async fn serve(self, listener: TcpListener, shutdown: Shutdown) -> Result<(), ServeError> {
        let Self { name, settings, pages, health } = self;
        let tls = Tls::load(&settings.tls)?;
        if let Ok(address) = listener.local_addr() {
            tracing::info!(part = name, %address, tls = tls.is_some(), "listening");
        }
        // Browsers open connections ahead of need and speak HTTP/1.1 or HTTP/2.
        let options = settings.connections(tls.clone(), false);
        let pages = guarded(pages, settings.concurrency_limit);
        let drain_time = settings.drain(&listener);
        let stop = Shutdown::new();
        let stopping = async {
            shutdown.begun().await;
            health.drain();
            tokio::time::sleep(drain_time).await;
            stop.begin();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = listen(listener, pages, options, stop.clone()) => {}
            () = stopping => {}
            () = reload(settings.reload(), tls) => {}
        }
        tracing::info!(part = name, "stopped listening");
        Ok(())
    }

    /// Reads what serving would read, and serves nothing.
    ///
    /// # Errors
    /// As [`Self::serve`].
    pub fn rehearse(self) -> Result<(), ServeError> {
        Tls::load(&self.settings.tls)?;
        Ok(())
    }
}

/// Pages of which so many are made at once, and none of which takes another down.
fn guarded(pages: Router, limit: usize) -> Router {
    pages.layer(from_fn_with_state(Arc::new(Semaphore::new(limit)), guard))
}

async fn guard(State(places): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let Ok(_place) = places.try_acquire() else {
        let busy = (StatusCode::SERVICE_UNAVAILABLE, PLAIN, [(header::RETRY_AFTER, A_SECOND)], BUSY);
        return busy.into_response();
    };
    match panics::caught(next.run(request)).await {
        Some(page) => page,
        None => {
            tracing::error!("a page panicked");
            (StatusCode::INTERNAL_SERVER_ERROR, PLAIN, BROKEN).into_response()
        }
    }
}

/// Reads certificates again at each interval; one that does not read is logged and changes nothing. Never ends.
async fn reload(every: Duration, tls: Option<Tls>) {
    let mut due = Due::every(every);
    loop {
        due.next().await;
        match tls.as_ref().map_or(Ok(false), Tls::reload) {
            Ok(true) => tracing::info!("certificates reloaded"),
            Ok(false) => {}
            Err(error) => tracing::error!(error = %error, "certificates not reloaded; the old ones stay"),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Extension;
    use axum::routing::get;
    use http_body_util::{BodyExt as _, Empty};
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;

    use super::*;
    use crate::server::Peer;

    /// What a page answers: status, when to come back, and text.
    type Answer = (StatusCode, Option<HeaderValue>, String);

    /// What the pages at these paths answer, one after the other, before their port closes as it is told.
    async fn visited<const N: usize>(settings: ServerSettings, paths: [&str; N]) -> [Answer; N] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap();
        let shutdown = Shutdown::new();
        let website = Website::new("portal", settings, pages(), Health::new());
        let served = tokio::spawn(website.serve(listener, shutdown.clone()));
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();
        let mut answers = Vec::new();
        for path in paths {
            let answer = client.get(format!("http://{host}{path}").parse().unwrap()).await.unwrap();
            let (status, wait) = (answer.status(), answer.headers().get(header::RETRY_AFTER).cloned());
            let text = answer.into_body().collect().await.unwrap().to_bytes();
            answers.push((status, wait, String::from_utf8(text.to_vec()).unwrap()));
        }
        drop(client);
        shutdown.begin();
        served.await.unwrap().unwrap();
        answers.try_into().unwrap()
    }

    fn pages() -> Router {
        let peer = async |Extension(peer): Extension<Peer>| peer.address().ip().to_string();
        Router::new().route("/peer", get(peer)).route("/panic", get(panicking))
    }

    async fn panicking() -> &'static str {
        panic!("this is nobody's to read");
    }

    #[tokio::test]
    async fn a_page_knows_who_asks_and_the_port_closes_when_told() {
        let [answer] = visited(ServerSettings::for_tests(), ["/peer"]).await;

        assert_eq!(answer, (StatusCode::OK, None, "127.0.0.1".to_owned()));
    }

    #[tokio::test]
    async fn too_many_at_once_are_told_to_come_back() {
        let settings = ServerSettings { concurrency_limit: 0, ..ServerSettings::for_tests() };

        let [answer] = visited(settings, ["/peer"]).await;

        assert_eq!(answer, (StatusCode::SERVICE_UNAVAILABLE, Some(A_SECOND), BUSY.to_owned()));
    }

    #[tokio::test]
    async fn a_page_that_panics_fails_alone_and_tells_nothing() {
        let settings = ServerSettings { concurrency_limit: 1, ..ServerSettings::for_tests() };

        let [broken, next] = visited(settings, ["/panic", "/peer"]).await;

        assert_eq!(broken, (StatusCode::INTERNAL_SERVER_ERROR, None, BROKEN.to_owned()));
        assert_eq!(next.0, StatusCode::OK);
    }
}
