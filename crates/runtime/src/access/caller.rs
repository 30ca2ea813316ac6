//! One caller: the entry in the settings, and what a request carries of it.
//!
//! An entry is a list of permissions, never of prohibitions: what is not written is not allowed, so a forgotten
//! line closes a door instead of opening one.

use std::collections::BTreeSet;
use std::sync::Arc;

use rekey_primitives::id::TenantId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Person;

/// `"*"`, one name, or a list of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Whatever is asked for.
    Everything,
    /// Only these.
    Only(BTreeSet<String>),
}

impl Allowed {
    /// Nothing at all, which is what an entry allows where it is silent.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// The names; `None` means every one.
    fn names(&self) -> Option<Vec<String>> {
        match self {
            Self::Everything => None,
            Self::Only(names) => Some(names.iter().cloned().collect()),
        }
    }

    /// Whether a name is among them.
    fn includes(&self, name: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

impl Default for Allowed {
    fn default() -> Self {
        Self::nothing()
    }
}

impl Serialize for Allowed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Everything => serializer.serialize_str("*"),
            Self::Only(names) => names.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Allowed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(String),
            Many(BTreeSet<String>),
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::One(name) if name == "*" => Self::Everything,
            Written::One(name) => Self::Only(BTreeSet::from([name])),
            Written::Many(names) if names.contains("*") => Self::Everything,
            Written::Many(names) => Self::Only(names),
        })
    }
}

/// A backend that may call, as written in the settings, and as `rekey token create` prints it. What an entry
/// does not say, it does not allow.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct CallerEntry {
    /// Its name in logs, audit and stored rows. Changing it makes it another caller.
    pub name: String,
    /// The SPIFFE ID in the URI name of its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spiffe_id: Option<String>,
    /// SHA-256 of its service token, in hex; two while a token is being replaced. With a SPIFFE ID beside it,
    /// both must be right.
    #[serde(default)]
    pub token_sha256: Allowed,
    /// Paths it may call: `/package.Service/Method`, `/package.Service/*`, or `*`.
    #[serde(default)]
    pub methods: Allowed,
    /// Of these, the administrators' RPCs it may call in its own name, without the access token of a person. None of them
    /// unless written: a backend that may create accounts could make itself a global administrator.
    #[serde(default)]
    pub in_own_name: Allowed,
    /// Other backends whose persons' access tokens it may carry. A token is for the backend that signed its person in, so
    /// that whoever is shown one cannot act as the person.
    #[serde(default)]
    pub persons_of: Allowed,
    /// Tenants it may name, by id.
    #[serde(default)]
    pub tenants: Allowed,
    /// Purposes it may start verifications for.
    #[serde(default)]
    pub purposes: Allowed,
    /// Templates it may send.
    #[serde(default)]
    pub templates: Allowed,
    /// Lanes it may use.
    #[serde(default)]
    pub lanes: Allowed,
    /// Callers whose messages it may see and touch besides its own: for those who look after messages. To anybody else
    /// they would tell which logins have an account.
    #[serde(default)]
    pub senders: Allowed,
    /// Callers that may redeem grants of verifications it starts, besides itself.
    #[serde(default)]
    pub audiences: Allowed,
    /// Callers whose grants it accepts, besides its own: each of them vouches for whomever it names.
    #[serde(default)]
    pub grant_issuers: Allowed,
    /// Whether it may state a person's address, browser and language, which are then believed.
    #[serde(default)]
    pub may_assert_context: bool,
    /// Whether it may say until when a message is worth sending.
    #[serde(default)]
    pub may_assert_not_after: bool,
}

impl CallerEntry {
    /// An entry that may do everything, for the parts of one suite calling each other in one process, and for
    /// tests.
    #[must_use]
    pub fn trusted(name: &str, token_sha256: String) -> Self {
        Self {
            name: name.to_owned(),
            spiffe_id: None,
            token_sha256: Allowed::Only(BTreeSet::from([token_sha256])),
            methods: Allowed::Everything,
            in_own_name: Allowed::Everything,
            persons_of: Allowed::Everything,
            tenants: Allowed::Everything,
            purposes: Allowed::Everything,
            templates: Allowed::Everything,
            lanes: Allowed::Everything,
            senders: Allowed::Everything,
            audiences: Allowed::Everything,
            grant_issuers: Allowed::Everything,
            may_assert_context: true,
            may_assert_not_after: true,
        }
    }

