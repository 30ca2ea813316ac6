//! One file per command. Those that talk to a suite read the profile and use the RPCs everybody uses.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod bootstrap;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod export;
pub(crate) mod group;
pub(crate) mod help_desk;
pub(crate) mod import;
pub(crate) mod imports;
pub(crate) mod inbox;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod man_pages;
pub(crate) mod metrics;
pub(crate) mod migrate;
pub(crate) mod notification;
pub(crate) mod pass;
pub(crate) mod policy;
pub(crate) mod repudiate;
pub(crate) mod reset;
pub(crate) mod restore;
pub(crate) mod role;
pub(crate) mod security_info;
pub(crate) mod serve;
pub(crate) mod suppression;
pub(crate) mod template;
pub(crate) mod tenant;
pub(crate) mod token;
pub(crate) mod trace;
pub(crate) mod version;

mod reopening;
mod resumption;
