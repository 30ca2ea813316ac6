//! A bulk reset, as an administrator has one run.

use anyhow::Context as _;
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;
use rekey_wire::identity::v1::{AddBulkResetAccountsRequest, BulkResetMode, StartBulkResetRequest};

use crate::caller::{Caller, context, request_id};

/// Logins in one message, the most that one takes.
const ADDED: usize = 500;

/// Starts one by a list of logins, at so many accounts a second; its id.
pub(crate) async fn start(
    caller: &Caller,
    logins: &[String],
    accounts_per_second: i32,
) -> anyhow::Result<String> {
    let tenant_id = caller.tenant_id();
    let mut jobs = BulkResetServiceClient::new(caller.channel(0));
    let start = StartBulkResetRequest {
        tenant_id: tenant_id.clone(),
        mode: BulkResetMode::RequireChange.into(),
        dry_run: false,
        accounts_per_second,
        filter: None,
        request_id: request_id(),
        context: Some(context(0)),
    };
    let started = jobs.start_bulk_reset(caller.request(start)).await?.into_inner().bulk_reset;
    let bulk_reset_id = started.context("the answer holds no job")?.bulk_reset_id;
    let chunks = logins.chunks(ADDED);
    let count = chunks.len();
    for (sequence, chunk) in (1..).zip(chunks) {
        let add = AddBulkResetAccountsRequest {
            tenant_id: tenant_id.clone(),
            bulk_reset_id: bulk_reset_id.clone(),
            sequence,
            accounts: chunk.to_vec(),
            last: usize::try_from(sequence)? == count,
            request_id: request_id(),
            context: Some(context(0)),
        };
        jobs.add_bulk_reset_accounts(caller.request(add)).await?;
    }
    Ok(bulk_reset_id)
}
