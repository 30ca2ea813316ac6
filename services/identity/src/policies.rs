//! The policy in force of a tenant, and the tenant it is of.

use std::collections::BTreeSet;

use rekey_primitives::method::MethodKind;

use crate::domain::policy::{Policy, PolicyRevision};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::domain::tenant::Tenant;
use crate::operation::Error;
use crate::store::Store;
use crate::store::accounts::TenantKey;

/// Reads policies.
#[derive(Clone)]
pub(crate) struct Policies {
    pub store: Store,
    /// The kinds of methods whose codes this deployment can send, and passkeys where it takes them.
    pub carried_kinds: BTreeSet<MethodKind>,
}

/// A tenant and its policy in force.
pub(crate) struct TenantPolicy {
    pub tenant: Tenant,
    pub policy: Policy,
}

impl Policies {
    pub(crate) async fn tenant(&self, scope: &TenantScope) -> Result<Tenant, Error> {
        let key = TenantKey::Id(scope.tenant_id());
        self.store.find_tenant(&key).await?.ok_or_else(|| Refusal::TenantNotFound.into())
    }

    pub(crate) async fn revision(&self, scope: &TenantScope) -> Result<PolicyRevision, Error> {
        self.store.policy(scope).await?.ok_or_else(|| Refusal::TenantNotFound.into())
    }

    pub(crate) async fn policy(&self, scope: &TenantScope) -> Result<Policy, Error> {
        Ok(self.revision(scope).await?.policy)
    }

    /// The policy as far as this deployment can carry it out ([`Self::carried_out`]).
    pub(crate) async fn reset_policy(&self, scope: &TenantScope) -> Result<Policy, Error> {
        self.policy(scope).await.map(|policy| self.carried_out(policy))
    }

    /// A policy without those kinds of methods whose codes are not sent here, and without passkeys where none are taken. They are neither offered nor invented, or a decoy
    /// would give itself away.
    pub(crate) fn carried_out(&self, mut policy: Policy) -> Policy {
        let is_always = |kind: MethodKind| kind.channel().is_none() && kind != MethodKind::Passkey;
        let is_carried = |kind: &MethodKind| is_always(*kind) || self.carried_kinds.contains(kind);
        policy.reset.allowed_methods.retain(is_carried);
        policy.sign_in.passkey_alone &= self.carried_kinds.contains(&MethodKind::Passkey);
        policy
    }
}
