//! What wrong passwords lead to.

use super::world::{NOW, World, after, idempotent};
use crate::domain::audit::EventKind;
use crate::store::outcome::{EarlierRequest, StepOutcome};
use crate::store::sign_ins::{Admission, OpenSession};

pub(super) async fn wrong_passwords_lock_and_are_told(world: World) {
    let scope = world.tenant().await;
    let first = world.password_try(&scope, None);
    for _ in 0..5 {
        // A repeat of one of the last does not count.
        assert_eq!(world.wrong(&scope, &first, NOW).await, Admission::Admitted);
    }
    for _ in 0..9 {
        let wrong = world.password_try(&scope, None);
        assert_eq!(world.wrong(&scope, &wrong, NOW).await, Admission::Admitted);
    }

    let locked = world.wrong(&scope, &first, after(59)).await;
    let wrong = world.password_try(&scope, None);
    let later = world.wrong(&scope, &wrong, after(60)).await;

    assert_eq!((locked, later), (Admission::Locked { until: after(60) }, Admission::Admitted));
    let again = world.wrong(&scope, &first, after(61)).await;
    assert_eq!(again, Admission::Locked { until: after(180) });
    let kinds = world.kinds(&scope).await;
    assert_eq!(kinds, [EventKind::TenantCreated, EventKind::LockedOut, EventKind::LockedOut]);
}

pub(super) async fn what_is_being_judged_locks_nothing(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    for _ in 0..9 {
        world.wrong(&scope, &world.password_try(&scope, None), NOW).await;
    }

    let tenth = world.admit(&scope, &world.password_try(&scope, None), NOW).await;
    let beside_it = world.admit(&scope, &world.password_try(&scope, None), NOW).await;
    let when_it_never_came_back = world.admit(&scope, &world.password_try(&scope, None), after(30)).await;
    world.signed_in(&scope, &anna, 1).await;
    let when_it_was_right = world.admit(&scope, &world.password_try(&scope, None), after(30)).await;

    assert_eq!((tenth, beside_it), (Admission::Admitted, Admission::Contended));
    assert_eq!((when_it_never_came_back, when_it_was_right), (Admission::Admitted, Admission::Admitted));
    let kinds = world.kinds(&scope).await;
    assert!(!kinds.contains(&EventKind::LockedOut), "{kinds:?}");
}

pub(super) async fn a_rejection_counts_once_however_often_it_is_repeated(world: World) {
    let scope = world.tenant().await;
    let reject = async |content| {
        let wrong = world.password_try(&scope, None);
        world.store.reject_password(&scope, &wrong, idempotent(1, content), NOW).await.unwrap()
    };

    let first = reject(1).await;
    let repeated = reject(1).await;
    let other = reject(2).await;
    for _ in 0..8 {
        world.wrong(&scope, &world.password_try(&scope, None), NOW).await;
    }
    let tenth = world.wrong(&scope, &world.password_try(&scope, None), NOW).await;

    assert_eq!(first, StepOutcome::Done(()));
    assert_eq!((repeated, other), (StepOutcome::Repeated(b"first".to_vec()), StepOutcome::OtherContent));
    assert_eq!(tenth, Admission::Admitted);
}

pub(super) async fn a_familiar_place_has_a_record_of_its_own(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.signed_in(&scope, &anna, 1).await;
    for _ in 0..11 {
        let stranger = world.password_try(&scope, Some(5));
        world.wrong(&scope, &stranger, NOW).await;
    }

    let at_home = world.password_try(&scope, Some(2));
    let at_home = world.wrong(&scope, &at_home, NOW).await;
    let elsewhere = world.password_try(&scope, Some(6));
    let elsewhere = world.wrong(&scope, &elsewhere, NOW).await;

    assert_eq!(at_home, Admission::AdmittedAtFamiliarPlace);
    assert_eq!(elsewhere, Admission::Locked { until: after(60) });
    assert!(world.store.is_familiar(&scope, &[1; 32], &[2; 32]).await.unwrap());
    assert!(!world.store.is_familiar(&scope, &[1; 32], &[5; 32]).await.unwrap());
}

