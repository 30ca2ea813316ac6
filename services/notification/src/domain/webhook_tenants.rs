//! Which tenants' events go to which endpoints of the settings.

use std::collections::{BTreeSet, HashMap};

use rekey_primitives::id::TenantId;

use super::destination::EndpointName;

/// The endpoints and whose events they get.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WebhookTenants(HashMap<EndpointName, AllowedTenants>);

/// Whose events an endpoint gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AllowedTenants {
    All,
    Only(BTreeSet<TenantId>),
}

impl WebhookTenants {
    pub(crate) fn new(endpoints: impl IntoIterator<Item = (EndpointName, AllowedTenants)>) -> Self {
        Self(endpoints.into_iter().collect())
    }

    /// Whether events of the tenant go to an endpoint of that name.
    pub(crate) fn allow(&self, endpoint: &EndpointName, tenant: TenantId) -> bool {
        match self.0.get(endpoint) {
            None => false,
            Some(AllowedTenants::All) => true,
            Some(AllowedTenants::Only(tenants)) => tenants.contains(&tenant),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_endpoint_gets_events_of_its_tenants_and_no_other() {
        let name = |text| EndpointName::parse(text).unwrap();
        let [one, other] = [1, 2].map(|id| TenantId::from_uuid(Uuid::from_u128(id)));
        let endpoints = WebhookTenants::new([
            (name("shop"), AllowedTenants::Only(BTreeSet::from([one]))),
            (name("log"), AllowedTenants::All),
        ]);

        let allowed = [("shop", one), ("shop", other), ("log", other), ("nobody", one)]
            .map(|(endpoint, tenant)| endpoints.allow(&name(endpoint), tenant));

        assert_eq!(allowed, [true, false, true, false]);
    }
}
