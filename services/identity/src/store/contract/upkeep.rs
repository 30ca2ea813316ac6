//! Keeping the store in order.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::ResetId;
use uuid::Uuid;

use super::world::{NOW, World, after, default_policy, idempotent};
use crate::domain::attempts::AttemptOrigin;
use crate::domain::audit::{AuditEvent, EventKind};
use crate::domain::policy::ResetRules;
use crate::domain::scope::TenantScope;
use crate::domain::security_info::RemovedAddress;
use crate::domain::session::Session;
use crate::store::accounts::AccountChange;
use crate::store::outcome::EarlierRequest;
use crate::store::resets::{AttemptCounted, CodeAttempt, CodeSource};

const DAY: u64 = 86_400;

pub(super) async fn a_migrated_store_fits_and_answers(world: World) {
    world.store.database.ping().await.unwrap();

    assert!(world.store.schema_fits().await.unwrap());
}

pub(super) async fn the_sweep_takes_what_is_over_and_nothing_else(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let (store, method) = (&world.store, anna.security_info[0].id);
    let session = world.signed_in(&scope, &anna, 1).await;
    store.store_answer(&scope, idempotent(1, 1), NOW).await.unwrap();
    store
        .count_completion_attempt(&scope, ResetId::from_uuid(Uuid::nil()), &[8; 32], after(900), NOW)
        .await
        .unwrap();
    store.code_sent(&scope, Uuid::nil(), after(600)).await.unwrap();
    store.code_sent(&scope, method.as_uuid(), after(600)).await.unwrap();
    let decoy = Uuid::from_u128(9);
    store.code_sent(&scope, decoy, after(600)).await.unwrap();
    for tried in [method.as_uuid(), decoy] {
        let rules = ResetRules::default();
        store
            .count_code_attempt(
                &scope,
                &CodeAttempt {
                    method: tried,
                    from: AttemptOrigin::Anywhere,
                    request: &[1; 32],
                    rules: &rules,
                    codes: CodeSource::Sent,
                },
                NOW,
            )
            .await
            .unwrap();
    }
    for place in [None, Some(2)] {
        world.wrong(&scope, &world.password_try(&scope, place), NOW).await;
    }
    let removed =
        RemovedAddress { destination: anna.security_info[0].destination().unwrap(), removed_at: NOW };
    let other = world.entry("+4312345");
    let added = world.change(&scope, &anna, AccountChange::AddSecurityInfo(other.clone())).await;
    let crate::store::StepOutcome::Done(added) = added else { panic!() };
    let remove = AccountChange::RemoveSecurityInfo { id: other.id, removed: Some(removed.clone()) };
    world.change(&scope, &added, remove).await;

    let early = store.sweep(after(599)).await.unwrap();
    let answers_and_decoys = store.sweep(after(600)).await.unwrap();
    let kept = store.removed_addresses(&scope, anna.id).await.unwrap();
    let attempts_requests_and_addresses = store.sweep(after(7 * DAY)).await.unwrap();
    let sessions = store.sweep(after(30 * DAY)).await.unwrap();
    let places_and_lockouts = store.sweep(after(90 * DAY)).await.unwrap();
    let decoy = store.sweep(after(400 * DAY + 600)).await.unwrap();
    let nothing = store.sweep(after(1_000 * DAY)).await.unwrap();

    assert_eq!((early, answers_and_decoys), (0, 5));
    assert_eq!((kept, attempts_requests_and_addresses), (vec![removed], 5));
    assert_eq!((sessions, places_and_lockouts, decoy, nothing), (1, 3, 1, 0));
    assert_eq!(store.find_answer(&scope, &[1; 32], &[1; 32], NOW).await.unwrap(), EarlierRequest::New);
    assert_eq!(store.find_session(&scope, session.id).await.unwrap(), None);
    assert!(!store.is_familiar(&scope, &[1; 32], &[2; 32]).await.unwrap());
    // What is held against an account's method stays however old it is.
    let rules = ResetRules { tries_in_a_row: 1, ..ResetRules::default() };
    let late = NOW.plus(Duration::from_secs(1_000 * DAY));
    store.code_sent(&scope, method.as_uuid(), late.plus(Duration::from_secs(1))).await.unwrap();
    let counted = store
        .count_code_attempt(
            &scope,
            &CodeAttempt {
                method: method.as_uuid(),
                from: AttemptOrigin::Anywhere,
                request: &[2; 32],
                rules: &rules,
                codes: CodeSource::Sent,
            },
            late,
        )
        .await
        .unwrap();
    assert!(matches!(counted, AttemptCounted::Stopped(_)));
}

