//! The list of a job, handed over chunk by chunk as it is read: a file of any length takes no more memory than a chunk.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::Context as _;
use rekey_wire::identity::v1::AddBulkResetAccountsRequest;

use super::Job;
use crate::arguments::InTenant;
use crate::commands::resumption::quoted;
use crate::output::{Output, Partial, Stopped};
use crate::profile::request_id;
use crate::progress::Progress;

/// Accounts of one chunk, which is as many as a call takes. What was handed over is told by the number of chunks, so it never
/// changes.
const CHUNK: usize = 500;

/// Hands the list over, from where an earlier command ended, and says how to go on if it is cut off.
pub(super) async fn upload(job: &Job, tenant: &InTenant, from: &Path, output: Output) -> anyhow::Result<()> {
    send(job, from, output).await.map_err(|error| {
        let from = quoted(&from.display().to_string());
        let mut resume = format!("rekey account bulk continue {} --from {from}", job.id);
        if let Some(tenant) = &tenant.tenant {
            resume.push_str(&format!(" --tenant {}", quoted(tenant)));
        }
        let error = error.context("the list was cut off");
        Stopped::at(Partial::resumed_by("accounts", resume), error).into()
    })
}

async fn send(job: &Job, from: &Path, output: Output) -> anyhow::Result<()> {
    let mut next = job.read().await?.next_sequence;
    let mut chunks = Chunks { lines: open(from)?, sent: 0 };
    let (mut client, mut progress) = (job.client.clone(), Progress::new(output, "handing over"));
    let mut ahead = chunks.next()?;
    while let Some(accounts) = ahead {
        ahead = chunks.next()?;
        let (sequence, last) = (chunks.sequence_before(ahead.is_some()), ahead.is_none());
        if sequence < next {
            continue;
        }
        let request = AddBulkResetAccountsRequest {
            tenant_id: job.tenant_id.clone(),
            bulk_reset_id: job.id.clone(),
            sequence,
            accounts,
            last,
            request_id: request_id(),
            context: None,
        };
        let added = client.add_bulk_reset_accounts(request).await?.into_inner().bulk_reset;
        let added = added.context("the answer holds no job")?;
        next = added.next_sequence;
        progress.reach(added.accounts.unsigned_abs(), None, "");
    }
    progress.end();
    Ok(())
}

fn open(from: &Path) -> anyhow::Result<Box<dyn BufRead + Send>> {
    if from == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(from).with_context(|| format!("reading {}", from.display()))?;
    Ok(Box::new(BufReader::new(file)))
}

/// The chunks of a list; an empty list has one.
struct Chunks {
    lines: Box<dyn BufRead + Send>,
    sent: i64,
}

impl Chunks {
    fn next(&mut self) -> anyhow::Result<Option<Vec<String>>> {
        let (mut accounts, mut line) = (Vec::new(), String::new());
        while accounts.len() < CHUNK {
            line.clear();
            if self.lines.read_line(&mut line).context("reading the list")? == 0 {
                break;
            }
            let name = line.trim();
            if !name.is_empty() {
                accounts.push(name.to_owned());
            }
        }
        if accounts.is_empty() && self.sent > 0 {
            return Ok(None);
        }
        self.sent += 1;
        Ok(Some(accounts))
    }

    /// The number of the chunk in hand, given whether one was read beyond it.
    const fn sequence_before(&self, is_ahead: bool) -> i64 {
        if is_ahead { self.sent - 1 } else { self.sent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(text: String) -> Vec<usize> {
        let mut chunks = Chunks { lines: Box::new(io::Cursor::new(text)), sent: 0 };
        std::iter::from_fn(|| chunks.next().unwrap()).map(|chunk| chunk.len()).collect()
    }

    #[test]
    fn a_list_is_cut_into_chunks_and_an_empty_one_has_one() {
        let names = |count: usize| (0..count).map(|number| format!("p{number}\n\n")).collect::<String>();

        assert_eq!(chunks(names(0)), [0]);
        assert_eq!(chunks(names(500)), [500]);
        assert_eq!(chunks(names(1_001)), [500, 500, 1]);
    }
}
