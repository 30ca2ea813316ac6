//! The decisions of this service: pure functions of values and `now`.
//!
//! - [`names`]: what callers name things by, parsed once: purposes, subjects, audiences, bindings.
//! - [`scope`], [`idempotency`], [`mac`]: whose a verification is; what makes a repeated call the same; keyed digests.
//! - [`code`]: how codes are drawn, and how typed ones are read.
//! - [`verification`]: one verification, its state, and whether it may send again.
//! - [`ladder`], [`budgets`], [`failures`]: waits between messages, budgets of messages, failures in a row.
//! - [`route`], [`grant`], [`transaction`]: where messages go; what a passed verification is evidence of; what a payment
//!   code approves.
//! - [`abuse`]: texts that nobody answers, guesses spread over many codes, and rules that only record.
//! - [`event`]: what happened, for whoever listens.
//! - [`refusal`]: every reason to refuse.
//! - [`rules`], [`policies`]: the settings of all that, as values, and what holds in their place for a purpose or a tenant.
//! - [`destination_list`], [`sim_change`], [`notice`]: destinations that operators block and allow, SIMs that were changed
//!   of late, and what a person is to be told of a channel.

pub(crate) mod abuse;
pub(crate) mod budgets;
pub(crate) mod code;
pub(crate) mod destination_list;
pub(crate) mod event;
pub(crate) mod failures;
pub(crate) mod grant;
pub(crate) mod idempotency;
pub(crate) mod ladder;
pub(crate) mod mac;
pub(crate) mod names;
pub(crate) mod notice;
pub(crate) mod policies;
pub(crate) mod refusal;
pub(crate) mod route;
pub(crate) mod rules;
pub(crate) mod scope;
pub(crate) mod sim_change;
pub(crate) mod transaction;
pub(crate) mod verification;

#[cfg(test)]
mod fuzz;
