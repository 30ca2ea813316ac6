//! The policy of a tenant: read, changed, and put back to how it was.
//!
//! A change is judged on the revision it was made on and written only behind that one, so of two people who edit at once
//! one is told. What may not be stored is refused whole: every field at once.

mod preview;
mod revisions;

use rekey_primitives::id::{RequestId, TenantId};

pub(crate) use preview::{Preview, PreviewPage, Stranded};
pub(crate) use revisions::RevisionView;

use super::Directory;
use crate::domain::audit::{Actor, EventKind};
use crate::domain::authority::Permission;
use crate::domain::eligibility::Candidate;
use crate::domain::group::GroupId;
use crate::domain::logo::Logo;
use crate::domain::policy::grade::{Grade, grades};
use crate::domain::policy::way_in::{has_way_in, is_open_global_administrator};
use crate::domain::policy::{Policy, PolicyEdit, PolicyRevision, ResetScope, changed_fields};
use crate::domain::refusal::{FieldInvalid, Refusal};
use crate::domain::scope::TenantScope;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Administrator, Error, Operation, Repeatable, Rpc};
use crate::store::accounts::{ChangePolicy, PolicyOvertaken};

// Whoever reads leaves no event but a denial.
const GET: Rpc = Rpc { name: "GetPolicy", event: EventKind::PermissionDenied };
const GRADE: Rpc = Rpc { name: "GradePolicy", event: EventKind::PermissionDenied };
const UPDATE: Rpc = Rpc { name: "UpdatePolicy", event: EventKind::PolicyUpdated };
const ROLL_BACK: Rpc = Rpc { name: "RollbackPolicy", event: EventKind::PolicyRolledBack };

/// A policy as somebody sees it.
#[derive(Debug, Clone)]
pub(crate) struct PolicyView {
    pub revision: PolicyRevision,
    /// Whether they may read the tenant's own banned terms.
    pub with_terms: bool,
}

/// A document that is to follow the one in force.
struct Successor {
    policy: Policy,
    /// The logo that it names, where it was sent along.
    logo: Option<Logo>,
    /// What the change is, for the log.
    what: String,
}

/// Which policy is changed, on which revision of it, by which call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PolicyTarget {
    pub tenant_id: TenantId,
    /// The number that its etag stood for.
    pub version: i64,
    pub request_id: RequestId,
}

impl Successor {
    /// What is logged of the change. Of a logo that changed there is its digest, since no list shows the image.
    fn logged_behind(&self, before: &Policy) -> String {
        if before.portal.logo == self.policy.portal.logo {
            return self.what.clone();
        }
        let digest = self.policy.portal.logo.map_or_else(|| "none".to_owned(), |digest| digest.to_string());
        format!("{} logo_digest={digest}", self.what)
    }
}

impl Directory {
    /// Shows the policy in force, or as it was in a revision. Who may not change it does not see the banned terms, which say
    /// what people of the tenant would choose; for a backend in its own name, `manages` says whether it may.
    pub(crate) async fn get_policy(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        version: Option<i64>,
        manages: bool,
    ) -> Result<PolicyView, Error> {
        let operation = self.reading_policy(GET, administrator, tenant_id).await?;
        let newest = self.policies.revision(&operation.scope).await?;
        let revision = match version {
            Some(version) => self.policy_revision(&operation.scope, version).await?,
            None => newest,
        };
        let needs = Permission::ManagePolicy;
        let with_terms = self.authorisation.holds(&operation, administrator, needs, manages).await?;
        Ok(PolicyView { revision, with_terms })
    }

    /// Grades the policy in force.
    pub(crate) async fn grade_policy(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
    ) -> Result<(Vec<Grade>, i64), Error> {
        let operation = self.reading_policy(GRADE, administrator, tenant_id).await?;
        let revision = self.policies.revision(&operation.scope).await?;
        Ok((grades(&revision.policy), revision.version))
    }

