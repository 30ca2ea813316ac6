//! `rekey.identity.v1.PolicyService`.

use prost_types::Duration;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::policy_service_server::PolicyService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode::{self, count, kind};
use super::refusal::status;
use crate::directory::Directory;
use crate::domain::policy::{
    LockoutRules, MethodHints, PasswordRules, PolicyRevision, ResetRules, ResetScope, SessionRules,
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
        allowed_methods: rules.allowed_methods.iter().map(|method| kind(*method).into()).collect(),
        reveal_eligibility: rules.reveal_eligibility,
        accept_prefilled: rules.accept_prefilled,
        change_quarantine: hours(rules.change_quarantine_hours),
        method_hints: method_hints(rules.method_hints).into(),
    }
}

const fn method_hints(hints: MethodHints) -> wire::MethodHints {
    match hints {
        MethodHints::Kinds => wire::MethodHints::Kinds,
        MethodHints::Masked => wire::MethodHints::Masked,
    }
}

fn password(rules: &PasswordRules) -> wire::PasswordPolicy {
    wire::PasswordPolicy {
        minimum_length: count(rules.minimum_length),
        maximum_length: count(rules.maximum_length),
        require_three_classes: rules.require_three_classes,
        history: count(rules.history),
        expiry: rules.expiry_days.and_then(|days| hours(days.saturating_mul(24))),
        banned_terms: i32::try_from(rules.banned_terms.len()).unwrap_or(i32::MAX),
    }
}

fn lockout(rules: &LockoutRules) -> wire::LockoutPolicy {
    wire::LockoutPolicy {
        threshold: count(rules.threshold),
        first_lock: seconds(rules.base_seconds),
        longest_lock: seconds(rules.ceiling_seconds),
    }
}

fn session(rules: &SessionRules) -> wire::SessionPolicy {
    wire::SessionPolicy { life: hours(rules.life_hours) }
}

fn hours(hours: u32) -> Option<Duration> {
    seconds(hours.saturating_mul(3_600))
}

fn seconds(seconds: u32) -> Option<Duration> {
    Some(Duration { seconds: seconds.into(), nanos: 0 })
}
