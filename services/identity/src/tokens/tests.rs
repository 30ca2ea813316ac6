use rekey_primitives::entropy::SeededEntropy;
use rekey_primitives::id::SessionId;
use uuid::Uuid;

use super::*;
use crate::domain::authority::{Role, RoleSet};
use crate::domain::session::AccessClaims;
use crate::testing::{START, keys};

fn tokens() -> Tokens {
    let entropy = Arc::new(SeededEntropy::new(1));
    let settings = config::for_tests().tokens;
    Tokens { keys: Arc::new(keys(&*entropy)), entropy, settings }
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn claims() -> AccessClaims {
    AccessClaims {
        backend: "shop".to_owned(),
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

fn repudiation() -> Repudiation {
    Repudiation {
        tenant_id: TenantId::from_uuid(uuid(1)),
        account_id: AccountId::from_uuid(uuid(2)),
        epoch: CredentialEpoch(3),
        expires_at: START,
    }
}

/// A token as releases before the codec sealed it.
fn in_json(tokens: &Tokens, kind: &str, json: &serde_json::Value) -> SecretString {
    super::text(&tokens.keys.tokens.seal(&*tokens.entropy, kind.as_bytes(), json.to_string().as_bytes()))
}

#[test]
fn a_link_and_a_challenge_of_an_older_release_open() {
    let tokens = tokens();
    let (tenant_id, account_id, caller) = (uuid(1), uuid(2), vec![7_u8; 32]);
    let link = serde_json::json!({
        "tenant_id": tenant_id, "account_id": account_id, "epoch": 3, "expires_at": START.unix_micros(),
    });
    let challenge = serde_json::json!({
        "tenant_id": tenant_id, "account_id": account_id, "epoch": 3, "kind": "password_expired",
        "caller": caller, "expires_at": START.unix_micros(),
    });

    let link: Option<Repudiation> = tokens.open(&in_json(&tokens, "repudiation", &link));
    let challenge: Option<Challenge> = tokens.open(&in_json(&tokens, "challenge", &challenge));

    assert_eq!(link, Some(repudiation()));
    let challenge = challenge.unwrap();
    assert_eq!((challenge.kind, challenge.version), (ChallengeKind::PasswordExpired, None));
    assert_eq!((challenge.account_id, challenge.expires_at), (repudiation().account_id, START));
}

#[test]
fn a_token_of_one_kind_is_none_of_another() {
    let tokens = tokens();
    let link = repudiation();

    let token = tokens.seal(&link);

    assert_eq!(tokens.open::<Repudiation>(&token), Some(link));
    assert_eq!(tokens.open::<Challenge>(&token), None);
    assert!(tokens.open_reset(&token).is_none());
    assert_eq!(tokens.open::<Repudiation>(&SecretString::from("not a token")), None);
}

#[test]
fn an_access_token_says_what_was_claimed_until_it_dies() {
    let tokens = tokens();

    let token = tokens.sign_access(&claims());

    assert_eq!(tokens.read_access(&token, START), Some(claims()));
    assert_eq!(tokens.read_access(&token, claims().expires_at), None);
    let issuer = "another".to_owned();
    let settings = config::Tokens { issuer, ..tokens.settings };
    let elsewhere = Tokens { settings, ..tokens };
    assert_eq!(elsewhere.read_access(&token, START), None);
}

#[test]
fn a_refresh_token_names_its_session_and_hashes_to_what_is_kept() {
    let (tenant_id, session_id) = (TenantId::from_uuid(uuid(1)), SessionId::from_uuid(uuid(2)));
    let tokens = tokens();

    let new = tokens.new_refresh(tenant_id, session_id);
    let other = tokens.new_refresh(tenant_id, session_id);
    let shown = tokens.read_refresh(&new.token).unwrap();

    assert_eq!((shown.tenant_id, shown.session_id, shown.hash), (tenant_id, session_id, new.hash));
    assert_ne!(new.hash, other.hash);
}

#[test]
fn a_refresh_token_that_somebody_made_up_from_a_session_id_is_none() {
    let (tenant_id, session_id) = (TenantId::from_uuid(uuid(1)), SessionId::from_uuid(uuid(2)));
    let tokens = tokens();
    let token = tokens.new_refresh(tenant_id, session_id).token;
    let mut bytes = super::bytes(&token).unwrap().to_vec();

    // Another secret under the tag of a token that was ours.
    bytes[40] ^= 1;
    let made_up = super::text(&bytes);

    assert!(tokens.read_refresh(&made_up).is_none());
}
