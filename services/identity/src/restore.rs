//! After the database came back from a backup, at whose time passwords had not been changed yet, sessions not ended and codes
//! not spent: everything that lets somebody in or is under way ends.
//!
//! Whoever runs this stands at the store, so there is no RPC. Done again after an interruption, it does the rest, and what was
//! done before once more.

use std::time::Duration;

use anyhow::{Context as _, bail};
use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::entropy::SharedEntropy;

use crate::audit::Audit;
use crate::config::Settings;
use crate::domain::audit::{Actor, EventKind};
use crate::domain::bulk_reset::{BulkState, BulkStop};
use crate::domain::scope::TenantScope;
use crate::domain::tenant::Tenant;
use crate::store::bulk_resets::EndBulkReset;
use crate::store::{Failure, Store};
use crate::wiring;

/// How many tenants are read at once.
const PAGE: u32 = 100;

/// What was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restored {
    /// Tenants, each with its event `tenant.restored`.
    pub tenants: u64,
    /// Accounts whose sessions, access passes, links and open resets ended.
    pub accounts: u64,
    /// Bulk resets that were under way.
    pub bulk_resets: u64,
    /// Notices that waited to be handed to notification.
    pub notices: u64,
}

/// Ends everything of every tenant.
///
/// # Errors
/// The store is away, in use by another process or was not migrated.
pub async fn run(
    settings: &Settings,
    clock: SharedClock,
    entropy: SharedEntropy,
) -> anyhow::Result<Restored> {
    let store = wiring::store(settings).await?;
    if !store.schema_fits().await.context("the store does not answer")? {
        bail!("the schema does not fit; run `rekey migrate` first");
    }
    let throttles = wiring::throttles(settings)?;
    let parts = wiring::parts(settings, store, &throttles, clock, entropy)?;
    let restore = Restore {
        audit: parts.audit(),
        now: parts.clock.now(),
        bulk_results_kept: Duration::from_secs(86_400 * settings.bulk_resets.kept_days),
        store: parts.store,
    };
    restore.every_tenant().await.context("ending what the backup brought back")
}

/// One run of it.
pub(crate) struct Restore {
    pub(crate) store: Store,
    pub(crate) audit: Audit,
    pub(crate) now: Timestamp,
    pub(crate) bulk_results_kept: Duration,
}

impl Restore {
    pub(crate) async fn every_tenant(&self) -> Result<Restored, Failure> {
        let (mut restored, mut after) = (Restored::default(), None);
        loop {
            let tenants = self.store.list_tenants((None, true), after, PAGE).await?;
            let Some(last) = tenants.last() else { break };
            after = Some(last.id);
            for tenant in &tenants {
                self.tenant(tenant, &mut restored).await?;
            }
        }
        loop {
            match self.store.drop_notices().await? {
                0 => return Ok(restored),
                notices => restored.notices += notices,
            }
        }
    }

    async fn tenant(&self, tenant: &Tenant, restored: &mut Restored) -> Result<(), Failure> {
        let scope = TenantScope::ours(tenant.id);
        restored.bulk_resets += u64::from(self.end_bulk_reset(&scope).await?);
        let mut after = None;
        loop {
            let voided = self.store.void_accounts(&scope, after, self.now).await?;
            if voided.last.is_none() {
                break;
            }
            restored.accounts += voided.accounts;
            after = voided.last;
        }
        let event = self.audit.draft(tenant.id, EventKind::TenantRestored, self.now).by(Actor::Rekey).done();
        self.store.append_events(&[event]).await?;
        restored.tenants += 1;
        Ok(())
    }

    async fn end_bulk_reset(&self, scope: &TenantScope) -> Result<bool, Failure> {
        let Some(id) = self.store.alive_bulk_reset(scope).await? else { return Ok(false) };
        let stop = BulkStop::Restored;
        let event = self.audit.draft(scope.tenant_id(), EventKind::BulkReset, self.now).by(Actor::Rekey);
        let end = EndBulkReset {
            id,
            state: BulkState::Stopped,
            stop: Some(stop),
            fence: None,
            forget_at: self.now.plus(self.bulk_results_kept),
            event: event.because(stop.as_str()).done(),
            now: self.now,
        };
        self.store.end_bulk_reset(scope, &end, None).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
