//! Looks that gather facts: each by itself, within its time, whatever becomes of the others.

pub(super) mod certificates;
pub(super) mod handshake;
pub(super) mod health;
pub(super) mod keys;
pub(super) mod mail;
pub(super) mod neighbours;
