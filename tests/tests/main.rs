//! Every test that spans rooms or parts, as one program: thirty programs of the same crates would be thirty times linked and 6 GB
//! on disk. Each module is a subject; its first sentence says which.
#![expect(clippy::unwrap_used, reason = "a test has nothing better to do than to fail")]

mod abuse;
mod architecture;
mod audit;
mod bulk;
mod bulk_resets;
mod callers;
mod deployment;
mod directory;
mod existence;
mod faults;
mod hostile;
mod lockouts;
mod looking_after;
mod metrics;
mod one_clock;
mod passkeys;
mod policy;
mod portal;
mod races;
mod regions;
mod reset;
mod reset_corners;
mod reset_links;
mod second_factors;
mod secrets;
mod security_info;
mod sessions;
mod templates;
mod tenants;
mod upgrade;
mod webhooks;
