//! `rekey account bulk`: resets of many passwords as a job of the suite.
//!
//! The job runs in the suite: whatever happens to this command, it goes on, and what the command says last is how to follow it,
//! or how to go on with a list that was cut off.

mod list;
mod results;
mod watch;

use anyhow::{Context as _, bail};
use rekey_client::Connection;
use rekey_wire::identity::v1::bulk_reset_service_client::BulkResetServiceClient;
use rekey_wire::identity::v1::{
    AccountFilter, BulkReset, BulkResetMode, BulkResetState, CancelBulkResetRequest, GetBulkResetRequest,
    ListBulkResetsRequest, StartBulkResetRequest,
};
use serde_json::{Value, json};

use super::list::filter;
use crate::arguments::{BulkCommand, InTenant, OnBulkReset, StartBulkReset};
use crate::output::{Output, table, word};
use crate::profile::{Profile, request_id, time};

type Client = BulkResetServiceClient<Connection>;

/// A job that a command is about.
#[derive(Clone)]
struct Job {
    client: Client,
    tenant_id: String,
    id: String,
}

pub(super) async fn run(profile: &Profile, command: BulkCommand, output: Output) -> anyhow::Result<()> {
    match command {
        BulkCommand::Start(asked) => start(profile, *asked, output).await,
        BulkCommand::Continue { on, from } => {
            let job = named(profile, &on).await?;
            list::upload(&job, &on.tenant, &from, output).await?;
            watch::run(job, output).await
        }
        BulkCommand::Watch(on) => watch::run(named(profile, &on).await?, output).await,
        BulkCommand::Status(on) => {
            let job = named(profile, &on).await?.read().await?;
            print(&job, output)
        }
        BulkCommand::Results { on, format, refused } => {
            results::run(named(profile, &on).await?, format, refused).await
        }
        BulkCommand::Cancel(on) => cancel(named(profile, &on).await?, output).await,
        BulkCommand::List { tenant } => list_jobs(profile, &tenant, output).await,
    }
}

async fn start(profile: &Profile, asked: StartBulkReset, output: Output) -> anyhow::Result<()> {
    let mode = if asked.link { BulkResetMode::Link } else { BulkResetMode::RequireChange };
    let tenant_id = profile.tenant(&asked.tenant).await?.tenant_id;
    let filter = filter(asked.filter)?;
    let filter = match (&asked.from, asked.everyone, filter == AccountFilter::default()) {
        (Some(_), ..) => None,
        (None, true, true) | (None, false, false) => Some(filter),
        (None, true, false) => bail!("--everyone takes no filter: leave one of them out"),
        (None, false, true) => bail!("whose passwords? Name a file with --from, a filter, or --everyone"),
    };
    let mut client = client(profile)?;
    let request = StartBulkResetRequest {
        tenant_id: tenant_id.clone(),
        mode: mode.into(),
        dry_run: asked.dry_run,
        accounts_per_second: asked.per_second,
        filter,
        request_id: request_id(),
        context: None,
    };
    let started = client.start_bulk_reset(request).await?.into_inner().bulk_reset;
    let started = started.context("the answer holds no job")?;
    let job = Job { client, tenant_id, id: started.bulk_reset_id };
    output.report(&format!("Bulk reset {}", job.id));
    if let Some(from) = &asked.from {
        list::upload(&job, &asked.tenant, from, output).await?;
    }
    if asked.detach { print(&job.read().await?, output) } else { watch::run(job, output).await }
}

async fn cancel(mut job: Job, output: Output) -> anyhow::Result<()> {
    let request = CancelBulkResetRequest {
        tenant_id: job.tenant_id.clone(),
        bulk_reset_id: job.id.clone(),
        request_id: request_id(),
        context: None,
    };
    let cancelled = job.client.cancel_bulk_reset(request).await?.into_inner().bulk_reset;
    print(&cancelled.context("the answer holds no job")?, output)
}

