//! Changing an account under its version.

use rekey_primitives::id::SecurityInfoId;
use uuid::Uuid;

use super::world::{NOW, World, after, answered};
use crate::domain::account::{Account, RecoveryVersion};
use crate::domain::attempts::AttemptOrigin;
use crate::domain::audit::EventKind;
use crate::domain::authority::{Role, RoleSet};
use crate::domain::policy::ResetRules;
use crate::domain::security_info::{RemovedAddress, SecurityInfo, Standing};
use crate::store::accounts::{AccountChange, ChangeAccount, ChangeRefused};
use crate::store::outcome::StepOutcome;
use crate::store::resets::{AttemptCounted, CodeAttempt, CodeSource};

pub(super) async fn a_change_under_an_old_version_is_stale(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let StepOutcome::Done(blocked) = world.change(&scope, &anna, AccountChange::Blocked(true)).await else {
        panic!()
    };

    let stale = world.change(&scope, &anna, AccountChange::Blocked(false)).await;
    let unknown = Account { id: world.unborn_account(&scope, "x").id, ..anna };
    let unknown = world.change(&scope, &unknown, AccountChange::Blocked(true)).await;

    assert_eq!((blocked.version, blocked.updated_at, blocked.blocked), (2, after(1), true));
    assert_eq!(
        (stale, unknown),
        (StepOutcome::Refused(ChangeRefused::Stale), StepOutcome::Refused(ChangeRefused::Unknown))
    );
    assert_eq!(world.read(&scope, blocked.id).await, blocked);
    assert_eq!((world.log(&scope).await.len(), world.queued().await), (3, 1));
}

pub(super) async fn every_change_but_three_raises_the_recovery_version(world: World) {
    let scope = world.tenant().await;
    let mut account = world.account(&scope).await;
    let held = account.security_info[0].id;
    let unconfirmed = SecurityInfo { standing: Standing::Unconfirmed, ..world.entry("+4312345") };
    let added = unconfirmed.id;
    let confirm = AccountChange::ConfirmSecurityInfo {
        id: added,
        attempts: [6, 7].map(Uuid::from_u128).to_vec(),
        standing: Standing::Confirmed { at: after(1) },
        changed_at: after(1),
        is_first: false,
        spent: None,
    };
    let changes = [
        (AccountChange::Blocked(true), 1),
        (AccountChange::Blocked(false), 1),
        (AccountChange::Unfrozen, 1),
        (AccountChange::Roles(RoleSet::of(&[Role::ReportsReader])), 1),
        (AccountChange::AddSecurityInfo(unconfirmed), 0),
        (confirm, 1),
        (AccountChange::AddSecurityInfo(world.entry("+4312346")), 1),
        (AccountChange::DefaultSecurityInfo(added), 0),
        (AccountChange::Reconfirmed, 0),
        (AccountChange::DisableSecurityInfo(added), 1),
        (AccountChange::RemoveSecurityInfo { id: held, removed: None }, 1),
    ];

    for (change, rise) in changes {
        let said = format!("{change:?}");
        let StepOutcome::Done(changed) = world.change(&scope, &account, change).await else {
            panic!("{said}")
        };
        let expected = RecoveryVersion(account.recovery_version.0 + rise);
        assert_eq!((changed.recovery_version, changed.version), (expected, account.version + 1), "{said}");
        account = changed;
    }

    assert_eq!(account.reconfirmed_at, Some(after(1)));
    let ids: Vec<SecurityInfoId> = account.security_info.iter().map(|entry| entry.id).collect();
    let defaults = account.security_info.iter().filter(|entry| entry.is_default);
    assert_eq!((ids.len(), ids.contains(&held)), (2, false));
    assert_eq!(defaults.map(|entry| (entry.id, entry.disabled)).collect::<Vec<_>>(), [(added, true)]);
}