pub(super) async fn a_sign_in_clears_what_its_login_and_place_had_against_them(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.signed_in(&scope, &anna, 1).await;
    for session in 2..4 {
        // One less than locks, of strangers and at home.
        for place in [None, Some(2)] {
            for _ in 0..9 {
                let wrong = world.password_try(&scope, place);
                let admission = world.wrong(&scope, &wrong, NOW).await;
                assert!(admission.is_admitted(), "{session} {place:?}: {admission:?}");
            }
        }
        world.signed_in(&scope, &anna, session).await;
    }

    // From nowhere in particular, the place keeps what it has.
    for _ in 0..10 {
        world.wrong(&scope, &world.password_try(&scope, Some(2)), NOW).await;
    }
    let nowhere = OpenSession { place: None, ..world.open_session(&scope, &anna, &world.session(&anna, 9)) };
    world.store.open_session(&scope, &nowhere, idempotent(9, 1)).await.unwrap();
    let at_home = world.wrong(&scope, &world.password_try(&scope, Some(2)), NOW).await;
    assert_eq!(at_home, Admission::Locked { until: after(60) });
}

pub(super) async fn an_unlock_clears_every_record_of_the_login(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.signed_in(&scope, &anna, 1).await;
    for place in [None, Some(2)] {
        for _ in 0..10 {
            let wrong = world.password_try(&scope, place);
            world.wrong(&scope, &wrong, NOW).await;
        }
    }

    let event = world.event(&scope, EventKind::Unlocked);
    let cleared = world.store.clear_lockout(&scope, &[1; 32], &event, idempotent(1, 1), NOW).await.unwrap();
    let again = world.store.clear_lockout(&scope, &[1; 32], &event, idempotent(1, 1), NOW).await.unwrap();

    for place in [None, Some(2)] {
        let wrong = world.password_try(&scope, place);
        assert!(world.wrong(&scope, &wrong, NOW).await.is_admitted(), "{place:?}");
    }
    assert_eq!((cleared, again), (StepOutcome::Done(()), StepOutcome::Repeated(b"first".to_vec())));
    let unlocked = world.kinds(&scope).await.into_iter().filter(|kind| *kind == EventKind::Unlocked);
    assert_eq!(unlocked.count(), 1);
}

pub(super) async fn a_counted_try_binds_its_request(world: World) {
    let scope = world.tenant().await;
    // Each time another wrong password, so that it would count if the request did not say otherwise.
    let admit = async |content| {
        let wrong = world.password_try(&scope, None);
        world.store.admit_password(&scope, &wrong, idempotent(1, content), NOW).await.unwrap()
    };

    for _ in 0..20 {
        assert_eq!(admit(1).await, StepOutcome::Done(Admission::Admitted));
    }
    let other = admit(2).await;
    let taken_over = world.store.store_answer(&scope, idempotent(1, 2), NOW).await.unwrap();
    let recalled = world.store.find_answer(&scope, &[1; 32], &[1; 32], NOW).await.unwrap();
    let answered = world.store.store_answer(&scope, idempotent(1, 1), NOW).await.unwrap();

    assert_eq!((other, taken_over), (StepOutcome::OtherContent, StepOutcome::OtherContent));
    assert_eq!((recalled, answered), (EarlierRequest::Unanswered, StepOutcome::Done(())));
    assert_eq!(admit(1).await, StepOutcome::Repeated(b"first".to_vec()));
    assert_eq!(admit(2).await, StepOutcome::OtherContent);
}

pub(super) async fn a_locked_login_is_answered_where_it_is_found_locked(world: World) {
    let scope = world.tenant().await;
    for _ in 0..10 {
        let wrong = world.password_try(&scope, None);
        world.wrong(&scope, &wrong, NOW).await;
    }
    let attempt = world.password_try(&scope, None);
    let admit = async |seconds| {
        world.store.admit_password(&scope, &attempt, idempotent(1, 1), after(seconds)).await.unwrap()
    };

    let locked = admit(59).await;
    let repeated = admit(61).await;

    assert_eq!(locked, StepOutcome::Done(Admission::Locked { until: after(60) }));
    assert_eq!(repeated, StepOutcome::Repeated(b"first".to_vec()));
}
