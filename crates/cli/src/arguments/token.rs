//! What can be typed about service tokens.

use clap::{Args, Subcommand};

/// Commands on service tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Draw a token and print it once, with the entry for the callers file.
    ///
    /// What is left out is not limited: narrow a caller to what it needs.
    Create(CreateToken),
}

/// A caller to be.
#[derive(Debug, Args)]
pub(crate) struct CreateToken {
    /// The caller's name.
    pub(crate) name: String,
    /// Make an entry for the SPIFFE ID of a client certificate instead; no token is drawn.
    #[arg(long, value_name = "URI")]
    pub(crate) spiffe_id: Option<String>,
    /// Methods it may call: `/package.Service/Method` or `/package.Service/*`; all if left out. May be repeated, as
    /// may the others.
    #[arg(long = "method", value_name = "PATH")]
    pub(crate) methods: Vec<String>,
    /// Tenants it may reach, by id; all if left out.
    #[arg(long = "tenant", value_name = "ID")]
    pub(crate) tenants: Vec<String>,
    /// Purposes it may start verifications for; all if left out.
    #[arg(long = "purpose", value_name = "NAME")]
    pub(crate) purposes: Vec<String>,
    /// Templates it may send; all if left out.
    #[arg(long = "template", value_name = "NAME")]
    pub(crate) templates: Vec<String>,
    /// Lanes it may send in; all if left out.
    #[arg(long = "lane", value_name = "LANE", value_parser = ["critical", "transactional", "bulk"])]
    pub(crate) lanes: Vec<String>,
    /// Let it say where the person's request came from.
    #[arg(long)]
    pub(crate) assert_context: bool,
    /// Let it say until when a message is worth sending.
    #[arg(long)]
    pub(crate) assert_not_after: bool,
}
