//! "Reset N passwords": a job over exactly those accounts that a dry run would have reset.
//!
//! Their ids go from the results of the one job into the list of the other, part by part. What does not fit into the time of one request
//! goes on with the next press of a button; where it stands then stands in the address. Nobody is reset before the list is whole.

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
use crate::web::{Fault, Member, PostedFields, Visit};
use crate::words::filled;

const FROM: &str = "from";
const SEQUENCE: &str = "sequence";
const AFTER: &str = "after";

/// Results that become one part of the list.
const RESULTS: i32 = 200;

/// Enough for one part more, and for the page behind it.
const ENOUGH_TIME: Duration = Duration::from_secs(4);

/// How far a list is.
struct Position {
    /// The dry run whose accounts it takes.
    from: String,
    /// The number of the part that comes next.
    sequence: i64,
    /// Where its results begin.
    page_token: String,
}

impl Position {
    /// Takes what a form or an address says; none for what is no position.
    fn read(of: impl Fn(&str) -> String) -> Option<Self> {
        let from = BulkResetId::parse(&of(FROM)).ok()?.to_string();
        let sequence = of(SEQUENCE).parse::<i64>().ok().filter(|number| *number >= 1)?;
        Some(Self { from, sequence, page_token: of(AFTER) })
    }

    /// The page of the job whose list goes on there.
    fn address(&self, job: &str) -> String {
        let sequence = self.sequence.to_string();
        address(&path(job), &[(FROM, &self.from), (SEQUENCE, &sequence), (AFTER, &self.page_token)])
    }
}

pub(super) async fn reset(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let tried = find(&member, &id).await?;
    if !is_tried(&tried) {
        return Ok(Visit::redirect(&path(&tried.bulk_reset_id)));
    }
    let request = wire::StartBulkResetRequest {
        tenant_id: member.tenant().to_string(),
        mode: tried.mode,
        dry_run: false,
        accounts_per_second: tried.accounts_per_second,
        filter: None,
        request_id: fields.request_id()?,
        context: member.context(),
    };
    match begin(&member, request).await? {
        Ok(started) => {
            let from = tried.bulk_reset_id;
            let start = Position { from, sequence: 1, page_token: String::new() };
            fill(&member, &started.bulk_reset_id, start).await
        }
        Err(refused) => {
            let problem = refused_start(&member.visit, &refused)?;
            job::page(&member, &tried, Some(problem)).await
        }
    }
}

pub(super) async fn go_on(
    member: Member,
    Path(id): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let job = find(&member, &id).await?;
    let position = Position::read(|name| fields.text(name).to_owned()).ok_or(Fault::NotFound)?;
    fill(&member, &job.bulk_reset_id, position).await
}

/// Fills the list from a position on, for as long as the request has time. A job that takes no more says why on its page.
async fn fill(member: &Member, job: &str, mut position: Position) -> Result<Response, Fault> {
    loop {
        let (accounts, next_page_token) = tried_accounts(member, &position).await?;
        let is_last = next_page_token.is_empty();
        let chunk = Chunk { sequence: position.sequence, accounts, is_last };
        if !add(member, job, chunk).await? || is_last {
            return Ok(Visit::redirect(&path(job)));
        }
        position.sequence += 1;
        position.page_token = next_page_token;
        if deadline::remaining().is_some_and(|left| left < ENOUGH_TIME) {
            return Ok(Visit::redirect(&position.address(job)));
        }
    }
}

/// The accounts of a part, and where the next one begins; that is empty behind the last.
async fn tried_accounts(member: &Member, position: &Position) -> Result<(Vec<String>, String), Fault> {
    let request = wire::ListBulkResetResultsRequest {
        tenant_id: member.tenant().to_string(),
        bulk_reset_id: position.from.clone(),
        page_size: RESULTS,
        page_token: position.page_token.clone(),
        context: member.context(),
    };
    let answer = BulkResetServiceClient::new(member.identity()).list_bulk_reset_results(request).await?;
    let listed = answer.into_inner();
    let tried = listed.results.into_iter().filter(|result| result.outcome() == BulkResetOutcome::WouldReset);
    Ok((tried.map(|result| result.account_id).collect(), listed.next_page_token))
}

/// The button that goes on with a list; none for a job that needs none, or where nobody knows what it is to hold.
pub(super) fn go_on_form(member: &Member, job: &wire::BulkReset) -> Result<Option<Html>, Fault> {
    let visit = &member.visit;
    let position = Position::read(|name| visit.query(name));
    let is_open = job.state() == BulkResetState::Collecting && !job.dry_run;
    let Some(position) = position.filter(|_| is_open) else { return Ok(None) };
    let action = format!("{}/accounts", path(&job.bulk_reset_id));
    let values = Values::default()
        .text("text", &filled(&visit.texts().bulk.go_on_says, "accounts", job.accounts))
        .html("hidden", visit.hidden(&action)?)
        .text("action", &action)
        .text("from", &position.from)
        .text("sequence", &position.sequence.to_string())
        .text("after", &position.page_token);
    visit.body("bulk_go_on", values).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = "0190c3a5-7e1c-7b2a-9f00-0123456789ab";

    fn read(from: &str, sequence: &str) -> Option<Position> {
        Position::read(|name| match name {
            FROM => from.to_owned(),
            SEQUENCE => sequence.to_owned(),
            _ => "a/b".to_owned(),
        })
    }

    #[test]
    fn a_position_stands_in_the_address_of_the_job() {
        let position = read(JOB, "7").unwrap();

        let expected = format!("/administration/bulk-resets/job?from={JOB}&sequence=7&after=a%2Fb");
        assert_eq!(position.address("job"), expected);
    }

    #[test]
    fn what_is_no_position_is_none() {
        for (from, sequence) in [("", "1"), ("../accounts", "1"), (JOB, "0"), (JOB, "-1"), (JOB, "")] {
            assert!(read(from, sequence).is_none(), "{from} {sequence}");
        }
    }
}
