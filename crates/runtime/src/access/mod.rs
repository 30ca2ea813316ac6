//! Who may call what, decided before a request is decoded.
//!
//! Three questions, in this order. Which backend is calling: by the SPIFFE ID of its certificate, or its service token.
//! Do its settings allow this method. And, where the contract asks for a person: whose access token was sent, and does
//! it carry a sufficient role. The rules are data from the contract ([`AccessTable`]), the callers are settings
//! ([`Callers`]), and access tokens are verified by whoever holds the keys ([`PersonVerifier`]).
//!
//! What a caller may do *inside* a method (tenants, purposes, templates, lanes) is carried in [`Caller`], in
//! the extensions of the request, and asked by the service.

mod caller;
mod callers;
mod gate;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SessionId, TenantId};

use crate::error_details::RpcName;

pub use self::caller::{Allowed, Caller, CallerEntry};
pub use self::callers::{CallerError, Callers, token_digest};
pub(crate) use self::gate::{Gate, admit};

/// Metadata that carries a person's access token.
pub(crate) const ACCESS_TOKEN_METADATA: &str = "rekey-access-token";

/// Which person's access token an RPC accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonRule {
    /// No person takes part; a token is ignored.
    None,
    /// A signed-in person, acting on their own account.
    SelfOnly,
    /// A signed-in person with one of the rule's roles.
    Administrator,
    /// A signed-in person, or one whose token has just died by this very method, so that a repeat of it comes with a dead
    /// one ([`Person::token_state`]). The service tells a repeat from anything else.
    Leaving,
}

/// What the contract says about one RPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// True when a backend may call in its own name; false makes the person's token mandatory.
    pub service: bool,
    /// Whose token is accepted.
    pub person: PersonRule,
    /// The roles of which an administrator needs one.
    pub roles: Vec<String>,
}

/// The rules of a part, by path (`/package.Service/Method`). A path that is not here cannot be called.
#[derive(Debug, Clone, Default)]
pub struct AccessTable(HashMap<String, Rule>);

impl AccessTable {
    /// The rule of a path.
    #[must_use]
    pub fn rule(&self, path: &str) -> Option<&Rule> {
        self.0.get(path)
    }

    /// Only the rules of one proto package, such as `rekey.identity.v1`: a part answers for its own.
    #[must_use]
    pub fn of_package(mut self, package: &str) -> Self {
        self.0.retain(|path, _| RpcName::of(path).package() == package);
        self
    }

    /// Every path with a rule.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The distinct gRPC service names, for health.
    #[must_use]
    pub fn services(&self) -> Vec<String> {
        let mut services: Vec<_> = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix('/')?.split('/').next())
            .map(str::to_owned)
            .collect();
        services.sort();
        services.dedup();
        services
    }
}

impl FromIterator<(String, Rule)> for AccessTable {
    fn from_iter<T: IntoIterator<Item = (String, Rule)>>(rules: T) -> Self {
        Self(rules.into_iter().collect())
    }
}

/// A signed-in person, as their access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The backend that signed them in, by its caller's name: their token is for it.
    pub backend: String,
    /// The tenant signed in to.
    pub tenant_id: TenantId,
    /// The person's account there.
    pub account_id: AccountId,
    /// The session the token belongs to.
    pub session_id: SessionId,
    /// The account's credential epoch when the token was made.
    pub epoch: i64,
    /// The administrative roles held then.
    pub roles: Vec<String>,
    /// When the person last proved who they are.
    pub auth_time: Timestamp,
    /// When the token ends.
    pub token_expires_at: Timestamp,
    /// Whether the token is good.
    pub token_state: TokenState,
}

/// Whether an access token is good. Only [`PersonRule::Leaving`] lets others pass than live ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// It is.
    Live,
    /// Its time is over, and its session lives.
    Expired,
    /// It died with its session, or by a change of the password that its session outlived.
    Dead,
}

/// Why an access token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessTokenError {
    /// Forged, expired, for another audience, or revoked.
    Invalid,
    /// It could not be verified now: keys or store are away.
    Unavailable,
}

/// A signed-in person whom the gate refused for want of a role.
#[derive(Debug, Clone, Copy)]
pub struct RoleMissing<'a> {
    /// The person.
    pub person: &'a Person,
    /// The name of the caller that sent their token.
    pub caller: &'a str,
    /// The RPC, without its service.
    pub rpc: &'a str,
    /// The trace of the call, if it has one.
    pub trace_id: Option<[u8; 16]>,
}

/// Verifies access tokens. Identity uses its own keys and store, others the public keys.
#[async_trait]
pub trait PersonVerifier: Send + Sync + 'static {
    /// The person behind a token.
    async fn verify(&self, access_token: &str) -> Result<Person, AccessTokenError>;

    /// The same for a method that ends the token: one that is expired, or died with its session or by a change of the
    /// password, passes too, if it is good in every other way. Where no token can end there is no difference.
    async fn verify_leaving(&self, access_token: &str) -> Result<Person, AccessTokenError> {
        self.verify(access_token).await
    }

    /// Called for each person who is refused for want of a role, for a part that audits this. It must not block: the
    /// refusal is sent after it returns.
    fn role_missing(&self, _stopped: &RoleMissing<'_>) {}
}

/// For parts that serve backends only: no token is good.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPersons;

#[async_trait]
impl PersonVerifier for NoPersons {
    async fn verify(&self, _access_token: &str) -> Result<Person, AccessTokenError> {
        Err(AccessTokenError::Invalid)
    }
}

/// A verifier that several parts share.
pub type SharedPersonVerifier = Arc<dyn PersonVerifier>;

#[cfg(test)]
mod tests;
