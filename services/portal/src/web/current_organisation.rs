//! The organisation that a browser belongs to: the one of the settings, or the one that a cookie says.

use axum::response::Response;
use rekey_primitives::id::TenantId;

use super::{Fault, PageContext};
use crate::domain::{Organisation, OrganisationKey};
use crate::peers::PeerError;

impl PageContext {
    /// The organisation whose pages these are.
    ///
    /// # Errors
    /// Nobody said yet, or identity gave no answer.
    pub(crate) async fn organisation(&self) -> Result<Organisation, Fault> {
        let tenant = self.current_tenant().ok_or(Fault::NoOrganisation)?;
        if let Some(kept) = self.organisation_of(tenant) {
            return Ok(kept);
        }
        match self.site.identity.find_organisation(&OrganisationKey::Tenant(tenant)).await {
            Ok(organisation) => {
                self.remember_organisation(&organisation);
                Ok(organisation)
            }
            Err(PeerError::Failed(failure)) => Err(failure.into()),
            Err(PeerError::Refused(_)) => {
                Err(Fault::Internal("identity does not know portal.tenant_id".into()))
            }
        }
    }

    /// The same, as far as the browser knows it: for a page that asks nobody.
    pub(crate) fn known_organisation(&self) -> Option<Organisation> {
        self.organisation_of(self.current_tenant()?)
    }

    /// The organisation of a tenant, if it is the one that the browser belongs to: of others it knows neither name nor look.
    pub(crate) fn organisation_of(&self, tenant: TenantId) -> Option<Organisation> {
        self.remembered_organisation().filter(|kept| kept.tenant == tenant)
    }

    /// The only organisation of this portal, as far as the browser knows it; none where it has several.
    pub(crate) fn only_organisation(&self) -> Option<Organisation> {
        self.organisation_of(self.site.rules.tenant?)
    }

    /// An answer that ends what was under way for a tenant. A browser that was led to another organisation meanwhile is asked for it
    /// anew: the pages that come next would be those of the other.
    pub(crate) fn without_stale_organisation(
        &self,
        tenant: TenantId,
        response: Response,
    ) -> Result<Response, Fault> {
        let is_led_elsewhere = self.current_tenant().is_some_and(|own| own != tenant);
        if is_led_elsewhere { self.with_cookie(response, None, None::<&Organisation>) } else { Ok(response) }
    }

    /// Its tenant; none where nobody said yet.
    pub(super) fn current_tenant(&self) -> Option<TenantId> {
        self.site.rules.tenant.or_else(|| self.remembered_organisation().map(|kept| kept.tenant))
    }
}
