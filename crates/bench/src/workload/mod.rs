//! Sign-ins, checks of codes and resets, as clients make them.
//!
//! Each holds a caller and what its calls are about. Those that have a bare server beside them call either with the
//! same messages.

pub(crate) mod code_checks;
pub(crate) mod resets;
pub(crate) mod sign_ins;
