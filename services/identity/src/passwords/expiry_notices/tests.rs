//! Being told that a password expires.

use rekey_primitives::id::TenantId;

use crate::domain::account::{Account, PasswordRecord};
use crate::passwords::ChangePassword;
use crate::peers::notification::Message;
use crate::testing::{OLD, World};

const DAY: u64 = 86_400;

async fn world() -> World {
    World::with(|policy| policy.password.expiry_days = Some(90)).await
}

fn exempt(account: &mut Account) {
    let record = account.password.take();
    account.password = record.map(|record| PasswordRecord { expiry_exempt: true, ..record });
}

/// Lets the job look so many times, and gives how many people it told.
async fn told<const LOOKS: usize>(world: &World) -> [u32; LOOKS] {
    let mut counts = [0; LOOKS];
    for count in &mut counts {
        *count = world.expiry_notices.send_due(|| true).await.unwrap();
    }
    counts
}

/// The notices that wait, taken out.
async fn taken(world: &World) -> Vec<Message> {
    let notices = world.notices().await;
    world.damage(world.tenant.id, "delete from outbox where tenant_id = $1").await;
    notices
}

fn days(notices: &[Message]) -> Vec<&str> {
    notices.iter().map(|notice| notice.variables["days"].as_str()).collect()
}

#[tokio::test]
async fn a_person_is_told_14_7_and_1_days_before_and_once_each() {
    let world = world().await;
    world.person("ada", &["ada@mail.example", "+4915100000001"]).await;
    world.person_with("bob", &["bob@mail.example"], exempt).await;
    let mut seen = Vec::new();

    for day in [75, 76, 80, 83, 88, 89, 90] {
        world.clock.set(crate::testing::START.plus(std::time::Duration::from_secs(day * DAY)));
        let counts: [u32; 2] = told(&world).await;
        let notices = taken(&world).await;
        assert_eq!(counts[1], 0, "day {day}");
        seen.push((
            day,
            notices.iter().map(|one| (one.address.clone(), one.variables["days"].clone())).collect(),
        ));
    }

    let ada = |days: &str| vec![("ada@mail.example".to_owned(), days.to_owned())];
    let expected: [(u64, Vec<(String, String)>); 7] = [
        (75, vec![]),
        (76, ada("14")),
        (80, vec![]),
        (83, ada("7")),
        (88, vec![]),
        (89, ada("1")),
        (90, vec![]),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_notice_says_when_and_is_of_no_use_after_that() {
    let world = world().await;
    let account = world.person("ada", &["ada@mail.example"]).await;
    world.pass(89 * DAY + 3_600);

    assert_eq!(told(&world).await, [1]);

    let now = world.now();
    let claimed = world.parts.store.claim_notices(9, now, now).await.unwrap();
    let end = account.created_at.plus(std::time::Duration::from_secs(90 * DAY));
    assert_eq!((claimed.len(), claimed[0].notice.not_after), (1, end));
    let message = world.parts.keys.open_notice(&claimed[0].notice).unwrap();
    assert_eq!(message.template, "password_expiry_notice");
    let named: Vec<_> = message.variables.keys().map(String::as_str).collect();
    assert_eq!(named, ["days", "name", "organisation", "time"]);
    assert_eq!((message.variables["days"].as_str(), message.variables["time"].len()), ("1", 20));
}

#[tokio::test]
async fn phones_are_told_where_there_is_no_mailbox_and_nobody_where_there_is_nothing() {
    let world = world().await;
    world.person("ada", &["+4915100000001"]).await;
    world.person("bob", &[]).await;
    world.pass(80 * DAY);

    let counts: [u32; 2] = told(&world).await;

    let notices = world.notices().await;
    assert_eq!(counts, [1, 0]);
    assert_eq!((notices.len(), notices[0].address.as_str()), (1, "+4915100000001"));
}

#[tokio::test]
async fn whoever_was_not_told_in_time_is_told_the_nearest_and_a_new_password_begins_anew() {
    let world = world().await;
    world.person("ada", &["ada@mail.example"]).await;
    world.pass(87 * DAY);
    let late: [u32; 2] = told(&world).await;
    let first = taken(&world).await;
    let person = world.live(&world.signed_in("ada", OLD).await).await.unwrap();
    let change = ChangePassword {
        current_password: OLD.into(),
        new_password: crate::testing::NEW.into(),
        request_id: world.request_id(),
        context: crate::testing::context("192.0.2.1"),
    };
    world.passwords.change(&world.caller, &person, &change).await.unwrap();
    taken(&world).await;

    world.pass(80 * DAY);
    let anew: [u32; 2] = told(&world).await;

    assert_eq!((late, days(&first)), ([1, 0], vec!["3"]));
    assert_eq!((anew, days(&taken(&world).await)), ([1, 0], vec!["10"]));
}

#[tokio::test]
async fn nobody_is_told_where_passwords_do_not_expire_or_the_process_is_to_stop() {
    let lasting = World::new().await;
    lasting.person("ada", &["ada@mail.example"]).await;
    lasting.pass(720 * DAY);
    let stopped = world().await;
    stopped.person("ada", &["ada@mail.example"]).await;
    stopped.pass(80 * DAY);

    assert_eq!(told(&lasting).await, [0]);
    assert_eq!(stopped.expiry_notices.send_due(|| false).await.unwrap(), 0);
    assert_eq!(told(&stopped).await, [1]);
}

#[tokio::test]
async fn what_is_wrong_with_one_tenant_keeps_no_notice_from_another() {
    let world = world().await;
    world.person("ada", &["ada@mail.example"]).await;
    let broken = crate::domain::tenant::Tenant {
        // Its turn comes first.
        id: TenantId::from_uuid(uuid::Uuid::from_u128(1)),
        handle: crate::domain::tenant::Handle::parse("broken").unwrap(),
        domains: Vec::new(),
        ..world.tenant.clone()
    };
    world.tenant_without_a_policy(&broken).await;
    world.pass(80 * DAY);

    assert_eq!(told(&world).await, [1]);
}
