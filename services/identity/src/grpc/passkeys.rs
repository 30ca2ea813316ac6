//! `rekey.identity.v1.PasskeyService`, and what other services take of passkeys.

use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::passkey_service_server::PasskeyService;
use rekey_wire::time;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::refusal::status;
use super::{encode, sessions, steps};
use crate::domain::passkey::{AuthenticationResponse, RegistrationResponse};
use crate::resets::ShownProof;
use crate::security_info::{CompleteRegistration, SecurityInfoEntries};
use crate::sign_in::{CompletePasskeySignIn, SignIns, SignedIn, StartPasskeySignIn};
use crate::views::PasskeyView;

/// Longest JSON of a credential, in bytes: ten times what browsers send.
const CREDENTIAL_MAX: usize = 16 * 1024;

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct PasskeyApi {
    pub(super) security_info: SecurityInfoEntries,
    pub(super) sign_ins: SignIns,
}

#[tonic::async_trait]
impl PasskeyService for PasskeyApi {
    async fn start_passkey_registration(
        &self,
        request: Request<wire::StartPasskeyRegistrationRequest>,
    ) -> Result<Response<wire::StartPasskeyRegistrationResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let context = fields.context(&asking, sent.context);
        let owner = asking.owner(fields.finish(|| context)?)?;
        let started = self.security_info.start_passkey_registration(&owner).await.map_err(status)?;
        Ok(Response::new(wire::StartPasskeyRegistrationResponse {
            creation_options_json: started.options,
            registration_token: started.token.expose_secret().to_owned(),
            expire_time: encode::moment(started.expires_at),
        }))
    }

    async fn complete_passkey_registration(
        &self,
        request: Request<wire::CompletePasskeyRegistrationRequest>,
    ) -> Result<Response<wire::CompletePasskeyRegistrationResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let token = fields.token("registration_token", sent.registration_token);
        let response = fields.new_passkey("credential_json", sent.credential_json);
        let name = if sent.display_name.is_empty() {
            Some(None)
        } else {
            fields.display_name("display_name", &sent.display_name).map(Some)
        };
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (complete, context) = fields.finish(|| {
            let (token, response, name, request_id) = (token?, response?, name?, request_id?);
            Some((CompleteRegistration { token, response, name, request_id }, context?))
        })?;
        let owner = asking.owner(context)?;
        let registered = self.security_info.complete_passkey_registration(&owner, &complete).await;
        let passkey = Some(passkey(registered.map_err(status)?));
        Ok(Response::new(wire::CompletePasskeyRegistrationResponse { passkey }))
    }

    async fn list_passkeys(
        &self,
        request: Request<wire::ListPasskeysRequest>,
    ) -> Result<Response<wire::ListPasskeysResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let asked = fields.page(sent.page_size, sent.page_token);
        let asked = fields.finish(|| asked)?;
        let owner = asking.owner(asking.no_context())?;
        let page = self.security_info.list_passkeys(&owner, &asked).await.map_err(status)?;
        Ok(Response::new(wire::ListPasskeysResponse {
            passkeys: page.items.into_iter().map(passkey).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn rename_passkey(
        &self,
        request: Request<wire::RenamePasskeyRequest>,
    ) -> Result<Response<wire::RenamePasskeyResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let id = fields.security_info_id(&sent.security_info_id);
        let name = fields.display_name("display_name", &sent.display_name);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (id, name, request_id, context) = fields.finish(|| Some((id?, name?, request_id?, context?)))?;
        let owner = asking.owner(context)?;
        let renamed = self.security_info.rename_passkey(&owner, id, &name, request_id).await;
        let passkey = Some(passkey(renamed.map_err(status)?));
        Ok(Response::new(wire::RenamePasskeyResponse { passkey }))
    }

    async fn start_passkey_sign_in(
        &self,
        request: Request<wire::StartPasskeySignInRequest>,
    ) -> Result<Response<wire::StartPasskeySignInResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let context = fields.context(&asking, sent.context);
        let start =
            fields.finish(|| Some(StartPasskeySignIn { tenant_id: tenant_id?, context: context? }))?;
        let started = self.sign_ins.start_passkey_sign_in(&asking.caller(), &start).await.map_err(status)?;
        Ok(Response::new(wire::StartPasskeySignInResponse {
            request_options_json: started.options,
            sign_in_token: started.token.expose_secret().to_owned(),
            expire_time: encode::moment(started.expires_at),
        }))
    }

    async fn complete_passkey_sign_in(
        &self,
        request: Request<wire::CompletePasskeySignInRequest>,
    ) -> Result<Response<wire::CompletePasskeySignInResponse>, Status> {
        use wire::complete_passkey_sign_in_response::Result as Outcome;
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let token = fields.token("sign_in_token", sent.sign_in_token);
        let response = fields.passkey_response("credential_json", sent.credential_json);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let complete = fields.finish(|| {
            let (token, response, request_id) = (token?, response?, request_id?);
            Some(CompletePasskeySignIn { token, response, request_id, context: context? })
        })?;
        let signed_in = self.sign_ins.complete_passkey_sign_in(&asking.caller(), &complete).await;
        let result = match steps::told("sign_in_passkey", signed_in, steps::signed_in)? {
            SignedIn::Tokens(issued) => Outcome::Tokens(sessions::tokens(&issued)),
            SignedIn::Challenge(asked) => Outcome::Challenge(sessions::challenge(asked)),
            SignedIn::Rejected => Outcome::Rejection(wire::SignInRejection {}),
        };
        Ok(Response::new(wire::CompletePasskeySignInResponse { result: Some(result) }))
    }
}

impl Fields {
    /// What a passkey signed.
    pub(super) fn passkey_response(
        &mut self,
        field: &'static str,
        json: String,
    ) -> Option<AuthenticationResponse> {
        // Made a secret before it is judged, so that it is wiped.
        let json = SecretString::from(json);
        let json = Some(json.expose_secret()).filter(|json| json.len() <= CREDENTIAL_MAX);
        self.take(
            field,
            json.and_then(AuthenticationResponse::parse),
            "AuthenticationResponseJSON, at most 16 KiB",
        )
    }

    /// A passkey that a browser made.
    fn new_passkey(&mut self, field: &'static str, json: String) -> Option<RegistrationResponse> {
        let json = SecretString::from(json);
        let json = Some(json.expose_secret()).filter(|json| json.len() <= CREDENTIAL_MAX);
        self.take(
            field,
            json.and_then(RegistrationResponse::parse),
            "RegistrationResponseJSON, at most 16 KiB",
        )
    }

    /// A proof of a reset: a code, or what a passkey signed.
    pub(super) fn proof(&mut self, code: String, passkey_json: String) -> Option<ShownProof> {
        if passkey_json.is_empty() {
            return self.code(code).map(ShownProof::Code);
        }
        self.demand(code.is_empty(), "code", "absent beside what a passkey signed");
        let response = self.passkey_response("passkey_credential_json", passkey_json)?;
        Some(ShownProof::Passkey(Box::new(response)))
    }
}

fn passkey(view: PasskeyView) -> wire::Passkey {
    wire::Passkey {
        security_info_id: view.security_info_id.hyphenated().to_string(),
        display_name: view.display_name,
        state: encode::security_info_state(view.state).into(),
        usable_time: view.usable_at.map(time::timestamp),
        create_time: Some(time::timestamp(view.added_at)),
        use_time: view.used_at.map(time::timestamp),
        backup_eligible: view.backup_eligible,
        backed_up: view.backed_up,
    }
}
