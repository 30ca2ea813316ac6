//! `rekey.identity.v1.SessionService`.

use rekey_primitives::id::SessionId;
use rekey_primitives::secret::ExposeSecret;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::session_service_server::SessionService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::linked_accounts::my_tenant;
use super::refusal::{refused, status};
use super::{encode, steps};
use crate::domain::authority::Role;
use crate::domain::refusal::Refusal;
use crate::domain::session::Session;
use crate::operation::Origin;
use crate::sessions::{CheckedToken, RefreshSession, Sessions};
use crate::sign_in::{
    AnswerChallenge, Continued, SendSignInCode, SignIn, SignInChallenge, SignIns, SignedIn,
};
use crate::tokens::{ChallengeKind, SessionTokens};
use crate::views::SigningKeyView;

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct SessionApi {
    pub(super) sign_ins: SignIns,
    pub(super) sessions: Sessions,
}

#[tonic::async_trait]
impl SessionService for SessionApi {
    async fn sign_in(
        &self,
        request: Request<wire::SignInRequest>,
    ) -> Result<Response<wire::SignInResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let login = fields.typed_login(sent.login);
        let password = fields.password("password", sent.password);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let sign_in = fields.finish(|| {
            Some(SignIn {
                tenant_id: tenant_id?,
                login: login?,
                password: password?,
                request_id: request_id?,
                context: context?,
            })
        })?;
        let signed_in = self.sign_ins.sign_in(&asking.caller(), &sign_in).await;
        let signed_in = steps::told("sign_in", signed_in, steps::signed_in)?;
        Ok(Response::new(outcome(signed_in)))
    }

    async fn continue_sign_in(
        &self,
        request: Request<wire::ContinueSignInRequest>,
    ) -> Result<Response<wire::ContinueSignInResponse>, Status> {
        use wire::continue_sign_in_response::Result as Outcome;
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let challenge_token = fields.token("challenge_token", sent.challenge_token);
        let answered = fields.answer(sent.new_password, sent.security_info_verdict, sent.second_factor);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let answer = fields.finish(|| {
            Some(AnswerChallenge {
                challenge_token: challenge_token?,
                answer: answered?,
                request_id: request_id?,
                context: context?,
            })
        })?;
        let continued = self.sign_ins.continue_sign_in(&asking.caller(), &answer).await;
        let result = match steps::told("sign_in_challenge", continued, steps::continued)? {
            Continued::Tokens(issued) => Outcome::Tokens(tokens(&issued)),
            Continued::Challenge(asked) => Outcome::Challenge(challenge(asked)),
            Continued::Rejected { .. } => Outcome::Rejection(wire::SignInRejection {}),
        };
        Ok(Response::new(wire::ContinueSignInResponse { result: Some(result) }))
    }

    async fn send_sign_in_code(
        &self,
        request: Request<wire::SendSignInCodeRequest>,
    ) -> Result<Response<wire::SendSignInCodeResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let challenge_token = fields.token("challenge_token", sent.challenge_token);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let send = fields.finish(|| {
            Some(SendSignInCode {
                challenge_token: challenge_token?,
                request_id: request_id?,
                context: context?,
            })
        })?;
        let sent = self.sign_ins.send_code(&asking.caller(), &send).await;
        let sent = steps::done("sign_in_code_sent", sent)?;
        Ok(Response::new(wire::SendSignInCodeResponse {
            masked_destinations: sent.masked_destinations,
            code_expire_time: encode::moment(sent.code_expires_at),
            resend_time: encode::maybe_moment(sent.resend_after),
        }))
    }

    async fn refresh_session(
        &self,
        request: Request<wire::RefreshSessionRequest>,
    ) -> Result<Response<wire::RefreshSessionResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let refresh_token = fields.token("refresh_token", sent.refresh_token);
        let context = fields.context(&asking, sent.context);
        let request_id = fields.request_id(&sent.request_id);
        let refresh = fields.finish(|| {
            Some(RefreshSession { refresh_token: refresh_token?, request_id: request_id?, context: context? })
        })?;
        let issued = self.sessions.refresh(&asking.caller(), &refresh).await;
        let issued = steps::done("session_refreshed", issued)?;
        Ok(Response::new(wire::RefreshSessionResponse { tokens: Some(tokens(&issued)) }))
    }

    async fn sign_out(
        &self,
        request: Request<wire::SignOutRequest>,
    ) -> Result<Response<wire::SignOutResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let request_id = fields.request_id(&sent.request_id);
        let refresh_token = fields.optional_token("refresh_token", sent.refresh_token);
        let context = fields.context(&asking, sent.context);
        let has_one = asking.person().is_some() || !matches!(refresh_token, Some(None));
        fields.demand(has_one, "refresh_token", "given where no access token is");
        let sent = fields.finish(|| Some((request_id?, context?, refresh_token?)))?;
        let (request_id, context, refresh_token) = sent;
        match refresh_token {
            Some(token) => {
                let caller = asking.caller();
                let origin = Origin { caller: &caller, context: &context };
                self.sessions.sign_out_by_refresh_token(origin, &token, request_id).await
            }
            None => self.sessions.sign_out(&asking.owner(context)?, request_id).await,
        }
        .map_err(status)?;
        Ok(Response::new(wire::SignOutResponse {}))
    }

    async fn list_sessions(
        &self,
        request: Request<wire::ListSessionsRequest>,
    ) -> Result<Response<wire::ListSessionsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let asked = fields.page(sent.page_size, sent.page_token);
        let asked = fields.finish(|| asked)?;
        let person = asking.signed_in()?;
        let page = self.sessions.list(&asking.caller(), &person, &asked).await.map_err(status)?;
        Ok(Response::new(wire::ListSessionsResponse {
            sessions: page.items.iter().map(|listed| session(listed, Some(person.session_id))).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn revoke_sessions(
        &self,
        request: Request<wire::RevokeSessionsRequest>,
    ) -> Result<Response<wire::RevokeSessionsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let named = fields.session_ids(&sent.session_ids);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (named, request_id, context) = fields.finish(|| Some((named?, request_id?, context?)))?;
        let owner = asking.owner(context)?;
        let revoked = self.sessions.revoke(&owner, &named, request_id).await.map_err(status)?;
        let sessions_revoked = encode::count(revoked.sessions_revoked);
        Ok(Response::new(wire::RevokeSessionsResponse { sessions_revoked }))
    }

    async fn check_access_token(
        &self,
        request: Request<wire::CheckAccessTokenRequest>,
    ) -> Result<Response<wire::CheckAccessTokenResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let access_token = fields.token("access_token", sent.access_token);
        let access_token = fields.finish(|| access_token)?;
        let checked =
            self.sessions.check_access_token(&asking.caller(), &access_token).await.map_err(status)?;
        Ok(Response::new(checked.map(active).unwrap_or_default()))
    }

    async fn list_my_tenants(
        &self,
        request: Request<wire::ListMyTenantsRequest>,
    ) -> Result<Response<wire::ListMyTenantsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let asked = fields.page(sent.page_size, sent.page_token);
        let asked = fields.finish(|| asked)?;
        let person = asking.signed_in()?;
        let page = self.sessions.my_tenants(&asking.caller(), &person, &asked).await.map_err(status)?;
        Ok(Response::new(wire::ListMyTenantsResponse {
            tenants: page.items.into_iter().map(my_tenant).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn switch_tenant(
        &self,
        request: Request<wire::SwitchTenantRequest>,
    ) -> Result<Response<wire::SwitchTenantResponse>, Status> {
        use wire::switch_tenant_response::Result as Outcome;
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, request_id, context) = fields.finish(|| Some((tenant_id?, request_id?, context?)))?;
        let owner = asking.owner(context)?;
        let switched = self.sign_ins.switch_tenant(&owner, tenant_id, request_id).await;
        let result = match steps::told("tenant_switched", switched, steps::continued)? {
            Continued::Tokens(issued) => Outcome::Tokens(tokens(&issued)),
            Continued::Challenge(asked) => Outcome::Challenge(challenge(asked)),
            // No code is shown here that could be wrong.
            Continued::Rejected { .. } => return Err(refused(&Refusal::LinkSuspended)),
        };
        Ok(Response::new(wire::SwitchTenantResponse { result: Some(result) }))
    }

    async fn get_signing_keys(
        &self,
        _: Request<wire::GetSigningKeysRequest>,
    ) -> Result<Response<wire::GetSigningKeysResponse>, Status> {
        let keys =
            self.sessions.signing_keys().into_iter().map(SigningKeyView::from).map(signing_key).collect();
        Ok(Response::new(wire::GetSigningKeysResponse { keys }))
    }
}

fn outcome(signed_in: SignedIn) -> wire::SignInResponse {
    use wire::sign_in_response::Result as Outcome;
    let result = match signed_in {
        SignedIn::Tokens(issued) => Outcome::Tokens(tokens(&issued)),
        SignedIn::Challenge(asked) => Outcome::Challenge(challenge(asked)),
        SignedIn::Rejected => Outcome::Rejection(wire::SignInRejection {}),
    };
    wire::SignInResponse { result: Some(result) }
}

pub(super) fn challenge(asked: SignInChallenge) -> wire::SignInChallenge {
    let kind = match asked.kind {
        ChallengeKind::PasswordExpired => wire::ChallengeKind::PasswordExpired,
        ChallengeKind::PasswordChangeRequired => wire::ChallengeKind::PasswordChangeRequired,
        ChallengeKind::ConfirmSecurityInfo => wire::ChallengeKind::ConfirmSecurityInfo,
        ChallengeKind::SecondFactor => wire::ChallengeKind::SecondFactor,
        ChallengeKind::SentCode => wire::ChallengeKind::SentCode,
    };
    wire::SignInChallenge {
        challenge_token: asked.token.expose_secret().to_owned(),
        kind: kind.into(),
        security_info: asked.security_info.into_iter().map(encode::security_info).collect(),
        second_factors: encode::kinds(&asked.second_factors),
        passkey_request_options_json: asked.passkey_options.unwrap_or_default(),
    }
}

pub(super) fn tokens(issued: &SessionTokens) -> wire::SessionTokens {
    wire::SessionTokens {
        access_token: issued.access_token.expose_secret().to_owned(),
        access_expire_time: encode::moment(issued.access_expires_at),
        refresh_token: issued.refresh_token.expose_secret().to_owned(),
        session_id: issued.session_id.to_string(),
        session_expire_time: encode::moment(issued.session_expires_at),
        account_id: issued.account_id.to_string(),
        external_id: issued.external_id.clone().unwrap_or_default(),
    }
}

/// A session, as the one of these that asks sees it, if one does.
pub(super) fn session(listed: &Session, asking: Option<SessionId>) -> wire::Session {
    wire::Session {
        session_id: listed.id.to_string(),
        place: listed.user_agent_family.clone(),
        create_time: encode::moment(listed.created_at),
        refresh_time: encode::moment(listed.refreshed_at),
        expire_time: encode::moment(listed.expires_at),
        current: asking == Some(listed.id),
    }
}

fn active(CheckedToken { person, external_id }: CheckedToken) -> wire::CheckAccessTokenResponse {
    wire::CheckAccessTokenResponse {
        active: true,
        tenant_id: person.tenant_id.to_string(),
        account_id: person.account_id.to_string(),
        session_id: person.session_id.to_string(),
        roles: encode::roles(person.roles.iter().map(Role::as_str)),
        sign_in_time: encode::moment(person.auth_time),
        expire_time: encode::moment(person.token_expires_at),
        external_id: external_id.unwrap_or_default(),
    }
}

fn signing_key(key: SigningKeyView) -> wire::SigningKey {
    let state = if key.is_active { wire::SigningKeyState::Active } else { wire::SigningKeyState::Accepted };
    wire::SigningKey { key_id: key.key_id, public_key: key.public_key, state: state.into() }
}
