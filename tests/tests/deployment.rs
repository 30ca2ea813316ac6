//! The suite as people run it: `rekey up` on one machine, three processes in a cluster, its settings, its upgrades, and
//! callers that share no code with it, in several languages.

mod clients;
mod commands;
mod demo;
mod doctor;
mod failures;
mod imports;
mod json_errors;
mod key_rotation;
mod many;
mod pods;
mod portal;
mod portal_replicas;
mod production;
mod reflection;
mod rehearsal;
mod replicas;
mod resetting;
mod rolling_restart;
mod rolling_upgrade;
mod rotating;
mod settings;
mod soak;
mod templates;
mod terminal;
mod three_processes;
mod tls_scan;
mod trace;
mod up;
mod up_stores;
mod wrong_keys;
