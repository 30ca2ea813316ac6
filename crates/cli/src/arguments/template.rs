//! `rekey template …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::InTenant;

/// Commands on what messages say. They call notification, so the profile says where it is.
#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// List the templates, their variables, and where the organisation has a text of its own.
    List {
        /// The tenant.
        #[command(flatten)]
        tenant: InTenant,
    },
    /// Show the text in force, or a version, as `set` reads it.
    Show {
        /// The text.
        #[command(flatten)]
        on: OnTemplate,
        /// As it was in this version of the organisation's text.
        #[arg(long, value_name = "VERSION", conflicts_with = "built_in")]
        at: Option<i32>,
        /// The built-in text, whatever the organisation has.
        #[arg(long)]
        built_in: bool,
    },
    /// Put texts of the organisation in force, from a file or a folder. What is as it was is left alone.
    Set(SetTemplates),
    /// Show a message as it would go out on every channel, with what a text message takes up.
    Preview(PreviewTemplate),
    /// Compare the organisation's text with the built-in one, with another version or with a file.
    Diff(DiffTemplate),
    /// List the versions of the organisation's text, newest first.
    Versions(OnTemplate),
    /// Put an earlier version in force again.
    Rollback {
        /// The text.
        #[command(flatten)]
        on: OnTemplate,
        /// Its number.
        #[arg(value_name = "VERSION")]
        number: i32,
    },
    /// Go back to the built-in text.
    Reset(OnTemplate),
}

/// Which text a command is about.
#[derive(Debug, Args)]
pub(crate) struct OnTemplate {
    /// The template, such as `password_reset_code`.
    pub(crate) template: String,
    /// The locale, such as `de` or `de-AT`.
    #[arg(long, value_name = "TAG")]
    pub(crate) locale: String,
    /// The tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// Texts to put in force.
#[derive(Debug, Args)]
pub(crate) struct SetTemplates {
    /// A file as `show` prints it: the subject, `--- text`, the mail, `--- sms`, the text message. Or a folder with such files as
    /// `<locale>/<template>.txt`.
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// The template, where the name of the file is another.
    #[arg(long, value_name = "NAME")]
    pub(crate) template: Option<String>,
    /// The locale, where the file does not lie in a folder of its name.
    #[arg(long, value_name = "TAG")]
    pub(crate) locale: Option<String>,
    /// Only if the text is the one of this `etag`, as `show --json` printed it.
    #[arg(long)]
    pub(crate) etag: Option<String>,
    /// The tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// A message to show.
#[derive(Debug, Args)]
pub(crate) struct PreviewTemplate {
    /// The template, such as `password_reset_code`.
    pub(crate) template: String,
    /// The reader's locale; without it that of a reader whose language is not known.
    #[arg(long, value_name = "TAG", default_value = "")]
    pub(crate) locale: String,
    /// By this file instead of the text in force.
    #[arg(long, value_name = "FILE", requires = "locale", conflicts_with = "at")]
    pub(crate) file: Option<PathBuf>,
    /// By this version of the organisation's text.
    #[arg(long, value_name = "VERSION", requires = "locale")]
    pub(crate) at: Option<i32>,
    /// NAME=VALUE of variables; others have sample values.
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<String>,
    /// Print the HTML of the mail and nothing else.
    #[arg(long)]
    pub(crate) html: bool,
    /// The tenant.
    #[command(flatten)]
    pub(crate) tenant: InTenant,
}

/// What to compare.
#[derive(Debug, Args)]
pub(crate) struct DiffTemplate {
    /// The text.
    #[command(flatten)]
    pub(crate) on: OnTemplate,
    /// Compare with this version instead of the built-in text.
    #[arg(long, value_name = "VERSION")]
    pub(crate) against: Option<i32>,
    /// Compare this version instead of the text in force.
    #[arg(long, value_name = "VERSION")]
    pub(crate) at: Option<i32>,
    /// Compare this file instead.
    #[arg(long, value_name = "FILE", conflicts_with = "at")]
    pub(crate) file: Option<PathBuf>,
}
