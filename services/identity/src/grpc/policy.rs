//! `rekey.identity.v1.PolicyService`.

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::policy_service_server::PolicyService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode::{self, count};
use super::refusal::status;
use crate::directory::Directory;
use crate::domain::policy::{
    LockoutRules, PasswordRules, PolicyRevision, ResetRules, ResetScope, SessionRules,
};

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct PolicyApi {
    pub(super) directory: Directory,
}

#[tonic::async_trait]
impl PolicyService for PolicyApi {
    async fn get_policy(
        &self,
        request: Request<wire::GetPolicyRequest>,
    ) -> Result<Response<wire::GetPolicyResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, context) = fields.finish(|| Some((tenant_id?, context?)))?;
        let administrator = asking.administrator(context);
        let revision = self.directory.get_policy(&administrator, tenant_id).await.map_err(status)?;
        Ok(Response::new(wire::GetPolicyResponse { policy: Some(policy(&revision)) }))
    }
}

fn policy(revision: &PolicyRevision) -> wire::Policy {
    let policy = &revision.policy;
    wire::Policy {
        revision: revision.version,
        etag: encode::etag(revision.version),
        reset: Some(reset(&policy.reset)),
        password: Some(password(&policy.password)),
        lockout: Some(lockout(&policy.lockout)),
        session: Some(session(&policy.sessions)),
        update_time: encode::moment(revision.changed_at),
    }
}

fn reset(rules: &ResetRules) -> wire::ResetPolicy {
    let scope = match rules.enabled_scope {
        ResetScope::Nobody => wire::ResetScope::Nobody,
        ResetScope::Groups { .. } => wire::ResetScope::Groups,
        ResetScope::Everybody => wire::ResetScope::Everybody,
    };
    wire::ResetPolicy {
        scope: scope.into(),
        proofs_required: i32::from(rules.proofs_required),
        allowed_methods: rules.allowed_methods.iter().map(|kind| kind.as_str().to_owned()).collect(),
        reveal_eligibility: rules.reveal_eligibility,
        accept_prefilled: rules.accept_prefilled,
        change_quarantine_hours: count(rules.change_quarantine_hours),
    }
}

fn password(rules: &PasswordRules) -> wire::PasswordPolicy {
    wire::PasswordPolicy {
        minimum_length: count(rules.minimum_length),
        maximum_length: count(rules.maximum_length),
        require_three_classes: rules.require_three_classes,
        history: count(rules.history),
        expiry_days: rules.expiry_days.map_or(0, count),
        banned_terms: i32::try_from(rules.banned_terms.len()).unwrap_or(i32::MAX),
    }
}

fn lockout(rules: &LockoutRules) -> wire::LockoutPolicy {
    wire::LockoutPolicy {
        threshold: count(rules.threshold),
        first_lock_seconds: count(rules.base_seconds),
        longest_lock_seconds: count(rules.ceiling_seconds),
    }
}

/// The contract shows whole days, rounded up.
fn session(rules: &SessionRules) -> wire::SessionPolicy {
    wire::SessionPolicy { life_days: count(rules.life_hours.div_ceil(24)) }
}
