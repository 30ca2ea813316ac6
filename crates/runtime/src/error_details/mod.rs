//! Errors as every caller sees them: exactly one `ErrorInfo`, a `RequestInfo` with the support code, fixed text.
//!
//! Services give their own reasons. Statuses without one are completed here: those that tonic makes by itself (no such
//! method, bytes that do not decode, a message too large) and those of failures. The text of an internal error stays in
//! the log.

mod completion;
mod reason;

pub use self::completion::TraceId;
pub(crate) use self::completion::complete;
pub(crate) use self::reason::{Reason, RpcName};

#[cfg(test)]
mod tests;
