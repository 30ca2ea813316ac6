//! The post intake's rules, pure: what a message is, where it may stand, when the next try is due, what is refused.
//!
//! Values and `now` come in, decisions come out; nothing here reads a clock, draws chance or knows a store. Every
//! rule that the worker or a statement of a store relies on is stated here first.

pub(crate) mod content;
pub(crate) mod deduplication;
pub(crate) mod delivery;
pub(crate) mod delivery_event;
pub(crate) mod destination;
pub(crate) mod event;
pub(crate) mod failover;
pub(crate) mod fallback;
pub(crate) mod lane;
pub(crate) mod links;
pub(crate) mod message;
pub(crate) mod notification;
pub(crate) mod page;
pub(crate) mod provider;
pub(crate) mod provider_bucket;
pub(crate) mod receipt;
pub(crate) mod refusal;
pub(crate) mod scope;
pub(crate) mod sms;
pub(crate) mod state;
pub(crate) mod suppression;
pub(crate) mod template;
pub(crate) mod template_preview;
pub(crate) mod template_text;
pub(crate) mod token_bucket;
pub(crate) mod trace;
pub(crate) mod webhook_tenants;
