//! Passkeys, made and used by an authenticator that is not ours.

use rekey_client::Connection;
use rekey_tests::World;
use rekey_tests::passkeys::{Device, Says};
use rekey_tests::person::request_id;
use rekey_wire::identity::v1::passkey_service_client::PasskeyServiceClient;
use rekey_wire::identity::v1::{
    CompletePasskeyRegistrationRequest, CompletePasskeySignInRequest, ListPasskeysRequest,
    RenamePasskeyRequest, StartPasskeyRegistrationRequest, StartPasskeySignInRequest,
};

use super::Example;
use super::accounts::context;

type Calls = PasskeyServiceClient<Connection>;

pub(super) async fn examples(world: &World) -> Vec<Example> {
    let holder = world.person("keyholder").await;
    let tokens = world.signed_in(&holder.login, &holder.password).await;
    let mut calls = PasskeyServiceClient::new(world.acting_for(&tokens.access_token));
    let mut device = Device::default();
    let made = registration(&mut calls, &mut device).await;
    let first = calls.complete_passkey_registration(made).await.unwrap().into_inner().passkey.unwrap();
    let made = registration(&mut calls, &mut Device::default()).await;
    calls.complete_passkey_registration(made).await.unwrap();
    let first_page = ListPasskeysRequest { page_size: 1, page_token: String::new() };
    let page_token = calls.list_passkeys(first_page).await.unwrap().into_inner().next_page_token;
    let list = ListPasskeysRequest { page_size: 1, page_token };
    let rename = RenamePasskeyRequest {
        security_info_id: first.security_info_id,
        display_name: "Old laptop".to_owned(),
        request_id: request_id(),
        context: context(),
    };
    let start = StartPasskeySignInRequest { tenant_id: world.tenant_id.clone(), context: context() };
    let mut strangers = PasskeyServiceClient::new(world.identity.clone());
    let started = strangers.start_passkey_sign_in(start.clone()).await.unwrap().into_inner();
    let sign_in = CompletePasskeySignInRequest {
        sign_in_token: started.sign_in_token,
        credential_json: device.get(&started.request_options_json, &Says::default()).await,
        request_id: request_id(),
        context: context(),
    };
    let newcomer = world.person("keymaker").await;
    let theirs = world.signed_in(&newcomer.login, &newcomer.password).await;
    let mut calls = PasskeyServiceClient::new(world.acting_for(&theirs.access_token));
    let register = registration(&mut calls, &mut Device::default()).await;
    let begin = StartPasskeyRegistrationRequest { context: context() };
    vec![
        Example::new("/rekey.identity.v1.PasskeyService/StartPasskeyRegistration", &begin).by(&tokens),
        Example::new("/rekey.identity.v1.PasskeyService/CompletePasskeyRegistration", &register).by(&theirs),
        Example::new("/rekey.identity.v1.PasskeyService/ListPasskeys", &list).by(&tokens),
        Example::new("/rekey.identity.v1.PasskeyService/RenamePasskey", &rename).by(&tokens),
        Example::new("/rekey.identity.v1.PasskeyService/StartPasskeySignIn", &start),
        Example::new("/rekey.identity.v1.PasskeyService/CompletePasskeySignIn", &sign_in),
    ]
}

async fn registration(calls: &mut Calls, device: &mut Device) -> CompletePasskeyRegistrationRequest {
    let begin = StartPasskeyRegistrationRequest { context: None };
    let started = calls.start_passkey_registration(begin).await.unwrap().into_inner();
    CompletePasskeyRegistrationRequest {
        registration_token: started.registration_token,
        credential_json: device.create(&started.creation_options_json, &Says::default()).await,
        display_name: "Work laptop".to_owned(),
        request_id: request_id(),
        context: context(),
    }
}
