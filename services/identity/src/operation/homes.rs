//! Which tenants are at home in another region, as every call is asked: a set in memory, read anew now and then.
//!
//! A tenant never changes its home, and one that is at home elsewhere has no people here, so a set that is some seconds old refuses
//! the same as a new one, or finds nobody whom another replica has only just learned of. Before a part is ready it has read the
//! set once, and what is learned while it is read anew stays in it: nobody who was told of a home is then told of nobody.

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
    elsewhere: Arc<RwLock<Elsewhere>>,
}

#[derive(Debug, Default)]
struct Elsewhere {
    homes: HashMap<TenantId, Region>,
    /// Learned since a reading began, which may have passed their places by.
    learned: HashMap<TenantId, Region>,
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
        match elsewhere.homes.get(&tenant_id) {
            Some(home) => Err(Refusal::TenantElsewhere { region: home.as_str().to_owned() }),
            None => Ok(()),
        }
    }

    /// Learns that a tenant is at home elsewhere.
    pub(crate) fn learn(&self, tenant_id: TenantId, home: Region) {
        let mut elsewhere = self.elsewhere.write().unwrap_or_else(PoisonError::into_inner);
        elsewhere.learned.insert(tenant_id, home.clone());
        elsewhere.homes.insert(tenant_id, home);
    }

    /// Reads all of them anew.
    ///
    /// # Errors
    /// The store is away.
    pub(crate) async fn read(&self, store: &Store) -> Result<(), Failure> {
        self.begin();
        let (mut found, mut after) = (HashMap::new(), None);
        loop {
            let page = store.tenants_elsewhere(self.here(), after, PAGE).await?;
            after = page.last().map(|(tenant_id, _)| *tenant_id);
            found.extend(page);
            if after.is_none() {
                break;
            }
        }
        self.end(found);
        Ok(())
    }

    /// A reading begins: what was learned before is in the store, and will be found there.
    fn begin(&self) {
        self.elsewhere.write().unwrap_or_else(PoisonError::into_inner).learned.clear();
    }

    /// A reading has found these.
    fn end(&self, mut found: HashMap<TenantId, Region>) {
        let mut elsewhere = self.elsewhere.write().unwrap_or_else(PoisonError::into_inner);
        found.extend(elsewhere.learned.drain());
        elsewhere.homes = found;
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

    #[test]
    fn what_is_learned_while_the_others_are_read_stays_and_what_is_gone_goes() {
        let homes = Homes::of(Region::parse("us"));
        let id = |number| TenantId::from_uuid(uuid::Uuid::from_u128(number));
        let eu = || Region::parse("eu").unwrap();
        let (gone, found, learned) = (id(1), id(2), id(3));
        homes.learn(gone, eu());

        homes.begin();
        homes.learn(learned, eu());
        homes.end(HashMap::from([(found, eu())]));
        let after_it = [gone, found, learned].map(|id| homes.judge(id).is_err());
        homes.begin();
        homes.end(HashMap::from([(found, eu())]));
        let after_the_next = [gone, found, learned].map(|id| homes.judge(id).is_err());

        assert_eq!(after_it, [false, true, true]);
        assert_eq!(after_the_next, [false, true, false]);
    }
}
