//! What happens when many do the same at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use rekey_primitives::id::ResetId;
use uuid::Uuid;

use super::world::{NOW, World, after, answered, idempotent, password};
use crate::domain::account::{CredentialEpoch, Sealed};
use crate::domain::attempts::AttemptOrigin;
use crate::domain::audit::EventKind;
use crate::domain::authority::RoleSet;
use crate::domain::help::Filing;
use crate::domain::policy::ResetRules;
use crate::domain::session::Session;
use crate::store::accounts::{AccountChange, ChangeRefused};
use crate::store::outcome::StepOutcome;
use crate::store::resets::{AttemptCounted, CodeAttempt, CodeSource, Repudiate};
use crate::store::sign_ins::{Admission, AnsweredQuestion, OpenSession, SessionsEnded, Stale};

/// Does the same so many times at once, each in a task of its own.
pub(super) async fn at_once<T, F>(world: &Arc<World>, count: u8, act: impl Fn(Arc<World>, u8) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|number| tokio::spawn(act(Arc::clone(world), number))).collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

fn count<T: PartialEq>(outcomes: &[T], wanted: &T) -> usize {
    outcomes.iter().filter(|outcome| *outcome == wanted).count()
}

pub(super) async fn of_many_resets_at_once_one_wins(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.signed_in(&scope, &anna, 1).await;
    let world = Arc::new(world);

    let outcomes = at_once(&world, 64, |world, number| {
        let reset = world.reset(&scope, &anna, &[number]);
        async move { world.store.complete_reset(&scope, &reset, None).await.unwrap() }
    })
    .await;

    let winner = outcomes.iter().position(|step| *step == StepOutcome::Done(SessionsEnded(1))).unwrap();
    assert_eq!(count(&outcomes, &StepOutcome::Refused(Stale)), 63);
    let after_it = world.read(&scope, anna.id).await;
    assert_eq!(after_it.epoch, CredentialEpoch(2));
    assert_eq!(after_it.password, Some(password(&[u8::try_from(winner).unwrap()])));
    assert_eq!((world.log(&scope).await.len(), world.queued().await), (4, 1));
}

pub(super) async fn equal_requests_at_once_get_one_answer(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let world = Arc::new(world);

    let outcomes = at_once(&world, 16, |world, number| {
        let reset = world.reset(&scope, &anna, &[number]);
        async move {
            let answer = move |_: &SessionsEnded| vec![number];
            let idempotency = answered(1, number % 2, &answer);
            world.store.complete_reset(&scope, &reset, Some(idempotency)).await.unwrap()
        }
    })
    .await;

    let winner = outcomes.iter().position(|step| *step == StepOutcome::Done(SessionsEnded(0))).unwrap();
    let answer = vec![u8::try_from(winner).unwrap()];
    assert_eq!(
        (count(&outcomes, &StepOutcome::Repeated(answer)), count(&outcomes, &StepOutcome::OtherContent)),
        (7, 8)
    );
    assert_eq!(world.log(&scope).await.len(), 3);
}

pub(super) async fn a_sign_in_that_races_a_reset_leaves_nothing(world: World) {
    let scope = world.tenant().await;
    let world = Arc::new(world);
    for round in 0..8 {
        let anna = world.create_account(&scope, &world.unborn_account(&scope, &format!("anna{round}"))).await;
        let sessions: Vec<Session> = (0..7).map(|refresh| world.session(&anna, refresh)).collect();

        let outcomes = at_once(&world, 8, |world, number| {
            let reset = world.reset(&scope, &anna, b"new hash");
            let sign_in = sessions.get(usize::from(number)).map(|session| OpenSession {
                rehashed: (number == 0).then(|| Sealed::new(b"rehash".to_vec())),
                ..world.open_session(&scope, &anna, session)
            });
            async move {
                match sign_in {
                    Some(open) => {
                        let idempotency = idempotent(8 * round + number, 1);
                        let opened = world.store.open_session(&scope, &open, idempotency).await.unwrap();
                        u32::from(matches!(opened, StepOutcome::Done(_)))
                    }
                    None => match world.store.complete_reset(&scope, &reset, None).await.unwrap() {
                        StepOutcome::Done(SessionsEnded(ended)) => ended,
                        other => panic!("{other:?}"),
                    },
                }
            }
        })
        .await;

        // The reset ended exactly those that were opened.
        assert_eq!(outcomes[7], outcomes[..7].iter().sum::<u32>());
        for session in &sessions {
            let found = world.store.find_session(&scope, session.id).await.unwrap();
            assert!(found.is_none_or(|(session, _)| session.ended.is_some()));
        }
        assert_eq!(world.read(&scope, anna.id).await.password, Some(password(b"new hash")));
    }
    world.log(&scope).await;
}

