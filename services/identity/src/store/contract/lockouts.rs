//! What wrong passwords lead to.

use super::world::{NOW, World, after};
use crate::domain::audit::EventKind;
use crate::store::sign_ins::Admission;

pub(super) async fn wrong_passwords_lock_and_are_told(world: World) {
    let scope = world.tenant().await;
    let first = world.password_try(&scope, None);
    for _ in 0..5 {
        // A repeat of one of the last does not count.
        assert_eq!(world.store.admit_password(&scope, &first, NOW).await.unwrap(), Admission::Admitted);
    }
    for _ in 0..9 {
        let wrong = world.password_try(&scope, None);
        assert_eq!(world.store.admit_password(&scope, &wrong, NOW).await.unwrap(), Admission::Admitted);
    }

    let locked = world.store.admit_password(&scope, &first, after(59)).await.unwrap();
    let wrong = world.password_try(&scope, None);
    let later = world.store.admit_password(&scope, &wrong, after(60)).await.unwrap();

    assert_eq!((locked, later), (Admission::Locked { until: after(60) }, Admission::Admitted));
    let again = world.store.admit_password(&scope, &first, after(61)).await.unwrap();
    assert_eq!(again, Admission::Locked { until: after(180) });
    let kinds = world.kinds(&scope).await;
    assert_eq!(kinds, [EventKind::TenantCreated, EventKind::LockedOut, EventKind::LockedOut]);
}

pub(super) async fn a_familiar_place_has_a_record_of_its_own(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.signed_in(&scope, &anna, 1).await;
    for _ in 0..11 {
        let stranger = world.password_try(&scope, Some(5));
        world.store.admit_password(&scope, &stranger, NOW).await.unwrap();
    }

    let at_home = world.password_try(&scope, Some(2));
    let at_home = world.store.admit_password(&scope, &at_home, NOW).await.unwrap();
    let elsewhere = world.password_try(&scope, Some(6));
    let elsewhere = world.store.admit_password(&scope, &elsewhere, NOW).await.unwrap();

    assert_eq!(at_home, Admission::Admitted);
    assert_eq!(elsewhere, Admission::Locked { until: after(60) });
    assert!(world.store.is_familiar(&scope, &[1; 32], &[2; 32]).await.unwrap());
    assert!(!world.store.is_familiar(&scope, &[1; 32], &[5; 32]).await.unwrap());
}

pub(super) async fn an_unlock_clears_every_record_of_the_login(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.signed_in(&scope, &anna, 1).await;
    for place in [None, Some(2)] {
        for _ in 0..10 {
            let wrong = world.password_try(&scope, place);
            world.store.admit_password(&scope, &wrong, NOW).await.unwrap();
        }
    }

    let event = world.event(&scope, EventKind::Unlocked);
    world.store.clear_lockout(&scope, &[1; 32], &event, NOW).await.unwrap();

    for place in [None, Some(2)] {
        let wrong = world.password_try(&scope, place);
        assert_eq!(world.store.admit_password(&scope, &wrong, NOW).await.unwrap(), Admission::Admitted);
    }
    assert_eq!(world.kinds(&scope).await.last(), Some(&EventKind::Unlocked));
}
