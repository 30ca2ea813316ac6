//! What went out: messages and their journeys, how providers fare, and addresses that get nothing any more.
//!
//! Notification knows no people and no roles. So every page here asks identity first who looks, and asks notification for messages of that
//! person's tenant alone; no page takes a tenant from outside. Nothing here holds a message's content or a whole address.

mod acts;
mod list;
mod naming;
mod one;
mod providers;
mod suppressions;

use axum::Router;
use axum::routing::get;
use rekey_client::Connection;
use rekey_primitives::id::NotificationId;

use crate::web::{CurrentUser, Fault, MenuItem};

/// By address.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/administration/messages", get(list::show))
        .route("/administration/messages/providers", get(providers::show))
        .route("/administration/messages/suppressions", get(suppressions::show).post(suppressions::remove))
        .route("/administration/messages/{message}", get(one::show))
        .route("/administration/messages/{message}/cancel", get(acts::ask_cancel).post(acts::cancel))
        .route("/administration/messages/{message}/replay", get(acts::ask_replay).post(acts::replay))
}

/// Notification, for somebody who has a role for these pages at this moment.
async fn notification(user: &CurrentUser) -> Result<Connection, Fault> {
    user.require_role(MenuItem::Messages.roles()).await?;
    Ok(user.context.site.notification_connection.clone())
}

/// A message as an address names it.
fn named(message: &str) -> Result<NotificationId, Fault> {
    NotificationId::parse(message).map_err(|_| Fault::NotFound)
}

fn path(message: &str) -> String {
    format!("{}/{message}", MenuItem::Messages.path())
}
