//! What can be typed. The doc comments are the help texts.

mod account;
mod account_lifecycle;
mod audit;
mod bulk;
mod doctor;
mod group;
mod help_desk;
mod import;
pub(crate) mod keys;
mod notification;
mod one_process;
mod policy;
mod restore;
mod role;
pub(crate) mod security_info;
mod suppression;
mod template;
mod tenant;
mod token;
mod trace;
mod webhook;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use self::account::{AccountCommand, AccountFilterArguments};
pub(crate) use self::account_lifecycle::{AccountChanges, EraseAccount, UpdateAccount};
pub(crate) use self::audit::{AuditCommand, Events, ExportFormat, OutcomeName};
pub(crate) use self::bulk::{BulkCommand, OnBulkReset, ResultFormat, StartBulkReset};
pub(crate) use self::doctor::Doctor;
pub(crate) use self::group::{GroupCommand, OnGroup, OnMembers};
pub(crate) use self::help_desk::{
    CallerMethod, Diagnose, HelpCommand, ListedState, OnHelpRequest, PassCommand, ResetAccount, ResetAccounts,
};
pub(crate) use self::import::{
    ExportAccounts, ExportAccountsFormat, ImportFile, ImportFormat, ImportsCommand, OnImport,
};
pub(crate) use self::notification::{
    ListedNotifications, NotificationCommand, OnNotification, TestNotification, WatchedNotifications,
};
pub(crate) use self::one_process::OneProcess;
pub(crate) use self::policy::{PolicyCommand, PolicyEdit};
pub(crate) use self::restore::Restore;
pub(crate) use self::role::RoleCommand;
pub(crate) use self::suppression::{
    AddSuppression, ListedSuppressions, SuppressedAddress, SuppressionCommand,
};
pub(crate) use self::template::{DiffTemplate, OnTemplate, PreviewTemplate, SetTemplates, TemplateCommand};
pub(crate) use self::tenant::{TenantChanges, TenantCommand};
pub(crate) use self::token::{CreateToken, TokenCommand};
pub(crate) use self::trace::Trace;
pub(crate) use self::webhook::{EventsSent, OnWebhook, WebhookChanges, WebhookCommand};
use crate::{Part, folder};