    /// Changes some fields.
    pub(crate) async fn update_policy(
        &self,
        administrator: &Administrator,
        target: PolicyTarget,
        edit: &PolicyEdit,
    ) -> Result<PolicyRevision, Error> {
        let operation = self.authorisation.operation(UPDATE, administrator, target.tenant_id)?;
        let needs = Permission::ManagePolicy;
        self.authorisation.authorise_in_tenant(&operation, administrator, needs).await?;
        let (who, content) = (administrator.name(), edit.content());
        let content: &[&[u8]] = &[&target.version.to_be_bytes(), &content];
        let named = Request { who: &who, id: target.request_id, content };
        let operation = self.idempotency.named(operation, named);
        let work = async {
            let current = self.current(&operation.scope, target.version).await?;
            let policy = edit.apply(&current.policy);
            let logo = edit.logo.clone();
            self.check(&operation.scope, &policy, logo.as_ref()).await?;
            let changed = changed_fields(&current.policy, &policy);
            if changed.is_empty() {
                return Ok(Answer::to_store(current));
            }
            let successor = Successor { policy, logo, what: changed.join(" ") };
            self.put_in_force(&operation, &current, successor).await
        };
        self.idempotency.run(&operation, work).await
    }

    /// Puts the document of an earlier revision in force again.
    pub(crate) async fn roll_back_policy(
        &self,
        administrator: &Administrator,
        target: PolicyTarget,
        version: i64,
    ) -> Result<PolicyRevision, Error> {
        let operation = self.authorisation.operation(ROLL_BACK, administrator, target.tenant_id)?;
        let needs = Permission::ManagePolicy;
        self.authorisation.authorise_in_tenant(&operation, administrator, needs).await?;
        let who = administrator.name();
        let content: &[&[u8]] = &[&target.version.to_be_bytes(), &version.to_be_bytes()];
        let named = Request { who: &who, id: target.request_id, content };
        let operation = self.idempotency.named(operation, named);
        let work = async {
            let current = self.current(&operation.scope, target.version).await?;
            let earlier = self.policy_revision(&operation.scope, version).await?;
            if earlier.policy == current.policy {
                return Ok(Answer::to_store(current));
            }
            self.check(&operation.scope, &earlier.policy, None).await?;
            let what = format!("revision {version}");
            let successor = Successor { policy: earlier.policy, logo: None, what };
            self.put_in_force(&operation, &current, successor).await
        };
        self.idempotency.run(&operation, work).await
    }

