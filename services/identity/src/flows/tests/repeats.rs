//! A repeated call gets its first answer, a rejection too, and costs no second try.

use super::world::{OLD, World, refusal};
use crate::domain::refusal::Refusal;

#[tokio::test]
async fn whoever_has_signed_out_is_told_so_again_and_may_do_nothing_else() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let (here, there) = (world.signed_in("ada", OLD).await, world.signed_in("ada", OLD).await);
    let person = world.live(&here).await.unwrap();
    let request_id = world.request_id();
    world.identity.sign_out(&world.caller, &person, request_id).await.unwrap();

    let left = world.identity.verify_leaving_person(&here.access_token).await.unwrap().unwrap();
    let repeat = world.identity.sign_out(&world.caller, &left, request_id).await;
    let other = world.identity.sign_out(&world.caller, &left, world.request_id()).await;
    let another_there = world.live(&there).await.unwrap();
    let used_there = world.request_id();
    world.identity.sign_out(&world.caller, &another_there, used_there).await.unwrap();
    let of_another = world.identity.sign_out(&world.caller, &left, used_there).await;

    assert_eq!(refusal(of_another), Refusal::AccessTokenInvalid);
    assert_eq!(world.live(&here).await, None);
    assert!(repeat.is_ok());
    assert_eq!(refusal(other), Refusal::AccessTokenInvalid);
    world.pass(300);
    assert_eq!(world.identity.verify_leaving_person(&here.access_token).await.unwrap(), None);
}

#[tokio::test]
async fn a_session_that_was_ended_from_elsewhere_is_not_left() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let (here, there) = (world.signed_in("ada", OLD).await, world.signed_in("ada", OLD).await);
    let person = world.live(&here).await.unwrap();
    world.identity.revoke_sessions(&world.caller, &person, &[], world.request_id()).await.unwrap();

    let revoked = world.identity.verify_leaving_person(&there.access_token).await.unwrap();
    let live = world.identity.verify_leaving_person(&here.access_token).await.unwrap();

    assert_eq!((revoked, live), (None, Some(person)));
}
