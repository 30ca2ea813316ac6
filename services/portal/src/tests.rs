//! The pages over HTTP, with a browser that runs no scripts and an identity that answers as it is told.

mod browser;
mod fake_identity;
mod look;
mod reset;
mod safety;
