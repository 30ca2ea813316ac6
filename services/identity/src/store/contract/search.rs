//! Finding accounts by what they are called and what they are.

use std::collections::BTreeSet;

use rekey_database::{Sql, values};
use rekey_primitives::id::AccountId;
use rekey_primitives::login::Login;
use rekey_primitives::method::MethodKind;
use uuid::Uuid;

use super::world::{NOW, World, after};
use crate::domain::account::Account;
use crate::domain::account_filter::{AccountFilter, FilteredState};
use crate::domain::authority::{Role, RoleSet};
use crate::domain::group::GroupId;
use crate::domain::scope::TenantScope;
use crate::store::search::{AccountCount, AccountSearch};

fn of_prefix(prefix: &str) -> AccountFilter {
    AccountFilter { prefix: Some(prefix.to_owned()), ..AccountFilter::default() }
}

impl World {
    /// Everybody whom the filter finds, in pages of so many, by their first login.
    async fn found(&self, scope: &TenantScope, filter: &AccountFilter, limit: u32) -> Vec<String> {
        let (mut after, mut logins) = (None, Vec::new());
        loop {
            let search = AccountSearch { filter, after, limit };
            let found = self.store.search_accounts(scope, &search).await.unwrap();
            assert!(found.accounts.len() <= limit as usize);
            logins.extend(found.accounts.iter().map(|account| account.logins[0].as_str().to_owned()));
            after = found.next;
            if after.is_none() {
                return logins;
            }
        }
    }

    async fn named(&self, scope: &TenantScope, login: &str, name: &str) -> Account {
        let account = Account { display_name: name.to_owned(), ..self.unborn_account(scope, login) };
        self.create_account(scope, &account).await
    }

    async fn put_into(&self, scope: &TenantScope, group: Uuid, member: Uuid, nested: bool) {
        let group_sql = "
            insert into groups (tenant_id, group_id, display_name, created_at, updated_at, version)
            values ($1, $2, 'g', 0, 0, 1) on conflict do nothing";
        let member_sql =
            "insert into group_members (tenant_id, group_id, member_id, nested) values ($1, $2, $3, $4)";
        let tenant = scope.tenant_id();
        self.store.database.execute(Sql::unlisted(group_sql), values![tenant, group]).await.unwrap();
        let values = values![tenant, group, member, nested];
        self.store.database.execute(Sql::unlisted(member_sql), values).await.unwrap();
    }
}

pub(super) async fn accounts_are_found_by_what_begins_alike(world: World) {
    let scope = world.tenant().await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    world.named(&scope, "blume", "Anna Maria Ünal").await;
    world.named(&scope, "annabel", "Cleo Blume").await;
    world.named(&scope, "zoe", "Zoe").await;
    world.named(&other, "anna", "Anna Blume").await;

    let found = async |prefix: &str| world.found(&scope, &of_prefix(prefix), 1).await;

    assert_eq!(found("ann").await, ["annabel", "blume"]);
    assert_eq!(found("blume").await, ["blume", "annabel"]);
    assert_eq!(found("ünal").await, ["blume"]);
    assert_eq!(found("zoe@mail").await, ["zoe"]);
    assert_eq!(found("zoe").await, ["zoe"]);
    assert_eq!(found("annabel@mail.example").await, ["annabel"]);
    assert_eq!(found("maria").await, [""; 0]);
    assert_eq!(found("%").await, [""; 0]);
}

pub(super) async fn every_account_of_a_prefix_is_found_once_in_pages_of_any_size(world: World) {
    let scope = world.tenant().await;
    for number in 0..7 {
        let logins =
            [format!("s{number}"), format!("sam{number}")].map(|login| Login::parse(&login).unwrap());
        let account = Account {
            display_name: "Sam Sample".to_owned(),
            logins: logins.to_vec(),
            security_info: vec![world.entry(&format!("s{number}@mail.example"))],
            ..world.unborn_account(&scope, "x")
        };
        world.create_account(&scope, &account).await;
    }

    for (prefix, limit) in [("s", 1), ("s", 3), ("sam", 2), ("sam s", 200), ("sample", 4)] {
        let found = world.found(&scope, &of_prefix(prefix), limit).await;
        let distinct: BTreeSet<_> = found.iter().collect();

        assert_eq!((found.len(), distinct.len()), (7, 7), "{prefix} in pages of {limit}");
    }
}

