//! A port that speaks HTTP to browsers: the sockets, certificates and end of a gRPC port, without calls, callers and deadlines.

use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

use super::{ServeError, ServerSettings};
use crate::health::Health;
use crate::reload::Due;
use crate::shutdown::Shutdown;
use crate::transport::{Tls, listen};

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

    #[tokio::test]
    async fn a_page_knows_who_asks_and_the_port_closes_when_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: http::Uri = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let pages = Router::new()
            .route("/", get(async |Extension(peer): Extension<Peer>| peer.address().ip().to_string()));
        let shutdown = Shutdown::new();
        let website = Website::new("portal", ServerSettings::for_tests(), pages, Health::new());
        let served = tokio::spawn(website.serve(listener, shutdown.clone()));
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();

        let answer = client.get(url).await.unwrap().into_body().collect().await.unwrap().to_bytes();
        drop(client);
        shutdown.begin();
        served.await.unwrap().unwrap();

        assert_eq!(answer, "127.0.0.1");
    }
}