    /// Whether the entry allows a path.
    pub(super) fn may_call(&self, path: &str) -> bool {
        covers(&self.methods, path)
    }

    /// Whether it may carry the token of a person whom this backend signed in.
    pub(super) fn may_act_for_persons_of(&self, backend: &str) -> bool {
        backend == self.name || self.persons_of.includes(backend)
    }

    /// Whether the entry allows an administrators' RPC without a person.
    pub(super) fn may_call_in_own_name(&self, path: &str) -> bool {
        covers(&self.in_own_name, path)
    }
}

/// Whether a path is among these, itself or with its whole service.
fn covers(allowed: &Allowed, path: &str) -> bool {
    let whole_service =
        || path.rsplit_once('/').is_some_and(|(service, _)| allowed.includes(&format!("{service}/*")));
    allowed.includes(path) || whole_service()
}

/// Who is calling: in the extensions of every request that passed the gate.
#[derive(Debug, Clone)]
pub struct Caller {
    entry: Arc<CallerEntry>,
    person: Option<Person>,
}

impl Caller {
    /// A caller with this entry, in its own name or with a person behind it.
    #[must_use]
    pub fn new(entry: impl Into<Arc<CallerEntry>>, person: Option<Person>) -> Self {
        Self { entry: entry.into(), person }
    }

    /// The caller's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.entry.name
    }

    /// The person whose access token came along.
    #[must_use]
    pub fn person(&self) -> Option<&Person> {
        self.person.as_ref()
    }

    /// Whether the caller may name this tenant. A person's own tenant is further narrowed by the service.
    #[must_use]
    pub fn may_reach(&self, tenant: TenantId) -> bool {
        match &self.entry.tenants {
            Allowed::Everything => true,
            Allowed::Only(names) => names.contains(&tenant.to_string()),
        }
    }

    /// The tenants the caller may name; `None` means every one.
    #[must_use]
    pub fn tenants(&self) -> Option<Vec<TenantId>> {
        match &self.entry.tenants {
            Allowed::Everything => None,
            Allowed::Only(names) => {
                Some(names.iter().filter_map(|name| TenantId::parse(name).ok()).collect())
            }
        }
    }

    /// Whether the caller may call this RPC of administrators in its own name.
    #[must_use]
    pub fn may_administer(&self, path: &str) -> bool {
        self.entry.may_call(path) && self.entry.may_call_in_own_name(path)
    }

    /// Whether the caller may state a person's address, browser and language.
    #[must_use]
    pub fn may_assert_context(&self) -> bool {
        self.entry.may_assert_context
    }

    /// Whether the caller may say until when a message is worth sending.
    #[must_use]
    pub fn may_assert_not_after(&self) -> bool {
        self.entry.may_assert_not_after
    }

    /// Whether the caller may start verifications for this purpose.
    #[must_use]
    pub fn may_use_purpose(&self, purpose: &str) -> bool {
        self.entry.purposes.includes(purpose)
    }

    /// Whether the caller may let this one redeem its grants.
    #[must_use]
    pub fn may_name_audience(&self, audience: &str) -> bool {
        audience == self.name() || self.entry.audiences.includes(audience)
    }

    /// The callers whose grants this one accepts, itself among them; `None` means every one.
    #[must_use]
    pub fn grant_issuers(&self) -> Option<BTreeSet<String>> {
        match &self.entry.grant_issuers {
            Allowed::Everything => None,
            Allowed::Only(names) => Some(names.iter().cloned().chain([self.name().to_owned()]).collect()),
        }
    }

    /// Whether the caller may send this template.
    #[must_use]
    pub fn may_use_template(&self, template: &str) -> bool {
        self.entry.templates.includes(template)
    }

    /// The templates the caller may send; `None` means every one.
    #[must_use]
    pub fn templates(&self) -> Option<Vec<String>> {
        self.entry.templates.names()
    }

    /// The callers whose messages it may see and touch besides its own; `None` means everybody's.
    #[must_use]
    pub fn senders(&self) -> Option<Vec<String>> {
        self.entry.senders.names()
    }

    /// Whether the caller may use this lane.
    #[must_use]
    pub fn may_use_lane(&self, lane: &str) -> bool {
        self.entry.lanes.includes(lane)
    }
}
