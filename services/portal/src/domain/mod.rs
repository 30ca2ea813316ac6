//! What the portal knows without asking anybody: where a reset or a sign-in stands, and what identity may say no with.
//!
//! Pure functions of values and `now`. Rules about accounts are identity's; here is only what a page has to know of them.

mod account_list;
mod account_search;
mod code;
mod code_times;
mod colour;
mod event_search;
pub(crate) mod funnel;
mod organisation;
mod policy;
mod qr_code;
mod refusal;
mod reset;
mod sign_in;

pub(crate) use self::account_list::{AccountListProblem, parse_account_list};
pub(crate) use self::account_search::{AccountSearch, InvalidDay, start_of_day};
pub(crate) use self::code::extract_code;
pub(crate) use self::code_times::CodeTimes;
pub(crate) use self::colour::Palette;
pub(crate) use self::event_search::{AccountReference, EventSearch};
pub(crate) use self::organisation::{Look, Organisation, OrganisationKey};
pub(crate) use self::policy::{NO, PolicyValue, SpanUnit, ValueKind, YES, differences, missing_in, rebased};
pub(crate) use self::qr_code::{QrCode, grouped};
pub(crate) use self::refusal::{Ineligibility, PasswordRule, Refusal, RuleInForce};
pub(crate) use self::reset::{MethodKind, OfferedMethod, ResetProgress, SentCode};
pub(crate) use self::sign_in::{
    PasskeySignIn, SecurityInfoEntry, SentSignInCode, SignInProgress, SignInQuestion, chosen_factor,
    factor_word,
};
