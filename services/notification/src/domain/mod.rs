//! The post office's rules, pure: what a message is, where it may stand, when the next try is due, what is refused.
//!
//! Values and `now` come in, decisions come out; nothing here reads a clock, draws chance or knows a store. Every
//! rule that the worker or a statement of a store relies on is stated here first.

pub mod content;
pub mod delivery;
pub mod lane;
pub mod links;
pub mod message;
pub mod notification;
pub mod pace;
pub mod page;
pub mod payload;
pub mod refusal;
pub mod scope;
pub mod state;
pub mod template;
