//! Resets, passwords, sessions and security info.

use rekey_client::Connection;
use rekey_tests::World;
use rekey_tests::person::{Person, request_id};
use rekey_wire::identity::v1::password_administration_service_client::PasswordAdministrationServiceClient;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{
    AddSecurityInfoRequest, ChangePasswordRequest, CheckAccessTokenRequest, CompletePasswordResetRequest,
    ConfirmSecurityInfoRequest, ContinueSignInRequest, EvaluatePasswordRequest, GenerateRecoveryCodesRequest,
    GetSigningKeysRequest, ListSecurityInfoRequest, ListSessionsRequest, PasswordResetMode,
    ReconfirmSecurityInfoRequest, RedeemResetLinkRequest, RefreshSessionRequest, RemoveSecurityInfoRequest,
    RepudiateResetRequest, RequestAdministratorHelpRequest, ResetPasswordRequest, RevokeSessionsRequest,
    SecurityInfoAddress, SendResetCodeRequest, SendSecurityInfoCodeRequest, SendSignInCodeRequest,
    SessionTokens, SetDefaultSecurityInfoRequest, SignInChallenge, SignInRequest, SignOutRequest,
    StartPasswordResetRequest, SubmitResetProofRequest, security_info_address,
};

use super::Example;
use super::accounts::context;

const NEW: &str = "a meadow full of rain";

/// Security info whose codes may be sent again only when time has moved on.
pub(super) struct Before {
    to_send: String,
    to_confirm: String,
    code: String,
    to_remove: String,
    usable: String,
    /// The second page of one entry each.
    list: ListSecurityInfoRequest,
}

impl Before {
    pub(super) async fn prepare(world: &World, zoe: &Person) -> Self {
        let tokens = world.signed_in(&zoe.login, &zoe.password).await;
        let mut theirs = SecurityInfoServiceClient::new(world.acting_for(&tokens.access_token));
        let listed =
            theirs.list_security_info(ListSecurityInfoRequest::default()).await.unwrap().into_inner();
        let to_send = add(&mut theirs, "send@home.example").await;
        let to_confirm = add(&mut theirs, "confirm@home.example").await;
        let to_remove = add(&mut theirs, "remove@home.example").await;
        let code = world.code_for("confirm@home.example").await;
        let usable = listed.security_info[0].security_info_id.clone();
        let first_page = ListSecurityInfoRequest { page_size: 1, page_token: String::new() };
        let page_token = theirs.list_security_info(first_page).await.unwrap().into_inner().next_page_token;
        let list = ListSecurityInfoRequest { page_size: 1, page_token };
        Self { to_send, to_confirm, code, to_remove, usable, list }
    }
}

fn adding(address: &str) -> AddSecurityInfoRequest {
    let address = security_info_address::Address::EmailAddress(address.to_owned());
    AddSecurityInfoRequest {
        address: Some(SecurityInfoAddress { address: Some(address) }),
        request_id: request_id(),
        context: context(),
        authenticator: None,
    }
}

async fn add(theirs: &mut SecurityInfoServiceClient<Connection>, address: &str) -> String {
    let added = theirs.add_security_info(adding(address)).await.unwrap().into_inner();
    added.security_info.unwrap().security_info_id
}

pub(super) async fn examples(
    world: &World,
    (zoe, tokens): (&Person, &SessionTokens),
    before: Before,
) -> Vec<Example> {
    let mut examples = resets(world).await;
    examples.extend(sessions(world, (zoe, tokens)).await);
    examples.extend(passwords(world, tokens).await);
    examples.extend(security_info(tokens, before));
    examples
}

