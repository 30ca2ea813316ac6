//! The keys that seal and sign.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Commands on keys. A key goes through its life in the file that all replicas of a part are given, and read again while they run:
/// `add`, wait until every replica has read it, `activate`, and `remove` when the longest life that the old one sealed is over.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Show every key with its state, and nothing of its material.
    List {
        #[command(flatten)]
        files: KeyFilesAt,
        /// Ask identity's store what each key of the pepper still seals.
        #[arg(long)]
        count: bool,
    },
    /// Add a new key, known and not used yet.
    Add {
        /// The key, such as `payload_seal`.
        name: String,
        #[command(flatten)]
        files: KeyFilesAt,
    },
    /// Seal and sign with this key from now on; the one before is retired.
    Activate(KeyOf),
    /// Retire a key that was added and is not to be used.
    Retire(KeyOf),
    /// Remove a key for good: nobody opens any more what it sealed. A key of the pepper stays while it seals anything.
    Remove {
        #[command(flatten)]
        key: KeyOf,
        /// Remove it whatever it still seals, also where the store cannot be asked. Who has a password under it resets it.
        #[arg(long)]
        lose: bool,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Have the store of a part forget with which keys it was used, because they are lost for good: it takes the next ones. What they
    /// sealed stays closed.
    Forget {
        /// The key, such as `payload_seal`.
        name: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Where the files are.
#[derive(Debug, Args)]
pub(crate) struct KeyFilesAt {
    /// The data folder of `rekey up`, where no settings name the files.
    #[arg(long, value_name = "FOLDER", default_value = crate::folder::DEFAULT)]
    pub(crate) data: PathBuf,
}

/// One key of a file.
#[derive(Debug, Args)]
pub(crate) struct KeyOf {
    /// The key, such as `payload_seal`.
    pub(crate) name: String,
    /// Its id, as `rekey keys list` shows it.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) files: KeyFilesAt,
}
