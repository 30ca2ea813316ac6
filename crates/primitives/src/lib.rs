//! Words that two or more parts of Rekey share, as types that cannot be wrong.
//!
//! Everything here is pure: parse once at the edge, then pass the type. Time and chance come in
//! as [`clock::Clock`] and [`entropy::Entropy`], so a test moves one clock and draws known numbers.
//! What only one part needs does not live here.

pub mod clock;
pub mod code;
pub mod colour;
pub mod contact;
pub mod entropy;
pub mod grpc_timeout;
pub mod id;
pub mod locale;
pub mod login;
pub mod method;
pub mod network;
pub mod secret;
pub mod template;
pub mod text;

#[cfg(test)]
mod fuzz;
