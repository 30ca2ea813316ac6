//! Identity over gRPC.

use async_trait::async_trait;
use rekey_client::Connection;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use rekey_primitives::secret::{ExposeSecret as _, SecretString};
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use rekey_wire::identity::v1::password_service_client::PasswordServiceClient;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::time::unix_micros;

use super::{
    Call, ClientInfo, CodeDelivery, Identity, Logo, NewHelpRequest, PasswordToken, PeerError, PeerFailure,
    Proof, ProofResult, ProofValue, StartedReset, Verdict, verdicts,
};
use crate::domain::{Look, MethodKind, OfferedMethod, Organisation, OrganisationKey};

/// Identity over gRPC.
#[derive(Debug, Clone)]
pub(crate) struct IdentityPeer(Connection);

impl IdentityPeer {
    pub(crate) fn new(connection: Connection) -> Self {
        Self(connection)
    }

    pub(super) fn connection(&self) -> Connection {
        self.0.clone()
    }

    fn resets(&self) -> PasswordResetServiceClient<Connection> {
        PasswordResetServiceClient::new(self.0.clone())
    }

    fn tenants(&self) -> TenantServiceClient<Connection> {
        TenantServiceClient::new(self.0.clone())
    }

    /// A tenant and how its pages look.
    async fn tenant(
        &self,
        key: &OrganisationKey,
    ) -> Result<(Option<wire::Tenant>, Option<wire::PortalLook>), tonic::Status> {
        use wire::lookup_tenant_request::Key;

        let key = match key {
            OrganisationKey::Tenant(tenant) => {
                let request = wire::GetTenantRequest { tenant_id: tenant.to_string(), include_logo: false };
                let found = self.tenants().get_tenant(request).await?.into_inner();
                return Ok((found.tenant, found.portal_look));
            }
            OrganisationKey::Handle(handle) => Key::Handle(handle.clone()),
            OrganisationKey::Domain(domain) => Key::Domain(domain.clone()),
        };
        let request = wire::LookupTenantRequest { key: Some(key) };
        let found = self.tenants().lookup_tenant(request).await?.into_inner();
        Ok((found.tenant, found.portal_look))
    }
}

#[async_trait]
impl Identity for IdentityPeer {
    async fn find_organisation(&self, key: &OrganisationKey) -> Result<Organisation, PeerError> {
        let (found, look) = self.tenant(key).await?;
        let found = found.ok_or_else(|| PeerFailure::unexpected("the tenant is missing"))?;
        let tenant = TenantId::parse(&found.tenant_id);
        let tenant = tenant.map_err(|_| PeerFailure::unexpected("the tenant has no id"))?;
        let look = look.map(|look| Look::of(&look.accent, &look.logo_digest)).unwrap_or_default();
        Ok(Organisation { tenant, name: found.display_name, help_url: found.help_url, look })
    }

    async fn find_logo(&self, tenant: TenantId) -> Result<Option<Logo>, PeerError> {
        let request = wire::GetTenantRequest { tenant_id: tenant.to_string(), include_logo: true };
        let found = self.tenants().get_tenant(request).await?.into_inner();
        let look = found.portal_look.map(|look| Look::of(&look.accent, &look.logo_digest));
        let version = look.and_then(|look| look.logo);
        Ok(found.logo.and_then(|sent| logo(sent, version)))
    }

    async fn start_reset(
        &self,
        tenant: TenantId,
        login: &str,
        client: &ClientInfo,
    ) -> Result<StartedReset, PeerError> {
        let request = wire::StartPasswordResetRequest {
            tenant_id: tenant.to_string(),
            login: login.to_owned(),
            context: request_context(client),
        };
        let started = self.resets().start_password_reset(request).await?.into_inner();
        Ok(StartedReset {
            methods: started.methods.iter().filter_map(reset_method).collect(),
            proofs_required: count(started.proofs_required)?,
            expires_at: moment(started.expire_time)?,
            token: started.reset_token.into(),
        })
    }

    async fn send_code(&self, token: &str, method_id: &str, call: &Call) -> Result<CodeDelivery, PeerError> {
        let request = wire::SendResetCodeRequest {
            reset_token: token.to_owned(),
            method_id: method_id.to_owned(),
            request_id: call.request_id.clone(),
            context: request_context(&call.client),
        };
        let sent = self.resets().send_reset_code(request).await?.into_inner();
        Ok(CodeDelivery {
            expires_at: moment(sent.code_expire_time)?,
            resend_at: sent.resend_time.map(|at| moment(Some(at))).transpose()?,
        })
    }

