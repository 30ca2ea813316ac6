//! A gateway of text messages that serves not everybody.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use tokio::net::TcpListener;

/// A number for which it is always down.
pub(crate) const DOWN: &str = "+15005550143";

/// A number whose first message it refuses for good.
pub(crate) const PICKY: &str = "+15005550144";

/// Starts one; its address.
pub(crate) async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/Messages.json", listener.local_addr().unwrap());
    let has_refused = Arc::new(AtomicBool::new(false));
    let router = Router::new().route("/Messages.json", post(take)).with_state(has_refused);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn take(
    State(has_refused): State<Arc<AtomicBool>>,
    axum::Form(form): axum::Form<HashMap<String, String>>,
) -> StatusCode {
    match form["To"].as_str() {
        DOWN => StatusCode::SERVICE_UNAVAILABLE,
        // Too large: the message is to blame, so no other try is made.
        PICKY if !has_refused.swap(true, Ordering::Relaxed) => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::CREATED,
    }
}
