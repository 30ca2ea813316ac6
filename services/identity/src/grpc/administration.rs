//! `rekey.identity.v1.AdministrationService`.

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::administration_service_server::AdministrationService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::status;
use super::sessions::session;
use crate::administration::{Act, Administration};
use crate::domain::authority::Role;
use crate::operation::Target;

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct AdministrationApi {
    pub(super) administration: Administration,
}

/// The fields that every act has.
struct Sent {
    tenant_id: String,
    account_id: String,
    request_id: String,
    context: Option<wire::RequestContext>,
}

/// Takes the fields that every request of the service has by the same names.
macro_rules! sent {
    ($request:ident) => {
        Sent {
            tenant_id: $request.tenant_id,
            account_id: $request.account_id,
            request_id: $request.request_id,
            context: $request.context,
        }
    };
}

impl AdministrationApi {
    async fn act(&self, asking: &Asking, sent: Sent, act: Act) -> Result<Option<wire::Account>, Status> {
        self.act_by(asking, sent, |_| Some(act)).await
    }

    async fn act_on_role(
        &self,
        asking: &Asking,
        sent: Sent,
        role: i32,
        act: fn(Role) -> Act,
    ) -> Result<Option<wire::Account>, Status> {
        self.act_by(asking, sent, |fields| fields.role(role).map(act)).await
    }

    async fn act_by(
        &self,
        asking: &Asking,
        sent: Sent,
        act: impl FnOnce(&mut Fields) -> Option<Act> + Send,
    ) -> Result<Option<wire::Account>, Status> {
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let account_id = fields.account_id(&sent.account_id);
        let act = act(&mut fields);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(asking, sent.context);
        let (target, act, context) = fields.finish(|| {
            let target = Target { tenant_id: tenant_id?, account_id: account_id?, request_id: request_id? };
            Some((target, act?, context?))
        })?;
        let administrator = asking.administrator(context);
        let account = self.administration.act(&administrator, target, act).await.map_err(status)?;
        Ok(Some(encode::account(account)))
    }
}

#[tonic::async_trait]
impl AdministrationService for AdministrationApi {
    async fn block_sign_in(
        &self,
        request: Request<wire::BlockSignInRequest>,
    ) -> Result<Response<wire::BlockSignInResponse>, Status> {
        let (asking, request) = Asking::open(request)?;
        let account = self.act(&asking, sent!(request), Act::Block).await?;
        Ok(Response::new(wire::BlockSignInResponse { account }))
    }

    async fn unblock_sign_in(
        &self,
        request: Request<wire::UnblockSignInRequest>,
    ) -> Result<Response<wire::UnblockSignInResponse>, Status> {
        let (asking, request) = Asking::open(request)?;
        let account = self.act(&asking, sent!(request), Act::Unblock).await?;
        Ok(Response::new(wire::UnblockSignInResponse { account }))
    }

    async fn unlock_account(
        &self,
        request: Request<wire::UnlockAccountRequest>,
    ) -> Result<Response<wire::UnlockAccountResponse>, Status> {
        let (asking, request) = Asking::open(request)?;
        let account = self.act(&asking, sent!(request), Act::Unlock).await?;
        Ok(Response::new(wire::UnlockAccountResponse { account }))
    }

    async fn unfreeze_account(
        &self,
        request: Request<wire::UnfreezeAccountRequest>,
    ) -> Result<Response<wire::UnfreezeAccountResponse>, Status> {
        let (asking, request) = Asking::open(request)?;
        let account = self.act(&asking, sent!(request), Act::Unfreeze).await?;
        Ok(Response::new(wire::UnfreezeAccountResponse { account }))
    }

    async fn list_account_sessions(
        &self,
        request: Request<wire::ListAccountSessionsRequest>,
    ) -> Result<Response<wire::ListAccountSessionsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let account_id = fields.account_id(&sent.account_id);
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let read = fields.finish(|| Some((tenant_id?, account_id?, asked?, context?)))?;
        let (tenant_id, account_id, asked, context) = read;
        let administrator = asking.administrator(context);
        let listed = self.administration.list_sessions(&administrator, tenant_id, account_id, &asked).await;
        let page = listed.map_err(status)?;
        Ok(Response::new(wire::ListAccountSessionsResponse {
            sessions: page.items.iter().map(|listed| session(listed, None)).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn revoke_account_sessions(
        &self,
        request: Request<wire::RevokeAccountSessionsRequest>,
    ) -> Result<Response<wire::RevokeAccountSessionsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let account_id = fields.account_id(&sent.account_id);
        let named = fields.session_ids(&sent.session_ids);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (target, named, context) = fields.finish(|| {
            let target = Target { tenant_id: tenant_id?, account_id: account_id?, request_id: request_id? };
            Some((target, named?, context?))
        })?;
        let administrator = asking.administrator(context);
        let revoked = self.administration.revoke_sessions(&administrator, target, &named).await;
        let sessions_revoked = encode::count(revoked.map_err(status)?.sessions_revoked);
        Ok(Response::new(wire::RevokeAccountSessionsResponse { sessions_revoked }))
    }

    async fn grant_role(
        &self,
        request: Request<wire::GrantRoleRequest>,
    ) -> Result<Response<wire::GrantRoleResponse>, Status> {
        let (asking, request) = Asking::open(request)?;
        let role = request.role;
        let account = self.act_on_role(&asking, sent!(request), role, Act::Grant).await?;
        Ok(Response::new(wire::GrantRoleResponse { account }))
    }

    async fn revoke_role(
        &self,
        request: Request<wire::RevokeRoleRequest>,
    ) -> Result<Response<wire::RevokeRoleResponse>, Status> {
        let (asking, request) = Asking::open(request)?;
        let role = request.role;
        let account = self.act_on_role(&asking, sent!(request), role, Act::Revoke).await?;
        Ok(Response::new(wire::RevokeRoleResponse { account }))
    }
}