    async fn submit_proof(
        &self,
        token: &str,
        proof: Proof<'_>,
        call: &Call,
    ) -> Result<ProofResult, PeerError> {
        let shown = |secret: &SecretString| secret.expose_secret().to_owned();
        let (code, passkey_credential_json) = match proof.value {
            ProofValue::Code(code) => (shown(code), String::new()),
            ProofValue::Passkey(credential) => (String::new(), shown(credential)),
        };
        let request = wire::SubmitResetProofRequest {
            reset_token: token.to_owned(),
            method_id: proof.method_id.to_owned(),
            code,
            request_id: call.request_id.clone(),
            context: request_context(&call.client),
            passkey_credential_json,
        };
        let judged = self.resets().submit_reset_proof(request).await?.into_inner();
        let is_accepted = match judged.outcome() {
            wire::ProofOutcome::Accepted => true,
            wire::ProofOutcome::Rejected => false,
            wire::ProofOutcome::Unspecified => return Err(PeerFailure::unexpected("no outcome").into()),
        };
        let proofs_remaining = count(judged.proofs_remaining)?;
        Ok(ProofResult { is_accepted, proofs_remaining, token: judged.reset_token.into() })
    }

    async fn evaluate_password(
        &self,
        by: PasswordToken<'_>,
        candidate: &SecretString,
        client: &ClientInfo,
    ) -> Result<Vec<Verdict>, PeerError> {
        let request = wire::EvaluatePasswordRequest {
            candidate_password: candidate.expose_secret().to_owned(),
            context: request_context(client),
            ..evaluation_request(by)
        };
        let evaluated = PasswordServiceClient::new(self.0.clone()).evaluate_password(request).await?;
        Ok(verdicts(&evaluated.into_inner()))
    }

    async fn complete_reset(
        &self,
        token: &str,
        password: &SecretString,
        call: &Call,
    ) -> Result<(), PeerError> {
        let request = wire::CompletePasswordResetRequest {
            reset_token: token.to_owned(),
            new_password: password.expose_secret().to_owned(),
            request_id: call.request_id.clone(),
            context: request_context(&call.client),
        };
        self.resets().complete_password_reset(request).await?;
        Ok(())
    }

    async fn request_help(&self, question: &NewHelpRequest<'_>, call: &Call) -> Result<(), PeerError> {
        let request = wire::RequestAdministratorHelpRequest {
            tenant_id: question.tenant.to_string(),
            login: question.login.to_owned(),
            reset_token: question.reset_token.unwrap_or_default().to_owned(),
            message: question.message.to_owned(),
            request_id: call.request_id.clone(),
            context: request_context(&call.client),
        };
        self.resets().request_administrator_help(request).await?;
        Ok(())
    }

    async fn repudiate_reset(&self, token: &str, call: &Call) -> Result<(), PeerError> {
        let request = wire::RepudiateResetRequest {
            repudiation_token: token.to_owned(),
            request_id: call.request_id.clone(),
            context: request_context(&call.client),
        };
        self.resets().repudiate_reset(request).await?;
        Ok(())
    }

    async fn redeem_reset_link(
        &self,
        token: &str,
        password: &SecretString,
        call: &Call,
    ) -> Result<(), PeerError> {
        let request = wire::RedeemResetLinkRequest {
            link_token: token.to_owned(),
            new_password: password.expose_secret().to_owned(),
            request_id: call.request_id.clone(),
            context: request_context(&call.client),
        };
        self.resets().redeem_reset_link(request).await?;
        Ok(())
    }
}

/// A request that holds the token, under its name in the contract.
fn evaluation_request(by: PasswordToken<'_>) -> wire::EvaluatePasswordRequest {
    let nothing = wire::EvaluatePasswordRequest::default();
    match by {
        PasswordToken::Reset(token) => {
            wire::EvaluatePasswordRequest { reset_token: token.to_owned(), ..nothing }
        }
        PasswordToken::Challenge(token) => {
            wire::EvaluatePasswordRequest { challenge_token: token.to_owned(), ..nothing }
        }
        PasswordToken::Link(token) => {
            wire::EvaluatePasswordRequest { link_token: token.to_owned(), ..nothing }
        }
    }
}

