//! The table that decoys are drawn from, for tenants whose resets show masks: counted rarely, stored for all replicas, and held
//! in this process for as long as it stands.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use crate::domain::account::Account;
use crate::domain::eligibility::{Candidate, in_offering_order, judge};
use crate::domain::policy::Policy;
use crate::domain::reset::shares::{ACCOUNTS_MAX, Shares};
use crate::domain::scope::TenantScope;
use crate::domain::security_info::SecurityInfo;
use crate::operation::Error;
use crate::store::Store;
use crate::store::resets::StoredShares;

/// The most tenants whose tables are held, a few kilobytes each. Beyond it they are read again.
const HELD_MAX: usize = 1_000;

/// Finds tables.
#[derive(Clone)]
pub(crate) struct MethodShares {
    store: Store,
    /// How long a table stands.
    life: Duration,
    held: Arc<Mutex<HashMap<TenantId, Arc<StoredShares>>>>,
}

impl MethodShares {
    pub(crate) fn new(store: Store, life: Duration) -> Self {
        Self { store, life, held: Arc::default() }
    }

    /// The tenant's table. Known and unknown logins ask for it alike, so that counting tells nothing.
    pub(super) async fn of(
        &self,
        scope: &TenantScope,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Arc<StoredShares>, Error> {
        if let Some(held) = self.held(scope.tenant_id()).filter(|held| !now.has_reached(held.renew_at)) {
            return Ok(held);
        }
        let stored = match self.store.method_shares(scope, now).await? {
            Some(stored) => stored,
            None => self.counted(scope, policy, now).await?,
        };
        Ok(self.hold(scope.tenant_id(), stored))
    }

    async fn counted(
        &self,
        scope: &TenantScope,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<StoredShares, Error> {
        let accounts = self.store.list_accounts(scope, None, ACCOUNTS_MAX).await?;
        let shares = Shares::of(accounts.iter().map(|account| (account, shown(account, policy, now))));
        let counted = StoredShares { shares, renew_at: now.plus(self.life) };
        Ok(self.store.keep_method_shares(scope, &counted, now).await?)
    }

    fn held(&self, tenant_id: TenantId) -> Option<Arc<StoredShares>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant_id).cloned()
    }

    fn hold(&self, tenant_id: TenantId, stored: StoredShares) -> Arc<StoredShares> {
        let stored = Arc::new(stored);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= HELD_MAX {
            held.clear();
        }
        held.insert(tenant_id, Arc::clone(&stored));
        stored
    }
}

/// What of an account counts, in the order in which it is shown.
fn shown<'a>(account: &'a Account, policy: &Policy, now: Timestamp) -> Vec<&'a SecurityInfo> {
    let candidate = Candidate { account, groups: &BTreeSet::new(), has_seat: true };
    let counting = judge(&candidate, policy, now).counting;
    let mut entries = in_offering_order(account, policy);
    entries.retain(|entry| counting.contains(&entry.id));
    entries
}
