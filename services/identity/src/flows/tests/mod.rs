//! Flows over a real store, with fakes for the neighbours and a clock that is moved by hand.

pub(crate) mod fake;
pub(crate) mod world;

mod administration;
mod authority;
mod digests;
mod expiry_notices;
mod help;
mod limits;
mod log;
mod owners;
mod passwords;
mod reconfirmation;
mod repeats;
mod resets;
mod secrecy;
mod security_info;
mod sessions;
mod sign_in_races;
mod sign_ins;
