//! The decisions of identity: who may do what, what counts as proof, what a password must be.
//!
//! Everything here is a pure function of values and `now`. There is no runtime, no wire, no SQL and no
//! clock to read, so every rule can be tested by a table. Steps that must be atomic live in `store`, their
//! order in the use cases; both ask here first.
//!
//! Things: [`tenant`], [`account`], [`account_filter`], [`account_import`], [`group`], [`security_info`], [`totp`],
//! [`recovery_codes`], [`passkey`], [`access_pass`], [`link`], [`session`], [`policy`], [`logo`], [`webhook`].
//! Judgements: [`authority`], [`eligibility`], [`reset`], [`password`], [`attempts`], [`lockout`],
//! [`reconfirmation`], [`second_factor`], [`scope`], [`spraying`], [`diagnosis`].
//! Words for others: [`help`], [`audit`], [`refusal`].

pub(crate) mod access_pass;
pub(crate) mod account;
pub(crate) mod account_edit;
pub(crate) mod account_filter;
pub(crate) mod account_import;
pub(crate) mod attempts;
pub(crate) mod audit;
pub(crate) mod authority;
pub(crate) mod bulk_reset;
pub(crate) mod caller;
pub(crate) mod diagnosis;
pub(crate) mod eligibility;
pub(crate) mod group;
pub(crate) mod help;
pub(crate) mod link;
pub(crate) mod lockout;
pub(crate) mod logo;
pub(crate) mod passkey;
pub(crate) mod password;
pub(crate) mod policy;
pub(crate) mod reconfirmation;
pub(crate) mod recovery_codes;
pub(crate) mod refusal;
pub(crate) mod region;
pub(crate) mod reset;
pub(crate) mod reset_link;
pub(crate) mod scope;
pub(crate) mod sealed;
pub(crate) mod second_factor;
pub(crate) mod security_info;
pub(crate) mod session;
pub(crate) mod spraying;
pub(crate) mod tenant;
pub(crate) mod tenant_edit;
pub(crate) mod totp;
pub(crate) mod webhook;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod fuzz;
