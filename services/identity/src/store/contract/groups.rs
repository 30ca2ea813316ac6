//! Groups, who is in them, and what must not be.

use rekey_primitives::id::AccountId;
use uuid::Uuid;

use super::world::{NOW, World, after, default_policy, idempotent};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::group::{Group, GroupChange, GroupId, ListedMember, Member, NESTING_MAX, NotNested};
use crate::domain::policy::{Policy, PolicyRevision, ResetScope};
use crate::domain::scope::TenantScope;
use crate::domain::tenant::Tenant;
use crate::store::groups::{ChangeGroup, GroupRefused};
use crate::store::{IdempotentRequest, StepOutcome};

impl World {
    fn fresh<'a, T>(&self) -> IdempotentRequest<'a, T> {
        IdempotentRequest { key: rekey_primitives::entropy::array(self.entropy()), ..idempotent(1, 1) }
    }

    async fn group(&self, scope: &TenantScope, name: &str) -> Group {
        let group = Group {
            id: GroupId::generate(self.entropy(), NOW),
            tenant_id: scope.tenant_id(),
            display_name: name.to_owned(),
            created_at: NOW,
            updated_at: NOW,
            version: 1,
        };
        let event = self.event(scope, EventKind::GroupChanged);
        let step = self.store.create_group(scope, &group, &event, self.fresh()).await.unwrap();
        assert_eq!(step, StepOutcome::Done(group.clone()));
        group
    }

    async fn change_group(
        &self,
        scope: &TenantScope,
        group: GroupId,
        change: GroupChange,
    ) -> StepOutcome<Group, GroupRefused> {
        let event = self.event(scope, EventKind::GroupChanged);
        let change = ChangeGroup { group_id: group, change, event, now: after(5) };
        self.store.change_group(scope, &change, self.fresh()).await.unwrap()
    }

    async fn add(&self, scope: &TenantScope, group: GroupId, member: Member) -> Result<(), GroupRefused> {
        match self.change_group(scope, group, GroupChange::Add(vec![member])).await {
            StepOutcome::Done(_) => Ok(()),
            StepOutcome::Refused(refused) => Err(refused),
            other => panic!("{other:?}"),
        }
    }

    async fn members(&self, scope: &TenantScope, group: GroupId) -> Vec<ListedMember> {
        self.store.list_members(scope, group, None, 50).await.unwrap()
    }

    /// The ids of the groups that an account is in.
    async fn groups_of(&self, scope: &TenantScope, account: &Account) -> Vec<GroupId> {
        let listed = self.store.list_groups_of(scope, account.id, None, 50).await.unwrap();
        listed.into_iter().map(|group| group.id).collect()
    }

    async fn delete_group(&self, scope: &TenantScope, group: GroupId) -> StepOutcome<(), GroupRefused> {
        let event = self.event(scope, EventKind::GroupChanged);
        self.store.delete_group(scope, group, &event, self.fresh()).await.unwrap()
    }
}

pub(super) async fn a_group_is_created_found_listed_and_renamed(world: World) {
    let scope = world.tenant().await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    let (staff, board) = (world.group(&scope, "Staff").await, world.group(&scope, "Board").await);
    let rename = |version| GroupChange::Rename { display_name: "Crew".to_owned(), version };

    let stale = world.change_group(&scope, staff.id, rename(Some(7))).await;
    let renamed = world.change_group(&scope, staff.id, rename(Some(1))).await;
    let unknown = world.change_group(&other, staff.id, rename(None)).await;

    let crew = Group { display_name: "Crew".to_owned(), version: 2, updated_at: after(5), ..staff.clone() };
    assert_eq!(stale, StepOutcome::Refused(GroupRefused::Stale));
    assert_eq!(renamed, StepOutcome::Done(crew.clone()));
    assert_eq!(unknown, StepOutcome::Refused(GroupRefused::Unknown));
    assert_eq!(world.store.find_group(&scope, staff.id).await.unwrap(), Some(crew.clone()));
    assert_eq!(world.store.find_group(&other, staff.id).await.unwrap(), None);
    let mut both = [crew, board];
    both.sort_by_key(|group| group.id);
    assert_eq!(world.store.list_groups(&scope, None, 1).await.unwrap(), both[..1]);
    assert_eq!(world.store.list_groups(&scope, Some(both[0].id.as_uuid()), 9).await.unwrap(), both[1..]);
    assert_eq!(world.kinds(&scope).await.len(), 4);
}

