//! Signing in and out: a password, a passkey or an access pass, and what is asked besides.

mod challenge;
mod credentials;
mod new_password;
mod passkey;
mod reconfirm;
mod second_factor;
mod sent_code;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use rekey_primitives::id::TenantId;

use crate::cookies::{SessionCookie, StashedSession};
use crate::peers::{Call, PeerError, SignInOutcome};
use crate::web::{Fault, LocalPath, PageContext, PostedFields};

/// Where somebody wanted to go: in addresses, and as a field of forms.
const NEXT: &str = "next";

/// All of them, by address.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/sign-in", get(credentials::show).post(credentials::submit))
        .route(
            "/sign-in/access-pass",
            get(credentials::show_access_pass).post(credentials::submit_access_pass),
        )
        .route("/sign-in/passkey", get(passkey::show).post(passkey::submit))
        .route("/sign-in/continue/{flow}", get(challenge::show).post(challenge::answer))
        .route("/sign-in/continue/{flow}/code", get(challenge::show).post(sent_code::send))
        .route("/sign-out", post(sign_out))
}

/// Who signs in, and where they want to go.
struct SignInTarget<'a> {
    tenant: TenantId,
    /// What they typed; empty where a passkey says who it is.
    login: &'a str,
    next: &'a LocalPath,
}

/// Where somebody wants to go, as it came from outside.
fn next(text: &str) -> LocalPath {
    LocalPath::parse(text).unwrap_or_else(LocalPath::account)
}

/// Where an attempt leads; none where it was rejected.
async fn redirect_after_sign_in(
    context: &PageContext,
    who: &SignInTarget<'_>,
    outcome: SignInOutcome,
) -> Result<Option<Response>, Fault> {
    match outcome {
        SignInOutcome::SignedIn(tokens) => {
            context.start_session(who.tenant, who.login, tokens, who.next).await.map(Some)
        }
        SignInOutcome::Challenged(challenge) => {
            context.start_challenge(who.tenant, who.login, challenge, who.next).map(Some)
        }
        SignInOutcome::Rejected => Ok(None),
    }
}

/// The browser forgets its sessions whatever becomes of them at identity, which is not waited for until the page is too late.
async fn sign_out(context: PageContext, fields: PostedFields) -> Result<Response, Fault> {
    let call = context.call(fields.request_id()?);
    let ending = end_sessions(&context, &call);
    if tokio::time::timeout(context.site.rules.deadline / 2, ending).await.is_err() {
        tracing::warn!("a session was forgotten by its browser and not ended in time");
    }
    let there = context.redirect_with_flash("/sign-in", &context.texts().signing_in.signed_out)?;
    context.clear_session(there)
}

/// The session at hand, and one that waits while another account is linked: whoever signs out leaves none behind.
async fn end_sessions(context: &PageContext, call: &Call) {
    if let Some(session) = context.cookie::<SessionCookie>() {
        end_session(context, &session, call).await;
    }
    if let Some(StashedSession(session)) = context.cookie::<StashedSession>() {
        end_session(context, &session, &context.call(context.draw_request_id())).await;
    }
}

/// Ends one at identity. One that is refused was over already.
async fn end_session(context: &PageContext, session: &SessionCookie, call: &Call) {
    let ended = context.site.sign_ins.sign_out(&session.access_token, call).await;
    if let Err(PeerError::Failed(failure)) = ended {
        tracing::warn!(
            error = &failure as &dyn std::error::Error,
            "a session was forgotten by its browser and not ended"
        );
    }
}
