//! What became of each account of a job.
//!
//! Identity lists all results by number; the filter by outcome is ours. It looks through a bounded part of the list at a time, so a page
//! may hold few rows, or none, though there are more behind it.

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::BulkResetOutcome;
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;

use super::super::account_names::account_path;
use super::super::listing::{PAGE, next_page, time_cell};
use super::super::refusal_texts::reason_text;
use crate::view::{Badge, Cell, Choice, Html, Select, Table, Values};
use crate::web::{CurrentUser, Fault, PageContext};
use crate::words::{BulkWords, interpolate};

const OUTCOME: &str = "outcome";

/// Rows that are read at once.
const ROWS: i32 = 50;
/// So many rows are enough for a page that is filtered.
const ENOUGH: usize = 25;
/// So often rows are read for one page at most.
const READS: usize = 10;

/// The words of [`OUTCOME`].
const WORDS: [&str; 4] = ["", "reset", "refused", "waiting"];

/// A part of the results.
struct Found {
    results: Vec<wire::BulkResetResult>,
    /// How many were looked at for them.
    looked_at: usize,
    next_page_token: String,
}

/// The part of the page that lists them, and is filtered at the address of that page.
pub(super) async fn section(user: &CurrentUser, job: &wire::BulkReset, here: &str) -> Result<Html, Fault> {
    let context = &user.context;
    let words = &context.texts().bulk;
    let asked = context.query(OUTCOME);
    let word = WORDS.into_iter().find(|known| *known == asked).unwrap_or_default();
    let found = find(user, job, word).await?;
    let empty = if found.next_page_token.is_empty() {
        words.no_results.clone()
    } else {
        interpolate(&words.no_results_here, "count", found.looked_at)
    };
    let table = context.table(Table {
        caption: &words.results,
        columns: &[&words.account, &words.outcome, &words.why, &words.finished_at],
        rows: found.results.iter().map(|result| row(context, result)).collect(),
        empty: &empty,
        next: next_page(here, &[(OUTCOME, word)], &found.next_page_token),
    })?;
    let values = Values::default()
        .text("path", here)
        .html("outcome", context.select(&outcomes(context, job.dry_run, word))?)
        .html("table", table);
    context.body("bulk_results", values)
}

/// Reads on until there are enough of the outcome, or the part that is looked through is over.
async fn find(user: &CurrentUser, job: &wire::BulkReset, word: &str) -> Result<Found, Fault> {
    let mut found = Found { results: Vec::new(), looked_at: 0, next_page_token: user.context.query(PAGE) };
    for _ in 0..READS {
        let request = wire::ListBulkResetResultsRequest {
            tenant_id: user.tenant().to_string(),
            bulk_reset_id: job.bulk_reset_id.clone(),
            page_size: ROWS,
            page_token: found.next_page_token,
            context: user.request_context(),
        };
        let answer = BulkResetServiceClient::new(user.identity()).list_bulk_reset_results(request).await?;
        let listed = answer.into_inner();
        found.looked_at += listed.results.len();
        found.results.extend(listed.results.into_iter().filter(|result| is_asked(word, result.outcome())));
        found.next_page_token = listed.next_page_token;
        if found.next_page_token.is_empty() || found.results.len() >= ENOUGH {
            break;
        }
    }
    Ok(found)
}

/// Whether a filter lets an outcome through. A dry run's verdict goes by the word of the act.
fn is_asked(word: &str, outcome: BulkResetOutcome) -> bool {
    match outcome {
        BulkResetOutcome::Reset | BulkResetOutcome::WouldReset => ["", "reset"].contains(&word),
        BulkResetOutcome::Refused => ["", "refused"].contains(&word),
        BulkResetOutcome::Waiting => ["", "waiting"].contains(&word),
        BulkResetOutcome::Unspecified => word.is_empty(),
    }
}

fn outcomes<'a>(context: &'a PageContext, dry_run: bool, chosen: &'a str) -> Select<'a> {
    let words = &context.texts().bulk;
    let [any, reset, refused, waiting] = WORDS;
    Select {
        name: OUTCOME,
        label: &words.outcome,
        hint: None,
        choices: vec![
            Choice { value: any, text: &context.words().all },
            Choice { value: reset, text: if dry_run { &words.would_reset } else { &words.reset } },
            Choice { value: refused, text: &words.refused },
            Choice { value: waiting, text: &words.waiting },
        ],
        chosen,
        problem: None,
    }
}

fn outcome_badge(words: &BulkWords, outcome: BulkResetOutcome) -> (Badge, &str) {
    match outcome {
        BulkResetOutcome::Waiting => (Badge::Plain, &words.waiting),
        BulkResetOutcome::Reset => (Badge::Good, &words.reset),
        BulkResetOutcome::WouldReset => (Badge::Good, &words.would_reset),
        BulkResetOutcome::Refused => (Badge::Bad, &words.refused),
        BulkResetOutcome::Unspecified => (Badge::Plain, "?"),
    }
}

fn row(context: &PageContext, result: &wire::BulkResetResult) -> Vec<Cell> {
    let (mark, outcome) = outcome_badge(&context.texts().bulk, result.outcome());
    let name = if result.login.is_empty() { &result.account_id } else { &result.login };
    let account = if result.account_id.is_empty() {
        Cell::Text(name.clone())
    } else {
        Cell::Link { path: account_path(&result.account_id), text: name.clone() }
    };
    let why = if result.refused.is_empty() {
        Cell::Empty
    } else {
        Cell::Text(reason_text(context, &result.refused))
    };
    vec![account, Cell::Badge(mark, outcome.to_owned()), why, time_cell(result.finish_time.as_ref())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_is_found_by_its_word_and_by_none() {
        let outcomes = [
            BulkResetOutcome::Reset,
            BulkResetOutcome::WouldReset,
            BulkResetOutcome::Refused,
            BulkResetOutcome::Waiting,
        ];
        let let_through = |word| outcomes.map(|outcome| is_asked(word, outcome));

        assert_eq!(let_through(""), [true; 4]);
        assert_eq!(let_through("reset"), [true, true, false, false]);
        assert_eq!(let_through("refused"), [false, false, true, false]);
        assert_eq!(let_through("waiting"), [false, false, false, true]);
    }
}
