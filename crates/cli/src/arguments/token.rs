//! What can be typed about service tokens.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Commands on service tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Draw a token and print it once, with the entry for the callers file.
    ///
    /// What is left out is not allowed. `'*'` in place of a name allows all of its kind.
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
    /// Methods it may call: `/package.Service/Method` or `/package.Service/*`. May be repeated, as may the others.
    #[arg(long = "method", value_name = "PATH", required_unless_present = "everything")]
    pub(crate) methods: Vec<String>,
    /// Administrators' methods it may call in its own name, without the access token of a person.
    #[arg(long = "in-own-name", value_name = "PATH")]
    pub(crate) in_own_name: Vec<String>,
    /// Other backends whose persons' access tokens it may carry.
    #[arg(long = "persons-of", value_name = "CALLER")]
    pub(crate) persons_of: Vec<String>,
    /// Tenants it may reach, by id.
    #[arg(long = "tenant", value_name = "ID")]
    pub(crate) tenants: Vec<String>,
    /// Purposes it may start verifications for.
    #[arg(long = "purpose", value_name = "NAME")]
    pub(crate) purposes: Vec<String>,
    /// Templates it may send.
    #[arg(long = "template", value_name = "NAME")]
    pub(crate) templates: Vec<String>,
    /// Lanes it may send in.
    #[arg(long = "lane", value_name = "LANE", value_parser = ["critical", "transactional", "bulk", "*"])]
    pub(crate) lanes: Vec<String>,
    /// Callers whose messages it may see and touch, besides its own.
    #[arg(long = "sender", value_name = "CALLER")]
    pub(crate) senders: Vec<String>,
    /// Callers that may redeem the grants of its verifications, besides itself.
    #[arg(long = "audience", value_name = "CALLER")]
    pub(crate) audiences: Vec<String>,
    /// Callers whose grants it accepts, besides its own.
    #[arg(long = "grant-issuer", value_name = "CALLER")]
    pub(crate) grant_issuers: Vec<String>,
    /// Let it do everything for everybody: whoever has its token can make anybody a global administrator.
    #[arg(long)]
    #[arg(conflicts_with_all = ["methods", "in_own_name", "persons_of", "tenants", "purposes", "templates", "lanes"])]
    #[arg(conflicts_with_all = ["senders", "audiences", "grant_issuers"])]
    pub(crate) everything: bool,
    /// Let it say where the person's request came from.
    #[arg(long)]
    pub(crate) assert_context: bool,
    /// Let it say until when a message is worth sending.
    #[arg(long)]
    pub(crate) assert_not_after: bool,
    /// Write the entry into this callers file, made if it is missing, in place of printing it. May be repeated: one for each
    /// part that it calls.
    #[arg(long = "append-to", value_name = "FILE")]
    pub(crate) append_to: Vec<PathBuf>,
}
