//! The pages over HTTP, with a browser that runs no scripts and an identity that answers as it is told.

mod belonging;
mod browser;
mod fake_identity;
mod fake_sign_ins;
mod languages;
mod look;
mod mailed_link;
mod reset;
mod safety;
mod sign_in;
mod uploads;
