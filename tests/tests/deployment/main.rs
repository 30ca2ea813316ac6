//! The suite as people run it: `rekey up` on one machine, three processes in a cluster, its settings, its upgrades, and
//! a client that knows nothing but reflection.
#![expect(clippy::unwrap_used, reason = "a test has nothing better to do than to fail")]

mod commands;
mod demo;
mod production;
mod reflection;
mod replicas;
mod rolling_upgrade;
mod settings;
mod terminal;
mod three_processes;
mod up;
mod up_stores;
