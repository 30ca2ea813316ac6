//! Revisions of policies, and the walk over the accounts that a change is judged by.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::world::{NOW, World, after, default_policy, idempotent};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::group::GroupId;
use crate::domain::logo::Logo;
use crate::domain::logo::tests::png;
use crate::domain::policy::{PolicyRevision, ResetScope};
use crate::domain::scope::TenantScope;
use crate::domain::tenant::Tenant;
use crate::store::StepOutcome;
use crate::store::accounts::{ChangePolicy, PolicyOvertaken};

/// A change that asks for so many past passwords.
fn change(world: &World, scope: &TenantScope, version: i64, history: u32) -> ChangePolicy {
    let mut revision = PolicyRevision { version, changed_at: after(9), ..default_policy(scope.tenant_id()) };
    revision.policy.password.history = history;
    ChangePolicy { revision, logo: None, event: world.event(scope, EventKind::PolicyUpdated), now: NOW }
}

pub(super) async fn a_revision_follows_the_one_it_was_made_on(world: World) {
    let scope = world.tenant().await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    let second = change(&world, &scope, 2, 5);

    let made = world.store.change_policy(&scope, &second, Some(idempotent(1, 1))).await.unwrap();
    let repeated = world.store.change_policy(&scope, &second, Some(idempotent(1, 1))).await.unwrap();
    let late = world.store.change_policy(&scope, &change(&world, &scope, 2, 7), None).await.unwrap();
    let early = world.store.change_policy(&scope, &change(&world, &scope, 4, 7), None).await.unwrap();

    assert_eq!(made, StepOutcome::Done(second.revision.clone()));
    assert_eq!(repeated, StepOutcome::Repeated(b"first".to_vec()));
    assert_eq!([late, early], [StepOutcome::Refused(PolicyOvertaken), StepOutcome::Refused(PolicyOvertaken)]);
    assert_eq!(world.store.policy(&scope).await.unwrap(), Some(second.revision.clone()));
    assert_eq!(world.store.policy_revision(&scope, 2).await.unwrap(), Some(second.revision));
    let first = world.store.policy_revision(&scope, 1).await.unwrap();
    assert_eq!(first, Some(default_policy(scope.tenant_id())));
    assert_eq!(world.store.policy_revision(&scope, 3).await.unwrap(), None);
    assert_eq!(world.store.policy(&other).await.unwrap().unwrap().version, 1);
}

pub(super) async fn a_revision_over_a_group_that_went_is_not_made(world: World) {
    let scope = world.tenant().await;
    let mut over_a_group = change(&world, &scope, 2, 5);
    let went = [GroupId::generate(world.entropy(), NOW)].into();
    over_a_group.revision.policy.reset.enabled_scope =
        ResetScope::Groups { included: BTreeSet::new(), excluded: went };

    let step = world.store.change_policy(&scope, &over_a_group, None).await.unwrap();

    assert_eq!(step, StepOutcome::Refused(PolicyOvertaken));
    assert_eq!(world.store.policy(&scope).await.unwrap().unwrap().version, 1);
}

pub(super) async fn revisions_are_listed_newest_first_and_by_the_page(world: World) {
    let scope = world.tenant().await;
    for version in 2..=4 {
        let change = change(&world, &scope, version, 5);
        world.store.change_policy(&scope, &change, None).await.unwrap();
    }

    let first = world.store.policy_revisions(&scope, None, 3).await.unwrap();
    let second = world.store.policy_revisions(&scope, Some(2), 3).await.unwrap();

    assert_eq!(first.iter().map(|revision| revision.version).collect::<Vec<_>>(), [4, 3, 2]);
    assert_eq!(second.iter().map(|revision| revision.version).collect::<Vec<_>>(), [1]);
}

