//! Importing: several imports at once, each one chunk after the other, as one import has it.

use std::ops::Range;

use anyhow::{Context as _, ensure};
use argon2::password_hash::PasswordHasher as _;
use argon2::{Algorithm, Argon2, Params, Version};
use rekey_wire::identity::v1::account_import_service_client::AccountImportServiceClient;
use rekey_wire::identity::v1::{
    DuplicateHandling, FinishImportRequest, StartImportRequest, UploadImportRecordsRequest,
};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::records::record;
use crate::caller::{Caller, context, request_id};
use crate::program::HashCost;
use crate::suite::Suite;

/// Imports at once: one waits for the disk while others send.
const IMPORTS: usize = 4;
/// Records of a chunk, the most that one takes.
const CHUNK: usize = 500;

/// The password of everybody who is imported.
pub(crate) const PASSWORD: &str = "violet harvest on the pier";

/// Imports the people with these numbers; how many in a second.
pub(crate) async fn import_people(suite: &Suite, new: Range<usize>) -> anyhow::Result<f64> {
    let count = new.len();
    let hash = hash(suite.hash_cost()?)?;
    let began = Instant::now();
    let mut imports = JoinSet::new();
    for lane in 0..IMPORTS {
        let (identity, hash) = (suite.identity().await?, hash.clone());
        let share = new.start + count * lane / IMPORTS..new.start + count * (lane + 1) / IMPORTS;
        imports.spawn(import(identity, share, hash, lane));
    }
    while let Some(import) = imports.join_next().await {
        import??;
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

async fn import(identity: Caller, people: Range<usize>, hash: String, lane: usize) -> anyhow::Result<()> {
    let tenant_id = identity.tenant_id();
    let mut imports = AccountImportServiceClient::new(identity.channel(lane));
    let start = StartImportRequest {
        tenant_id: tenant_id.clone(),
        source: "rekey-bench".to_owned(),
        duplicates: DuplicateHandling::Reject.into(),
        confirmations_trusted: true,
        dry_run: false,
        request_id: request_id(),
        context: Some(context(lane)),
    };
    let started = imports.start_import(identity.request(start)).await?.into_inner();
    let import_id = started.account_import.context("the answer holds no import")?.import_id;
    let numbers: Vec<usize> = people.collect();
    for (sequence, chunk) in (1..).zip(numbers.chunks(CHUNK)) {
        let upload = UploadImportRecordsRequest {
            tenant_id: tenant_id.clone(),
            import_id: import_id.clone(),
            sequence,
            records: chunk.iter().map(|number| record(*number, &hash)).collect(),
            context: Some(context(lane)),
        };
        let taken = imports.upload_import_records(identity.request(upload)).await?.into_inner();
        ensure!(taken.rejections.is_empty(), "a record was rejected: {:?}", taken.rejections.first());
    }
    let finish = FinishImportRequest { tenant_id, import_id, request_id: request_id(), context: None };
    imports.finish_import(identity.request(finish)).await?;
    Ok(())
}

/// A hash as the program makes it, so that nobody's is made anew.
fn hash(cost: HashCost) -> anyhow::Result<String> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password_with_salt(PASSWORD.as_bytes(), &[7; 16]);
    Ok(hash.map_err(|error| anyhow::anyhow!("a hash: {error}"))?.to_string())
}
