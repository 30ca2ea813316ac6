//! `rekey.identity.v1.LinkedAccountService`.

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::linked_account_service_server::LinkedAccountService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::status;
use crate::sessions::{MyTenant, MyTenantState, Sessions};

/// Answered by this use case.
#[derive(Clone)]
pub(super) struct LinkedAccountApi {
    pub(super) sessions: Sessions,
}

#[tonic::async_trait]
impl LinkedAccountService for LinkedAccountApi {
    async fn link_account(
        &self,
        request: Request<wire::LinkAccountRequest>,
    ) -> Result<Response<wire::LinkAccountResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let other = fields.token("other_access_token", sent.other_access_token);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (other, request_id, context) = fields.finish(|| Some((other?, request_id?, context?)))?;
        let owner = asking.owner(context)?;
        let linked = self.sessions.link_account(&owner, &other, request_id).await.map_err(status)?;
        Ok(Response::new(wire::LinkAccountResponse { tenant: Some(my_tenant(linked)) }))
    }

    async fn unlink_account(
        &self,
        request: Request<wire::UnlinkAccountRequest>,
    ) -> Result<Response<wire::UnlinkAccountResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, request_id, context) = fields.finish(|| Some((tenant_id?, request_id?, context?)))?;
        let owner = asking.owner(context)?;
        self.sessions.unlink_account(&owner, tenant_id, request_id).await.map_err(status)?;
        Ok(Response::new(wire::UnlinkAccountResponse {}))
    }
}

/// A tenant of a person.
pub(super) fn my_tenant(tenant: MyTenant) -> wire::MyTenant {
    let state = match tenant.state {
        MyTenantState::Current => wire::MyTenantState::Current,
        MyTenantState::Linked => wire::MyTenantState::Linked,
        MyTenantState::Suspended => wire::MyTenantState::Suspended,
    };
    wire::MyTenant {
        tenant_id: tenant.tenant_id.to_string(),
        handle: tenant.handle,
        display_name: tenant.display_name,
        account_id: tenant.account_id.to_string(),
        external_id: tenant.external_id.unwrap_or_default(),
        state: state.into(),
        link_time: tenant.linked_at.and_then(encode::moment),
    }
}
