//! Requests to receivers that somebody else named: Standard Webhooks over HTTP, at no address of an internal network.
//!
//! | Module | Has |
//! |---|---|
//! | [`url`] | where a receiver is |
//! | [`address`] | which addresses may be connected to |
//! | [`failure`] | how a try failed |
//! | [`client`] | one request: resolve, judge, connect, post, read the head of the answer |
//!
//! Whoever names a receiver chooses where this process connects to, so the address is judged after it was looked up, and that
//! very address is connected to. When a try is made, how it is signed and what follows a failure is the business of who sends.

pub mod address;
pub mod client;
pub mod failure;
pub mod url;

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod public_faults;
