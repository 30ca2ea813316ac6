//! Accounts that are changed, deleted, brought back and purged.

use std::collections::BTreeSet;

use rekey_database::{Fragment, fragment, statements, values};
use rekey_primitives::id::AccountId;
use rekey_primitives::login::Login;

use super::world::{NOW, World, after, idempotent};
use crate::domain::account::Account;
use crate::domain::audit::EventKind;
use crate::domain::scope::TenantScope;
use crate::store::accounts::{
    AccountKey, AccountTaken, DeleteAccount, DeletionRefused, EditAccount, EditRefused, UndeleteAccount,
};
use crate::store::purge::Purge;
use crate::store::purge::accounts::PurgeAccount;
use crate::store::{IdempotentRequest, StepOutcome};

/// Tables that have an account's id and are no account's own: results of a job say whom it was about by the id alone, and go
/// with the job; an erasure forgets the id when it is done.
const NOT_THEIRS: [&str; 2] = ["bulk_reset_accounts", "erasures"];

impl World {
    fn any<'a, T>(&self) -> IdempotentRequest<'a, T> {
        IdempotentRequest { key: rekey_primitives::entropy::array(self.entropy()), ..idempotent(1, 1) }
    }

    async fn edit(&self, scope: &TenantScope, after_it: Account) -> StepOutcome<Account, EditRefused> {
        let event = self.event(scope, EventKind::AccountUpdated);
        let edit =
            EditAccount { after: after_it, dropped: vec![[1; 32]], voids_resets: true, event, now: after(5) };
        self.store.edit_account(scope, &edit, self.any()).await.unwrap()
    }

    pub(super) async fn delete_account(
        &self,
        scope: &TenantScope,
        account: &Account,
    ) -> StepOutcome<Account, DeletionRefused> {
        let event = self.event(scope, EventKind::AccountDeleted);
        let delete = DeleteAccount { account_id: account.id, version: account.version, event, now: after(5) };
        self.store.delete_account(scope, &delete, self.any()).await.unwrap()
    }

    async fn undelete(
        &self,
        scope: &TenantScope,
        account: &Account,
        lost_until: u64,
    ) -> StepOutcome<Account, DeletionRefused> {
        let event = self.event(scope, EventKind::AccountUndeleted);
        let (account_id, version) = (account.id, account.version);
        let undelete =
            UndeleteAccount { account_id, version, lost_until: after(lost_until), event, now: after(9) };
        self.store.undelete_account(scope, &undelete, self.any()).await.unwrap()
    }

    async fn purge(&self, scope: &TenantScope, account_id: AccountId, until: u64) -> Purge {
        let purge = PurgeAccount {
            account_id,
            deleted_until: after(until),
            logins: vec![[1; 32]],
            event: self.event(scope, EventKind::AccountPurged),
        };
        self.store.purge_account(scope, &purge).await.unwrap()
    }
}

pub(super) async fn an_edit_is_written_whole_and_its_names_move(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let edited = Account {
        logins: vec![Login::parse("a.stein").unwrap(), Login::parse("anna").unwrap()],
        display_name: "Anna Stein".to_owned(),
        external_id: Some("hr-1".to_owned()),
        managed_elsewhere: true,
        ..anna.clone()
    };

    let step = world.edit(&scope, edited.clone()).await;
    let stale = world.edit(&scope, edited.clone()).await;

    let mut expected = Account { version: 2, updated_at: after(5), ..edited };
    expected.recovery_version.0 = 2;
    assert_eq!(step, StepOutcome::Done(expected.clone()));
    assert_eq!(stale, StepOutcome::Refused(EditRefused::Stale));
    for key in
        [AccountKey::Login(Login::parse("a.stein").unwrap()), AccountKey::ExternalId("hr-1".to_owned())]
    {
        assert_eq!(world.store.find_account(&scope, &key).await.unwrap(), Some(expected.clone()));
    }
    assert_eq!(world.kinds(&scope).await.last(), Some(&EventKind::AccountUpdated));
}

pub(super) async fn a_taken_name_leaves_an_edit_unwritten(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let bert = Account { external_id: Some("hr-1".to_owned()), ..world.unborn_account(&scope, "bert") };
    let bert = world.create_account(&scope, &bert).await;
    world.delete_account(&scope, &bert).await;
    let log = world.log(&scope).await.len();

    let logins = vec![anna.logins[0].clone(), bert.logins[0].clone()];
    let login = world.edit(&scope, Account { logins, ..anna.clone() }).await;
    let external_id = world.edit(&scope, Account { external_id: bert.external_id, ..anna.clone() }).await;

    let refused = |taken| StepOutcome::Refused(EditRefused::Taken(taken));
    assert_eq!((login, external_id), (refused(AccountTaken::Login), refused(AccountTaken::ExternalId)));
    assert_eq!(world.read(&scope, anna.id).await, anna);
    assert_eq!(world.log(&scope).await.len(), log);
}

