//! The directory: tenants, their accounts and their policies, as administrators and integrators create and find them.

mod account_edits;
mod accounts;
mod bootstrap;
mod deletion;
mod erasure;
mod export;
mod groups;
mod imports;
mod policy;
mod search;
mod tenant_changes;
mod tenants;

use rekey_primitives::clock::SharedClock;
use rekey_primitives::entropy::SharedEntropy;

pub(crate) use account_edits::EditTarget;
pub(crate) use accounts::{AccountName, NewAccount};
pub use bootstrap::Bootstrapped;
pub(crate) use bootstrap::FirstTenant;
pub(crate) use deletion::DeletedLife;
pub(crate) use export::{AskedExport, Export, ExportPage, ExportedAccount};
#[cfg(test)]
pub(crate) use groups::READING as GROUPS_NEED;
pub(crate) use groups::{GroupEdit, GroupName, GroupsOf};
pub(crate) use imports::{Chunk, ImportName, ImportedAddress, NewImport, NewRecord, UnreadRecord};
pub(crate) use policy::{PolicyTarget, PolicyView, Preview, PreviewPage, RevisionView, Stranded};
pub(crate) use tenant_changes::TenantTarget;
pub(crate) use tenants::{NewHome, NewTenant, Reach, TenantName};

use crate::audit::Audit;
use crate::authorisation::Authorisation;
use crate::credentials::Credentials;
use crate::limits::Limits;
use crate::operation::Homes;
use crate::operation::idempotency::Idempotency;
use crate::policies::Policies;
use crate::store::Store;
use crate::tokens::Tokens;

/// The use case.
#[derive(Clone)]
pub(crate) struct Directory {
    pub store: Store,
    pub clock: SharedClock,
    pub entropy: SharedEntropy,
    pub tokens: Tokens,
    pub credentials: Credentials,
    pub limits: Limits,
    pub policies: Policies,
    pub audit: Audit,
    pub authorisation: Authorisation,
    pub idempotency: Idempotency,
    /// For how long what is deleted can be brought back.
    pub deleted_life: DeletedLife,
    /// Which tenants are at home elsewhere.
    pub homes: Homes,
}

#[cfg(test)]
mod tests;