    /// The operation of somebody who may read the policy.
    async fn reading_policy<'a>(
        &self,
        rpc: Rpc,
        administrator: &'a Administrator,
        tenant_id: TenantId,
    ) -> Result<Operation<'a>, Error> {
        let operation = self.authorisation.operation(rpc, administrator, tenant_id)?;
        let needs = Permission::ReadPolicy;
        self.authorisation.authorise_in_tenant(&operation, administrator, needs).await?;
        Ok(operation)
    }

    async fn policy_revision(&self, scope: &TenantScope, version: i64) -> Result<PolicyRevision, Error> {
        let found = self.store.policy_revision(scope, version).await?;
        found.ok_or_else(|| Refusal::PolicyRevisionNotFound.into())
    }

    /// The policy in force, if it is still the one that the change was made on.
    async fn current(&self, scope: &TenantScope, version: i64) -> Result<PolicyRevision, Error> {
        let current = self.policies.revision(scope).await?;
        if current.version == version { Ok(current) } else { Err(Refusal::EtagMismatch.into()) }
    }

    async fn put_in_force(
        &self,
        operation: &Repeatable<'_>,
        current: &PolicyRevision,
        successor: Successor,
    ) -> Result<Answer<PolicyRevision>, Error> {
        let reason = successor.logged_behind(&current.policy);
        let Successor { policy, logo, .. } = successor;
        if self.locks_out(operation, &current.policy, &policy).await? {
            self.audit.note_refused(operation, "policy_locks_out_administrators");
            return Err(Refusal::PolicyLocksOutAdministrators.into());
        }
        let revision = PolicyRevision {
            tenant_id: operation.scope.tenant_id(),
            version: current.version + 1,
            policy,
            changed_by: match operation.actor {
                Actor::Account(id) => Some(id),
                Actor::Stranger | Actor::Service | Actor::Rekey | Actor::Erased(_) => None,
            },
            changed_at: operation.now,
        };
        let event = self.audit.event(operation).because(reason).done();
        let change = ChangePolicy { revision, logo, event, now: operation.now };
        let answering =
            self.idempotency.answering(operation.key, |revision: &PolicyRevision| revision.clone());
        let step = self.store.change_policy(&operation.scope, &change, Some(answering.once())).await?;
        answering.settle(step)?.map_err(|PolicyOvertaken| Refusal::EtagMismatch.into())
    }

    /// Refuses a document that may not be stored, naming every field of it that is wrong. `sent` is the logo that came with it.
    async fn check(&self, scope: &TenantScope, policy: &Policy, sent: Option<&Logo>) -> Result<(), Error> {
        let out_of_bounds = policy.check().into_iter().map(|wrong| (wrong.field, wrong.must_be));
        let unknown = self.fields_with_unknown_groups(scope, policy).await?;
        let is_lacking = self.lacks_logo(scope, policy, sent).await?;
        let lacking = is_lacking.then_some(("portal.logo_digest", "of a logo that the tenant has or had"));
        let named = |(field, must_be)| FieldInvalid { field: format!("policy.{field}").into(), must_be };
        let wrong: Vec<FieldInvalid> = out_of_bounds.chain(unknown).chain(lacking).map(named).collect();
        if wrong.is_empty() { Ok(()) } else { Err(Refusal::FieldsInvalid(wrong).into()) }
    }

    /// Whether a document names a logo whose image is neither stored nor sent along. One that is stored stays.
    async fn lacks_logo(
        &self,
        scope: &TenantScope,
        policy: &Policy,
        sent: Option<&Logo>,
    ) -> Result<bool, Error> {
        let Some(digest) = policy.portal.logo else { return Ok(false) };
        if sent.is_some_and(|logo| logo.digest() == digest) {
            return Ok(false);
        }
        Ok(self.store.portal_logo(scope, digest).await?.is_none())
    }

    async fn fields_with_unknown_groups(
        &self,
        scope: &TenantScope,
        policy: &Policy,
    ) -> Result<Vec<(&'static str, &'static str)>, Error> {
        let ResetScope::Groups { included, excluded } = &policy.reset.enabled_scope else {
            return Ok(Vec::new());
        };
        let named: Vec<GroupId> = included.union(excluded).copied().collect();
        let known = self.store.known_groups(scope, &named).await?;
        let sides = [("reset.included_group_ids", included), ("reset.excluded_group_ids", excluded)];
        let has_unknown =
            sides.into_iter().filter(|(_, groups)| groups.iter().any(|group| !known.contains(group)));
        Ok(has_unknown.map(|(field, _)| (field, "groups of the tenant")).collect())
    }

    /// Whether no global administrator could sign in or reset any more, though one can today. A tenant without any is looked
    /// after by backends, and has nobody to lock out.
    async fn locks_out(
        &self,
        operation: &Operation<'_>,
        today: &Policy,
        then: &Policy,
    ) -> Result<bool, Error> {
        let [today, then] = [today, then].map(|policy| self.policies.carried_out(policy.clone()));
        let administrators = self.store.administrators(&operation.scope).await?;
        let mut one_gets_in = false;
        for account in administrators.iter().filter(|account| is_open_global_administrator(account)) {
            let facts = self.store.eligibility_facts(&operation.scope, account.id).await?;
            let candidate = Candidate { account, groups: &facts.groups, has_seat: facts.has_seat };
            if has_way_in(&candidate, &then, operation.now) {
                return Ok(false);
            }
            one_gets_in |= has_way_in(&candidate, &today, operation.now);
        }
        Ok(one_gets_in)
    }
}

#[cfg(test)]
mod tests;
