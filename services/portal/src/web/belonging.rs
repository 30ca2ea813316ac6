//! The organisation that a browser belongs to: the one of the settings, or the one that a cookie says.

use rekey_primitives::id::TenantId;

use super::{Fault, Visit};
use crate::domain::{Organisation, OrganisationKey};
use crate::peers::PeerError;

impl Visit {
    /// The organisation whose pages these are.
    ///
    /// # Errors
    /// Nobody said yet, or identity gave no answer.
    pub(crate) async fn organisation(&self) -> Result<Organisation, Fault> {
        let tenant = self.own_tenant().ok_or(Fault::NoOrganisation)?;
        if let Some(kept) = self.kept_organisation().filter(|kept| kept.tenant == tenant) {
            return Ok(kept);
        }
        match self.site.identity.find_organisation(&OrganisationKey::Tenant(tenant)).await {
            Ok(organisation) => {
                self.belongs_to(&organisation);
                Ok(organisation)
            }
            Err(PeerError::Failed(failure)) => Err(failure.into()),
            Err(PeerError::Refused(_)) => {
                Err(Fault::Broken("identity does not know portal.tenant_id".into()))
            }
        }
    }

    /// Its tenant; none where nobody said yet.
    pub(super) fn own_tenant(&self) -> Option<TenantId> {
        self.site.rules.tenant.or_else(|| self.kept_organisation().map(|kept| kept.tenant))
    }
}
