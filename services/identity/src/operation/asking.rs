//! Who is asking, and from where: the caller, the signed-in person, and what the caller says of the person's place.
//!
//! A backend is bounded by its settings, which the access check and its reach judge; a person by roles and by what is theirs.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SessionId, TenantId};
use rekey_primitives::locale::Locale;
use rekey_primitives::network::{IpNetwork, client_network, place_network};
use rekey_sealing::digest;

use super::{Homes, Origin};
use crate::domain::account::CredentialEpoch;
use crate::domain::audit::Actor;
use crate::domain::authority::RoleSet;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::domain::session::TokenState;

/// Where a person's request came from, as the caller says.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Context {
    /// The person's address.
    pub ip: Option<IpAddr>,
    /// The person's program.
    pub user_agent: Option<String>,
    /// The language they read.
    pub locale: Option<Locale>,
    /// The trace of the call, which is the support code.
    pub trace_id: Option<[u8; 16]>,
}

/// A backend that calls, and the tenants it reaches.
#[derive(Clone, derive_more::Debug)]
pub(crate) struct Caller {
    name: String,
    #[debug(skip)]
    reaches: Arc<dyn Fn(TenantId) -> bool + Send + Sync>,
    homes: Homes,
}

/// A signed-in person, as a live access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// The backend that signed them in.
    pub backend: String,
    /// Where they are signed in.
    pub tenant_id: TenantId,
    /// Their account there.
    pub account_id: AccountId,
    /// The session of the token.
    pub session_id: SessionId,
    /// The epoch of the session.
    pub epoch: CredentialEpoch,
    /// The roles they hold.
    pub roles: RoleSet,
    /// When they last proved themselves.
    pub auth_time: Timestamp,
    pub token_expires_at: Timestamp,
    pub token_state: TokenState,
}

/// A signed-in person at their own account.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub caller: Caller,
    pub person: Person,
    pub context: Context,
}

/// Who administers: a backend in its own name, or the person whose access token came along.
#[derive(Debug, Clone)]
pub(crate) struct Administrator {
    pub caller: Caller,
    /// Without one the backend acts in its own name.
    pub person: Option<Person>,
    pub context: Context,
}

impl Person {
    /// Refuses a token that is not live, for whatever a dead one may only repeat.
    pub(crate) fn live(&self) -> Result<(), Refusal> {
        if self.token_state == TokenState::Live { Ok(()) } else { Err(Refusal::AccessTokenInvalid) }
    }
}

impl Owner {
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin { caller: &self.caller, context: &self.context }
    }

    /// The right to touch the tenant they are signed in to.
    pub(crate) fn scope(&self) -> Result<TenantScope, Refusal> {
        self.caller.scope(self.person.tenant_id)
    }
}

impl Administrator {
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin { caller: &self.caller, context: &self.context }
    }

    /// Who asks, for the key of a repeated call: the person, or the caller.
    pub(crate) fn name(&self) -> String {
        match &self.person {
            Some(person) => self.caller.on_behalf_of(person.account_id),
            None => self.caller.name().to_owned(),
        }
    }

    /// Who acts, for the log.
    pub(crate) fn actor(&self) -> Actor {
        match &self.person {
            Some(person) => Actor::Account(person.account_id),
            None => Actor::Service,
        }
    }
}

impl Context {
    /// The network that throttles count, if the address is known.
    pub(crate) fn network(&self) -> Option<IpNetwork> {
        self.ip.map(client_network)
    }

    /// The kind of program, in a few stable words.
    pub(crate) fn user_agent_family(&self) -> &'static str {
        self.user_agent.as_deref().map_or("unknown", family)
    }

    /// Network and kind of program for people to read: enough to recognise oneself, not an exact address.
    pub(crate) fn place(&self) -> String {
        match self.ip {
            Some(ip) => format!("{}, {}", place_network(ip), self.user_agent_family()),
            None => self.user_agent_family().to_owned(),
        }
    }
}

impl Caller {
    /// A caller by this name that reaches those tenants.
    pub(crate) fn new(
        name: impl Into<String>,
        reaches: impl Fn(TenantId) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), reaches: Arc::new(reaches), homes: Homes::default() }
    }

    /// The same, asked for tenants of which these are at home elsewhere.
    #[must_use]
    pub(crate) fn knowing(self, homes: Homes) -> Self {
        Self { homes, ..self }
    }

    /// Stands for it in tokens.
    pub(crate) fn hash(&self) -> [u8; 32] {
        digest(&[b"caller", self.name.as_bytes()])
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Names the calls of a person, or of their session, for their repeats: request ids are each backend's own.
    pub(crate) fn on_behalf_of(&self, id: impl fmt::Display) -> String {
        format!("{}/{id}", self.name)
    }

    /// The right to touch a tenant's data, if the caller reaches it and it is at home here.
    pub(crate) fn scope(&self, tenant_id: TenantId) -> Result<TenantScope, Refusal> {
        let scope = self.scope_by_name(tenant_id)?;
        self.homes.judge(tenant_id)?;
        Ok(scope)
    }

    /// The right to a tenant's name and nothing else of it, wherever it is at home, if the caller reaches it.
    pub(crate) fn scope_by_name(&self, tenant_id: TenantId) -> Result<TenantScope, Refusal> {
        TenantScope::of((self.reaches)(tenant_id), tenant_id).map_err(Refusal::from)
    }
}

/// The family of a `User-Agent`. Order matters: every browser claims to be those before it in history.
fn family(user_agent: &str) -> &'static str {
    const FAMILIES: [(&str, &str); 9] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    FAMILIES.iter().find(|(mark, _)| user_agent.contains(mark)).map_or("other", |(_, name)| name)
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("family", &self.user_agent_family()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_told_from_those_it_claims_to_be() {
        let edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0";
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36";
        let safari = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/17.0 Safari/605.1.15";

        assert_eq!([edge, chrome, safari, "x"].map(family), ["Edge", "Chrome", "Safari", "other"]);
    }

    #[test]
    fn a_place_is_a_network_and_a_kind_of_program() {
        let context = Context {
            ip: Some("192.0.2.77".parse().unwrap()),
            user_agent: Some("curl/8.0".to_owned()),
            ..Context::default()
        };

        assert_eq!(context.place(), "192.0.2.0/24, curl");
        assert_eq!(Context::default().place(), "unknown");
    }

    #[test]
    fn a_caller_gets_no_scope_beyond_its_reach() {
        let mine = TenantId::from_uuid(uuid::Uuid::from_u128(1));
        let other = TenantId::from_uuid(uuid::Uuid::from_u128(2));
        let caller = Caller::new("shop", move |tenant| tenant == mine);

        assert!(caller.scope(mine).is_ok());
        assert_eq!(caller.scope(other), Err(Refusal::CallerNotAllowed { missing: "tenants" }));
    }
}
