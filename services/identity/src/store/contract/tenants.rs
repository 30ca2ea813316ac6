//! Tenants that are changed, deleted, brought back and purged.

use std::collections::BTreeSet;

use rekey_database::statements;

use super::world::{NOW, World, after, idempotent};
use crate::domain::audit::EventKind;
use crate::domain::refusal::Refusal;
use crate::domain::region::Region;
use crate::domain::scope::TenantScope;
use crate::domain::tenant::{DomainName, Handle, Tenant};
use crate::operation::Homes;
use crate::store::accounts::{AccountKey, ChangeTenant, TenantChange, TenantKey, TenantRefused};
use crate::store::purge::{Purge, tenants};
use crate::store::{IdempotentRequest, StepOutcome};

/// Tables that have a tenant's id and are no tenant's own.
const NOT_THEIRS: [&str; 0] = [];

impl World {
    pub(super) async fn change_tenant(
        &self,
        scope: &TenantScope,
        version: i64,
        change: TenantChange,
    ) -> StepOutcome<Tenant, TenantRefused> {
        let event = self.event(scope, EventKind::TenantUpdated);
        let change = ChangeTenant { version, change, event, now: after(5) };
        let once =
            IdempotentRequest { key: rekey_primitives::entropy::array(self.entropy()), ..idempotent(1, 1) };
        self.store.change_tenant(scope, &change, once).await.unwrap()
    }

    async fn purge_tenant(&self, scope: &TenantScope, until: u64) -> Purge {
        self.store.purge_tenant(scope, after(until), after(9)).await.unwrap()
    }
}

pub(super) async fn a_tenant_is_edited_whole_or_not_at_all(world: World) {
    let acme = world.unborn_tenant("acme");
    let (scope, _) =
        (world.create_tenant(&acme).await, world.create_tenant(&world.unborn_tenant("other")).await);
    let domains = ["b.example", "a.example"].map(|name| DomainName::parse(name).unwrap()).to_vec();
    let edited = Tenant {
        handle: Handle::parse("globex").unwrap(),
        display_name: "Globex".to_owned(),
        domains,
        licensed_accounts: Some(3),
        ..acme.clone()
    };
    let edit = |tenant: &Tenant| TenantChange::Edit(Box::new(tenant.clone()));
    let handle = Tenant { handle: Handle::parse("other").unwrap(), ..edited.clone() };
    let domain = Tenant { domains: vec![DomainName::parse("other.example").unwrap()], ..edited.clone() };

    let taken = [
        world.change_tenant(&scope, 1, edit(&handle)).await,
        world.change_tenant(&scope, 1, edit(&domain)).await,
    ];
    let unchanged = world.store.find_tenant(&TenantKey::Id(acme.id)).await.unwrap();
    let done = world.change_tenant(&scope, 1, edit(&edited)).await;
    let stale = world.change_tenant(&scope, 1, edit(&edited)).await;

    let refused = StepOutcome::Refused(TenantRefused::Taken);
    assert_eq!((taken, unchanged), ([refused.clone(), refused], Some(acme)));
    let expected = Tenant { version: 2, updated_at: after(5), ..edited };
    assert_eq!(done, StepOutcome::Done(expected.clone()));
    assert_eq!(stale, StepOutcome::Refused(TenantRefused::Stale));
    let domain = TenantKey::Domain(DomainName::parse("a.example").unwrap());
    assert_eq!(world.store.find_tenant(&domain).await.unwrap(), Some(expected));
    let before = TenantKey::Domain(DomainName::parse("acme.example").unwrap());
    assert_eq!(world.store.find_tenant(&before).await.unwrap(), None);
}

pub(super) async fn a_deleted_tenant_lets_nobody_in_until_it_is_back(world: World) {
    let acme = world.unborn_tenant("acme");
    let scope = world.create_tenant(&acme).await;
    let anna = world.account(&scope).await;
    let session = world.signed_in(&scope, &anna, 1).await;
    let seen = async || {
        let store = &world.store;
        [
            store.find_tenant(&TenantKey::Id(acme.id)).await.unwrap().is_some(),
            store.find_login(&scope, Some(&anna.logins[0])).await.unwrap().is_some(),
            store.find_account(&scope, &AccountKey::Id(anna.id)).await.unwrap().is_some(),
            store.find_session(&scope, session.id).await.unwrap().is_some(),
            store.policy(&scope).await.unwrap().is_some(),
        ]
    };

    let deleted = world.change_tenant(&scope, 1, TenantChange::Delete).await;
    let gone = seen().await;
    let twice = world.change_tenant(&scope, 2, TenantChange::Delete).await;
    let found = world.store.find_deleted_tenant(&scope, NOW).await.unwrap();
    let too_late = world.change_tenant(&scope, 2, TenantChange::Undelete { lost_until: after(5) }).await;
    let back = world.change_tenant(&scope, 2, TenantChange::Undelete { lost_until: after(4) }).await;

    let StepOutcome::Done(deleted) = deleted else { panic!("not deleted") };
    assert_eq!((deleted.deleted_at, &found), (Some(after(5)), &Some(deleted.clone())));
    assert_eq!(gone, [false; 5]);
    let unknown = StepOutcome::Refused(TenantRefused::Unknown);
    assert_eq!((twice, too_late), (unknown.clone(), unknown));
    assert!(matches!(back, StepOutcome::Done(Tenant { deleted_at: None, version: 3, .. })), "{back:?}");
    assert_eq!(seen().await, [true; 5]);
}

