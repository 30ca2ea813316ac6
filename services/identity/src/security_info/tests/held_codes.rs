//! Authenticators and recovery codes, from the key to the first code that counts.

use data_encoding::BASE32_NOPAD;
use rekey_primitives::secret::{ExposeSecret, SecretString};

use super::{ada, id_of, owner, states};
use crate::domain::recovery_codes::canonical;
use crate::domain::refusal::Refusal;
use crate::domain::totp::{Totp, TotpHash};
use crate::security_info::AddedAuthenticator;
use crate::security_info::recovery_codes::GeneratedCodes;
use crate::sign_in::SignedIn;
use crate::testing::{Authenticator, OLD, World, done, is_rejected, refusal};
use crate::views::SecurityInfoState;

const USUAL: Totp = Totp { hash: TotpHash::Sha1, digits: 6 };

fn held(added: &AddedAuthenticator) -> Authenticator {
    Authenticator::of_key(BASE32_NOPAD.decode(added.key.expose_secret().as_bytes()).unwrap())
}

fn texts(generated: &GeneratedCodes) -> Vec<String> {
    generated.codes.iter().map(|code| code.0.expose_secret().to_owned()).collect()
}

#[tokio::test]
async fn an_authenticator_counts_once_it_has_shown_a_code() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;

    let added = world.security_info.add_authenticator(&owner, USUAL, world.request_id()).await.unwrap();
    let unconfirmed = states(&world, &owner).await;
    let before = world.sign_in("ada", OLD).await;
    let (id, code) = (id_of(&added.entry), held(&added).code(world.now()));
    let entry = done(world.security_info.confirm(&owner, id, &code, world.request_id()).await);
    let after = world.sign_in("ada", OLD).await;

    assert_eq!(unconfirmed, [SecurityInfoState::Usable, SecurityInfoState::Unconfirmed]);
    assert_eq!(entry.state, SecurityInfoState::Quarantined);
    assert!(matches!(before, SignedIn::Tokens(_)) && matches!(after, SignedIn::Challenge(_)));
    let told: Vec<_> = world.notices().await.iter().map(|told| told.variables["method"].clone()).collect();
    assert_eq!(told, ["authenticator", "authenticator"]);
}

#[tokio::test]
async fn a_key_is_shown_to_the_call_that_made_it_and_to_its_repeat() {
    let world = World::new().await;
    let (account, owner) = ada(&world).await;
    let request_id = world.request_id();

    let first = world.security_info.add_authenticator(&owner, USUAL, request_id).await.unwrap();
    let repeat = world.security_info.add_authenticator(&owner, USUAL, request_id).await.unwrap();
    let other = world.security_info.add_authenticator(&owner, USUAL, world.request_id()).await.unwrap();
    let as_address = world.security_info.add(&owner, &super::address("a@b.example"), request_id).await;

    assert_eq!(first.key.expose_secret(), repeat.key.expose_secret());
    assert_ne!(first.key.expose_secret(), other.key.expose_secret());
    assert_eq!(first.key.expose_secret().len() * 5, 160);
    assert!(first.uri.expose_secret().contains(first.key.expose_secret()));
    assert!(matches!(refusal(as_address), Refusal::RequestIdReused));
    let stored = format!("{:?}", world.read(&account).await);
    assert!(!stored.contains(first.key.expose_secret()));
}

#[tokio::test]
async fn a_wrong_code_confirms_no_authenticator_and_the_code_that_does_is_spent() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    let added = world.security_info.add_authenticator(&owner, USUAL, world.request_id()).await.unwrap();
    let (id, code) = (id_of(&added.entry), held(&added).code(world.now()));

    let wrong = SecretString::from("1234567");
    let wrong = world.security_info.confirm(&owner, id, &wrong, world.request_id()).await;
    done(world.security_info.confirm(&owner, id, &code, world.request_id()).await);
    let again = world.security_info.confirm(&owner, id, &code, world.request_id()).await;

    assert!(is_rejected(wrong) && is_rejected(again));
}

#[tokio::test]
async fn no_code_is_sent_for_an_authenticator() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    let added = world.security_info.add_authenticator(&owner, USUAL, world.request_id()).await.unwrap();

    let sent = world.security_info.send_code(&owner, id_of(&added.entry), world.request_id()).await;

    assert!(matches!(refusal(sent), Refusal::FieldsInvalid(_)));
    assert_eq!(world.verification.started(), 0);
}

#[tokio::test]
async fn a_new_list_voids_the_one_before() {
    let world = World::new().await;
    let (account, owner) = ada(&world).await;
    let request_id = world.request_id();

    let first = world.security_info.generate_recovery_codes(&owner, request_id).await.unwrap();
    let repeat = world.security_info.generate_recovery_codes(&owner, request_id).await.unwrap();
    let second = world.security_info.generate_recovery_codes(&owner, world.request_id()).await.unwrap();

    assert_eq!((texts(&first).len(), texts(&repeat)), (10, texts(&first)));
    assert_eq!(states(&world, &owner).await, [SecurityInfoState::Usable, SecurityInfoState::Quarantined]);
    for (generated, is_held) in [(&first, false), (&second, true)] {
        let code = canonical(&generated.codes[0].0);
        let hash = world.parts.keys.recovery_code_hash(world.tenant.id, account.id, &code);
        let list = id_of(&generated.entry);
        let holds = world.parts.store.holds_recovery_code(&world.scope, account.id, list, &hash).await;
        assert_eq!(holds.unwrap(), is_held);
    }
}

#[tokio::test]
async fn an_old_sign_in_makes_no_codes_and_no_key() {
    let world = World::new().await;
    let (_, owner) = ada(&world).await;
    world.pass(601);

    let key = world.security_info.add_authenticator(&owner, USUAL, world.request_id()).await;
    let codes = world.security_info.generate_recovery_codes(&owner, world.request_id()).await;

    assert!(matches!(refusal(key), Refusal::SignInNotRecent));
    assert!(matches!(refusal(codes), Refusal::SignInNotRecent));
}

#[tokio::test]
async fn removing_a_list_takes_its_codes_along() {
    let world = World::new().await;
    let (account, _) = ada(&world).await;
    let [code, _] = world.recovery_codes(&account).await;
    let owner = owner(&world).await;
    let list = world.read(&account).await.security_info[1].id;

    world.security_info.remove(&owner, list, world.request_id()).await.unwrap();

    let hash = world.parts.keys.recovery_code_hash(world.tenant.id, account.id, &code);
    let holds = world.parts.store.holds_recovery_code(&world.scope, account.id, list, &hash).await;
    assert!(!holds.unwrap());
}
