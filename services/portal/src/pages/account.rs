//! The pages of one's own account. Everybody who is signed in has them, and nobody sees those of another: whom a call is about says
//! the access token, never an address.
//!
//! Whatever takes a form is shown at the same address as well, since whoever has to sign in again in between comes back by GET.

mod address;
mod authenticator;
mod confirm;
mod directories;
mod entries;
mod link;
mod overview;
mod passkeys;
mod password;
mod recovery_codes;
mod security_info;
mod sessions;

use axum::Router;
use axum::routing::get;

/// All of them, by address.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/account", get(overview::show))
        .route("/account/password", get(password::show).post(password::change))
        .route("/account/recovery-codes", get(recovery_codes::show).post(recovery_codes::make))
        .route("/account/sessions", get(sessions::show))
        .route("/account/sessions/others", get(sessions::show).post(sessions::end_others))
        .route("/account/sessions/{session}/end", get(sessions::show).post(sessions::end))
        .route("/account/directories", get(directories::show))
        .route("/account/directories/link", get(link::show).post(link::sign_in))
        .route("/account/directories/link/confirm", get(link::ask).post(link::link))
        .route("/account/directories/{tenant}/switch", get(directories::show).post(directories::switch))
        .route("/account/directories/{tenant}/unlink", get(directories::ask).post(directories::unlink))
        .merge(security_info_routes())
}

fn security_info_routes() -> Router {
    const ENTRY: &str = "/account/security-info/{entry}";
    let entry = |page: &str| format!("{ENTRY}/{page}");
    Router::new()
        .route("/account/security-info", get(security_info::show))
        .route("/account/security-info/email", get(address::show_email).post(address::add_email))
        .route("/account/security-info/phone", get(address::show_phone).post(address::add_phone))
        .route("/account/security-info/authenticator", get(authenticator::show).post(authenticator::add))
        .route("/account/security-info/passkey", get(passkeys::show).post(passkeys::add))
        .route(&entry("confirm"), get(confirm::show).post(confirm::submit))
        .route(&entry("send"), get(confirm::show).post(confirm::send))
        .route(&entry("default"), get(security_info::show).post(security_info::make_default))
        .route(&entry("remove"), get(security_info::ask).post(security_info::remove))
        .route(&entry("rename"), get(passkeys::show_name).post(passkeys::rename))
}