pub(super) async fn of_two_who_want_one_login_one_gets_it(world: World) {
    let scope = world.tenant().await;
    let (anna, bert) = (
        world.account(&scope).await,
        world.create_account(&scope, &world.unborn_account(&scope, "bert")).await,
    );
    let with = |account: &Account| {
        let logins = vec![account.logins[0].clone(), Login::parse("boss").unwrap()];
        Account { logins, external_id: Some("boss".to_owned()), ..account.clone() }
    };

    let (one, other) = tokio::join!(world.edit(&scope, with(&anna)), world.edit(&scope, with(&bert)));

    let done = [&one, &other].into_iter().filter(|step| matches!(step, StepOutcome::Done(_))).count();
    let taken = |step: &StepOutcome<_, _>| matches!(step, StepOutcome::Refused(EditRefused::Taken(_)));
    assert_eq!(
        (done, [&one, &other].into_iter().filter(|step| taken(step)).count()),
        (1, 1),
        "{one:?} {other:?}"
    );
}

pub(super) async fn a_deleted_account_keeps_its_names_and_comes_back(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let session = world.signed_in(&scope, &anna, 1).await;

    let StepOutcome::Done(deleted) = world.delete_account(&scope, &anna).await else { panic!("not deleted") };
    let twice = world.delete_account(&scope, &anna).await;
    let seen = world.store.find_deleted_account(&scope, anna.id, NOW).await.unwrap();
    let sessions = world.live_sessions(&scope, anna.id, after(6)).await;
    let too_late = world.undelete(&scope, &deleted, 5).await;
    let stale = world.undelete(&scope, &anna, 4).await;
    let back = world.undelete(&scope, &deleted, 4).await;

    assert_eq!(deleted.deleted_at, Some(after(5)));
    assert_eq!(deleted.recovery_version.0, anna.recovery_version.0 + 1);
    assert_eq!((twice, seen), (StepOutcome::Refused(DeletionRefused::Unknown), Some(deleted.clone())));
    assert_eq!((sessions, session.ended), (vec![], None));
    assert_eq!(too_late, StepOutcome::Refused(DeletionRefused::Unknown));
    assert_eq!(stale, StepOutcome::Refused(DeletionRefused::Stale));
    let StepOutcome::Done(back) = back else { panic!("not brought back: {back:?}") };
    assert_eq!((back.deleted_at, &back.logins, &back.password), (None, &anna.logins, &anna.password));
    assert!(world.live_sessions(&scope, anna.id, after(10)).await.is_empty());
    let kinds = world.kinds(&scope).await;
    assert_eq!(kinds[kinds.len() - 2..], [EventKind::AccountDeleted, EventKind::AccountUndeleted]);
}

pub(super) async fn the_last_global_administrator_is_not_deleted(world: World) {
    let scope = world.tenant().await;
    let (first, second) = (
        world.global_administrator(&scope, "first").await,
        world.global_administrator(&scope, "second").await,
    );

    let steps = tokio::join!(world.delete_account(&scope, &first), world.delete_account(&scope, &second));

    let last = StepOutcome::Refused(DeletionRefused::LastGlobalAdministrator);
    let is_done = |step: &StepOutcome<_, _>| matches!(step, StepOutcome::Done(_));
    assert!((is_done(&steps.0) && steps.1 == last) || (is_done(&steps.1) && steps.0 == last), "{steps:?}");
}

pub(super) async fn a_purged_account_leaves_its_log_and_one_event(world: World) {
    let scope = world.tenant().await;
    let anna = Account { external_id: Some("hr-1".to_owned()), ..world.unborn_account(&scope, "anna") };
    let anna = world.create_account(&scope, &anna).await;
    world.signed_in(&scope, &anna, 1).await;
    let alive = world.purge(&scope, anna.id, 9).await;
    world.delete_account(&scope, &anna).await;
    let log = world.log(&scope).await.len();

    let early = world.purge(&scope, anna.id, 4).await;
    let purged = world.purge(&scope, anna.id, 5).await;
    let again = world.purge(&scope, anna.id, 5).await;

    assert_eq!((alive, early, purged, again), (Purge::NotMine, Purge::NotMine, Purge::Done, Purge::NotMine));
    assert_eq!(world.store.find_deleted_account(&scope, anna.id, NOW).await.unwrap(), None);
    assert_eq!(world.log(&scope).await.len(), log + 1);
    assert_eq!(world.kinds(&scope).await.last(), Some(&EventKind::AccountPurged));
    // Its names are free again.
    let next = Account { external_id: Some("hr-1".to_owned()), ..world.unborn_account(&scope, "anna") };
    world.create_account(&scope, &next).await;
}

