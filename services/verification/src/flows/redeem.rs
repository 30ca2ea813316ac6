//! Spending a grant.

use rekey_primitives::id::RequestId;
use rekey_primitives::secret::{ExposeSecret as _, SecretString, same};

use super::keys::binding_digest;
use super::{Error, Flows};
use crate::domain::grant::Grant;
use crate::domain::names::Binding;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::domain::tag::Request;
use crate::store::{Redeem, Redeemed};

/// A grant, and who shows it.
#[derive(Debug, Clone)]
pub(crate) struct RedeemOrder {
    /// Who redeems, in which tenant.
    pub(crate) scope: TenantScope,
    /// The call's id.
    pub(crate) request: RequestId,
    /// The grant as it was given.
    pub(crate) grant: SecretString,
    /// The bytes it was bound to.
    pub(crate) binding: Binding,
}

impl Flows {
    /// Spends a grant once; anything wrong with it is one refusal.
    #[tracing::instrument(skip_all, fields(tenant = %order.scope.tenant))]
    pub(crate) async fn redeem(&self, order: &RedeemOrder) -> Result<Grant, Error> {
        let now = self.clock.now();
        let text = order.grant.expose_secret();
        let grant = self.keys.verify_grant(text).filter(|grant| is_for(grant, order));
        let grant = grant.ok_or(Refusal::GrantInvalid)?;
        let content = self.keys.content(&[b"redeem", text.as_bytes(), order.binding.as_bytes()]);
        let redeem = Redeem {
            request: Request { id: order.request, content },
            scope: order.scope.clone(),
            grant: grant.id,
            generation: grant.generation.clone(),
            expires_at: grant.expires_at,
            answer_life: self.rules.answer_life,
        };
        match self.store.redeem(&redeem, now).await? {
            Redeemed::Spent => Ok(grant),
            Redeemed::Refused(refusal) => Err(refusal.into()),
        }
    }
}

fn is_for(grant: &Grant, order: &RedeemOrder) -> bool {
    grant.tenant == order.scope.tenant
        && grant.audience == order.scope.caller
        && same(&grant.binding, &binding_digest(&order.binding))
}
