//! The table that decoys are drawn from.

use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::world::{NOW, World, after};
use crate::domain::account::Account;
use crate::domain::reset::shares::Shares;
use crate::domain::scope::TenantScope;
use crate::store::resets::StoredShares;

/// A table of so many accounts like this one.
fn counted(account: &Account, count: usize, until: u64) -> StoredShares {
    let accounts = (0..count).map(|_| (account, account.security_info.iter().collect()));
    StoredShares { shares: Shares::of(accounts), renew_at: after(until) }
}

pub(super) async fn a_table_stands_until_its_time_and_the_first_one_does(world: World) {
    let scope = world.tenant().await;
    let other = TenantScope::ours(TenantId::from_uuid(Uuid::nil()));
    let anna = world.account(&scope).await;
    let (first, second, third) = (counted(&anna, 1, 100), counted(&anna, 2, 200), counted(&anna, 3, 300));

    let nothing = world.store.method_shares(&scope, NOW).await.unwrap();
    let kept = world.store.keep_method_shares(&scope, &first, NOW).await.unwrap();
    let beaten = world.store.keep_method_shares(&scope, &second, after(99)).await.unwrap();
    let over = world.store.method_shares(&scope, after(100)).await.unwrap();
    let renewed = world.store.keep_method_shares(&scope, &third, after(100)).await.unwrap();

    assert_eq!((nothing, over), (None, None));
    assert_eq!([&kept, &beaten], [&first, &first]);
    assert_eq!(renewed, third);
    assert_eq!(world.store.method_shares(&scope, after(299)).await.unwrap(), Some(third));
    assert_eq!(world.store.method_shares(&other, NOW).await.unwrap(), None);
}