async fn list_jobs(profile: &Profile, tenant: &InTenant, output: Output) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(tenant).await?.tenant_id;
    let (mut client, mut found, mut page_token) = (client(profile)?, Vec::new(), String::new());
    loop {
        let tenant_id = tenant_id.clone();
        let request = ListBulkResetsRequest { tenant_id, page_size: 200, page_token, context: None };
        let page = client.list_bulk_resets(request).await?.into_inner();
        found.extend(page.bulk_resets);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let data: Vec<Value> = found.iter().map(shown).collect();
    output.data(&data, |_| {
        let head = ["JOB", "STATE", "MODE", "ACCOUNTS", "RESET", "REFUSED", "STARTED"].map(str::to_owned);
        let row = |job: &BulkReset| {
            let started = job.create_time.map(|at| time(at.seconds)).unwrap_or_default();
            let numbers = [job.accounts, job.accounts_reset, job.accounts_refused].map(|n| n.to_string());
            let [accounts, reset, refused] = numbers;
            vec![job.bulk_reset_id.clone(), state(job), mode(job), accounts, reset, refused, started]
        };
        table(&std::iter::once(head.to_vec()).chain(found.iter().map(row)).collect::<Vec<_>>())
    })
}

impl Job {
    async fn read(&self) -> anyhow::Result<BulkReset> {
        let (tenant_id, bulk_reset_id) = (self.tenant_id.clone(), self.id.clone());
        let request = GetBulkResetRequest { tenant_id, bulk_reset_id, context: None };
        let read = self.client.clone().get_bulk_reset(request).await?.into_inner().bulk_reset;
        read.context("the answer holds no job")
    }
}

async fn named(profile: &Profile, on: &OnBulkReset) -> anyhow::Result<Job> {
    let tenant_id = profile.tenant(&on.tenant).await?.tenant_id;
    Ok(Job { client: client(profile)?, tenant_id, id: on.job.clone() })
}

fn client(profile: &Profile) -> anyhow::Result<Client> {
    Ok(BulkResetServiceClient::new(profile.identity()?))
}

fn print(job: &BulkReset, output: Output) -> anyhow::Result<()> {
    output.data(&shown(job), |_| told(job))
}

fn shown(job: &BulkReset) -> Value {
    json!({
        "bulk_reset_id": job.bulk_reset_id,
        "mode": mode(job),
        "dry_run": job.dry_run,
        "accounts_per_second": job.accounts_per_second,
        "state": state(job),
        "stop_reason": Some(&job.stop_reason).filter(|reason| !reason.is_empty()),
        "accounts": job.accounts,
        "accounts_reset": job.accounts_reset,
        "accounts_refused": job.accounts_refused,
        "create_time": job.create_time.map(|at| time(at.seconds)),
        "end_time": job.end_time.map(|at| time(at.seconds)),
    })
}

/// What a person reads of a job.
fn told(job: &BulkReset) -> String {
    let (id, reset, refused) = (&job.bulk_reset_id, job.accounts_reset, job.accounts_refused);
    let done = if job.dry_run { "would be reset" } else { "reset" };
    let mut lines = vec![format!("{}: {reset} of {} {done}, {refused} refused.", state(job), job.accounts)];
    match job.stop_reason.as_str() {
        "AUTHORITY_LOST" => lines.push("Who started it may no longer reset passwords.".to_owned()),
        "RESTORED" => lines.push("The database came back from a backup: its results end there.".to_owned()),
        "ABANDONED" => lines.push("Its list was not finished in time: start it anew.".to_owned()),
        _ => {}
    }
    if refused > 0 {
        lines.push(format!("Who was refused, and why: rekey account bulk results {id} --refused"));
    }
    lines.join("\n")
}

fn state(job: &BulkReset) -> String {
    word(job.state().as_str_name(), "BULK_RESET_STATE_")
}

fn mode(job: &BulkReset) -> String {
    word(job.mode().as_str_name(), "BULK_RESET_MODE_")
}

/// Whether it may still do something.
fn is_alive(job: &BulkReset) -> bool {
    matches!(job.state(), BulkResetState::Collecting | BulkResetState::Running)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_says_what_to_do_next() {
        let job = BulkReset {
            bulk_reset_id: "018f".to_owned(),
            state: BulkResetState::Stopped.into(),
            stop_reason: "AUTHORITY_LOST".to_owned(),
            accounts: 9,
            accounts_reset: 3,
            accounts_refused: 1,
            ..BulkReset::default()
        };

        assert_eq!(
            told(&job),
            "stopped: 3 of 9 reset, 1 refused.\nWho started it may no longer reset passwords.\n\
             Who was refused, and why: rekey account bulk results 018f --refused"
        );
    }
}
