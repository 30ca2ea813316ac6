//! The development inbox among the pages of the portal, for this machine alone.
//!
//! It shows codes, and shares a port that may be open to others, or behind a tunnel. So it answers nobody who comes from elsewhere, and
//! nobody who calls this machine by another name, as pages do whose name an attacker has made lead here.

use axum::Router;
use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use rekey_notification::Inbox;
use rekey_notification::inbox::routes;
use rekey_runtime::loopback::is_loopback;
use rekey_runtime::server::Peer;

pub(super) fn pages(inbox: Inbox) -> Router {
    routes(inbox).route_layer(from_fn(only_this_machine))
}

async fn only_this_machine(request: Request, next: Next) -> Response {
    if is_from_here(&request) && names_this_machine(&request) {
        next.run(request).await
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

fn is_from_here(request: &Request) -> bool {
    let peer = request.extensions().get::<Peer>();
    peer.is_some_and(|peer| peer.address().ip().to_canonical().is_loopback())
}

/// Whether the request names this machine as itself: in `Host`, or where HTTP/2 has it.
fn names_this_machine(request: &Request) -> bool {
    let named: Option<Authority> = match request.headers().get(header::HOST) {
        Some(host) => host.to_str().ok().and_then(|host| host.parse().ok()),
        None => request.uri().authority().cloned(),
    };
    named.is_some_and(|authority| is_loopback(authority.host()))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::body::Body;

    use super::*;

    fn is_answered(address: &str, host: &str) -> bool {
        let mut request = Request::get("/dev/inbox").header(header::HOST, host).body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer::at((address.parse::<IpAddr>().unwrap(), 40_000).into()));
        is_from_here(&request) && names_this_machine(&request)
    }

    #[test]
    fn nobody_from_elsewhere_or_by_another_name_reads_it() {
        for (address, host) in
            [("127.0.0.1", "127.0.0.1:7300"), ("::1", "[::1]:7300"), ("::ffff:127.0.0.1", "localhost")]
        {
            assert!(is_answered(address, host), "{address} {host}");
        }
        for (address, host) in [
            ("10.0.0.7", "localhost:7300"),
            ("127.0.0.1", "evil.example:7300"),
            ("127.0.0.1", "localhost.evil.example"),
            ("127.0.0.1", "10.0.0.7:7300"),
            ("127.0.0.1", ""),
        ] {
            assert!(!is_answered(address, host), "{address} {host}");
        }
        assert!(!is_from_here(&Request::new(Body::empty())));
    }
}
