//! Refresh tokens, ended sessions and checks of access tokens.

use rekey_primitives::secret::ExposeSecret;

use super::{RefreshSession, Revoked};
use crate::domain::refusal::Refusal;
use crate::operation::{Caller, Origin};
use crate::passwords::ChangePassword;
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
async fn however_often_a_client_rotates_its_session_stays() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let first = world.signed_in("ada", OLD).await;

    let mut last = first.clone();
    for _ in 0..20 {
        last = world.sessions.refresh(&world.caller, &refresh(&world, &last)).await.unwrap();
    }
    let repeat = world.sessions.refresh(&world.caller, &refresh(&world, &first)).await;
    world.pass(11);
    let later = world.sessions.refresh(&world.caller, &refresh(&world, &last)).await.unwrap();

    assert!(repeat.is_ok(), "{repeat:?}");
    assert_ne!(later.refresh_token.expose_secret(), last.refresh_token.expose_secret());
}

#[tokio::test]
async fn an_answer_that_a_change_of_password_ended_is_given_again_alive() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let first = world.signed_in("ada", OLD).await;
    let second = world.sessions.refresh(&world.caller, &refresh(&world, &first)).await.unwrap();
    let person = world.live(&second).await.unwrap();
    let change = ChangePassword {
        current_password: OLD.into(),
        new_password: NEW.into(),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };
    world.passwords.change(&world.caller, &person, &change).await.unwrap();

    let again = world.sessions.refresh(&world.caller, &refresh(&world, &first)).await.unwrap();

    assert_eq!(again.refresh_token.expose_secret(), second.refresh_token.expose_secret());
    assert!(world.live(&second).await.is_none() && world.live(&again).await.is_some());
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
async fn a_token_of_another_issuer_is_none() {
    let mut world = World::new().await;
    world.person("ada", &[]).await;
    let tokens = world.signed_in("ada", OLD).await;

    world.adapt(|parts| parts.settings.tokens.issuer = "another".to_owned());

    assert_eq!(world.live(&tokens).await, None);
}

#[tokio::test]
async fn an_expired_token_ends_its_session_and_nothing_else() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let (here, there) = (world.signed_in("ada", OLD).await, world.signed_in("ada", OLD).await);
    world.pass(301);
    let leaving = world.sessions.verify_leaving_person(&here.access_token).await.unwrap().unwrap();
    let owner = world.owner(&leaving);

    let revoked = world.sessions.revoke(&owner, &[], world.request_id()).await;
    let left = world.sessions.sign_out(&owner, world.request_id()).await;

    assert_eq!(refusal(revoked), Refusal::AccessTokenInvalid);
    assert!(left.is_ok(), "{left:?}");
    let after = [&here, &there].map(|tokens| refresh(&world, tokens));
    let [here, there] = after.each_ref().map(|request| world.sessions.refresh(&world.caller, request));
    assert_eq!((refusal(here.await), there.await.is_ok()), (Refusal::RefreshTokenInvalid, true));
}

#[tokio::test]
async fn a_refresh_token_ends_its_session_for_its_own_backend() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let tokens = world.signed_in("ada", OLD).await;
    let (context, request_id) = (context("192.0.2.1"), world.request_id());
    let other = Caller::new("another backend", |_| true);
    let sign_out = |caller| {
        let origin = Origin { caller, context: &context };
        world.sessions.sign_out_by_refresh_token(origin, &tokens.refresh_token, request_id)
    };

    let elsewhere = sign_out(&other).await;
    let alive = world.live(&tokens).await;
    let left = sign_out(&world.caller).await;
    let repeat = sign_out(&world.caller).await;

    assert_eq!((refusal(elsewhere), alive.is_some()), (Refusal::RefreshTokenInvalid, true));
    assert!(left.is_ok() && repeat.is_ok(), "{left:?} {repeat:?}");
    assert_eq!(world.live(&tokens).await, None);
}

#[tokio::test]
async fn a_session_serves_the_backend_that_opened_it() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let tokens = world.signed_in("ada", OLD).await;
    let other = Caller::new("another backend", |_| true);

    let person = world.live(&tokens).await.unwrap();
    let elsewhere = world.sessions.refresh(&other, &refresh(&world, &tokens)).await;
    let at_home = world.sessions.refresh(&world.caller, &refresh(&world, &tokens)).await;

    assert_eq!(person.backend, world.caller.name());
    assert_eq!(refusal(elsewhere), Refusal::RefreshTokenInvalid);
    assert!(at_home.is_ok(), "{at_home:?}");
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
