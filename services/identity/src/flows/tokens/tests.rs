use rekey_primitives::entropy::SeededEntropy;

use super::*;
use crate::flows::tests::world::{START, keys};

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn claims() -> AccessClaims {
    AccessClaims {
        account_id: AccountId::from_uuid(uuid(1)),
        tenant_id: TenantId::from_uuid(uuid(2)),
        session_id: SessionId::from_uuid(uuid(3)),
        epoch: CredentialEpoch(4),
        roles: RoleSet::of(&[Role::HelpdeskAdministrator]),
        auth_time: START,
        issued_at: START,
        expires_at: START.plus(std::time::Duration::from_secs(300)),
    }
}

#[test]
fn a_token_of_one_kind_is_none_of_another() {
    let entropy = SeededEntropy::new(1);
    let keys = keys(&entropy);
    let link = Repudiation { tenant_id: uuid(1), account_id: uuid(2), epoch: 3, expires_at: 4 };

    let token = keys.seal_token(&entropy, &link);

    assert_eq!(keys.open_token::<Repudiation>(&token), Some(link));
    assert_eq!(keys.open_token::<Challenge>(&token), None);
    assert!(keys.open_reset(&token).is_none());
    assert_eq!(keys.open_token::<Repudiation>(&SecretString::from("not a token")), None);
}

#[test]
fn an_access_token_says_what_was_claimed_until_it_dies() {
    let entropy = SeededEntropy::new(1);
    let keys = keys(&entropy);
    let settings = crate::config::for_tests().tokens;

    let token = keys.sign_access(&settings, &entropy, &claims());

    assert_eq!(keys.read_access(&settings, &token, START), Some(claims()));
    assert_eq!(keys.read_access(&settings, &token, claims().expires_at), None);
    let elsewhere = config::Tokens { issuer: "another".to_owned(), ..settings };
    assert_eq!(keys.read_access(&elsewhere, &token, START), None);
}

#[test]
fn a_refresh_token_names_its_session_and_hashes_to_what_is_kept() {
    let entropy = SeededEntropy::new(1);
    let (tenant_id, session_id) = (TenantId::from_uuid(uuid(1)), SessionId::from_uuid(uuid(2)));
    let keys = keys(&entropy);

    let (token, hash) = keys.new_refresh(&entropy, tenant_id, session_id);
    let (_, other) = keys.new_refresh(&entropy, tenant_id, session_id);
    let shown = keys.read_refresh(&token).unwrap();

    assert_eq!((shown.tenant_id, shown.session_id, shown.hash), (tenant_id, session_id, hash));
    assert_ne!(hash, other);
}

#[test]
fn a_refresh_token_that_somebody_made_up_from_a_session_id_is_none() {
    let entropy = SeededEntropy::new(1);
    let (tenant_id, session_id) = (TenantId::from_uuid(uuid(1)), SessionId::from_uuid(uuid(2)));
    let keys = keys(&entropy);
    let (token, _) = keys.new_refresh(&entropy, tenant_id, session_id);
    let mut bytes = super::bytes(&token).unwrap().to_vec();

    // Another secret under the tag of a token that was ours.
    bytes[40] ^= 1;
    let made_up = super::text(&bytes);

    assert!(keys.read_refresh(&made_up).is_none());
}