pub(super) async fn a_logo_is_stored_with_its_revision_and_stays(world: World) {
    let scope = world.tenant().await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    let logo = Logo::parse(png(64, 32)).unwrap();
    let unmade = Logo::parse(png(32, 64)).unwrap();
    let mut with = change(&world, &scope, 2, 5);
    with.revision.policy.portal.logo = Some(logo.digest());
    with.logo = Some(logo.clone());
    let mut again = with.clone();
    again.revision.version = 4;
    again.event = world.event(&scope, EventKind::PolicyUpdated);
    let late = ChangePolicy { logo: Some(unmade.clone()), ..change(&world, &scope, 2, 7) };

    world.store.change_policy(&scope, &with, None).await.unwrap();
    let late = world.store.change_policy(&scope, &late, None).await.unwrap();
    world.store.change_policy(&scope, &change(&world, &scope, 3, 7), None).await.unwrap();
    let stayed = world.store.portal_logo(&scope, logo.digest()).await.unwrap();
    let again = world.store.change_policy(&scope, &again, None).await.unwrap();

    assert_eq!(late, StepOutcome::Refused(PolicyOvertaken));
    assert!(matches!(again, StepOutcome::Done(_)), "{again:?}");
    assert_eq!(stayed, Some(logo.clone()));
    assert_eq!(world.store.portal_logo(&scope, unmade.digest()).await.unwrap(), None);
    assert_eq!(world.store.portal_logo(&other, logo.digest()).await.unwrap(), None);
}

pub(super) async fn of_many_changes_of_a_policy_at_once_one_is_made(world: World) {
    let scope = world.tenant().await;
    let changes: Vec<ChangePolicy> = (1..=8).map(|history| change(&world, &scope, 2, history)).collect();

    let racing = changes.iter().map(|change| world.store.change_policy(&scope, change, None));
    let ended = futures_util::future::join_all(racing).await;

    let made = ended.into_iter().filter(|step| matches!(step, Ok(StepOutcome::Done(_)))).count();
    assert_eq!(made, 1);
    assert_eq!(world.store.policy(&scope).await.unwrap().unwrap().version, 2);
}

pub(super) async fn accounts_are_walked_with_their_groups_a_page_at_a_time(world: World) {
    let scope = world.tenant().await;
    let mut people = Vec::new();
    for login in ["anna", "bert", "cleo"] {
        people.push(world.create_account(&scope, &world.unborn_account(&scope, login)).await);
    }
    let group = Uuid::from_u128;
    // Anna is in 1, 1 is in 2 and 2 in 1 again; Cleo is in 3.
    world.join(&scope, group(1), people[0].id.as_uuid()).await;
    world.join(&scope, group(2), group(1)).await;
    world.join(&scope, group(1), group(2)).await;
    world.join(&scope, group(3), people[2].id.as_uuid()).await;
    let known = world.store.known_groups(&scope, &[1, 3, 9].map(|id| GroupId::from_uuid(group(id)))).await;

    let first = world.store.walk_accounts(&scope, None, 2).await.unwrap();
    let second = world.store.walk_accounts(&scope, Some(people[1].id), 2).await.unwrap();
    let none = world.store.walk_accounts(&scope, Some(people[2].id), 2).await.unwrap();

    let ids = |ids: &[u128]| ids.iter().map(|id| GroupId::from_uuid(group(*id))).collect::<BTreeSet<_>>();
    assert_eq!([&first.accounts[..], &second.accounts[..]].concat(), people);
    assert_eq!(first.groups_of(&people[0]), Some(&ids(&[1, 2])));
    assert_eq!(first.groups_of(&people[1]), None);
    assert_eq!(second.groups_of(&people[2]), Some(&ids(&[3])));
    assert!(none.accounts.is_empty());
    assert_eq!(known.unwrap().into_iter().collect::<BTreeSet<_>>(), ids(&[1, 3]));
}

pub(super) async fn seats_are_counted_once_for_all_accounts(world: World) {
    let tenant = Tenant { licensed_accounts: Some(2), ..world.unborn_tenant("acme") };
    let scope = world.create_tenant(&tenant).await;
    let unbounded = world.create_tenant(&world.unborn_tenant("other")).await;
    let create = async |login: &str, created, deleted_at| {
        let account = world.unborn_account(&scope, login);
        let account = Account { created_at: after(created), deleted_at, ..account };
        world.create_account(&scope, &account).await
    };
    let before = world.store.seats(&scope).await.unwrap();
    let (third, first) = (create("third", 30, None).await, create("first", 10, None).await);
    let (_, second) = (create("gone", 5, Some(NOW)).await, create("second", 20, None).await);

    let seats = world.store.seats(&scope).await.unwrap();

    assert_eq!([&first, &second, &third].map(|account| seats.has(account)), [true, true, false]);
    assert!(before.has(&third));
    assert!(world.store.seats(&unbounded).await.unwrap().has(&third));
}
