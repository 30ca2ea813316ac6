//! "Reset N passwords": a job over exactly those accounts that a dry run would have reset.
//!
//! Their ids go from the results of the one job into the list of the other, part by part. What does not fit into the time of one request
//! goes on with the next press of a button. Whose results they are stands in the path, which outlives a failure and signing in again;
//! how far the list is stands behind it. Where that is lost the results are read from the first, and parts that the job has are passed
//! over: a part is always the same page of results. Nobody is reset before the list is whole.

use std::time::Duration;

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::id::BulkResetId;
use rekey_runtime::deadline;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;
use rekey_wire::identity::v1::{BulkResetOutcome, BulkResetState};

use super::super::listing::address;
use super::new::refused_start;
use super::{Chunk, add, begin, find, is_tried, job, path};
use crate::view::{Html, Values};
use crate::web::{CurrentUser, Fault, PageContext, PostedFields};
use crate::words::interpolate;

const SEQUENCE: &str = "sequence";
const AFTER: &str = "after";

/// Results that become one part of the list.
const RESULTS: i32 = 200;

/// Time of the request that is left for its answer.
const FOR_THE_ANSWER: Duration = Duration::from_secs(1);

/// How far a list is.
pub(super) struct Position {
    /// The dry run whose accounts it takes.
    from: String,
    /// The number of the part that comes next.
    sequence: i64,
    /// Where its results begin.
    page_token: String,
}

impl Position {
    fn beginning(from: String) -> Self {
        Self { from, sequence: 1, page_token: String::new() }
    }

    /// Takes the dry run that a path names, and what a form or an address says of how far its list is. Where that is nothing, the list is
    /// at its beginning.
    fn read(from: &str, of: impl Fn(&str) -> String) -> Result<Self, Fault> {
        let from = BulkResetId::parse(from).map_err(|_| Fault::NotFound)?.to_string();
        let (sequence, page_token) = (of(SEQUENCE).parse::<i64>(), of(AFTER));
        Ok(match sequence {
            Ok(sequence) if sequence > 1 && !page_token.is_empty() => Self { from, sequence, page_token },
            _ => Self::beginning(from),
        })
    }

    /// Where a list of this dry run goes on, wherever it is.
    pub(super) fn path(&self, job: &str) -> String {
        format!("{}/list/{}", path(job), self.from)
    }

    /// Where it goes on from here.
    fn address(&self, job: &str) -> String {
        let is_beginning = self.page_token.is_empty();
        let sequence = if is_beginning { String::new() } else { self.sequence.to_string() };
        address(&self.path(job), &[(SEQUENCE, &sequence), (AFTER, &self.page_token)])
    }
}

