//! One world for tests: identity over a real store, with a fake for verification and a clock that is moved by hand; and the
//! builders that every test makes accounts with.

mod builders;
mod hashing;
mod held_codes;
mod log;
mod requests;
mod verification;
mod world;

pub(crate) use builders::{account, confirmed, password, tenant};
pub(crate) use held_codes::Authenticator;
pub(crate) use log::Logged;
pub(crate) use requests::{new_account, on, service, signed_in, with_role};
pub(crate) use verification::FakeVerification;
pub(crate) use world::{NEW, OLD, START, World, context, done, is_rejected, keys, refusal};
