//! Completing and undoing a reset, and what eligibility asks.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::world::{NOW, World, after, idempotent, password};
use crate::domain::account::{Account, CredentialEpoch, RecoveryVersion, Sealed};
use crate::domain::attempts::AttemptOrigin;
use crate::domain::audit::EventKind;
use crate::domain::group::GroupId;
use crate::domain::policy::ResetRules;
use crate::domain::tenant::Tenant;
use crate::store::accounts::AccountChange;
use crate::store::outcome::StepOutcome;
use crate::store::resets::{AttemptCounted, CodeAttempt, CodeSource, CompleteReset, Repudiate};
use crate::store::sign_ins::{SessionsEnded, Stale};

pub(super) async fn a_reset_does_everything_at_once(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let method = anna.security_info[0].id.as_uuid();
    world.signed_in(&scope, &anna, 1).await;
    world.signed_in(&scope, &anna, 2).await;
    for place in [None, Some(2)] {
        for _ in 0..10 {
            let wrong = world.password_try(&scope, place);
            world.wrong(&scope, &wrong, NOW).await;
        }
    }
    world.store.code_sent(&scope, method, after(600)).await.unwrap();
    for request in 0..10 {
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
            .unwrap();
    }
    let help = world.help(&anna, false, NOW);
    world
        .store
        .file_help(&scope, &help, &world.event(&scope, EventKind::HelpRequested), &[], None)
        .await
        .unwrap();
    let reset = world.reset(&scope, &anna, b"new hash");

    let done = world.store.complete_reset(&scope, &reset, Some(idempotent(1, 1))).await.unwrap();
    let again = world.store.complete_reset(&scope, &reset, Some(idempotent(1, 1))).await.unwrap();

    assert_eq!(
        (done, again),
        (StepOutcome::Done(SessionsEnded(2)), StepOutcome::Repeated(b"first".to_vec()))
    );
    let after_it = world.read(&scope, anna.id).await;
    assert_eq!((after_it.epoch, after_it.version), (CredentialEpoch(2), 2));
    assert_eq!(after_it.password, Some(password(b"new hash")));
    let known = world.store.last_passwords(&scope, anna.id, 10).await.unwrap();
    assert_eq!(known.iter().map(|hash| hash.as_bytes()).collect::<Vec<_>>(), [b"new hash", b"old hash"]);
    assert_eq!(world.live_sessions(&scope, anna.id, NOW).await, []);
    for place in [None, Some(2)] {
        let wrong = world.password_try(&scope, place);
        assert!(world.wrong(&scope, &wrong, NOW).await.is_admitted(), "{place:?}");
    }
    let counted = world
        .store
        .count_code_attempt(
            &scope,
            &CodeAttempt {
                method,
                from: AttemptOrigin::Anywhere,
                request: &[99; 32],
                rules: &ResetRules::default(),
                codes: CodeSource::Sent,
            },
            NOW,
        )
        .await;
    assert_eq!(counted.unwrap(), AttemptCounted::Counted);
    assert_eq!(world.store.undigested_help(&scope).await.unwrap(), []);
    assert_eq!(world.kinds(&scope).await.last(), Some(&EventKind::ResetCompleted));
    assert_eq!(world.queued().await, 1);
}

pub(super) async fn a_stale_reset_writes_nothing(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let session = world.signed_in(&scope, &anna, 1).await;
    let anna = Account { last_sign_in_at: Some(NOW), ..anna };
    let reset = world.reset(&scope, &anna, b"new hash");
    let stale = [
        CompleteReset { epoch: CredentialEpoch(2), ..reset.clone() },
        CompleteReset { recovery_version: RecoveryVersion(2), ..reset.clone() },
    ];
    let log = world.log(&scope).await;

    for reset in stale {
        let step = world.store.complete_reset(&scope, &reset, Some(idempotent(1, 1))).await.unwrap();
        assert_eq!(step, StepOutcome::Refused(Stale));
    }

    assert_eq!(world.read(&scope, anna.id).await, anna);
    assert_eq!(world.store.find_session(&scope, session.id).await.unwrap(), Some((session, anna.clone())));
    assert_eq!((world.log(&scope).await, world.queued().await), (log, 0));
    let StepOutcome::Done(blocked) = world.change(&scope, &anna, AccountChange::Blocked(true)).await else {
        panic!()
    };
    let deleted = Account { deleted_at: Some(NOW), ..world.unborn_account(&scope, "bert") };
    world.create_account(&scope, &deleted).await;
    for account in [blocked, deleted] {
        let reset = world.reset(&scope, &account, b"new hash");
        assert_eq!(
            world.store.complete_reset(&scope, &reset, None).await.unwrap(),
            StepOutcome::Refused(Stale)
        );
    }
}

