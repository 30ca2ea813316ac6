//! Redeeming a grant.

use std::collections::BTreeSet;

use rekey_primitives::id::RequestId;
use rekey_primitives::secret::{ExposeSecret as _, SecretString, same};

use super::keys::binding_digest;
use super::{Codes, Error};
use crate::domain::grant::Grant;
use crate::domain::names::Binding;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::store::RedeemStep;

#[derive(Debug, Clone)]
pub(crate) struct RedeemRequest {
    /// Who redeems, in which tenant.
    pub(crate) scope: TenantScope,
    pub(crate) request_id: RequestId,
    /// The signed text.
    pub(crate) grant: SecretString,
    /// What it was bound to.
    pub(crate) binding: Binding,
    /// Whose grants are accepted; none means everybody's.
    pub(crate) issuers: Option<BTreeSet<String>>,
}

impl Codes {
    /// Redeems a grant once; anything wrong with it is one refusal.
    #[tracing::instrument(skip_all, fields(tenant = %request.scope.tenant))]
    pub(crate) async fn redeem(&self, request: &RedeemRequest) -> Result<Grant, Error> {
        let now = self.clock.now();
        let text = request.grant.expose_secret();
        let grant = self.keys.verify_grant(text).filter(|grant| is_for(grant, request));
        let grant = grant.ok_or(Refusal::GrantInvalid)?;
        let content = self.keys.content_macs(&[b"redeem", text.as_bytes(), request.binding.as_bytes()]);
        let step = RedeemStep {
            idempotency: self.idempotency(request.request_id, content),
            scope: request.scope.clone(),
            grant: grant.id,
            run_id: grant.run_id.clone(),
            expires_at: grant.expires_at,
        };
        self.store.redeem(&step, now).await??;
        Ok(grant)
    }
}

fn is_for(grant: &Grant, request: &RedeemRequest) -> bool {
    grant.tenant == request.scope.tenant
        && grant.audience == request.scope.caller
        && request.issuers.as_ref().is_none_or(|issuers| issuers.contains(grant.caller.as_str()))
        && same(&grant.binding, &binding_digest(&request.binding))
}
