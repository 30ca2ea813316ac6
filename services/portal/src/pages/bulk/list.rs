//! The jobs of a tenant, newest first.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;

use super::super::account_names::AccountNames;
use super::super::listing::{PAGE, next_page, time_cell};
use super::{mode_text, path, state_badge, title};
use crate::view::{Cell, Table, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent};
use crate::words::BulkWords;

const ROWS: i32 = 50;

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().bulk;
    let request = wire::ListBulkResetsRequest {
        tenant_id: user.tenant().to_string(),
        page_size: ROWS,
        page_token: context.query(PAGE),
        context: user.request_context(),
    };
    let listed = BulkResetServiceClient::new(user.identity()).list_bulk_resets(request).await?.into_inner();
    let starters = listed.bulk_resets.iter().map(|job| job.starter_account_id.clone()).collect();
    let names = AccountNames::of(&user, starters).await;
    let table = context.table(Table {
        caption: &words.title,
        columns: &[
            &words.job,
            &words.state,
            &words.mode,
            &words.accounts,
            &words.reset,
            &words.refused,
            &words.started_by,
            &words.started_at,
            &words.ended_at,
        ],
        rows: listed.bulk_resets.iter().map(|job| row(words, &names, job)).collect(),
        empty: &words.none,
        next: next_page(MenuItem::Bulk.path(), &[], &listed.next_page_token),
    })?;
    let body = context.body("bulk_list", Values::default().html("table", table))?;
    user.page(MenuItem::Bulk, PageContent::new(&words.title, body))
}

fn row(words: &BulkWords, names: &AccountNames, job: &wire::BulkReset) -> Vec<Cell> {
    let (mark, state) = state_badge(words, job.state());
    vec![
        Cell::Link { path: path(&job.bulk_reset_id), text: title(words, job).to_owned() },
        Cell::Badge(mark, state.to_owned()),
        Cell::Text(mode_text(words, job.mode()).to_owned()),
        Cell::Text(job.accounts.to_string()),
        Cell::Text(job.accounts_reset.to_string()),
        Cell::Text(job.accounts_refused.to_string()),
        Cell::Text(names.name(&job.starter_account_id).to_owned()),
        time_cell(job.create_time.as_ref()),
        time_cell(job.end_time.as_ref()),
    ]
}
