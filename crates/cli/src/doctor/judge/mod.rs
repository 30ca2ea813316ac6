//! Facts become findings, by rules that look at nothing else.

pub(super) mod answer_floor;
pub(super) mod certificates;
pub(super) mod embedded;
pub(super) mod health;
pub(super) mod keys;
pub(super) mod mail;
pub(super) mod neighbours;
pub(super) mod stores;
pub(super) mod webhooks;
