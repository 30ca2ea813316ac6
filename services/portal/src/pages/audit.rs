//! The audit log: its events, how far resets come, and whether it still is what was written.

mod event;
mod funnel;
mod list;
mod verification;

use axum::Router;
use axum::routing::get;

/// By address.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/administration/audit", get(list::show))
        .route("/administration/audit/funnel", get(funnel::show))
        .route("/administration/audit/verification", get(verification::show))
}
