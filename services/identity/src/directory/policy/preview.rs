//! A dry run of a change of policy over all accounts of a tenant.
//!
//! Accounts are judged a page at a time, whenever the reader of the stream takes the next message: what is held in memory is
//! one page, and a reader that goes away ends the walk.

use std::collections::BTreeSet;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};

use super::Directory;
use crate::domain::audit::EventKind;
use crate::domain::authority::Permission;
use crate::domain::eligibility::forecast::{Comparison, Forecast};
use crate::domain::eligibility::{Candidate, Ineligible};
use crate::domain::policy::grade::{Grade, grades};
use crate::domain::policy::{Policy, PolicyEdit};
use crate::domain::scope::TenantScope;
use crate::operation::{Administrator, Error, Rpc};
use crate::store::Store;
use crate::store::resets::Seats;

const PREVIEW: Rpc = Rpc { name: "PreviewPolicy", event: EventKind::PermissionDenied };

/// Accounts in a page: some hundred kilobytes, and few enough statements for a million accounts.
const PAGE: u32 = 500;

/// A walk under way.
pub(crate) struct Preview {
    store: Store,
    scope: TenantScope,
    today: Policy,
    then: Policy,
    seats: Seats,
    now: Timestamp,
    shows_logins: bool,
    totals: Forecast,
    /// Until the first page takes them.
    grades: Vec<Grade>,
    after: Option<AccountId>,
    is_over: bool,
}

/// Totals so far, and what was found since those before.
#[derive(Debug, Clone)]
pub(crate) struct PreviewPage {
    pub totals: Forecast,
    pub stranded: Vec<Stranded>,
    /// Of the policy then; in the first page alone.
    pub grades: Vec<Grade>,
    pub is_last: bool,
}

/// An account that the change strands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stranded {
    pub account_id: AccountId,
    /// Its first login, for those who may read the directory.
    pub login: Option<String>,
    pub causes: Vec<Ineligible>,
}

impl Directory {
    /// Begins a dry run of a change, which is judged as the change would be. For a backend in its own name, `reads` says
    /// whether it may read the directory.
    pub(crate) async fn preview_policy(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        edit: &PolicyEdit,
        reads: bool,
    ) -> Result<Preview, Error> {
        let operation = self.authorisation.operation(PREVIEW, administrator, tenant_id)?;
        let needs = Permission::ManagePolicy;
        self.authorisation.authorise_in_tenant(&operation, administrator, needs).await?;
        let today = self.policies.policy(&operation.scope).await?;
        let then = edit.apply(&today);
        self.check(&operation.scope, &then, edit.logo.as_ref()).await?;
        let directory = Permission::ReadDirectory;
        Ok(Preview {
            store: self.store.lagging(),
            scope: operation.scope,
            grades: grades(&then),
            today: self.policies.carried_out(today),
            then: self.policies.carried_out(then),
            seats: self.store.seats(&operation.scope).await?,
            now: operation.now,
            shows_logins: self.authorisation.holds(&operation, administrator, directory, reads).await?,
            totals: Forecast::default(),
            after: None,
            is_over: false,
        })
    }
}

impl Preview {
    /// The next page; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<PreviewPage>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let page = self.store.walk_accounts(&self.scope, self.after, PAGE).await?;
        let compared = Comparison { today: &self.today, then: &self.then, now: self.now };
        let (no_groups, mut stranded) = (BTreeSet::new(), Vec::new());
        for account in &page.accounts {
            let groups = page.groups_of(account).unwrap_or(&no_groups);
            let candidate = Candidate { account, groups, has_seat: self.seats.has(account) };
            let causes = self.totals.count(&candidate, &compared);
            if !causes.is_empty() {
                let login = account.logins.first().filter(|_| self.shows_logins);
                let login = login.map(|login| login.as_str().to_owned());
                stranded.push(Stranded { account_id: account.id, login, causes });
            }
        }
        self.after = page.accounts.last().map(|account| account.id);
        self.is_over = self.after.is_none();
        let (totals, grades) = (self.totals.clone(), std::mem::take(&mut self.grades));
        Ok(Some(PreviewPage { totals, stranded, grades, is_last: self.is_over }))
    }
}