pub(super) async fn parallel_passwords_are_admitted_up_to_the_threshold(world: World) {
    let scope = world.tenant().await;
    let world = Arc::new(world);

    let outcomes = at_once(&world, 50, |world, _| {
        let attempt = world.password_try(&scope, None);
        async move { world.admit(&scope, &attempt, NOW).await }
    })
    .await;

    assert_eq!(count(&outcomes, &Admission::Admitted), 10);
    assert_eq!(count(&outcomes, &Admission::Contended), 40);
    assert_eq!(world.kinds(&scope).await, [EventKind::TenantCreated]);
}

pub(super) async fn parallel_wrong_passwords_lock_once(world: World) {
    let scope = world.tenant().await;
    let world = Arc::new(world);

    let outcomes = at_once(&world, 10, |world, _| {
        let wrong = world.password_try(&scope, None);
        async move { world.wrong(&scope, &wrong, NOW).await }
    })
    .await;
    let next = world.wrong(&scope, &world.password_try(&scope, None), NOW).await;

    assert_eq!(count(&outcomes, &Admission::Admitted), 10);
    assert_eq!(next, Admission::Locked { until: after(60) });
    assert_eq!(world.kinds(&scope).await[1..], [EventKind::LockedOut]);
}

pub(super) async fn of_equal_sign_ins_at_once_one_try_counts(world: World) {
    let scope = world.tenant().await;
    let world = Arc::new(world);

    let outcomes = at_once(&world, 16, |world, _| {
        let wrong = world.password_try(&scope, None);
        async move { world.store.admit_password(&scope, &wrong, idempotent(1, 1), NOW).await.unwrap() }
    })
    .await;

    assert_eq!(count(&outcomes, &StepOutcome::Done(Admission::Admitted)), 16);
    let mut next = Vec::new();
    for _ in 0..10 {
        let attempt = world.password_try(&scope, None);
        next.push(world.admit(&scope, &attempt, NOW).await);
    }
    assert_eq!(count(&next, &Admission::Admitted), 9);
}

pub(super) async fn of_many_answers_to_a_question_one_opens_a_session(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let world = Arc::new(world);

    let outcomes = at_once(&world, 16, |world, number| {
        let answers = Some(AnsweredQuestion { version: anna.version, is_still_right: number % 2 == 0 });
        let open = world.open_session(&scope, &anna, &world.session(&anna, number));
        async move {
            world
                .store
                .open_session(&scope, &OpenSession { answers, ..open }, idempotent(number, 1))
                .await
                .unwrap()
        }
    })
    .await;

    assert_eq!(count(&outcomes, &StepOutcome::Refused(Stale)), 15);
    assert_eq!(world.live_sessions(&scope, anna.id, NOW).await.len(), 1);
}

pub(super) async fn of_many_tellers_of_expiry_one_tells(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let world = Arc::new(world);

    let told = at_once(&world, 16, |world, _| {
        let tell = world.expiry_notice(&scope, &anna);
        async move { world.store.queue_expiry_notice(&scope, &tell).await.unwrap() }
    })
    .await;

    assert_eq!((count(&told, &true), world.queued().await), (1, 1));
}

pub(super) async fn two_global_administrators_cannot_both_go(world: World) {
    let world = Arc::new(world);
    for round in 0..8 {
        let scope = world.create_tenant(&world.unborn_tenant(&format!("acme-{round}"))).await;
        let one = world.global_administrator(&scope, "one").await;
        let two = world.global_administrator(&scope, "two").await;
        let pair = [(one, AccountChange::Roles(RoleSet::EMPTY)), (two, AccountChange::Blocked(true))];

        let outcomes = at_once(&world, 2, |world, number| {
            let (account, change) = pair[usize::from(number)].clone();
            async move { world.change(&scope, &account, change).await }
        })
        .await;

        assert_eq!(count(&outcomes, &StepOutcome::Refused(ChangeRefused::LastGlobalAdministrator)), 1);
        assert_eq!(world.store.administrators(&scope).await.unwrap().len(), 1);
    }
}