pub(super) async fn members_come_and_go_and_count_for_resets(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let gone = Account { deleted_at: Some(NOW), ..world.unborn_account(&scope, "gone") };
    world.create_account(&scope, &gone).await;
    let (outer, inner) = (world.group(&scope, "Outer").await.id, world.group(&scope, "Inner").await.id);
    let account = Member::Account(anna.id);

    world.add(&scope, inner, account).await.unwrap();
    world.add(&scope, inner, account).await.unwrap();
    world.add(&scope, outer, Member::Group(inner)).await.unwrap();
    let facts = world.store.eligibility_facts(&scope, anna.id).await.unwrap();
    let deleted = world.add(&scope, inner, Member::Account(gone.id)).await;
    let nobody = world.add(&scope, inner, Member::Account(AccountId::from_uuid(Uuid::nil()))).await;
    let no_group = world.add(&scope, inner, Member::Group(GroupId::from_uuid(Uuid::nil()))).await;

    assert_eq!(facts.groups, [outer, inner].into());
    assert_eq!((deleted, nobody), (Err(GroupRefused::UnknownAccount), Err(GroupRefused::UnknownAccount)));
    assert_eq!(no_group, Err(GroupRefused::Unknown));
    let listed = world.members(&scope, outer).await;
    let nested = ListedMember { id: inner.as_uuid(), is_group: true, display_name: "Inner".to_owned() };
    assert_eq!(listed, [nested]);
    assert_eq!(world.members(&scope, inner).await.len(), 1);
    world.change_group(&scope, inner, GroupChange::Remove(vec![account])).await;
    assert_eq!(world.members(&scope, inner).await, []);
    assert!(world.store.eligibility_facts(&scope, anna.id).await.unwrap().groups.is_empty());
}

pub(super) async fn a_change_of_members_is_made_whole_or_not_at_all(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let group = world.group(&scope, "Staff").await;
    let log = world.log(&scope).await.len();
    let nobody = Member::Account(AccountId::from_uuid(Uuid::nil()));

    let both = GroupChange::Add(vec![Member::Account(anna.id), nobody]);
    let step = world.change_group(&scope, group.id, both).await;

    assert_eq!(step, StepOutcome::Refused(GroupRefused::UnknownAccount));
    assert_eq!(world.members(&scope, group.id).await, []);
    assert_eq!(world.store.find_group(&scope, group.id).await.unwrap(), Some(group));
    assert_eq!(world.log(&scope).await.len(), log);
}

pub(super) async fn groups_close_no_circle_and_nest_as_deep_as_they_are_followed(world: World) {
    let scope = world.tenant().await;
    let mut chain = vec![world.group(&scope, "0").await.id];
    let most = usize::try_from(NESTING_MAX).unwrap();
    for number in 1..most {
        let inner = world.group(&scope, &number.to_string()).await.id;
        world.add(&scope, chain[number - 1], Member::Group(inner)).await.unwrap();
        chain.push(inner);
    }
    let one_more = world.group(&scope, "one more").await.id;
    let anna = world.account(&scope).await;
    world.add(&scope, chain[most - 1], Member::Account(anna.id)).await.unwrap();

    let itself = world.add(&scope, one_more, Member::Group(one_more)).await;
    let circle = world.add(&scope, chain[3], Member::Group(chain[1])).await;
    let below = world.add(&scope, chain[most - 1], Member::Group(one_more)).await;
    let above = world.add(&scope, one_more, Member::Group(chain[0])).await;
    let beside = world.add(&scope, chain[2], Member::Group(one_more)).await;

    let refused = |why| Err(GroupRefused::NotNested(why));
    assert_eq!((itself, circle), (refused(NotNested::Cycle), refused(NotNested::Cycle)));
    assert_eq!((below, above), (refused(NotNested::TooDeep), refused(NotNested::TooDeep)));
    assert_eq!(beside, Ok(()));
    assert_eq!(world.store.eligibility_facts(&scope, anna.id).await.unwrap().groups.len(), most);
}

