//! Errors as every caller sees them: exactly one `ErrorInfo`, a `RequestInfo` with the support code, fixed text.
//!
//! Services say their own reasons; this room completes what comes without one, which is what tonic answers by
//! itself (no such method, bytes that do not decode, a message too large) and what broke. The text of an
//! internal error stays in the log.

mod completion;
mod reason;

pub use self::completion::TraceId;
pub(crate) use self::completion::complete;
pub(crate) use self::reason::{Reason, RpcName};

#[cfg(test)]
mod tests;