pub(super) async fn one_refresh_rotates_and_the_others_repeat_it(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let session = world.signed_in(&scope, &anna, 1).await;
    let world = Arc::new(world);

    let outcomes = at_once(&world, 16, |world, number| {
        let session = session.clone();
        // Every request comes twice.
        async move { world.refresh(&session, 1, number / 2, after(100)).await }
    })
    .await;

    assert_eq!(outcomes.iter().filter(|step| matches!(step, StepOutcome::Done(_))).count(), 1);
    assert_eq!(count(&outcomes, &StepOutcome::Repeated(vec![2; 32])), 15);
}

pub(super) async fn parallel_tries_are_each_counted(world: World) {
    let scope = world.tenant().await;
    world.store.code_sent(&scope, Uuid::nil(), after(600)).await.unwrap();
    let world = Arc::new(world);

    // Every request comes twice.
    let outcomes = at_once(&world, 40, |world, number| async move {
        let request = [number / 2; 32];
        world
            .store
            .count_code_attempt(
                &scope,
                &CodeAttempt {
                    method: Uuid::nil(),
                    from: AttemptOrigin::Anywhere,
                    request: &request,
                    rules: &ResetRules::default(),
                    codes: CodeSource::Sent,
                },
                NOW,
            )
            .await
            .unwrap()
    })
    .await;

    assert_eq!(count(&outcomes, &AttemptCounted::Counted), 10);
    assert_eq!(count(&outcomes, &AttemptCounted::CountedBefore), 10);
}

pub(super) async fn of_parallel_repudiations_one_counts(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let world = Arc::new(world);

    let outcomes = at_once(&world, 12, |world, _| {
        let repudiate = Repudiate {
            account_id: anna.id,
            epoch: anna.epoch,
            event: world.event(&scope, EventKind::ResetRepudiated),
            notices: Vec::new(),
            now: after(120),
        };
        async move { world.store.repudiate_reset(&scope, &repudiate, None).await.unwrap() }
    })
    .await;

    assert_eq!(count(&outcomes, &StepOutcome::Refused(Stale)), 11);
}

pub(super) async fn parallel_attempts_get_different_numbers(world: World) {
    let scope = world.tenant().await;
    let world = Arc::new(world);

    let numbers = at_once(&world, 20, |world, number| async move {
        let (reset, request) = (ResetId::from_uuid(Uuid::nil()), [number; 32]);
        world.store.count_completion_attempt(&scope, reset, &request, after(900), NOW).await.unwrap()
    })
    .await;

    assert_eq!(numbers.into_iter().collect::<BTreeSet<_>>(), (0..20).collect());
}

pub(super) async fn an_account_gets_one_pending_help_request(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let world = Arc::new(world);

    let filings = at_once(&world, 12, |world, _| {
        let request = world.help(&anna, false, NOW);
        async move { world.file(&scope, &request).await }
    })
    .await;

    assert_eq!((count(&filings, &Filing::File), count(&filings, &Filing::Drop)), (1, 11));
    assert_eq!((world.store.undigested_help(&scope).await.unwrap().len(), world.queued().await), (1, 1));
}

pub(super) async fn parallel_relays_claim_different_notices(world: World) {
    let scope = world.tenant().await;
    let notices = world.queue(&scope, 60, 0).await;
    let world = Arc::new(world);

    let claimed =
        at_once(
            &world,
            8,
            |world, _| async move { world.store.claim_notices(10, after(60), NOW).await.unwrap() },
        )
        .await
        .concat();

    let ids: BTreeSet<Uuid> = claimed.iter().map(|claimed| claimed.notice.id).collect();
    assert_eq!((claimed.len(), ids.len()), (60, notices.len()));
}

pub(super) async fn the_chain_holds_under_parallel_appends(world: World) {
    let scope = world.tenant().await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    let world = Arc::new(world);

    at_once(&world, 32, |world, number| {
        let (mine, theirs) = (world.event(&scope, EventKind::SignIn), world.event(&other, EventKind::SignIn));
        // Half of them meet the two tenants in the other order.
        let events = if number % 2 == 0 { [mine, theirs] } else { [theirs, mine] };
        async move { world.store.append_events(&events).await.unwrap() }
    })
    .await;

    assert_eq!((world.log(&scope).await.len(), world.log(&other).await.len()), (33, 33));
}
