//! What the portal knows without asking anybody: where a reset stands, and what identity may say no with.
//!
//! Pure functions of values and `now`. Rules about accounts are identity's; here is only what a page has to know of them.

mod code;
mod organisation;
mod policy;
mod refusal;
mod reset;

pub(crate) use self::code::code_in;
pub(crate) use self::organisation::{Organisation, OrganisationKey};
pub(crate) use self::policy::{NO, PolicyValue, SpanUnit, ValueKind, YES, differences, missing_in, rebased};
pub(crate) use self::refusal::{Ineligibility, PasswordRule, Refusal};
pub(crate) use self::reset::{MethodKind, OfferedMethod, ResetProgress, SentCode};
