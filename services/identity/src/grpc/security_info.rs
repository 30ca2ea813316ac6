//! `rekey.identity.v1.SecurityInfoService`.

use rekey_primitives::contact::Destination;
use rekey_primitives::secret::ExposeSecret;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::security_info_service_server::SecurityInfoService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::refusal::status;
use super::{encode, qr_code, steps};
use crate::domain::totp::Totp;
use crate::operation::Target;
use crate::security_info::{AddedAuthenticator, Confirmed, Prefill, SecurityInfoEntries};

/// What a person adds.
enum NewEntry {
    Address(Destination),
    Authenticator(Totp),
}

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct SecurityInfoApi {
    pub(super) security_info: SecurityInfoEntries,
}

#[tonic::async_trait]
impl SecurityInfoService for SecurityInfoApi {
    async fn list_security_info(
        &self,
        request: Request<wire::ListSecurityInfoRequest>,
    ) -> Result<Response<wire::ListSecurityInfoResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let asked = fields.page(sent.page_size, sent.page_token);
        let asked = fields.finish(|| asked)?;
        let owner = asking.owner(asking.no_context())?;
        let page = self.security_info.list(&owner, &asked).await.map_err(status)?;
        Ok(Response::new(wire::ListSecurityInfoResponse {
            security_info: page.items.into_iter().map(encode::security_info).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn add_security_info(
        &self,
        request: Request<wire::AddSecurityInfoRequest>,
    ) -> Result<Response<wire::AddSecurityInfoResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        fields.demand(
            sent.address.is_none() || sent.authenticator.is_none(),
            "authenticator",
            "absent beside an address",
        );
        let new = match &sent.authenticator {
            Some(new) => fields.authenticator(new).map(NewEntry::Authenticator),
            None => fields.address(sent.address).map(NewEntry::Address),
        };
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (new, request_id, context) = fields.finish(|| Some((new?, request_id?, context?)))?;
        let owner = asking.owner(context)?;
        let response = match new {
            NewEntry::Address(address) => {
                let added = self.security_info.add(&owner, &address, request_id).await.map_err(status)?;
                wire::AddSecurityInfoResponse {
                    security_info: Some(encode::security_info(added.entry)),
                    code_expire_time: encode::moment(added.timers.code_expires_at),
                    resend_time: encode::maybe_moment(added.timers.resend_after),
                    authenticator: None,
                }
            }
            NewEntry::Authenticator(totp) => {
                let added = self.security_info.add_authenticator(&owner, totp, request_id).await;
                added_authenticator(added.map_err(status)?)
            }
        };
        Ok(Response::new(response))
    }

    async fn generate_recovery_codes(
        &self,
        request: Request<wire::GenerateRecoveryCodesRequest>,
    ) -> Result<Response<wire::GenerateRecoveryCodesResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (request_id, context) = fields.finish(|| Some((request_id?, context?)))?;
        let owner = asking.owner(context)?;
        let made = self.security_info.generate_recovery_codes(&owner, request_id).await.map_err(status)?;
        let entry = encode::security_info(made.entry);
        Ok(Response::new(wire::GenerateRecoveryCodesResponse {
            recovery_codes: made.codes.iter().map(|code| code.0.expose_secret().to_owned()).collect(),
            security_info_id: entry.security_info_id,
            usable_time: entry.usable_time,
        }))
    }

    async fn send_security_info_code(
        &self,
        request: Request<wire::SendSecurityInfoCodeRequest>,
    ) -> Result<Response<wire::SendSecurityInfoCodeResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let id = fields.security_info_id(&sent.security_info_id);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (id, request_id, context) = fields.finish(|| Some((id?, request_id?, context?)))?;
        let owner = asking.owner(context)?;
        let timers = self.security_info.send_code(&owner, id, request_id).await.map_err(status)?;
        Ok(Response::new(wire::SendSecurityInfoCodeResponse {
            code_expire_time: encode::moment(timers.code_expires_at),
            resend_time: encode::maybe_moment(timers.resend_after),
        }))
    }