async fn resets(world: &World) -> Vec<Example> {
    let starter = world.person("starter").await;
    let started = world.start_reset(&starter.login).await;
    let prover = world.person("prover").await;
    let proving = world.start_reset(&prover.login).await.reset_token;
    world.send_code(&proving, "1").await.unwrap();
    let code = world.code_for(&prover.login).await;
    let proved = world.proved_reset(&world.person("completer").await).await;
    let repudiator = world.person("repudiator").await;
    let token = world.proved_reset(&repudiator).await;
    world.complete_reset(&token, NEW).await.unwrap();
    let repudiation_token = world.repudiation_token(&repudiator).await;

    let tenant_id = world.tenant_id.clone();
    let login = starter.login.clone();
    let start = StartPasswordResetRequest { tenant_id, login, context: context() };
    let send = SendResetCodeRequest {
        reset_token: started.reset_token.clone(),
        method_id: "1".to_owned(),
        request_id: request_id(),
        context: context(),
    };
    let submit = SubmitResetProofRequest {
        reset_token: proving,
        method_id: "1".to_owned(),
        code,
        request_id: request_id(),
        context: context(),
        ..SubmitResetProofRequest::default()
    };
    let complete = CompletePasswordResetRequest {
        reset_token: proved,
        new_password: NEW.to_owned(),
        request_id: request_id(),
        context: context(),
    };
    let help = RequestAdministratorHelpRequest {
        tenant_id: world.tenant_id.clone(),
        login: starter.login,
        reset_token: started.reset_token,
        message: "let me in".to_owned(),
        request_id: request_id(),
        context: context(),
    };
    let repudiate = RepudiateResetRequest { repudiation_token, request_id: request_id(), context: context() };
    let redeem = RedeemResetLinkRequest {
        link_token: mailed_link(world, "redeemer").await,
        new_password: NEW.to_owned(),
        request_id: request_id(),
        context: context(),
    };
    vec![
        Example::new("/rekey.identity.v1.PasswordResetService/StartPasswordReset", &start),
        Example::new("/rekey.identity.v1.PasswordResetService/SendResetCode", &send),
        Example::new("/rekey.identity.v1.PasswordResetService/SubmitResetProof", &submit),
        Example::new("/rekey.identity.v1.PasswordResetService/CompletePasswordReset", &complete),
        Example::new("/rekey.identity.v1.PasswordResetService/RequestAdministratorHelp", &help),
        Example::new("/rekey.identity.v1.PasswordResetService/RepudiateReset", &repudiate),
        Example::new("/rekey.identity.v1.PasswordResetService/RedeemResetLink", &redeem),
    ]
}

/// The token of a link that was mailed to somebody new.
async fn mailed_link(world: &World, login: &str) -> String {
    let reader = world.person(login).await;
    let reset = ResetPasswordRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: reader.account_id.clone(),
        mode: PasswordResetMode::Link.into(),
        request_id: request_id(),
        ..ResetPasswordRequest::default()
    };
    let mut administration = PasswordAdministrationServiceClient::new(world.identity.clone());
    administration.reset_password(reset).await.unwrap();
    world.link_token(&reader).await
}

/// The challenge of somebody new who is to change their password.
async fn asked_for_password(world: &World, login: &str) -> SignInChallenge {
    let newcomer = world.person_with(login, |new| new.must_change_password = true).await;
    match world.sign_in(&newcomer.login, &newcomer.password).await {
        SignInResult::Challenge(challenge) => challenge,
        other => panic!("{other:?}"),
    }
}

async fn sessions(world: &World, (zoe, tokens): (&Person, &SessionTokens)) -> Vec<Example> {
    let signer = world.person("signer").await;
    let challenge = asked_for_password(world, "newcomer").await;
    let refreshing = world.signed_in(&zoe.login, &zoe.password).await;
    let leaving = world.signed_in(&zoe.login, &zoe.password).await;
    let revoked = world.signed_in(&zoe.login, &zoe.password).await;

    let sign_in = SignInRequest {
        tenant_id: world.tenant_id.clone(),
        login: signer.login,
        password: signer.password,
        request_id: request_id(),
        context: context(),
    };
    // A challenge that asks for a code takes a tenant that is sprayed.
    let send = SendSignInCodeRequest {
        challenge_token: challenge.challenge_token.clone(),
        request_id: request_id(),
        context: context(),
    };
    let go_on = ContinueSignInRequest {
        challenge_token: challenge.challenge_token,
        new_password: NEW.to_owned(),
        security_info_verdict: 0,
        request_id: request_id(),
        context: context(),
        second_factor: None,
    };
    let refresh = RefreshSessionRequest {
        refresh_token: refreshing.refresh_token,
        request_id: request_id(),
        context: context(),
    };
    let revoke = RevokeSessionsRequest {
        session_ids: vec![revoked.session_id],
        request_id: request_id(),
        context: context(),
    };
    let first_page = ListSessionsRequest { page_size: 1, page_token: String::new() };
    let mut theirs = SessionServiceClient::new(world.acting_for(&tokens.access_token));
    let page_token = theirs.list_sessions(first_page).await.unwrap().into_inner().next_page_token;
    let list = ListSessionsRequest { page_size: 1, page_token };
    let check = CheckAccessTokenRequest { access_token: tokens.access_token.clone() };
    let sign_out =
        SignOutRequest { request_id: request_id(), context: context(), ..SignOutRequest::default() };
    let by_refresh_token = SignOutRequest {
        refresh_token: world.signed_in(&zoe.login, &zoe.password).await.refresh_token,
        request_id: request_id(),
        context: context(),
    };
    vec![
        Example::new("/rekey.identity.v1.SessionService/SignIn", &sign_in),
        Example::new("/rekey.identity.v1.SessionService/SendSignInCode", &send).refused("CHALLENGE_INVALID"),
        Example::new("/rekey.identity.v1.SessionService/ContinueSignIn", &go_on),
        Example::new("/rekey.identity.v1.SessionService/RefreshSession", &refresh),
        Example::new("/rekey.identity.v1.SessionService/SignOut", &sign_out).by(&leaving),
        Example::new("/rekey.identity.v1.SessionService/SignOut", &by_refresh_token),
        Example::new("/rekey.identity.v1.SessionService/ListSessions", &list).by(tokens),
        Example::new("/rekey.identity.v1.SessionService/RevokeSessions", &revoke).by(tokens),
        Example::new("/rekey.identity.v1.SessionService/CheckAccessToken", &check),
        Example::new("/rekey.identity.v1.SessionService/GetSigningKeys", &GetSigningKeysRequest {}),
    ]
}

