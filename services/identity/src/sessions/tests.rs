//! Refresh tokens, ended sessions and checks of access tokens.

use rekey_primitives::secret::ExposeSecret;

use super::{RefreshSession, Revoked};
use crate::domain::refusal::Refusal;
use crate::operation::Caller;
use crate::testing::{NEW, OLD, World, context, refusal};
use crate::tokens::SessionTokens;

fn refresh(world: &World, tokens: &SessionTokens) -> RefreshSession {
    let (refresh_token, request_id) = (tokens.refresh_token.clone(), world.request_id());
    RefreshSession { refresh_token, request_id, context: context("192.0.2.1") }
}

#[tokio::test]
async fn a_refresh_token_is_traded_once_and_a_lost_answer_is_given_again() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let first = world.signed_in("ada", OLD).await;
    world.pass(60);

    let second = world.sessions.refresh(&world.caller, &refresh(&world, &first)).await.unwrap();
    world.pass(5);
    let repeat = world.sessions.refresh(&world.caller, &refresh(&world, &first)).await.unwrap();

    assert_eq!(second.session_id, first.session_id);
    assert_ne!(second.refresh_token.expose_secret(), first.refresh_token.expose_secret());
    assert_eq!(repeat.refresh_token.expose_secret(), second.refresh_token.expose_secret());
    assert_eq!(repeat.access_token.expose_secret(), second.access_token.expose_secret());
}

#[tokio::test]
async fn a_repeated_refresh_is_answered_later_too_and_other_tokens_under_its_id_are_refused() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let first = world.signed_in("ada", OLD).await;
    let request = refresh(&world, &first);
    let second = world.sessions.refresh(&world.caller, &request).await.unwrap();
    let other = RefreshSession { refresh_token: second.refresh_token.clone(), ..request };
    let request = RefreshSession { refresh_token: first.refresh_token.clone(), ..refresh(&world, &first) };
    let request = RefreshSession { request_id: other.request_id, ..request };
    world.pass(299);

    let repeat = world.sessions.refresh(&world.caller, &request).await.unwrap();
    let other = world.sessions.refresh(&world.caller, &other).await;

    assert_eq!(repeat.refresh_token.expose_secret(), second.refresh_token.expose_secret());
    assert_eq!(refusal(other), Refusal::RequestIdReused);
    assert!(world.live(&second).await.is_some());
    world.pass(301);
    let forgotten = world.sessions.refresh(&world.caller, &request).await;
    assert_eq!(refusal(forgotten), Refusal::RefreshTokenInvalid);
}

#[tokio::test]
async fn two_windows_that_rotate_one_after_the_other_keep_the_session() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let first = world.signed_in("ada", OLD).await;
    let second = world.sessions.refresh(&world.caller, &refresh(&world, &first)).await.unwrap();
    let third = world.sessions.refresh(&world.caller, &refresh(&world, &second)).await.unwrap();
    world.pass(10);

    let slow = refresh(&world, &first);
    let again = world.sessions.refresh(&world.caller, &slow).await.unwrap();
    world.pass(1);
    let repeat = world.sessions.refresh(&world.caller, &slow).await.unwrap();

    let tokens = [&again, &repeat].map(|tokens| tokens.refresh_token.expose_secret().to_owned());
    assert_eq!(tokens, [second.refresh_token.expose_secret(); 2]);
    assert!(world.live(&third).await.is_some());
}

#[tokio::test]
async fn a_refresh_token_that_comes_back_late_ends_the_session() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let first = world.signed_in("ada", OLD).await;
    let second = world.sessions.refresh(&world.caller, &refresh(&world, &first)).await.unwrap();
    world.pass(11);

    let stolen = world.sessions.refresh(&world.caller, &refresh(&world, &first)).await;
    let honest = world.sessions.refresh(&world.caller, &refresh(&world, &second)).await;

    assert_eq!(
        [refusal(stolen), refusal(honest)],
        [Refusal::RefreshTokenInvalid, Refusal::RefreshTokenInvalid]
    );
    assert_eq!(world.live(&second).await, None);
}

#[tokio::test]
async fn a_made_up_refresh_token_is_refused() {
    let world = World::new().await;

    for token in ["", "x", &"A".repeat(86), &"A".repeat(5_000)] {
        let request = RefreshSession {
            refresh_token: token.into(),
            request_id: world.request_id(),
            context: context("192.0.2.1"),
        };
        let outcome = world.sessions.refresh(&world.caller, &request).await;
        assert_eq!(refusal(outcome), Refusal::RefreshTokenInvalid);
    }
}

#[tokio::test]
async fn signing_out_ends_this_session_and_revoking_the_others() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let [one, two, three] = [
        world.signed_in("ada", OLD).await,
        world.signed_in("ada", OLD).await,
        world.signed_in("ada", OLD).await,
    ];
    let person = world.live(&one).await.unwrap();
    let request_id = world.request_id();
    let owner = world.owner(&person);

    let revoked = world.sessions.revoke(&owner, &[], request_id).await.unwrap();
    let repeat = world.sessions.revoke(&owner, &[], request_id).await.unwrap();

    assert_eq!((revoked, repeat), (Revoked { sessions_revoked: 2 }, Revoked { sessions_revoked: 2 }));
    assert_eq!((world.live(&two).await, world.live(&three).await), (None, None));
    world.sessions.sign_out(&owner, world.request_id()).await.unwrap();
    assert_eq!(world.live(&one).await, None);
}

#[tokio::test]
async fn an_access_token_is_good_for_five_minutes_and_for_callers_that_reach_its_tenant() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let tokens = world.signed_in("ada", OLD).await;
    let far = Caller::new("far", |_| false);
    let check = async |caller| {
        world.sessions.check_access_token(caller, &tokens.access_token).await.unwrap().is_some()
    };

    assert!(check(&world.caller).await);
    assert!(!check(&far).await);
    world.pass(299);
    assert!(check(&world.caller).await);
    world.pass(1);
    assert!(!check(&world.caller).await);
}

#[tokio::test]
async fn a_token_for_another_audience_is_none() {
    let mut world = World::new().await;
    world.person("ada", &[]).await;
    let tokens = world.signed_in("ada", OLD).await;

    world.adapt(|parts| parts.settings.tokens.audience = "another".to_owned());

    assert_eq!(world.live(&tokens).await, None);
}

#[tokio::test]
async fn a_reset_ends_every_session_and_its_refresh_tokens() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let tokens = world.signed_in("ada", OLD).await;
    let token = world.proved("ada", "ada@mail.example").await;

    world.resets.complete(&world.caller, &world.completion(&token, NEW)).await.unwrap();

    assert_eq!(world.live(&tokens).await, None);
    let outcome = world.sessions.refresh(&world.caller, &refresh(&world, &tokens)).await;
    assert_eq!(refusal(outcome), Refusal::RefreshTokenInvalid);
}