    async fn confirm_security_info(
        &self,
        request: Request<wire::ConfirmSecurityInfoRequest>,
    ) -> Result<Response<wire::ConfirmSecurityInfoResponse>, Status> {
        use wire::confirm_security_info_response::Result as Outcome;
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let id = fields.security_info_id(&sent.security_info_id);
        let code = fields.code(sent.code);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (id, code, request_id, context) = fields.finish(|| Some((id?, code?, request_id?, context?)))?;
        let owner = asking.owner(context)?;
        let confirmed = self.security_info.confirm(&owner, id, &code, request_id).await;
        let confirmed = steps::told("security_info_confirmed", confirmed, steps::or_rejected)?;
        let result = match confirmed {
            Confirmed::Done(entry) => Outcome::SecurityInfo(encode::security_info(entry)),
            Confirmed::Rejected { .. } => Outcome::Rejection(wire::CodeRejection {}),
        };
        Ok(Response::new(wire::ConfirmSecurityInfoResponse { result: Some(result) }))
    }

    async fn remove_security_info(
        &self,
        request: Request<wire::RemoveSecurityInfoRequest>,
    ) -> Result<Response<wire::RemoveSecurityInfoResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let id = fields.security_info_id(&sent.security_info_id);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (id, request_id, context) = fields.finish(|| Some((id?, request_id?, context?)))?;
        let owner = asking.owner(context)?;
        self.security_info.remove(&owner, id, request_id).await.map_err(status)?;
        Ok(Response::new(wire::RemoveSecurityInfoResponse {}))
    }

    async fn set_default_security_info(
        &self,
        request: Request<wire::SetDefaultSecurityInfoRequest>,
    ) -> Result<Response<wire::SetDefaultSecurityInfoResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let id = fields.security_info_id(&sent.security_info_id);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (id, request_id, context) = fields.finish(|| Some((id?, request_id?, context?)))?;
        let owner = asking.owner(context)?;
        let entry = self.security_info.set_default(&owner, id, request_id).await.map_err(status)?;
        let security_info = Some(encode::security_info(entry));
        Ok(Response::new(wire::SetDefaultSecurityInfoResponse { security_info }))
    }

    async fn reconfirm_security_info(
        &self,
        request: Request<wire::ReconfirmSecurityInfoRequest>,
    ) -> Result<Response<wire::ReconfirmSecurityInfoResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (request_id, context) = fields.finish(|| Some((request_id?, context?)))?;
        let owner = asking.owner(context)?;
        let said = self.security_info.reconfirm(&owner, request_id).await.map_err(status)?;
        let reconfirm_time = encode::moment(said.reconfirmed_at);
        Ok(Response::new(wire::ReconfirmSecurityInfoResponse { reconfirm_time }))
    }

    async fn prefill_security_info(
        &self,
        request: Request<wire::PrefillSecurityInfoRequest>,
    ) -> Result<Response<wire::PrefillSecurityInfoResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let account_id = fields.account_id(&sent.account_id);
        let address = fields.address(sent.address);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (prefill, context) = fields.finish(|| {
            let target = Target { tenant_id: tenant_id?, account_id: account_id?, request_id: request_id? };
            Some((Prefill { target, address: address? }, context?))
        })?;
        let administrator = asking.administrator(context);
        let entry = self.security_info.prefill(&administrator, &prefill).await.map_err(status)?;
        let security_info = Some(encode::security_info(entry));
        Ok(Response::new(wire::PrefillSecurityInfoResponse { security_info }))
    }
}

/// An authenticator with its key, and what an app reads of it.
fn added_authenticator(added: AddedAuthenticator) -> wire::AddSecurityInfoResponse {
    let uri = added.uri.expose_secret();
    let drawn = qr_code::draw(uri);
    wire::AddSecurityInfoResponse {
        security_info: Some(encode::security_info(added.entry)),
        code_expire_time: None,
        resend_time: None,
        authenticator: Some(wire::AuthenticatorSecret {
            secret: added.key.expose_secret().to_owned(),
            otpauth_uri: uri.to_owned(),
            qr_code_svg: drawn.svg,
            qr_code_png: drawn.png,
        }),
    }
}
