//! One guess on many logins.

use crate::domain::account::Account;
use crate::sign_in::SignedIn;
use crate::testing::{OLD, World};

const ELSEWHERE: &str = "198.51.100.7";

impl World {
    /// One guess at so many logins that nobody has, each from a network of its own.
    async fn spray(&self, logins: u32) {
        for number in 0..logins {
            let ip = format!("203.0.{}.{}", 100 + number / 200, number % 200);
            self.sign_in_from(&ip, &format!("nobody{number}"), "summer 2026 sunshine").await;
        }
    }
}

#[tokio::test]
async fn a_right_password_amid_spraying_is_noted_and_signs_in() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    world.spray(49).await;
    world.sign_in_from(ELSEWHERE, "ada", "wrong password").await;

    let signed_in = world.sign_in_from(ELSEWHERE, "ada", OLD).await;

    assert!(matches!(signed_in, SignedIn::Tokens(_)), "{signed_in:?}");
    let suspected = world.log_of("sign_in.spraying_suspected").await;
    let noted: Vec<_> = suspected.iter().map(|event| (event.reason.as_deref(), event.subject_id)).collect();
    assert!(noted.contains(&(Some("many_logins"), None)), "{noted:?}");
    assert!(noted.contains(&(Some("right_password"), Some(ada.id.as_uuid()))), "{noted:?}");
}

#[tokio::test]
async fn a_familiar_place_is_no_part_of_it() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    world.sign_in("ada", OLD).await;
    world.spray(50).await;

    world.sign_in("ada", OLD).await;

    let suspected = world.log_of("sign_in.spraying_suspected").await;
    assert!(suspected.iter().all(|event| event.subject_id.is_none()), "{suspected:?}");
}

#[tokio::test]
async fn right_passwords_that_are_asked_for_more_count_against_it() {
    let world = World::new().await;
    for number in 0..30 {
        let must_change = |account: &mut Account| account.password.as_mut().unwrap().must_change = true;
        world.person_with(&format!("person{number}"), &[], must_change).await;
        let ip = format!("198.51.{number}.7");
        let asked = world.sign_in_from(&ip, &format!("person{number}"), OLD).await;
        assert!(matches!(asked, SignedIn::Challenge(_)), "{asked:?}");
    }

    world.spray(55).await;

    assert_eq!(world.log_of("sign_in.spraying_suspected").await, []);
}

#[tokio::test]
async fn spraying_is_over_when_its_window_is() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    world.spray(50).await;
    world.pass(600);

    world.sign_in_from(ELSEWHERE, "ada", OLD).await;

    let suspected = world.log_of("sign_in.spraying_suspected").await;
    assert!(suspected.iter().all(|event| event.subject_id.is_none()), "{suspected:?}");
}
