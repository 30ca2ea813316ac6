//! A limit beyond a reset is not told, and its answer is not guessed either: the clocks are those of verification.

use std::time::Duration;

use rekey_primitives::clock::Clock as _;
use rekey_tests::person::{Person, request_id};
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::{SendResetCodeRequest, SendResetCodeResponse};

on_both_store_sets!(a_stop_beyond_the_reset_shows_the_clocks_that_verification_has);

async fn a_stop_beyond_the_reset_shows_the_clocks_that_verification_has(stores: Stores) {
    let settings = [
        ("VERIFICATION__CODE__LIFE_SECONDS", "170"),
        ("VERIFICATION__RESEND__LADDER_SECONDS", "15,70"),
        ("VERIFICATION__RESEND__SENDS", "3"),
        ("VERIFICATION__LIMITS__CALLER_PER_HOUR", "3"),
    ];
    let world = World::start_with(stores, &settings).await;
    let (zoe, eve) = (world.person("zoe").await, world.person("eve").await);

    let went_out = sends(&world, &zoe).await;
    let stopped = sends(&world, &eve).await;

    let clocks = |sent: u64, next: Option<u64>| (170 - sent, next);
    assert_eq!(went_out, [clocks(0, Some(15)), clocks(15, Some(70)), clocks(85, None)]);
    assert_eq!(stopped, went_out);
    world.settled().await;
    assert_eq!((world.mail_to(&zoe.login).len(), world.mail_to(&eve.login).len()), (3, 0));
    world.stop().await;
}

/// Sends on the whole ladder: seconds until the code dies, and until the next send.
async fn sends(world: &World, person: &Person) -> Vec<(u64, Option<u64>)> {
    let reset_token = world.start_reset(&person.login).await.reset_token;
    let mut shown = Vec::new();
    for wait in [0, 15, 70] {
        world.clock.advance(Duration::from_secs(wait));
        let send = SendResetCodeRequest {
            reset_token: reset_token.clone(),
            method_id: "1".to_owned(),
            request_id: request_id(),
            context: None,
        };
        let sent = world.resets().send_reset_code(send).await.unwrap().into_inner();
        shown.push(left(world, &sent));
    }
    shown
}

fn left(world: &World, sent: &SendResetCodeResponse) -> (u64, Option<u64>) {
    let until = |at: prost_types::Timestamp| (at.seconds - world.clock.now().unix_seconds()).unsigned_abs();
    (sent.code_expire_time.map(until).unwrap(), sent.resend_time.map(until))
}