pub(super) async fn a_confirmed_entry_is_free_of_its_past(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let id = anna.security_info[0].id;
    let rules = ResetRules { tries_per_day: 1, ..ResetRules::default() };
    world.store.code_sent(&scope, id.as_uuid(), after(600)).await.unwrap();
    world
        .store
        .count_code_attempt(
            &scope,
            &CodeAttempt {
                method: id.as_uuid(),
                from: AttemptOrigin::Anywhere,
                request: &[1; 32],
                rules: &rules,
                codes: CodeSource::Sent,
            },
            NOW,
        )
        .await
        .unwrap();
    let confirmations = Uuid::from_u128(7);
    world.store.code_sent(&scope, confirmations, after(600)).await.unwrap();
    world
        .store
        .count_code_attempt(
            &scope,
            &CodeAttempt {
                method: confirmations,
                from: AttemptOrigin::Anywhere,
                request: &[1; 32],
                rules: &rules,
                codes: CodeSource::Sent,
            },
            NOW,
        )
        .await
        .unwrap();
    let StepOutcome::Done(disabled) =
        world.change(&scope, &anna, AccountChange::DisableSecurityInfo(id)).await
    else {
        panic!()
    };
    let confirm = AccountChange::ConfirmSecurityInfo {
        id,
        attempts: vec![Uuid::from_u128(6), confirmations],
        standing: Standing::Confirmed { at: after(9) },
        changed_at: after(8),
        is_first: false,
        spent: None,
    };

    let StepOutcome::Done(confirmed) = world.change(&scope, &disabled, confirm).await else { panic!() };

    let entry = &confirmed.security_info[0];
    assert_eq!(entry.standing, Standing::Confirmed { at: after(9) });
    assert_eq!((entry.changed_at, entry.is_first, entry.disabled), (after(8), false, false));
    for counter in [id.as_uuid(), confirmations] {
        let counted = world
            .store
            .count_code_attempt(
                &scope,
                &CodeAttempt {
                    method: counter,
                    from: AttemptOrigin::Anywhere,
                    request: &[2; 32],
                    rules: &rules,
                    codes: CodeSource::Sent,
                },
                NOW,
            )
            .await
            .unwrap();
        assert_eq!(counted, AttemptCounted::Counted);
    }
}

pub(super) async fn a_removed_address_is_remembered(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let entry = &anna.security_info[0];
    let removed = RemovedAddress { destination: entry.destination().unwrap(), removed_at: after(1) };
    let remove = |id| AccountChange::RemoveSecurityInfo { id, removed: Some(removed.clone()) };

    let StepOutcome::Done(without) = world.change(&scope, &anna, remove(entry.id)).await else { panic!() };
    let again = world.change(&scope, &without, remove(entry.id)).await;

    assert_eq!(without.security_info, []);
    assert_eq!(again, StepOutcome::Refused(ChangeRefused::Unknown));
    assert_eq!(world.store.removed_addresses(&scope, anna.id).await.unwrap(), [removed]);
    assert_eq!(world.read(&scope, anna.id).await, without);
}

pub(super) async fn blocking_ends_every_session(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let session = world.signed_in(&scope, &anna, 1).await;

    world.change(&scope, &anna, AccountChange::Blocked(true)).await;

    assert_eq!(world.live_sessions(&scope, anna.id, after(2)).await, []);
    let (ended, _) = world.store.find_session(&scope, session.id).await.unwrap().unwrap();
    assert!(ended.ended.is_some());
}

pub(super) async fn the_last_global_administrator_stays(world: World) {
    let scope = world.tenant().await;
    let plain = world.account(&scope).await;
    let anna = world.global_administrator(&scope, "root").await;
    let second = world.global_administrator(&scope, "second").await;
    let StepOutcome::Done(demoted) =
        world.change(&scope, &second, AccountChange::Roles(RoleSet::EMPTY)).await
    else {
        panic!()
    };

    // Who is frozen, blocked or deleted looks after nobody.
    let shut: [fn(Account) -> Account; 3] = [
        |account| Account { frozen: true, ..account },
        |account| Account { blocked: true, ..account },
        |account| Account { deleted_at: Some(NOW), ..account },
    ];
    for (number, shut) in shut.into_iter().enumerate() {
        let account = world.unborn_account(&scope, &format!("shut{number}"));
        let account = Account { roles: RoleSet::of(&[Role::GlobalAdministrator]), ..account };
        world.create_account(&scope, &shut(account)).await;
    }

    for change in
        [AccountChange::Roles(RoleSet::of(&[Role::UserAdministrator])), AccountChange::Blocked(true)]
    {
        let step = world.change(&scope, &anna, change).await;
        assert_eq!(step, StepOutcome::Refused(ChangeRefused::LastGlobalAdministrator));
    }

    assert_eq!(world.read(&scope, anna.id).await, anna);
    for other in [plain, demoted] {
        assert!(matches!(
            world.change(&scope, &other, AccountChange::Blocked(true)).await,
            StepOutcome::Done(_)
        ));
    }
}

pub(super) async fn a_repeated_change_is_made_once(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let change = ChangeAccount {
        account_id: anna.id,
        version: anna.version,
        change: AccountChange::Blocked(true),
        event: world.event(&scope, EventKind::AccountBlocked),
        notices: vec![world.notice(&scope)],
        now: after(1),
    };
    let version = |account: &Account| vec![u8::try_from(account.version).unwrap()];

    let first = world.store.change_account(&scope, &change, Some(answered(1, 1, &version))).await.unwrap();
    let again = world.store.change_account(&scope, &change, Some(answered(1, 1, &version))).await.unwrap();

    assert!(matches!(first, StepOutcome::Done(_)));
    assert_eq!(again, StepOutcome::Repeated(vec![2]));
    assert_eq!((world.log(&scope).await.len(), world.queued().await), (3, 1));
}