pub(super) async fn accounts_are_found_by_what_they_are(world: World) {
    let scope = world.tenant().await;
    let chief = world.global_administrator(&scope, "chief").await;
    let of = |login: &str| world.unborn_account(&scope, login);
    let phone = Account { security_info: vec![world.entry("+4312345")], ..of("phone") };
    let stopped = [
        Account { blocked: true, ..of("blocked") },
        Account { frozen: true, ..of("frozen") },
        Account { deleted_at: Some(NOW), ..of("deleted") },
        Account { roles: RoleSet::of(&[Role::ReportsReader]), ..of("reader") },
        phone,
    ];
    for account in &stopped {
        world.create_account(&scope, account).await;
    }
    let found = async |filter: AccountFilter| {
        let mut found = world.found(&scope, &filter, 2).await;
        found.sort_unstable();
        found
    };
    let in_state = |state| AccountFilter { state: Some(state), ..AccountFilter::default() };

    assert_eq!(found(in_state(FilteredState::Blocked)).await, ["blocked"]);
    assert_eq!(found(in_state(FilteredState::Frozen)).await, ["frozen"]);
    assert_eq!(found(in_state(FilteredState::Deleted)).await, ["deleted"]);
    assert_eq!(found(in_state(FilteredState::Active)).await, ["chief", "phone", "reader"]);
    let global = AccountFilter { role: Some(Role::GlobalAdministrator), ..AccountFilter::default() };
    assert_eq!(found(global).await, ["chief"]);
    let by_phone = AccountFilter { method: Some(MethodKind::Phone), ..AccountFilter::default() };
    assert_eq!(found(by_phone).await, ["phone"]);
    let both = AccountFilter { method: Some(MethodKind::Email), ..of_prefix("phone") };
    assert_eq!(found(both).await, [""; 0]);
    assert_eq!(world.read(&scope, chief.id).await, chief);
}

pub(super) async fn accounts_are_found_by_their_last_sign_in(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let bert = world.create_account(&scope, &world.unborn_account(&scope, "bert")).await;
    world.create_account(&scope, &world.unborn_account(&scope, "never")).await;
    world.signed_in(&scope, &anna, 1).await;
    let late = world.session(&bert, 2);
    let late = crate::domain::session::Session { created_at: after(900), ..late };
    world.open(&scope, &bert, &late).await;

    let since = |at| AccountFilter { signed_in_since: Some(at), ..AccountFilter::default() };
    let inactive = |at| AccountFilter { inactive_since: Some(at), ..AccountFilter::default() };

    assert_eq!(world.found(&scope, &since(NOW), 1).await, ["anna", "bert"]);
    assert_eq!(world.found(&scope, &since(after(800)), 1).await, ["bert"]);
    assert_eq!(world.found(&scope, &inactive(after(800)), 1).await, ["anna", "never"]);
    assert_eq!(world.found(&scope, &inactive(NOW), 1).await, [""; 0]);
    assert_eq!(world.read(&scope, bert.id).await.last_sign_in_at, Some(after(900)));
}

pub(super) async fn accounts_are_found_in_a_group_through_any_nesting(world: World) {
    let scope = world.tenant().await;
    let mut ids: Vec<AccountId> = Vec::new();
    for login in ["anna", "bert", "cleo", "dora"] {
        ids.push(world.create_account(&scope, &world.unborn_account(&scope, login)).await.id);
    }
    let [outer, inner] = [1, 2].map(Uuid::from_u128);
    world.put_into(&scope, outer, ids[0].as_uuid(), false).await;
    world.put_into(&scope, outer, inner, true).await;
    world.put_into(&scope, inner, ids[0].as_uuid(), false).await;
    world.put_into(&scope, inner, ids[2].as_uuid(), false).await;
    // What must not be can be no loop without end.
    world.put_into(&scope, inner, outer, true).await;
    let members = AccountFilter { group: Some(GroupId::from_uuid(outer)), ..AccountFilter::default() };
    let some = AccountFilter { prefix: Some("c".to_owned()), ..members.clone() };

    let mut found = world.found(&scope, &members, 1).await;
    found.sort_unstable();

    assert_eq!(found, ["anna", "cleo"]);
    assert_eq!(world.found(&scope, &some, 5).await, ["cleo"]);
}

pub(super) async fn accounts_are_counted(world: World) {
    let scope = world.tenant().await;
    for login in ["anna", "annabel", "bert"] {
        world.create_account(&scope, &world.unborn_account(&scope, login)).await;
    }
    let gone = Account { deleted_at: Some(NOW), ..world.unborn_account(&scope, "ann") };
    world.create_account(&scope, &gone).await;
    let count = async |filter: AccountFilter| world.store.count_accounts(&scope, &filter).await.unwrap();
    let exactly = |count| AccountCount { count, is_lower_bound: false };

    assert_eq!(count(AccountFilter::default()).await, exactly(3));
    assert_eq!(count(of_prefix("annab")).await, exactly(1));
    assert_eq!(
        count(AccountFilter { state: Some(FilteredState::Deleted), ..of_prefix("an") }).await,
        exactly(1)
    );
}

pub(super) async fn names_of_earlier_releases_are_filled_in(world: World) {
    let scope = world.tenant().await;
    world.named(&scope, "x1", "Ömer Åkesson").await;
    let forget = Sql::unlisted("update accounts set name_key = null, surname_key = null");
    world.store.database.execute(forget, &[]).await.unwrap();
    let before = world.found(&scope, &of_prefix("ömer"), 5).await;

    world.store.fill_in_names().await.unwrap();

    assert_eq!(before, [""; 0]);
    assert_eq!(world.found(&scope, &of_prefix("ömer"), 5).await, ["x1"]);
    assert_eq!(world.found(&scope, &of_prefix("åkes"), 5).await, ["x1"]);
}
