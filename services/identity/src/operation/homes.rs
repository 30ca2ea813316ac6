//! Which tenants are at home in another region, as every call is asked: a set in memory, read anew now and then.
//!
//! A tenant never changes its home, and one that is at home elsewhere has no people here, so a set that is some seconds old refuses
//! the same as a new one, or finds nobody.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rekey_primitives::id::TenantId;

use crate::domain::refusal::Refusal;
use crate::domain::region::Region;
use crate::store::{Failure, Store};

/// How many tenants are read at once.
const PAGE: u32 = 1_000;

/// This deployment's region, and who is at home in others. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Homes {
    here: Option<Region>,
    elsewhere: Arc<RwLock<HashMap<TenantId, Region>>>,
}

impl Homes {
    /// Of a deployment in that region, which knows of nobody elsewhere yet.
    pub(crate) fn of(here: Option<Region>) -> Self {
        Self { here, elsewhere: Arc::default() }
    }

    /// The region of this deployment.
    pub(crate) const fn here(&self) -> Option<&Region> {
        self.here.as_ref()
    }

    /// Refuses a tenant that is at home elsewhere.
    pub(crate) fn judge(&self, tenant_id: TenantId) -> Result<(), Refusal> {
        let elsewhere = self.elsewhere.read().unwrap_or_else(PoisonError::into_inner);
        match elsewhere.get(&tenant_id) {
            Some(home) => Err(Refusal::TenantElsewhere { region: home.as_str().to_owned() }),
            None => Ok(()),
        }
    }

    /// Learns that a tenant is at home elsewhere.
    pub(crate) fn learn(&self, tenant_id: TenantId, home: Region) {
        self.elsewhere.write().unwrap_or_else(PoisonError::into_inner).insert(tenant_id, home);
    }

    /// Reads all of them anew.
    ///
    /// # Errors
    /// The store is away.
    pub(crate) async fn read(&self, store: &Store) -> Result<(), Failure> {
        let (mut found, mut after) = (HashMap::new(), None);
        loop {
            let page = store.tenants_elsewhere(self.here(), after, PAGE).await?;
            after = page.last().map(|(tenant_id, _)| *tenant_id);
            found.extend(page);
            if after.is_none() {
                break;
            }
        }
        *self.elsewhere.write().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_at_home_elsewhere_is_refused_with_the_region_and_others_are_not() {
        let homes = Homes::of(Region::parse("us"));
        let (theirs, ours) =
            (TenantId::from_uuid(uuid::Uuid::from_u128(1)), TenantId::from_uuid(uuid::Uuid::from_u128(2)));

        homes.learn(theirs, Region::parse("eu").unwrap());

        let told = Refusal::TenantElsewhere { region: "eu".to_owned() };
        assert_eq!(homes.judge(theirs), Err(told));
        assert_eq!(homes.judge(ours), Ok(()));
    }
}