pub(super) async fn tries_at_a_familiar_place_outlive_their_code(world: World) {
    let scope = world.tenant().await;
    let method = world.account(&scope).await.security_info[0].id.as_uuid();
    let rules = ResetRules { tries_in_a_row: 1, ..ResetRules::default() };
    let sent = async |at: u64| world.store.code_sent(&scope, method, after(at + 600)).await.unwrap();
    let tried = async |request, at| {
        let from = AttemptOrigin::FamiliarPlace;
        world
            .store
            .count_code_attempt(
                &scope,
                &CodeAttempt {
                    method,
                    from,
                    request: &[request; 32],
                    rules: &rules,
                    codes: CodeSource::Sent,
                },
                after(at),
            )
            .await
            .unwrap()
    };
    sent(0).await;
    let counted = tried(1, 0).await;

    world.store.sweep(after(601)).await.unwrap();
    sent(601).await;
    let stopped = tried(2, 601).await;

    assert_eq!(counted, AttemptCounted::Counted);
    assert!(matches!(stopped, AttemptCounted::Stopped(_)), "{stopped:?}");
}

pub(super) async fn a_place_is_familiar_for_90_days_from_its_last_sign_in(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.signed_in(&scope, &anna, 1).await;
    let next_day = Session { created_at: after(DAY), ..world.session(&anna, 2) };
    let open = world.open_session(&scope, &anna, &next_day);
    world.store.open_session(&scope, &open, idempotent(2, 2)).await.unwrap();

    world.store.sweep(after(91 * DAY - 1)).await.unwrap();
    let before = world.store.is_familiar(&scope, &[1; 32], &[2; 32]).await.unwrap();
    world.store.sweep(after(91 * DAY)).await.unwrap();
    let then = world.store.is_familiar(&scope, &[1; 32], &[2; 32]).await.unwrap();

    assert_eq!((before, then), (true, false));
}

pub(super) async fn events_are_forgotten_when_their_tenants_policy_lets_them_go(world: World) {
    let scope = world.tenant().await;
    let patient = world.unborn_tenant("patient");
    let mut policy = default_policy(patient.id);
    policy.policy.audit.retention_days = 500;
    let made = AuditEvent { tenant_id: patient.id, ..world.event(&scope, EventKind::TenantCreated) };
    world.store.create_tenant(&patient, &policy, &made, None).await.unwrap();
    let theirs = TenantScope::ours(patient.id);
    let later = after(100 * DAY);
    // Where logs are partitioned, this makes the partition that the event goes to.
    world.store.sweep(later).await.unwrap();
    let event = AuditEvent { at: later, ..world.event(&scope, EventKind::SignIn) };
    world.store.append_events(&[event]).await.unwrap();
    world.seal().await;

    let mut left = Vec::new();
    for days in [399, 401, 499, 540] {
        forget(&world, after(days * DAY)).await;
        let chains = (world.followed(&scope).await, world.followed(&theirs).await);
        assert_eq!(chains, (Ok(()), Ok(())), "after {days} days");
        left.push((world.times(&scope).await, world.times(&theirs).await.len()));
    }

    assert_eq!(left, [(vec![NOW, later], 1), (vec![later], 1), (vec![later], 1), (vec![], 0)]);
    let next = AuditEvent { at: after(660 * DAY), ..world.event(&scope, EventKind::SignIn) };
    world.store.append_events(std::slice::from_ref(&next)).await.unwrap();
    assert_eq!(world.times(&scope).await, [next.at]);
    assert_eq!(world.followed(&scope).await, Ok(()));
}

async fn forget(world: &World, now: Timestamp) {
    while world.store.forget_partitions(now).await.unwrap() > 0 {}
    for retention in world.store.retentions(None, now).await.unwrap() {
        while world.store.forget_events(retention).await.unwrap() > 0 {}
    }
}

pub(super) async fn one_sweep_takes_a_thousand_rows_at_most(world: World) {
    let scope = world.tenant().await;
    world.crowd(&scope, 1_100).await;
    world
        .store
        .count_completion_attempt(&scope, ResetId::from_uuid(Uuid::nil()), &[8; 32], NOW, NOW)
        .await
        .unwrap();

    let mut swept = Vec::new();
    for _ in 0..3 {
        swept.push(world.store.sweep(NOW).await.unwrap());
    }

    assert_eq!(swept, [1_000, 101, 0]);
}
