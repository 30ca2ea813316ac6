//! The right of one caller to touch messages of one tenant, as a value.
//!
//! Store methods demand a [`CallerScope`], and the only way to get one is to say that the caller reaches that tenant:
//! forgetting the check does not compile. It also says which of the tenant's messages the caller may see and touch: its
//! own, and those of other senders that its entry names, as far as it may use their templates and lanes.

use rekey_primitives::id::TenantId;

use super::lane::Lane;

/// What a caller's entry says about messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallerRights {
    /// Its own name.
    pub(crate) caller: String,
    /// The callers whose messages it may see and touch, besides its own; `None` means everybody's.
    pub(crate) senders: Option<Vec<String>>,
    /// The templates it may use; `None` means every one.
    pub(crate) templates: Option<Vec<String>>,
    /// The lanes it may use.
    pub(crate) lanes: Vec<Lane>,
}

/// Proof that the caller of this operation may reach the tenant, and what it may see there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallerScope {
    tenant_id: TenantId,
    rights: CallerRights,
}

impl CallerScope {
    /// The scope, if the caller reaches the tenant.
    pub(crate) fn of(caller_reaches: bool, tenant_id: TenantId, rights: CallerRights) -> Option<Self> {
        caller_reaches.then_some(Self { tenant_id, rights })
    }

    pub(crate) fn tenant_id(&self) -> TenantId {
        self.tenant_id
    }

    /// The name of the caller, which is the sender of what it sends.
    pub(crate) fn caller(&self) -> &str {
        &self.rights.caller
    }

    /// The senders whose messages it may see and touch, itself among them; `None` means everybody's.
    pub(crate) fn senders(&self) -> Option<Vec<&str>> {
        let others = self.rights.senders.as_ref()?;
        Some(others.iter().map(String::as_str).chain([self.caller()]).collect())
    }

    /// The templates it may use; `None` means every one.
    pub(crate) fn templates(&self) -> Option<Vec<&str>> {
        Some(self.rights.templates.as_ref()?.iter().map(String::as_str).collect())
    }

    /// The lanes it may use.
    pub(crate) fn lanes(&self) -> &[Lane] {
        &self.rights.lanes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(senders: Option<Vec<String>>) -> CallerRights {
        CallerRights { caller: "shop".to_owned(), senders, templates: None, lanes: Lane::ALL.to_vec() }
    }

    fn scope(senders: Option<Vec<String>>) -> CallerScope {
        CallerScope::of(true, TenantId::from_uuid(uuid::Uuid::from_u128(7)), rights(senders)).unwrap()
    }

    #[test]
    fn a_caller_that_does_not_reach_the_tenant_gets_no_scope() {
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(7));

        assert_eq!(CallerScope::of(false, tenant, rights(None)), None);
        assert_eq!(scope(None).tenant_id(), tenant);
    }

    #[test]
    fn a_caller_sees_its_own_messages_whatever_its_entry_says_of_others() {
        assert_eq!(scope(Some(Vec::new())).senders(), Some(vec!["shop"]));
        assert_eq!(
            scope(Some(vec!["verification".to_owned()])).senders(),
            Some(vec!["verification", "shop"])
        );
        assert_eq!(scope(None).senders(), None);
    }
}