pub(super) async fn of_many_replicas_that_purge_each_account_has_one(world: World) {
    let scope = world.tenant().await;
    let mut due = Vec::new();
    for number in 0..8 {
        let account = world.unborn_account(&scope, &format!("p{number}"));
        due.push(world.create_account(&scope, &Account { deleted_at: Some(NOW), ..account }).await.id);
    }
    let replica = async || {
        let mut done = 0;
        for id in &due {
            done += usize::from(world.purge(&scope, *id, 5).await == Purge::Done);
        }
        done
    };

    let done = tokio::join!(replica(), replica(), replica());
    let left = replica().await;

    assert_eq!(done.0 + done.1 + done.2 + left, due.len());
    let events = world.kinds(&scope).await;
    assert_eq!(events.iter().filter(|kind| **kind == EventKind::AccountPurged).count(), due.len());
}

pub(super) async fn what_is_much_of_an_account_goes_in_portions(world: World) {
    let scope = world.tenant().await;
    let anna = Account { deleted_at: Some(NOW), ..world.unborn_account(&scope, "anna") };
    let anna = world.create_account(&scope, &anna).await;
    let values = values![scope.tenant_id(), anna.id, NOW];
    world.store.database.writer().await.unwrap().execute(MANY_SESSIONS, values).await.unwrap();
    let before = world.log(&scope).await.len();

    let mut steps = Vec::new();
    while steps.last() != Some(&Purge::Done) {
        steps.push(world.purge(&scope, anna.id, 5).await);
    }

    assert_eq!(steps, [Purge::More, Purge::More, Purge::Done]);
    assert_eq!(world.log(&scope).await.len(), before + 1);
}

pub(super) async fn due_accounts_are_found_in_pages_the_longest_gone_first(world: World) {
    let scope = world.tenant().await;
    let mut ids = Vec::new();
    for (number, seconds) in [(0, 3), (1, 1), (2, 1), (3, 2), (4, 9)] {
        let account = world.unborn_account(&scope, &format!("p{number}"));
        let account = Account { deleted_at: Some(after(seconds)), ..account };
        ids.push(world.create_account(&scope, &account).await.id);
    }
    world.account(&scope).await;

    let (mut found, mut last) = (Vec::new(), None);
    loop {
        let page = world.store.accounts_to_purge(after(3), last, 2).await.unwrap();
        last = page.last().copied();
        if last.is_none() {
            break;
        }
        found.extend(page.into_iter().map(|due| due.account_id));
    }

    let mut same = [ids[1], ids[2]];
    same.sort();
    assert_eq!(found, [same[0], same[1], ids[3], ids[0]]);
}

/// Whatever has an account's id is either purged or named here as what stays, and nothing of a purged account is left in it.
pub(super) async fn every_table_with_an_account_is_purged(world: World) {
    let tables: Vec<(String,)> = world.store.database.all(TABLES_OF_ACCOUNTS, &[]).await.unwrap();
    let with_accounts: BTreeSet<String> = tables.into_iter().map(|(name,)| name).collect();
    let purged = crate::store::purge::accounts::STATEMENTS.iter().filter_map(|sql| {
        let text = sql.text(world.store.database.dialect());
        let (_, rest) = text.split_once("delete from ")?;
        rest.split_whitespace().next().map(str::to_owned)
    });
    let listed: BTreeSet<String> = purged.chain(NOT_THEIRS.map(str::to_owned)).collect();

    let forgotten: Vec<_> = with_accounts.difference(&listed).collect();

    assert_eq!(forgotten, Vec::<&String>::new(), "a purge leaves these behind");
    assert!(with_accounts.len() > 10, "{with_accounts:?}");
}

const IDS: Fragment = fragment!((
    postgres: "gen_random_uuid()",
    sqlite: "randomblob(16)"
));

const MANY: Fragment = fragment!((
    postgres: "generate_series(1, 2500) as many (n)",
    sqlite: "(with recursive many (n) as (select 1 union all select n + 1 from many where n < 2500) select n from many)"
));

statements! {
    const MANY_SESSIONS = "
        insert into sessions (tenant_id, session_id, account_id, epoch, authenticated_at, strong, refresh_hash, rotated_at,
            user_agent_family, created_at, refreshed_at, expires_at)
        select $1, ", IDS, ", $2, 1, $3, false, ", (postgres: "''", sqlite: "x''"), ", $3, '', $3, $3, $3 from ", MANY;

    const TABLES_OF_ACCOUNTS = (postgres: "
        select distinct table_name::text from information_schema.columns
        where table_schema = current_schema() and column_name in ('account_id', 'member_id', 'linked_account_id')
        order by 1",
    sqlite: "
        select distinct m.name from sqlite_master m join pragma_table_info(m.name) c
        where m.type = 'table' and c.name in ('account_id', 'member_id', 'linked_account_id') order by 1");
}
