//! `rekey.identity.v1.PolicyService`.

mod document;
mod draft;

use std::pin::Pin;

use futures_util::Stream;
use futures_util::stream::try_unfold;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::policy_service_server::PolicyService;
use tonic::{Request, Response, Status};

use self::document::{grade, page, policy, revision};
use self::draft::edit;
use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::status;
use crate::directory::{Directory, PolicyTarget, PolicyView, Preview};

/// Whoever may call this may read everything of a policy.
const MANAGING: &str = "/rekey.identity.v1.PolicyService/UpdatePolicy";

/// Whoever may call this knows which logins there are.
const READING: &str = "/rekey.identity.v1.AccountService/ListAccounts";

const REVISION: &str = "1 or more";

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct PolicyApi {
    pub(super) directory: Directory,
}

#[tonic::async_trait]
impl PolicyService for PolicyApi {
    type PreviewPolicyStream =
        Pin<Box<dyn Stream<Item = Result<wire::PreviewPolicyResponse, Status>> + Send>>;

    async fn get_policy(
        &self,
        request: Request<wire::GetPolicyRequest>,
    ) -> Result<Response<wire::GetPolicyResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let version = fields.take("revision", (sent.revision >= 0).then_some(sent.revision), "0 or more");
        let context = fields.context(&asking, sent.context);
        let (tenant_id, version, context) = fields.finish(|| Some((tenant_id?, version?, context?)))?;
        let (administrator, manages) = (asking.administrator(context), asking.may_administer(MANAGING));
        let version = Some(version).filter(|version| *version > 0);
        let view =
            self.directory.get_policy(&administrator, tenant_id, version, manages).await.map_err(status)?;
        Ok(Response::new(wire::GetPolicyResponse { policy: Some(policy(&view)) }))
    }

    async fn update_policy(
        &self,
        request: Request<wire::UpdatePolicyRequest>,
    ) -> Result<Response<wire::UpdatePolicyResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let edit = edit(&mut fields, sent.policy, sent.update_mask);
        let version = fields.etag(&sent.etag);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (target, edit, context) = fields.finish(|| {
            let target = PolicyTarget { tenant_id: tenant_id?, version: version?, request_id: request_id? };
            Some((target, edit?, context?))
        })?;
        let administrator = asking.administrator(context);
        let revision = self.directory.update_policy(&administrator, target, &edit).await.map_err(status)?;
        let changed = policy(&PolicyView { revision, with_terms: true });
        Ok(Response::new(wire::UpdatePolicyResponse { policy: Some(changed) }))
    }

    async fn preview_policy(
        &self,
        request: Request<wire::PreviewPolicyRequest>,
    ) -> Result<Response<Self::PreviewPolicyStream>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let edit = edit(&mut fields, sent.policy, sent.update_mask);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, edit, context) = fields.finish(|| Some((tenant_id?, edit?, context?)))?;
        let (administrator, reads) = (asking.administrator(context), asking.may_administer(READING));
        let begun = self.directory.preview_policy(&administrator, tenant_id, &edit, reads).await;
        let walk = begun.map_err(status)?;
        let pages = try_unfold(walk, |mut walk: Preview| async move {
            let found = walk.next().await.map_err(status)?;
            Ok(found.map(|found| (page(&found), walk)))
        });
        Ok(Response::new(Box::pin(pages)))
    }

    async fn list_policy_revisions(
        &self,
        request: Request<wire::ListPolicyRevisionsRequest>,
    ) -> Result<Response<wire::ListPolicyRevisionsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, asked, context) = fields.finish(|| Some((tenant_id?, asked?, context?)))?;
        let administrator = asking.administrator(context);
        let listed = self.directory.list_policy_revisions(&administrator, tenant_id, &asked).await;
        let page = listed.map_err(status)?;
        Ok(Response::new(wire::ListPolicyRevisionsResponse {
            revisions: page.items.iter().map(revision).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn rollback_policy(
        &self,
        request: Request<wire::RollbackPolicyRequest>,
    ) -> Result<Response<wire::RollbackPolicyResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let to = fields.take("revision", Some(sent.revision).filter(|number| *number > 0), REVISION);
        let version = fields.etag(&sent.etag);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (target, to, context) = fields.finish(|| {
            let target = PolicyTarget { tenant_id: tenant_id?, version: version?, request_id: request_id? };
            Some((target, to?, context?))
        })?;
        let administrator = asking.administrator(context);
        let revision = self.directory.roll_back_policy(&administrator, target, to).await.map_err(status)?;
        let restored = policy(&PolicyView { revision, with_terms: true });
        Ok(Response::new(wire::RollbackPolicyResponse { policy: Some(restored) }))
    }

    async fn grade_policy(
        &self,
        request: Request<wire::GradePolicyRequest>,
    ) -> Result<Response<wire::GradePolicyResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, context) = fields.finish(|| Some((tenant_id?, context?)))?;
        let administrator = asking.administrator(context);
        let graded = self.directory.grade_policy(&administrator, tenant_id).await.map_err(status)?;
        let (grades, revision) = graded;
        Ok(Response::new(wire::GradePolicyResponse { grades: grades.iter().map(grade).collect(), revision }))
    }
}
