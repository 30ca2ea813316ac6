//! How far a job has come: a bar on a terminal, plain lines elsewhere, JSON lines for programs.

use rekey_wire::identity::v1::{BulkReset, BulkResetState, WatchBulkResetRequest};
use tonic::{Request, Status};

use super::{Job, is_alive, print, shown};
use crate::commands::reopening::{Backoff, DEADLINE};
use crate::output::{self, Output};
use crate::progress::Progress;

/// Until the job ends. An interrupt leaves it running, and says how to follow and how to end it.
pub(super) async fn run(job: Job, output: Output) -> anyhow::Result<()> {
    let id = job.id.clone();
    let mut watching = Watching {
        job,
        output,
        progress: Progress::new(output, "resetting"),
        backoff: Backoff::new(),
        has_heard: false,
    };
    let ended = tokio::select! {
        ended = watching.run() => Some(ended?),
        interrupted = tokio::signal::ctrl_c() => { interrupted?; None }
    };
    watching.progress.end();
    match ended {
        // A program has seen the end as its last line.
        Some(_) if output.is_json() => Ok(()),
        Some(ended) => print(&ended, output),
        None => {
            output.report(&format!(
                "The job goes on without this command.\n  Follow it: rekey account bulk watch {id}\n  \
                 End it:    rekey account bulk cancel {id}"
            ));
            Ok(())
        }
    }
}

struct Watching {
    job: Job,
    output: Output,
    progress: Progress,
    backoff: Backoff,
    /// Whether the stream that is open brought anything.
    has_heard: bool,
}

impl Watching {
    /// Until the job ends, or a call is refused.
    async fn run(&mut self) -> anyhow::Result<BulkReset> {
        loop {
            let mut request = Request::new(WatchBulkResetRequest {
                tenant_id: self.job.tenant_id.clone(),
                bulk_reset_id: self.job.id.clone(),
                context: None,
            });
            request.set_timeout(DEADLINE);
            let opened = self.job.client.watch_bulk_reset(request).await;
            let ended = match opened {
                Ok(stream) => self.follow(stream.into_inner()).await?,
                Err(status) => Err(status),
            };
            match ended {
                Ok(Some(job)) => return Ok(job),
                // At the end of its life it is opened again at once, unless it brought nothing.
                Ok(None) if self.has_heard => self.has_heard = false,
                Ok(None) => self.backoff.wait().await,
                Err(status) => self.backoff.wait_after(status).await?,
            }
        }
    }

    /// Shows what comes; gives the job if it ended, or what ended the stream early.
    async fn follow(
        &mut self,
        mut stream: tonic::Streaming<rekey_wire::identity::v1::WatchBulkResetResponse>,
    ) -> anyhow::Result<Result<Option<BulkReset>, Status>> {
        loop {
            match stream.message().await {
                Ok(Some(message)) => {
                    let Some(job) = message.bulk_reset else { continue };
                    self.backoff.reset();
                    self.has_heard = true;
                    self.show(&job)?;
                    if !is_alive(&job) {
                        return Ok(Ok(Some(job)));
                    }
                }
                Ok(None) => return Ok(Ok(None)),
                Err(status) => return Ok(Err(status)),
            }
        }
    }

    fn show(&mut self, job: &BulkReset) -> anyhow::Result<()> {
        if self.output.is_json() {
            return Ok(output::print(&shown(job).to_string())?);
        }
        let done = (job.accounts_reset + job.accounts_refused).unsigned_abs();
        // While accounts are collected, nobody knows how many there are.
        let is_collected = job.state() != BulkResetState::Collecting;
        let total = is_collected.then_some(job.accounts.unsigned_abs());
        let note = match (is_collected, job.accounts_refused) {
            (false, _) => format!("{} accounts found", job.accounts),
            (true, 0) => String::new(),
            (true, refused) => format!("{refused} refused"),
        };
        self.progress.reach(done, total, &note);
        Ok(())
    }
}
