//! The decisions of identity: who may do what, what counts as proof, what a password must be.
//!
//! Everything here is a pure function of values and `now`. There is no runtime, no wire, no SQL and no
//! clock to read, so every rule can be tested by a table. Steps that must be atomic live in `store`, their
//! order in `flows`; both ask here first.
//!
//! Things: [`tenant`], [`account`], [`group`], [`security_info`], [`session`], [`policy`].
//! Judgements: [`authority`], [`eligibility`], [`reset`], [`password`], [`tries`], [`lockout`], [`scope`].
//! Words for others: [`help`], [`audit`], [`refusal`].

pub mod account;
pub mod audit;
pub mod authority;
pub mod eligibility;
pub mod group;
pub mod help;
pub mod lockout;
pub mod password;
pub mod policy;
pub mod refusal;
pub mod reset;
pub mod scope;
pub mod security_info;
pub mod session;
pub mod tenant;
pub mod totp;
pub mod tries;

#[cfg(test)]
mod fixtures;