/// The page of a job whose list may not be whole.
pub(super) async fn show(
    user: CurrentUser,
    Path((id, from)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let job = find(&user, &id).await?;
    let position = Position::read(&from, |name| user.context.query(name))?;
    job::page(&user, &job, Some(&position), None).await
}

pub(super) async fn reset(
    user: CurrentUser,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let tried = find(&user, &id).await?;
    if !is_tried(&tried) {
        return Ok(PageContext::redirect(&path(&tried.bulk_reset_id)));
    }
    let request = wire::StartBulkResetRequest {
        tenant_id: user.tenant().to_string(),
        mode: tried.mode,
        dry_run: false,
        accounts_per_second: tried.accounts_per_second,
        filter: None,
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    match begin(&user, request).await? {
        Ok(started) => fill(&user, &started, Position::beginning(tried.bulk_reset_id)).await,
        Err(refused) => {
            let problem = refused_start(&user.context, &refused)?;
            job::page(&user, &tried, None, Some(problem)).await
        }
    }
}

pub(super) async fn go_on(
    user: CurrentUser,
    Path((id, from)): Path<(String, String)>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let job = find(&user, &id).await?;
    let position = Position::read(&from, |name| fields.text(name).to_owned())?;
    fill(&user, &job, position).await
}

/// Fills the list from a position on, for as long as the request has time. What is in the way is said where the list goes on.
async fn fill(user: &CurrentUser, job: &wire::BulkReset, mut position: Position) -> Result<Response, Fault> {
    let (context, id) = (&user.context, job.bulk_reset_id.as_str());
    let time = deadline::remaining().unwrap_or(Duration::MAX).saturating_sub(FOR_THE_ANSWER);
    let added = tokio::time::timeout(time, add_all(user, job, &mut position)).await;
    match added {
        Ok(Ok(None)) => Ok(PageContext::redirect(&path(id))),
        Ok(Ok(Some(refused))) => context.redirect_with_flash(&path(id), &refused),
        Ok(Err(fault)) => {
            fault.log();
            context.redirect_with_flash(&position.address(id), &context.texts().bulk.list_cut_off)
        }
        Err(_) => Ok(PageContext::redirect(&position.address(id))),
    }
}

/// Adds what is still to come, and moves the position along. Why the job takes no more of it, where it does not.
async fn add_all(
    user: &CurrentUser,
    job: &wire::BulkReset,
    position: &mut Position,
) -> Result<Option<String>, Fault> {
    loop {
        let (accounts, next_page_token) = tried_accounts(user, position).await?;
        let is_last = next_page_token.is_empty();
        if position.sequence >= job.next_sequence {
            let chunk = Chunk { sequence: position.sequence, accounts, is_last };
            if let Some(refused) = add(user, &job.bulk_reset_id, chunk).await? {
                return Ok(Some(refused));
            }
        }
        if is_last {
            return Ok(None);
        }
        position.sequence += 1;
        position.page_token = next_page_token;
    }
}

/// The accounts of a part, and where the next one begins; that is empty behind the last.
async fn tried_accounts(user: &CurrentUser, position: &Position) -> Result<(Vec<String>, String), Fault> {
    let request = wire::ListBulkResetResultsRequest {
        tenant_id: user.tenant().to_string(),
        bulk_reset_id: position.from.clone(),
        page_size: RESULTS,
        page_token: position.page_token.clone(),
        context: user.request_context(),
    };
    let answer = BulkResetServiceClient::new(user.identity()).list_bulk_reset_results(request).await?;
    let listed = answer.into_inner();
    let tried = listed.results.into_iter().filter(|result| result.outcome() == BulkResetOutcome::WouldReset);
    Ok((tried.map(|result| result.account_id).collect(), listed.next_page_token))
}

/// The button that goes on with a list; none for a job that needs none.
pub(super) fn go_on_form(
    user: &CurrentUser,
    job: &wire::BulkReset,
    position: &Position,
) -> Result<Option<Html>, Fault> {
    if job.state() != BulkResetState::Collecting || job.dry_run {
        return Ok(None);
    }
    let context = &user.context;
    let action = position.path(&job.bulk_reset_id);
    let values = Values::default()
        .text("text", &interpolate(&context.texts().bulk.go_on_says, "accounts", job.accounts))
        .html("hidden", context.hidden_fields(&action)?)
        .text("action", &action)
        .text("sequence", &position.sequence.to_string())
        .text("after", &position.page_token);
    context.body("bulk_go_on", values).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRY_RUN: &str = "0190c3a5-7e1c-7b2a-9f00-0123456789ab";

    fn read(from: &str, sequence: &str, after: &str) -> Result<String, Fault> {
        let said = |name: &str| if name == SEQUENCE { sequence.to_owned() } else { after.to_owned() };
        Position::read(from, said).map(|position| position.address("job"))
    }

    #[test]
    fn a_list_goes_on_by_its_address() {
        let address = read(DRY_RUN, "7", "a/b").unwrap();

        let path = format!("/administration/bulk-resets/job/list/{DRY_RUN}");
        assert_eq!(address, format!("{path}?sequence=7&after=a%2Fb"));
    }

    #[test]
    fn a_list_whose_position_is_lost_is_at_its_beginning() {
        for (sequence, after) in [("", ""), ("7", ""), ("", "a/b"), ("1", "a/b"), ("-7", "a/b"), ("x", "a/b")]
        {
            let address = read(DRY_RUN, sequence, after).unwrap();
            assert!(address.ends_with(&format!("/list/{DRY_RUN}")), "{sequence} {after}: {address}");
        }
    }

    #[test]
    fn what_names_no_dry_run_has_no_list() {
        for from in ["", "../accounts", "job"] {
            assert!(matches!(read(from, "7", "a/b"), Err(Fault::NotFound)), "{from}");
        }
    }
}
