//! Calling Rekey from Rust.
//!
//! A [`Connection`] is a channel that does for every call what the suite expects of its callers. It sends the service
//! token and, where asked to, a person's access token; it never starts a call whose deadline has passed and passes
//! on the time that is left; it retries what may be retried, no more often than the server wants; and it passes on the
//! trace. The clients generated from the contract take it as they take a plain tonic channel:
//!
//! ```no_run
//! use rekey_client::wire::identity::v1::session_service_client::SessionServiceClient;
//! # use rekey_client::{ClientSettings, Connection};
//! # async fn example(settings: &ClientSettings) -> Result<(), Box<dyn std::error::Error>> {
//! // Inside a service the second argument is `rekey_runtime::deadline::remaining`.
//! let connection = Connection::open(settings, || None)?;
//! let mut sessions = SessionServiceClient::new(connection.clone());
//! // The same connection, on behalf of a signed-in person.
//! let theirs = SessionServiceClient::new(connection.acting_for(&"eyJhbGciOi".to_owned().into())?);
//! # Ok(())
//! # }
//! ```
//!
//! | Room | Does |
//! |---|---|
//! | [`Connection`] | one call from beginning to end |
//! | [`ClientSettings`] | where to, and with which credentials |
//! | [`Resolver`] | who says which addresses stand behind a name |
//! | [`Problem`] | the reason, the retry time and the support code of an error |
//!
//! Retries assume what the contract promises: everything that changes something takes a `request_id`, so a
//! repeated call gets the first one's answer.

mod balance;
mod cause;
mod connection;
mod credentials;
mod deadline;
mod problem;
mod reloading_channel;
mod replay;
mod retry;
mod settings;
mod trace;

/// The generated contract, so that a caller needs one crate only.
pub use rekey_wire as wire;

pub use self::balance::{Resolver, SystemResolver};
pub use self::connection::Connection;
pub use self::credentials::BadToken;
pub use self::deadline::Remaining;
pub use self::problem::Problem;
pub use self::reloading_channel::read_files_again;
pub use self::settings::{ClientSettings, OpenError};
pub use self::trace::{code_name, in_trace, trace_parent};

#[cfg(test)]
mod tests;
