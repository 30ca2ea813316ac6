//! The first tenant and account of a store.

use super::world::{World, default_policy};
use crate::domain::audit::EventKind;
use crate::domain::scope::TenantScope;
use crate::store::accounts::{Beginning, FirstRows};

impl World {
    /// What somebody wants to make first, under a handle and login of their own.
    fn first_rows(&self, number: usize) -> FirstRows {
        let tenant = self.unborn_tenant(&format!("acme{number}"));
        let scope = TenantScope::ours(tenant.id);
        FirstRows {
            policy: default_policy(tenant.id),
            account: self.unborn_account(&scope, &format!("chief{number}")),
            events: [EventKind::TenantCreated, EventKind::AccountCreated]
                .map(|kind| self.event(&scope, kind)),
            tenant,
        }
    }
}

pub(super) async fn of_many_who_begin_at_once_one_does(world: World) {
    let begin = |number| {
        let (store, rows) = (world.store.clone(), world.first_rows(number));
        tokio::spawn(async move { store.begin(&rows).await.unwrap().then_some(rows) })
    };
    let racing: Vec<_> = (0..8).map(begin).collect();

    let mut made = Vec::new();
    for one in racing {
        made.extend(one.await.unwrap());
    }

    assert_eq!(made.len(), 1, "{made:?}");
    let scope = TenantScope::ours(made[0].tenant.id);
    let tenants = world.store.list_tenants((None, true), None, 10).await.unwrap();
    let accounts = world.store.list_accounts(&scope, None, 10).await.unwrap();
    assert_eq!((tenants.len(), accounts.len()), (1, 1));
    assert_eq!(world.store.beginning().await.unwrap(), Beginning::Over);
}

pub(super) async fn a_tenant_that_an_earlier_release_left_alone_gets_its_account_once(world: World) {
    let left = world.first_rows(1);
    world.create_tenant(&left.tenant).await;

    let before = world.store.beginning().await.unwrap();
    let another = world.store.begin(&world.first_rows(2)).await.unwrap();
    let made = world.store.begin(&left).await.unwrap();
    let again = world.store.begin(&left).await.unwrap();

    assert_eq!(before, Beginning::CutOff(Box::new(left.tenant)));
    assert_eq!((another, made, again), (false, true, false));
}
