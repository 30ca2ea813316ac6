//! What can be typed about the audit log.

use clap::{Args, Subcommand, ValueEnum};
use rekey_wire::identity::v1::{AuditFilter, AuditOutcome};

use super::{InTenant, WebhookCommand};
use crate::commands::audit::Moment;

/// Commands on the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List events, newest first.
    List {
        /// Which ones.
        #[command(flatten)]
        events: Events,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Print events as they happen, until Ctrl-C.
    ///
    /// With --json each event is a line, and the last line tells how to go on.
    Watch {
        /// Which ones.
        #[command(flatten)]
        events: Events,
        /// Go on where an earlier watch ended, by what it printed at its end.
        #[arg(long, value_name = "TOKEN", conflicts_with = "from_beginning")]
        resume: Option<String>,
        /// Begin with the oldest event there is.
        #[arg(long)]
        from_beginning: bool,
    },
    /// Follow the chain of the log, and name the place where it does not hold.
    Verify {
        /// The tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// Write all events to standard output, newest first.
    Export {
        /// Which ones.
        #[command(flatten)]
        events: Events,
        /// In which format.
        #[arg(long, value_enum, default_value = "jsonl")]
        format: ExportFormat,
    },
    /// Have events sent to a URL as they happen.
    Webhook {
        /// What to do.
        #[command(subcommand)]
        command: WebhookCommand,
    },
    /// Count how far resets came.
    Funnel {
        /// The tenant.
        #[command(flatten)]
        tenant: InTenant,
        /// From this moment on: as 2026-01-31T12:00:00Z, or so long ago, such as 30d or 12h.
        #[arg(long, default_value = "30d")]
        since: Moment,
        /// Until this moment; now if left out.
        #[arg(long)]
        until: Option<Moment>,
        /// Period by period of this length, in hours.
        #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(i64).range(1..=2_232))]
        every: Option<i64>,
    },
}

/// Which events.
#[derive(Debug, Args)]
pub(crate) struct Events {
    /// The tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
    /// On this account, by id.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// By this account, by id.
    #[arg(long, value_name = "ID")]
    pub(crate) actor: Option<String>,
    /// On an account that was erased, by the hash that stands for it.
    #[arg(long, value_name = "HASH")]
    pub(crate) erased_account: Option<String>,
    /// By an account that was erased, by its hash.
    #[arg(long, value_name = "HASH")]
    pub(crate) erased_actor: Option<String>,
    /// Of this kind, such as reset.completed.
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// That ended so.
    #[arg(long, value_enum)]
    pub(crate) outcome: Option<OutcomeName>,
    /// From this moment on: as 2026-01-31T12:00:00Z, or so long ago, such as 30d, 12h or 5m.
    #[arg(long)]
    pub(crate) since: Option<Moment>,
    /// Before this moment.
    #[arg(long)]
    pub(crate) until: Option<Moment>,
    /// Of the call with the code that somebody reads out.
    #[arg(long, value_name = "CODE")]
    pub(crate) support_code: Option<String>,
}

/// How an event ended.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum OutcomeName {
    Success,
    Refused,
    Failed,
}

/// How events are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ExportFormat {
    /// A table, its names in the first line.
    Csv,
    /// A JSON object a line.
    Jsonl,
    /// A CloudEvent 1.0 in JSON a line.
    Cloudevents,
}

impl OutcomeName {
    /// As the contract has it.
    pub(crate) const fn wire(typed: Option<Self>) -> AuditOutcome {
        match typed {
            None => AuditOutcome::Unspecified,
            Some(Self::Success) => AuditOutcome::Success,
            Some(Self::Refused) => AuditOutcome::Refused,
            Some(Self::Failed) => AuditOutcome::Failed,
        }
    }
}

impl Events {
    /// What the RPCs take.
    pub(crate) fn filter(&self) -> AuditFilter {
        AuditFilter {
            account_id: self.account.clone().unwrap_or_default(),
            actor_id: self.actor.clone().unwrap_or_default(),
            kind: self.kind.clone().unwrap_or_default(),
            outcome: OutcomeName::wire(self.outcome).into(),
            start_time: self.since.map(Moment::wire),
            end_time: self.until.map(Moment::wire),
            support_code: self.support_code.clone().unwrap_or_default(),
            account_hash: self.erased_account.clone().unwrap_or_default(),
            actor_hash: self.erased_actor.clone().unwrap_or_default(),
        }
    }
}
