//! What can be typed about imports and exports of people.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{AccountFilterArguments, InTenant};

/// People of another product.
#[derive(Debug, Args)]
pub(crate) struct ImportFile {
    /// The file, as the other product wrote it.
    pub(crate) file: PathBuf,
    /// The tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
    /// In which format; guessed from the file if left out.
    #[arg(long, value_enum)]
    pub(crate) format: Option<ImportFormat>,
    /// Go on with an import that was interrupted, by its id: the same file, with the same --format and other options.
    #[arg(long, value_name = "ID", conflicts_with_all = ["dry_run", "skip_existing", "trust_confirmed"])]
    pub(crate) resume: Option<String>,
    /// Judge every record and create nobody.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Pass over people who are there already; otherwise their records are rejected. Nobody who is there is ever changed.
    #[arg(long)]
    pub(crate) skip_existing: bool,
    /// Believe the file where it says that somebody confirmed an address. Without it addresses prove nothing until
    /// they are confirmed here.
    #[arg(long)]
    pub(crate) trust_confirmed: bool,
    /// Put people into the groups that a file of another product names; groups of this name must be there.
    #[arg(long)]
    pub(crate) groups: bool,
    /// Leave password hashes out: people set a password by a reset.
    #[arg(long)]
    pub(crate) without_passwords: bool,
    /// The password hash parameters of a Firebase project, as its console shows them: `hash_config { … }`.
    #[arg(long, value_name = "FILE")]
    pub(crate) firebase_hash_config: Option<PathBuf>,
    /// Where rejected records go; beside the file if left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) rejected: Option<PathBuf>,
}

/// Formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportFormat {
    /// A table with a head, see docs/import.md.
    Csv,
    /// A JSON object a line, as `rekey export` writes it.
    Jsonl,
    /// A realm, or the users of one, of Keycloak.
    Keycloak,
    /// Identities of Ory Kratos.
    Kratos,
    /// An export of users or of password hashes of Auth0.
    Auth0,
    /// `firebase auth:export` in JSON.
    Firebase,
}

/// Commands on imports that were begun.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportsCommand {
    /// List a tenant's imports.
    List {
        /// The tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// Show an import.
    Show(OnImport),
    /// List the records of an import that were rejected.
    Rejected(OnImport),
    /// Cancel an import. The people it created stay.
    Cancel(OnImport),
}

/// Which import.
#[derive(Debug, Args)]
pub(crate) struct OnImport {
    /// Its id.
    pub(crate) import: String,
    /// Its tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// People to write out.
#[derive(Debug, Args)]
pub(crate) struct ExportAccounts {
    /// Which.
    #[command(flatten)]
    pub(crate) filter: AccountFilterArguments,
    /// The tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
    /// In which format.
    #[arg(long, value_enum, default_value = "jsonl")]
    pub(crate) format: ExportAccountsFormat,
    /// Write mail addresses and phone numbers too.
    #[arg(long)]
    pub(crate) addresses: bool,
    /// Go on where an export was interrupted, by what it said at its end.
    #[arg(long, value_name = "TOKEN")]
    pub(crate) resume: Option<String>,
}

/// How people are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportAccountsFormat {
    /// A table, its names in the first line.
    Csv,
    /// A JSON object a line, which `rekey import` reads.
    Jsonl,
}