/// Gets people back into their accounts.
///
/// Exit codes: 0 done, 1 something broke, 2 wrong arguments, 3 refused with a published reason, 4 the suite or a store
/// is away: try again later; of `doctor` 5 warnings were found, 6 errors were. With `--json` the last line of standard error says
/// what went wrong as an object, of one shape for all commands.
#[derive(Debug, Parser)]
#[command(name = "rekey", version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// The settings file; `REKEY__…` variables go above it, embedded defaults below.
    #[arg(long, global = true, value_name = "FILE", env = "REKEY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Where the suite is and how to call it: `cli.toml` in the data folder, unless named. `rekey up` writes it for the
    /// other commands, except in production.
    #[arg(long, global = true, value_name = "FILE", env = "REKEY_PROFILE")]
    pub(crate) profile: Option<PathBuf>,
    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the whole suite on this machine, with demo people and an inbox.
    Up(Up),
    /// Run one part, as in a cluster. It waits unready until its stores and schema are there.
    Serve {
        /// Which part.
        part: Part,
    },
    /// Write what production needs before it can start: keys, tokens, callers, and settings that name them.
    Init(Init),
    /// Bring the schemas up to date, and say what was done. Safe to run at any time and by several at once.
    Migrate(Migrate),
    /// Look at what the settings name, and say what is wrong and what mends it: DNS for mail, certificates, clocks, stores,
    /// keys, neighbours, and whether answers leave later than their work takes.
    ///
    /// Run it where the parts run, as the user that they run as. It changes nothing.
    Doctor(Doctor),
    /// Make an end of what a backup brought back: run it after the databases were restored, before the parts start.
    ///
    /// Everybody is signed out, and access passes, links, open resets and bulk resets end; messages that waited then are not
    /// sent again. It may be run again at any time.
    Restore(Restore),
    /// Write the first tenant and its first global administrator into an empty store.
    Bootstrap(Bootstrap),
    /// Service tokens for callers.
    Token {
        /// What to do.
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// The keys that seal and sign.
    Keys {
        /// What to do.
        #[command(subcommand)]
        command: keys::KeysCommand,
    },
    /// The settings.
    Config {
        /// What to do.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// The organisations.
    Tenant {
        /// What to do.
        #[command(subcommand)]
        command: TenantCommand,
    },
    /// The people.
    Account {
        /// What to do.
        #[command(subcommand)]
        command: AccountCommand,
    },
    /// Import people from a file of another product, or of `rekey export`.
    Import(ImportFile),
    /// Imports that were begun.
    Imports {
        /// What to do.
        #[command(subcommand)]
        command: ImportsCommand,
    },
    /// Write people to standard output, without anything secret.
    Export(ExportAccounts),
    /// What people prove themselves by.
    SecurityInfo {
        /// What to do.
        #[command(subcommand)]
        command: security_info::SecurityInfoCommand,
    },
    /// The rules of an organisation.
    Policy {
        /// What to do.
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// The roles of administrators and who holds them.
    Role {
        /// What to do.
        #[command(subcommand)]
        command: RoleCommand,
    },
    /// Groups of people, by which a policy says who may reset a password themselves.
    Group {
        /// What to do.
        #[command(subcommand)]
        command: GroupCommand,
    },
    /// Requests for help of people who cannot get in.
    Help {
        /// What to do.
        #[command(subcommand)]
        command: HelpCommand,
    },
    /// Temporary access passes for people who have nothing else to sign in with.
    Pass {
        /// What to do.
        #[command(subcommand)]
        command: PassCommand,
    },
    /// Find out why somebody cannot sign in, and what mends it.
    Diagnose(Diagnose),
    /// Messages and their journey, and a test of whether they arrive.
    Notification {
        /// What to do.
        #[command(subcommand)]
        command: NotificationCommand,
    },
    /// What messages say: built-in texts, and the organisation's own.
    Template {
        /// What to do.
        #[command(subcommand)]
        command: TemplateCommand,
    },
    /// Addresses that get no messages: they do not exist, or their owners wanted no more.
    Suppression {
        /// What to do.
        #[command(subcommand)]
        command: SuppressionCommand,
    },
    /// What happened: the audit log.
    Audit {
        /// What to do.
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Find what a support code joins: events, messages and, where logs are given, their lines.
    Trace(Trace),
    /// Reset a forgotten password here in the terminal.
    Reset(Reset),
    /// "This was not me": undo a reset by the link of its notice.
    Repudiate {
        /// The link, or the token in it.
        link: String,
    },
    /// Read the development inbox.
    Inbox(Inbox),
    /// List what the parts measure.
    Metrics {
        /// As the page `docs/metrics.md`.
        #[arg(long)]
        page: bool,
    },
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Write a manual page for each command.
    #[command(hide = true)]
    ManPages {
        /// Where to.
        folder: PathBuf,
    },
    /// What this program is: its commit, the schemas it makes, and which of its builds runs here.
    Version,
}

/// How to run the suite on one machine.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Where keys and data live.
    #[arg(long, value_name = "FOLDER", default_value = folder::DEFAULT)]
    pub(crate) data: PathBuf,
    /// Use free ports and a folder that is removed at the end.
    #[arg(long, conflicts_with_all = ["production", "data"])]
    pub(crate) ephemeral: bool,
    /// Use free ports. The greeting and the ready file tell which.
    #[arg(long, conflicts_with = "production")]
    pub(crate) free_ports: bool,
    /// Run for real: no demo people, no inbox, no reflection; keys and a mail provider come from the settings.
    #[arg(long)]
    pub(crate) production: bool,
    /// Keep accounts and messages in this Postgres: databases `<name>_identity` and `<name>_notification`. Others on the
    /// machine see arguments: in production a password belongs in the settings, by `password_file`.
    #[arg(long, value_name = "URL")]
    pub(crate) postgres: Option<String>,
    /// Keep codes and throttles in this Redis.
    #[arg(long, value_name = "URL")]
    pub(crate) redis: Option<String>,
    /// Write addresses and credentials here, as JSON, once every part is serving.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

/// Schemas to bring up to date.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// Only this part's.
    pub(crate) part: Option<Part>,
    /// How long to wait for others who hold what a migration wants. They are named meanwhile; then it gives up, and what was
    /// migrated by then stays.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) wait: u64,
}

/// A folder for production.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Where to; made if it is missing, and only its owner may read it. One that is complete is left as it is.
    pub(crate) folder: PathBuf,
    /// Where people's pages are, such as `https://id.example.com`: notices link there. The portal serves them, unless the URL has
    /// a path: then they are somebody else's.
    #[arg(long, value_name = "URL")]
    pub(crate) portal_url: String,
}

/// The first tenant and its first administrator.
#[derive(Debug, Args)]
pub(crate) struct Bootstrap {
    /// The tenant's short name.
    #[arg(long)]
    pub(crate) handle: String,
    /// The tenant's name for people.
    #[arg(long)]
    pub(crate) name: String,
    /// The administrator's login.
    #[arg(long)]
    pub(crate) login: String,
    /// The administrator's mail address.
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// The administrator's name for people.
    #[arg(long)]
    pub(crate) display_name: Option<String>,
    /// Read the administrator's first password from this file; otherwise it is asked for.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// Commands on the settings.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say what would keep the parts from starting with these settings, the files and addresses that they name included.
    Check {
        /// As `serve` of these parts would. Without any: of the parts that the settings say something of.
        #[arg(conflicts_with = "up")]
        parts: Vec<Part>,
        /// As `rekey up --production` would instead.
        #[command(flatten)]
        one_process: OneProcess,
    },
    /// Show every effective value and where it comes from; secrets stay hidden.
    Show,
    /// Print the commented defaults.
    Defaults,
}

/// Which tenant a command is about.
#[derive(Debug, Args)]
pub(crate) struct InTenant {
    /// The tenant: an id or a handle. The profile's if left out.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
}

/// Which account a command is about.
#[derive(Debug, Args)]
pub(crate) struct OnAccount {
    /// The account: an id or a login.
    pub(crate) account: String,
    /// Its tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// A reset in the terminal.
#[derive(Debug, Args)]
pub(crate) struct Reset {
    /// The login; asked for if left out.
    pub(crate) login: Option<String>,
    /// The tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// What to read of the inbox.
#[derive(Debug, Args)]
pub(crate) struct Inbox {
    /// Only messages to this address.
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 10)]
    pub(crate) limit: usize,
}
