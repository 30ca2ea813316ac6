//! A mailing to everybody holds up nobody who waits for a code.

use rekey::Part;
use rekey_primitives::clock::Clock as _;
use rekey_tests::{Stores, World};
use rekey_wire::identity::v1::ProofOutcome;

/// One mail of the lane leaves, and then none while the clock stands.
const SLOW_BULK: (&str, &str) = ("NOTIFICATION__BULK__PER_SECOND", "1");

#[tokio::test(flavor = "multi_thread")]
async fn a_code_passes_a_hundred_thousand_bulk_mails_that_still_wait() {
    let world = World::start_with(Stores::Real, &[SLOW_BULK]).await;
    let zoe = world.person("zoe").await;
    let now = world.clock.now().unix_micros();
    let queue = format!(
        "insert into notification
         select '{}'::uuid, gen_random_uuid(), {now}, {now}, 3, 1, 'password_expiry_notice', 'en', 'email',
             'a***@mail.example', '', false, '\\x00'::bytea, 0, 0, null, {now}, {now} + 86400000000, null, ''
         from generate_series(1, 100000)",
        world.tenant_id,
    );
    world.execute(Part::Notification, &queue).await;

    let started = world.start_reset(&zoe.login).await;
    world.send_code(&started.reset_token, "1").await.unwrap();
    let code = world.code_for(&zoe.login).await;
    let waiting = world.count(Part::Notification, "notification where lane = 3 and state = 1").await;
    let proved = world.prove(&started.reset_token, "1", &code).await;

    assert!(waiting >= 99_999, "only {waiting} bulk mails still wait");
    assert_eq!(proved.outcome(), ProofOutcome::Accepted);
    world.stop().await;
}