pub(super) async fn a_repudiated_reset_freezes_the_account(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let reset = world.reset(&scope, &anna, b"new hash");
    world.store.complete_reset(&scope, &reset, None).await.unwrap();
    let thief = world.signed_in(&scope, &world.read(&scope, anna.id).await, 1).await;
    let repudiate = Repudiate {
        account_id: anna.id,
        epoch: CredentialEpoch(2),
        event: world.event(&scope, EventKind::ResetRepudiated),
        notices: vec![world.notice(&scope)],
        now: after(120),
    };

    let undone = world.store.repudiate_reset(&scope, &repudiate, None).await.unwrap();
    let again = world.store.repudiate_reset(&scope, &repudiate, None).await.unwrap();

    assert_eq!((undone, again), (StepOutcome::Done(SessionsEnded(1)), StepOutcome::Refused(Stale)));
    let frozen = world.read(&scope, anna.id).await;
    assert_eq!((frozen.frozen, frozen.password.clone()), (true, None));
    assert_eq!((frozen.epoch, frozen.recovery_version), (CredentialEpoch(3), RecoveryVersion(2)));
    let (session, _) = world.store.find_session(&scope, thief.id).await.unwrap().unwrap();
    assert!(session.ended.is_some());
    assert_eq!(world.queued().await, 2);
    let last = world.store.last_passwords(&scope, anna.id, 1).await.unwrap();
    assert_eq!(last, [Sealed::new(b"new hash".to_vec())], "the void one is the last");
    let reset = world.reset(&scope, &frozen, b"newer hash");
    assert_eq!(world.store.complete_reset(&scope, &reset, None).await.unwrap(), StepOutcome::Refused(Stale));
}

pub(super) async fn groups_are_walked_through_any_nesting(world: World) {
    let scope = world.tenant().await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    let anna = world.account(&scope).await;
    let group = Uuid::from_u128;
    // Anna is in 1, 1 is in 2, and 2 and 3 are in each other.
    world.join(&scope, group(1), anna.id.as_uuid()).await;
    world.join(&scope, group(2), group(1)).await;
    world.join(&scope, group(3), group(2)).await;
    world.join(&scope, group(2), group(3)).await;
    world.join(&scope, group(4), group(9)).await;
    world.join(&other, group(5), anna.id.as_uuid()).await;

    let standing = world.store.eligibility_facts(&scope, anna.id).await.unwrap();

    let expected: BTreeSet<GroupId> = [1, 2, 3].map(|id| GroupId::from_uuid(group(id))).into();
    assert_eq!((standing.groups, standing.has_seat), (expected, true));
}

pub(super) async fn seats_go_to_the_oldest_accounts(world: World) {
    let tenant = Tenant { licensed_accounts: Some(2), ..world.unborn_tenant("acme") };
    let scope = world.create_tenant(&tenant).await;
    let create = async |login: &str, created, deleted_at| {
        let account = world.unborn_account(&scope, login);
        let account = Account { created_at: after(created), deleted_at, ..account };
        world.create_account(&scope, &account).await
    };
    let (third, first) = (create("third", 30, None).await, create("first", 10, None).await);
    let (gone, second) = (create("gone", 5, Some(NOW)).await, create("second", 20, None).await);

    let mut seats = Vec::new();
    for account in [&first, &second, &third, &gone] {
        seats.push(world.store.eligibility_facts(&scope, account.id).await.unwrap().has_seat);
    }

    assert_eq!(seats, [true, true, false, false]);
}
