//! "Bulk": jobs that reset the passwords of many people at once. Every job is tried first: a dry run says whom it would reset and whom
//! not, and only what it found can be reset.
//!
//! Nothing is kept here of a job or of those who watch it: pages ask identity, as often as they are looked at.

mod cancel;
mod draft;
mod job;
mod list;
mod new;
mod results;
mod run;

use axum::Router;
use axum::routing::get;
use rekey_primitives::id::BulkResetId;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;
use rekey_wire::identity::v1::{BulkResetMode, BulkResetState};

use super::refusal_texts::{refusal, refusal_text};
use crate::domain::Refusal;
use crate::peers::{PeerError, PeerFailure};
use crate::view::Badge;
use crate::web::{CurrentUser, Fault};
use crate::words::BulkWords;

/// By address.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/administration/bulk-resets", get(list::show))
        .route("/administration/bulk-resets/new", get(new::show).post(new::start))
        .route("/administration/bulk-resets/{id}", get(job::show))
        .route("/administration/bulk-resets/{id}/reset", get(job::show).post(run::reset))
        .route("/administration/bulk-resets/{id}/list/{from}", get(run::show).post(run::go_on))
        .route("/administration/bulk-resets/{id}/cancel", get(cancel::show).post(cancel::cancel))
}

/// The page of a job.
fn path(id: &str) -> String {
    format!("/administration/bulk-resets/{id}")
}

/// The job that an address names.
async fn find(user: &CurrentUser, id: &str) -> Result<wire::BulkReset, Fault> {
    let id = BulkResetId::parse(id).map_err(|_| Fault::NotFound)?;
    let request = wire::GetBulkResetRequest {
        tenant_id: user.tenant().to_string(),
        bulk_reset_id: id.to_string(),
        context: user.request_context(),
    };
    let answer = BulkResetServiceClient::new(user.identity()).get_bulk_reset(request).await?;
    whole(answer.into_inner().bulk_reset)
}

fn whole(job: Option<wire::BulkReset>) -> Result<wire::BulkReset, Fault> {
    job.ok_or_else(|| PeerFailure::unexpected("the bulk reset is missing").into())
}

/// Starts a job, or says what identity has against it.
async fn begin(
    user: &CurrentUser,
    request: wire::StartBulkResetRequest,
) -> Result<Result<wire::BulkReset, Refusal>, Fault> {
    match BulkResetServiceClient::new(user.identity()).start_bulk_reset(request).await {
        Ok(started) => whole(started.into_inner().bulk_reset).map(Ok),
        Err(status) => refusal(PeerError::from(status)).map(Err),
    }
}

/// A part of the list of a job.
struct Chunk {
    /// Its number, from 1.
    sequence: i64,
    /// Ids and logins.
    accounts: Vec<String>,
    is_last: bool,
}

/// Adds a part to the list of a job; why the job does not take it, where it does not. A part that is there already is taken and changes
/// nothing.
async fn add(user: &CurrentUser, job: &str, chunk: Chunk) -> Result<Option<String>, Fault> {
    let request = wire::AddBulkResetAccountsRequest {
        tenant_id: user.tenant().to_string(),
        bulk_reset_id: job.to_owned(),
        sequence: chunk.sequence,
        accounts: chunk.accounts,
        last: chunk.is_last,
        request_id: user.context.draw_request_id(),
        context: user.request_context(),
    };
    match BulkResetServiceClient::new(user.identity()).add_bulk_reset_accounts(request).await {
        Ok(_) => Ok(None),
        Err(status) => refusal_text(&user.context, &refusal(PeerError::from(status))?).map(Some),
    }
}

/// Whether it has not ended.
fn is_alive(job: &wire::BulkReset) -> bool {
    matches!(job.state(), BulkResetState::Collecting | BulkResetState::Running)
}

/// Whether it is a dry run that has looked at everybody and found somebody to reset.
fn is_tried(job: &wire::BulkReset) -> bool {
    job.dry_run && job.state() == BulkResetState::Finished && job.accounts_reset > 0
}

/// A state, in a word and as it is marked.
fn state_badge(words: &BulkWords, state: BulkResetState) -> (Badge, &str) {
    match state {
        BulkResetState::Collecting => (Badge::Plain, &words.state_collecting),
        BulkResetState::Running => (Badge::Warning, &words.state_running),
        BulkResetState::Finished => (Badge::Good, &words.state_finished),
        BulkResetState::Cancelled => (Badge::Bad, &words.state_cancelled),
        BulkResetState::Stopped => (Badge::Bad, &words.state_stopped),
        BulkResetState::Unspecified => (Badge::Plain, "?"),
    }
}

/// What people get.
fn mode_text(words: &BulkWords, mode: BulkResetMode) -> &str {
    match mode {
        BulkResetMode::Link => &words.mode_link,
        BulkResetMode::RequireChange => &words.mode_require_change,
        BulkResetMode::Unspecified => "?",
    }
}

/// What a job is called.
fn title<'a>(words: &'a BulkWords, job: &wire::BulkReset) -> &'a str {
    if job.dry_run { &words.title_dry_run } else { &words.title_reset }
}
