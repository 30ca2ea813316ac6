//! The decisions of the verification office: pure functions of values and `now`.
//!
//! - [`names`]: what callers name things by, parsed once: purposes, subjects, audiences, bindings.
//! - [`scope`], [`tag`]: whose a verification is; keyed digests as they are kept and compared.
//! - [`code`]: codes, how they are drawn and how typed ones are read.
//! - [`verification`]: one verification, where it stands, and when it may send again.
//! - [`ladder`], [`limits`]: waits between messages; budgets and what spends them; failures in a row.
//! - [`route`], [`grant`]: what is sealed beside a code; what a passed verification is evidence of.
//! - [`refusal`]: every reason for a "no".
//! - [`rules`]: the settings of all that, as values.

pub(crate) mod code;
pub(crate) mod encoding;
pub(crate) mod grant;
pub(crate) mod ladder;
pub(crate) mod limits;
pub(crate) mod names;
pub(crate) mod refusal;
pub(crate) mod route;
pub(crate) mod rules;
pub(crate) mod scope;
pub(crate) mod tag;
pub(crate) mod verification;
