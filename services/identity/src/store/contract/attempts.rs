//! Tries of a method and attempts of a reset.

use rekey_primitives::id::ResetId;
use uuid::Uuid;

use super::world::{NOW, World, after, idempotent};
use crate::domain::attempts::{AttemptOrigin, MethodUnavailable};
use crate::domain::audit::EventKind;
use crate::domain::policy::ResetRules;
use crate::store::outcome::StepOutcome;
use crate::store::resets::{AcceptedProof, AttemptCounted, CodeAttempt, CodeSource};

const METHOD: Uuid = Uuid::from_u128(77);

pub(super) async fn a_try_counts_once_and_only_while_a_code_is_live(world: World) {
    let scope = world.tenant().await;
    let count = async |request: u8, now| {
        world
            .store
            .count_code_attempt(
                &scope,
                &CodeAttempt {
                    method: METHOD,
                    from: AttemptOrigin::Anywhere,
                    request: &[request; 32],
                    rules: &ResetRules::default(),
                    codes: CodeSource::Sent,
                },
                now,
            )
            .await
            .unwrap()
    };
    let before = count(1, NOW).await;
    world.store.code_sent(&scope, METHOD, after(600)).await.unwrap();
    world.store.code_sent(&scope, METHOD, after(300)).await.unwrap();

    let counted = count(1, after(500)).await;
    let again = count(1, after(500)).await;
    let late = count(2, after(600)).await;

    assert_eq!(before, AttemptCounted::NoLiveCode);
    assert_eq!((counted, again), (AttemptCounted::Counted, AttemptCounted::CountedBefore));
    assert_eq!(late, AttemptCounted::NoLiveCode);
}

pub(super) async fn too_many_tries_stop_a_method_until_it_is_passed(world: World) {
    let scope = world.tenant().await;
    let count = async |request: u8, method| {
        world
            .store
            .count_code_attempt(
                &scope,
                &CodeAttempt {
                    method,
                    from: AttemptOrigin::Anywhere,
                    request: &[request; 32],
                    rules: &ResetRules::default(),
                    codes: CodeSource::Sent,
                },
                NOW,
            )
            .await
            .unwrap()
    };
    let other = Uuid::from_u128(78);
    for method in [METHOD, other] {
        world.store.code_sent(&scope, method, after(600)).await.unwrap();
    }
    for request in 0..10 {
        assert_eq!(count(request, METHOD).await, AttemptCounted::Counted);
    }

    let stopped = count(10, METHOD).await;
    let event = world.event(&scope, EventKind::ResetProofSubmitted);
    let proof = AcceptedProof { method: METHOD, spent: None, event };
    let passed = world.store.proof_accepted(&scope, &proof, idempotent(1, 1), NOW).await.unwrap();
    let again = world.store.proof_accepted(&scope, &proof, idempotent(1, 1), NOW).await.unwrap();

    assert_eq!(stopped, AttemptCounted::Stopped(MethodUnavailable::Paused { until: after(86_400) }));
    assert_eq!((passed, again), (StepOutcome::Done(()), StepOutcome::Repeated(b"first".to_vec())));
    assert_eq!(
        (count(11, METHOD).await, count(0, other).await),
        (AttemptCounted::Counted, AttemptCounted::Counted)
    );
    assert_eq!(world.kinds(&scope).await[1..], [EventKind::ResetProofSubmitted]);
}

pub(super) async fn strangers_leave_the_tries_of_familiar_places_alone(world: World) {
    let scope = world.tenant().await;
    let rules = ResetRules { tries_per_day: 2, ..ResetRules::default() };
    let count = async |request: u8, from| {
        world
            .store
            .count_code_attempt(
                &scope,
                &CodeAttempt {
                    method: METHOD,
                    from,
                    request: &[request; 32],
                    rules: &rules,
                    codes: CodeSource::Sent,
                },
                NOW,
            )
            .await
            .unwrap()
    };
    let stopped = AttemptCounted::Stopped(MethodUnavailable::Paused { until: after(86_400) });
    world.store.code_sent(&scope, METHOD, after(600)).await.unwrap();
    for request in 0..2 {
        count(request, AttemptOrigin::Anywhere).await;
    }

    let stranger = count(2, AttemptOrigin::Anywhere).await;
    let mut owner = Vec::new();
    for request in 3..6 {
        owner.push(count(request, AttemptOrigin::FamiliarPlace).await);
    }
    let event = world.event(&scope, EventKind::ResetProofSubmitted);
    let proof = AcceptedProof { method: METHOD, spent: None, event };
    world.store.proof_accepted(&scope, &proof, idempotent(1, 1), NOW).await.unwrap();

    assert_eq!(stranger, stopped);
    assert_eq!(owner, [AttemptCounted::Counted, AttemptCounted::Counted, stopped]);
    for (request, from) in [(7, AttemptOrigin::Anywhere), (8, AttemptOrigin::FamiliarPlace)] {
        assert_eq!(count(request, from).await, AttemptCounted::Counted, "{from:?}");
    }
}

pub(super) async fn attempts_are_numbered(world: World) {
    let scope = world.tenant().await;
    let reset = |number: u128| ResetId::from_uuid(Uuid::from_u128(number));
    let count = async |number, request| {
        world
            .store
            .count_completion_attempt(&scope, reset(number), &[request; 32], after(900), NOW)
            .await
            .unwrap()
    };

    let numbers = [count(1, 1).await, count(1, 2).await, count(2, 1).await, count(1, 3).await];

    assert_eq!(numbers, [0, 1, 0, 2]);
}

pub(super) async fn a_repeated_attempt_counts_once(world: World) {
    let scope = world.tenant().await;
    let reset = ResetId::from_uuid(Uuid::nil());
    let count = async |request| {
        world.store.count_completion_attempt(&scope, reset, &[request; 32], after(900), NOW).await.unwrap()
    };

    let numbers = [count(1).await, count(1).await, count(1).await, count(2).await];

    assert_eq!(numbers, [0, 0, 0, 1]);
}