async fn passwords(world: &World, tokens: &SessionTokens) -> Vec<Example> {
    let changer = world.person("changer").await;
    let changing = world.signed_in(&changer.login, &changer.password).await;
    let change = ChangePasswordRequest {
        current_password: changer.password,
        new_password: NEW.to_owned(),
        request_id: request_id(),
        context: context(),
    };
    let evaluate = EvaluatePasswordRequest {
        candidate_password: NEW.to_owned(),
        context: context(),
        ..EvaluatePasswordRequest::default()
    };
    let reset_token = world.proved_reset(&world.person("chooser").await).await;
    let in_a_reset = EvaluatePasswordRequest { reset_token, ..evaluate.clone() };
    let challenge_token = asked_for_password(world, "asked").await.challenge_token;
    let on_the_way_in = EvaluatePasswordRequest { challenge_token, ..evaluate.clone() };
    let link_token = mailed_link(world, "linked").await;
    let by_link = EvaluatePasswordRequest { link_token, ..evaluate.clone() };
    vec![
        Example::new("/rekey.identity.v1.PasswordService/ChangePassword", &change).by(&changing),
        Example::new("/rekey.identity.v1.PasswordService/EvaluatePassword", &evaluate).by(tokens),
        Example::new("/rekey.identity.v1.PasswordService/EvaluatePassword", &in_a_reset),
        Example::new("/rekey.identity.v1.PasswordService/EvaluatePassword", &on_the_way_in),
        Example::new("/rekey.identity.v1.PasswordService/EvaluatePassword", &by_link),
    ]
}

fn security_info(tokens: &SessionTokens, before: Before) -> Vec<Example> {
    let Before { to_send, to_confirm, code, to_remove, usable, list } = before;
    let send = SendSecurityInfoCodeRequest {
        security_info_id: to_send,
        request_id: request_id(),
        context: context(),
    };
    let confirm = ConfirmSecurityInfoRequest {
        security_info_id: to_confirm,
        code,
        request_id: request_id(),
        context: context(),
    };
    let remove = RemoveSecurityInfoRequest {
        security_info_id: to_remove,
        request_id: request_id(),
        context: context(),
    };
    let set_default = SetDefaultSecurityInfoRequest {
        security_info_id: usable,
        request_id: request_id(),
        context: context(),
    };
    let generate = GenerateRecoveryCodesRequest { request_id: request_id(), context: context() };
    let reconfirm = ReconfirmSecurityInfoRequest { request_id: request_id(), context: context() };
    let examples = [
        Example::new("/rekey.identity.v1.SecurityInfoService/ListSecurityInfo", &list),
        Example::new("/rekey.identity.v1.SecurityInfoService/AddSecurityInfo", &adding("fifth@home.example")),
        Example::new("/rekey.identity.v1.SecurityInfoService/SendSecurityInfoCode", &send),
        Example::new("/rekey.identity.v1.SecurityInfoService/ConfirmSecurityInfo", &confirm),
        Example::new("/rekey.identity.v1.SecurityInfoService/RemoveSecurityInfo", &remove),
        Example::new("/rekey.identity.v1.SecurityInfoService/SetDefaultSecurityInfo", &set_default),
        Example::new("/rekey.identity.v1.SecurityInfoService/GenerateRecoveryCodes", &generate),
        Example::new("/rekey.identity.v1.SecurityInfoService/ReconfirmSecurityInfo", &reconfirm),
    ];
    examples.map(|example| example.by(tokens)).into()
}
