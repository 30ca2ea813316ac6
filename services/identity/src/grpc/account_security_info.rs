//! `rekey.identity.v1.AccountSecurityInfoService`.

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::account_security_info_service_server::AccountSecurityInfoService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::status;
use crate::operation::Target;
use crate::security_info::SecurityInfoEntries;

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct AccountSecurityInfoApi {
    pub(super) security_info: SecurityInfoEntries,
}

#[tonic::async_trait]
impl AccountSecurityInfoService for AccountSecurityInfoApi {
    async fn list_account_security_info(
        &self,
        request: Request<wire::ListAccountSecurityInfoRequest>,
    ) -> Result<Response<wire::ListAccountSecurityInfoResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let account_id = fields.account_id(&sent.account_id);
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, account_id, asked, context) =
            fields.finish(|| Some((tenant_id?, account_id?, asked?, context?)))?;
        let administrator = asking.administrator(context);
        let page = self.security_info.list_of_account(&administrator, tenant_id, account_id, &asked);
        let page = page.await.map_err(status)?;
        Ok(Response::new(wire::ListAccountSecurityInfoResponse {
            security_info: page.items.into_iter().map(encode::security_info).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn remove_account_security_info(
        &self,
        request: Request<wire::RemoveAccountSecurityInfoRequest>,
    ) -> Result<Response<wire::RemoveAccountSecurityInfoResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let account_id = fields.account_id(&sent.account_id);
        let id = fields.security_info_id(&sent.security_info_id);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (target, id, context) = fields.finish(|| {
            let target = Target { tenant_id: tenant_id?, account_id: account_id?, request_id: request_id? };
            Some((target, id?, context?))
        })?;
        let administrator = asking.administrator(context);
        self.security_info.remove_of_account(&administrator, target, id).await.map_err(status)?;
        Ok(Response::new(wire::RemoveAccountSecurityInfoResponse {}))
    }
}