pub(super) async fn the_groups_of_an_account_are_listed_once_through_any_nesting(world: World) {
    let scope = world.tenant().await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    let anna = world.account(&scope).await;
    let bob = world.create_account(&scope, &world.unborn_account(&scope, "bob")).await;
    let mut chain = vec![world.group(&scope, "innermost").await];
    let most = usize::try_from(NESTING_MAX).unwrap();
    for number in 1..most {
        let outer = world.group(&scope, &number.to_string()).await;
        world.add(&scope, outer.id, Member::Group(chain[number - 1].id)).await.unwrap();
        chain.push(outer);
    }
    let beside = world.group(&scope, "beside").await.id;
    world.add(&scope, beside, Member::Account(bob.id)).await.unwrap();

    let before = world.groups_of(&scope, &anna).await;
    for group in [chain[0].id, chain[5].id] {
        world.add(&scope, group, Member::Account(anna.id)).await.unwrap();
    }
    let of_anna = world.groups_of(&scope, &anna).await;
    let of_bob = world.groups_of(&scope, &bob).await;
    let elsewhere = world.groups_of(&other, &anna).await;

    let mut all: Vec<GroupId> = chain.iter().map(|group| group.id).collect();
    all.sort_unstable();
    assert_eq!((before, of_bob, elsewhere), (vec![], vec![beside], vec![]));
    assert_eq!(of_anna, all);
    let first = world.store.list_groups_of(&scope, anna.id, None, 3).await.unwrap();
    let rest = world.store.list_groups_of(&scope, anna.id, Some(all[2].as_uuid()), 50).await.unwrap();
    let paged: Vec<GroupId> = first.iter().chain(&rest).map(|group| group.id).collect();
    assert_eq!((first.len(), paged), (3, all));
    let shown = world.store.find_group(&scope, first[0].id).await.unwrap();
    assert_eq!(shown.as_ref(), first.first());
}

pub(super) async fn a_deleted_group_leaves_its_members_and_its_places(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let (outer, inner) = (world.group(&scope, "Outer").await.id, world.group(&scope, "Inner").await.id);
    world.add(&scope, inner, Member::Account(anna.id)).await.unwrap();
    world.add(&scope, outer, Member::Group(inner)).await.unwrap();

    let emptied = world.store.empty_group(&scope, inner).await.unwrap();
    let deleted = world.delete_group(&scope, inner).await;
    let again = world.delete_group(&scope, inner).await;

    assert_eq!((emptied, deleted), (Ok(1), StepOutcome::Done(())));
    assert_eq!(again, StepOutcome::Refused(GroupRefused::Unknown));
    assert_eq!(world.members(&scope, outer).await, []);
    assert_eq!(world.read(&scope, anna.id).await, anna);
}

pub(super) async fn a_group_that_the_policy_names_stays(world: World) {
    let tenant = world.unborn_tenant("scoped");
    let group = GroupId::generate(world.entropy(), NOW);
    let scope = world.tenant_with_scope(&tenant, group).await;
    let created = Group {
        id: group,
        tenant_id: tenant.id,
        display_name: "Excluded".to_owned(),
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    };
    let event = world.event(&scope, EventKind::GroupChanged);
    world.store.create_group(&scope, &created, &event, world.fresh()).await.unwrap();

    let emptied = world.store.empty_group(&scope, group).await.unwrap();
    let deleted = world.delete_group(&scope, group).await;

    assert_eq!(
        (emptied, deleted),
        (Err(GroupRefused::InPolicy), StepOutcome::Refused(GroupRefused::InPolicy))
    );
    assert_eq!(world.store.find_group(&scope, group).await.unwrap(), Some(created));
}

impl World {
    /// A tenant whose policy in force leaves a group out.
    async fn tenant_with_scope(&self, tenant: &Tenant, excluded: GroupId) -> TenantScope {
        let scope = TenantScope::of(true, tenant.id).unwrap();
        let mut policy = Policy::default();
        policy.reset.enabled_scope = ResetScope::Groups { included: [].into(), excluded: [excluded].into() };
        let revision = PolicyRevision { policy, ..default_policy(tenant.id) };
        let event = self.event(&scope, EventKind::TenantCreated);
        self.store.create_tenant(tenant, &revision, &event, None).await.unwrap();
        scope
    }
}
