//! The decisions of this service: pure functions of values and `now`.
//!
//! - [`names`]: what callers name things by, parsed once: purposes, subjects, audiences, bindings.
//! - [`scope`], [`idempotency`], [`mac`]: whose a verification is; what makes a repeated call the same; keyed digests.
//! - [`code`]: how codes are drawn, and how typed ones are read.
//! - [`verification`]: one verification, its state, and whether it may send again.
//! - [`ladder`], [`budgets`], [`failures`]: waits between messages, budgets of messages, failures in a row.
//! - [`route`], [`grant`], [`transaction`]: where messages go; what a passed verification is evidence of; what a payment
//!   code approves.
//! - [`refusal`]: every reason to refuse.
//! - [`rules`]: the settings of all that, as values.

pub(crate) mod budgets;
pub(crate) mod code;
pub(crate) mod failures;
pub(crate) mod grant;
pub(crate) mod idempotency;
pub(crate) mod ladder;
pub(crate) mod mac;
pub(crate) mod names;
pub(crate) mod refusal;
pub(crate) mod route;
pub(crate) mod rules;
pub(crate) mod scope;
pub(crate) mod transaction;
pub(crate) mod verification;

#[cfg(test)]
mod fuzz;