/// What identity is told of a person's browser.
pub(crate) fn request_context(client: &ClientInfo) -> Option<wire::RequestContext> {
    Some(wire::RequestContext {
        ip_address: client.address.map(|address| address.to_string()).unwrap_or_default(),
        user_agent: client.user_agent.clone(),
        locale: client.locale.to_owned(),
    })
}

/// A logo of a kind that browsers are given; none for another, which might be more than a picture.
fn logo(sent: wire::PortalLogo, version: Option<String>) -> Option<Logo> {
    let known = ["image/png", "image/jpeg", "image/webp"];
    let media_type = known.into_iter().find(|known| *known == sent.media_type)?;
    Some(Logo { media_type, version, image: sent.image })
}

/// A method as pages offer it; none for one that this release does not know.
fn reset_method(method: &wire::ResetMethod) -> Option<OfferedMethod> {
    Some(OfferedMethod {
        id: method.method_id.clone(),
        kind: method_kind(method.kind())?,
        masked: method.masked_destination.clone(),
        passkey_options: method.passkey_request_options_json.clone(),
        is_proved: false,
    })
}

/// What a method is; none for one that this release does not know.
pub(super) fn method_kind(kind: wire::MethodKind) -> Option<MethodKind> {
    match kind {
        wire::MethodKind::Email => Some(MethodKind::Email),
        wire::MethodKind::Phone => Some(MethodKind::Phone),
        wire::MethodKind::Authenticator => Some(MethodKind::Authenticator),
        wire::MethodKind::RecoveryCode => Some(MethodKind::RecoveryCode),
        wire::MethodKind::Passkey => Some(MethodKind::Passkey),
        wire::MethodKind::Unspecified => None,
    }
}

pub(super) fn moment(at: Option<prost_types::Timestamp>) -> Result<Timestamp, PeerFailure> {
    timestamp_from_wire(at.as_ref()).ok_or_else(|| PeerFailure::unexpected("a time is missing"))
}

/// A time that may be missing.
pub(crate) fn timestamp_from_wire(at: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    at.and_then(unix_micros).map(Timestamp::from_unix_micros)
}

fn count(number: i32) -> Result<u32, PeerFailure> {
    u32::try_from(number).map_err(|_| PeerFailure::unexpected("a count is negative"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_taken_in_our_own_words() {
        let method = wire::ResetMethod {
            method_id: "2".to_owned(),
            kind: wire::MethodKind::Phone.into(),
            masked_destination: "••• 42".to_owned(),
            ..wire::ResetMethod::default()
        };
        let passkey = wire::ResetMethod {
            kind: wire::MethodKind::Passkey.into(),
            passkey_request_options_json: "{}".to_owned(),
            ..method.clone()
        };
        let unknown = wire::ResetMethod { kind: 99, ..method.clone() };

        let taken = reset_method(&method).unwrap();

        assert_eq!((&*taken.id, taken.kind, &*taken.masked), ("2", MethodKind::Phone, "••• 42"));
        let passkey = reset_method(&passkey).unwrap();
        assert_eq!((passkey.kind, &*passkey.passkey_options), (MethodKind::Passkey, "{}"));
        assert_eq!(reset_method(&unknown), None);
    }

    #[test]
    fn a_candidate_goes_with_one_token_under_its_name() {
        let sent = |by| {
            let request = evaluation_request(by);
            [request.reset_token, request.challenge_token, request.link_token]
        };

        assert_eq!(sent(PasswordToken::Reset("r")), ["r", "", ""]);
        assert_eq!(sent(PasswordToken::Challenge("c")), ["", "c", ""]);
        assert_eq!(sent(PasswordToken::Link("l")), ["", "", "l"]);
    }

    #[test]
    fn a_logo_is_a_picture_or_none() {
        let sent = |media_type: &str| wire::PortalLogo { media_type: media_type.to_owned(), image: vec![1] };
        let taken = |media_type| logo(sent(media_type), None).map(|logo| (logo.media_type, logo.image));

        assert_eq!(taken("image/webp"), Some(("image/webp", vec![1])));
        assert_eq!([taken("image/svg+xml"), taken("text/html"), taken("")], [None, None, None]);
    }

    #[test]
    fn identity_is_told_who_looks_at_the_page() {
        let address = Some("192.0.2.7".parse().unwrap());
        let client = ClientInfo { address, user_agent: "Firefox".to_owned(), locale: "de" };

        let told = request_context(&client).unwrap();

        assert_eq!((&*told.ip_address, &*told.user_agent, &*told.locale), ("192.0.2.7", "Firefox", "de"));
    }
}