pub(super) async fn a_purged_tenant_is_gone_whole_and_no_other(world: World) {
    let acme = world.unborn_tenant("acme");
    let (scope, other) =
        (world.create_tenant(&acme).await, world.create_tenant(&world.unborn_tenant("other")).await);
    let anna = world.account(&scope).await;
    world.signed_in(&scope, &anna, 1).await;
    world.account(&other).await;
    let living = world.purge_tenant(&scope, 99).await;
    world.change_tenant(&scope, 1, TenantChange::Delete).await;

    let due = world.store.tenants_to_purge(after(5), None, 9).await.unwrap();
    let early =
        (world.store.tenants_to_purge(after(4), None, 9).await.unwrap(), world.purge_tenant(&scope, 4).await);
    let purged = world.purge_tenant(&scope, 5).await;
    let again = world.purge_tenant(&scope, 5).await;

    assert_eq!((living, early), (Purge::NotMine, (vec![], Purge::NotMine)));
    assert_eq!((due, purged, again), (vec![acme.id], Purge::Done, Purge::NotMine));
    world.create_tenant(&world.unborn_tenant("acme")).await;
    assert!(world.store.find_tenant(&TenantKey::Id(other.tenant_id())).await.unwrap().is_some());
    let bert = world.unborn_account(&other, "bert");
    world.create_account(&other, &bert).await;
}

pub(super) async fn a_tenant_whose_purge_began_does_not_come_back(world: World) {
    let scope = world.tenant().await;
    world.change_tenant(&scope, 1, TenantChange::Delete).await;
    world.store.database.writer().await.unwrap().execute(BEGUN, &[]).await.unwrap();

    let back = world.change_tenant(&scope, 2, TenantChange::Undelete { lost_until: NOW }).await;

    assert_eq!(back, StepOutcome::Refused(TenantRefused::Unknown));
    assert_eq!(world.store.find_deleted_tenant(&scope, NOW).await.unwrap(), None);
}

pub(super) async fn who_is_at_home_elsewhere_is_known(world: World) {
    let region = |name: &str| Region::parse(name).unwrap();
    let mut pair = [world.unborn_tenant("globex"), world.unborn_tenant("initech")];
    pair.sort_by_key(|tenant| tenant.id.as_uuid());
    let [mut eu, mut us] = pair;
    (eu.home_region, us.home_region) = (Some(region("eu")), Some(region("us")));
    world.tenant().await;
    world.create_tenant(&eu).await;
    world.create_tenant(&us).await;
    let elsewhere =
        async |here: Option<&Region>, after| world.store.tenants_elsewhere(here, after, 1).await.unwrap();

    let of_us = elsewhere(us.home_region.as_ref(), None).await;
    let behind = elsewhere(us.home_region.as_ref(), Some(eu.id)).await;
    let first = elsewhere(None, None).await;
    let second = elsewhere(None, Some(eu.id)).await;
    let homes = Homes::of(us.home_region.clone());
    homes.read(&world.store).await.unwrap();

    assert_eq!(world.store.find_tenant(&TenantKey::Id(eu.id)).await.unwrap(), Some(eu.clone()));
    assert_eq!((of_us, behind), (vec![(eu.id, region("eu"))], Vec::new()));
    assert_eq!((first, second), (vec![(eu.id, region("eu"))], vec![(us.id, region("us"))]));
    assert_eq!(homes.judge(us.id), Ok(()));
    assert_eq!(homes.judge(eu.id), Err(Refusal::TenantElsewhere { region: "eu".to_owned() }));
}

/// Whatever has a tenant's id goes with it.
pub(super) async fn every_table_with_a_tenant_is_purged(world: World) {
    let tables: Vec<(String,)> = world.store.database.all(TABLES_OF_TENANTS, &[]).await.unwrap();
    // Partitions go with their log.
    let with_tenants: BTreeSet<String> =
        tables.into_iter().map(|(name,)| name).filter(|name| !name.starts_with("audit_events_")).collect();
    let statements = [tenants::STATEMENTS, tenants::tables::STATEMENTS].concat();
    let purged = statements.iter().filter_map(|sql| {
        let text = sql.text(world.store.database.dialect());
        let (_, rest) = text.split_once("delete from ")?;
        rest.split_whitespace().next().map(str::to_owned)
    });
    let listed: BTreeSet<String> = purged.chain(NOT_THEIRS.map(str::to_owned)).collect();

    let forgotten: Vec<_> = with_tenants.difference(&listed).collect();

    assert_eq!(forgotten, Vec::<&String>::new(), "a purge leaves these behind");
    assert!(with_tenants.len() > 25, "{with_tenants:?}");
}

statements! {
    const BEGUN = "update tenants set purge_began_at = 1";

    const TABLES_OF_TENANTS = (postgres: "
        select distinct table_name::text from information_schema.columns
        where table_schema = current_schema() and column_name = 'tenant_id' order by 1",
    sqlite: "
        select distinct m.name from sqlite_master m join pragma_table_info(m.name) c
        where m.type = 'table' and c.name = 'tenant_id' order by 1");
}
