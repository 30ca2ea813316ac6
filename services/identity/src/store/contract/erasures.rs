//! Accounts that are erased: out of reach at once, and in the end named by their hashes alone, in a chain that holds.

use rekey_database::{Dialect, Sql, statements, values};
use rekey_primitives::id::AccountId;
use uuid::Uuid;

use super::chain::{account_hash, sealer};
use super::world::{World, after, idempotent};
use crate::domain::account::Account;
use crate::domain::audit::chain::{ChainBreak, next_link};
use crate::domain::audit::commitment::LinkFormat;
use crate::domain::audit::erasure::ErasedAccount;
use crate::domain::audit::filter::EventFilter;
use crate::domain::audit::{AccountHash, Actor, AuditEvent, EventKind, SealedEvent, Subject};
use crate::domain::scope::TenantScope;
use crate::store::accounts::{DeletionRefused, EraseAccount, UndeleteAccount};
use crate::store::audit::erasing::{ErasureStep, ErasureWalk};
use crate::store::audit::reading::EventPage;
use crate::store::purge::Purge;
use crate::store::purge::accounts::PurgeAccount;
use crate::store::{IdempotentRequest, StepOutcome};

/// Events that name an account, sealed or not. Tests alone read a log like this.
const NAMING: [Sql; 2] = [
    Sql::unlisted(
        "select count(*) from (
            select tenant_id, subject_id, actor_id, folded_accounts from audit_events union all
            select tenant_id, subject_id, actor_id, folded_accounts from audit_pending
        ) e where tenant_id = $1 and ($2 in (subject_id, actor_id)
            or coalesce(folded_accounts, '') like '%' || $2::uuid::text || '%')",
    ),
    Sql::unlisted(
        "select count(*) from (
            select tenant_id, subject_id, actor_id, folded_accounts from audit_events union all
            select tenant_id, subject_id, actor_id, folded_accounts from audit_pending
        ) e where tenant_id = $1 and ($2 in (subject_id, actor_id)
            or hex(coalesce(folded_accounts, '')) like '%' || hex(lower(
                substr(hex($2), 1, 8) || '-' || substr(hex($2), 9, 4) || '-' || substr(hex($2), 13, 4) || '-' ||
                substr(hex($2), 17, 4) || '-' || substr(hex($2), 21))) || '%')",
    ),
];

/// Other rows that name it.
const OTHERS: Sql = Sql::unlisted(
    "select (select count(*) from policies where tenant_id = $1 and changed_by = $2)
        + (select count(*) from help_requests where tenant_id = $1 and handled_by = $2)
        + (select count(*) from bulk_resets where tenant_id = $1 and actor_id = $2)
        + (select count(*) from bulk_reset_accounts where tenant_id = $1 and account_id = $2)
        + (select count(*) from erasures where tenant_id = $1 and account_id = $2)",
);

statements! {
    const CHANGED_POLICY = "update policies set changed_by = $2 where tenant_id = $1";

    const STARTED_BULK_RESET = "
        insert into bulk_resets (tenant_id, bulk_reset_id, mode, dry_run, per_second, state, accounts, accounts_reset,
            accounts_refused, next_sequence, next_number, worked_to, actor, actor_id, caller, created_at, updated_at, due_at, fence)
        values ($1, $2, 'link', true, 1, 'done', 1, 0, 1, 1, 2, 1, 'account', $2, 'shop', 0, 0, 0, 0)";

    const IN_BULK_RESET = "
        insert into bulk_reset_accounts (tenant_id, bulk_reset_id, number, account_id, outcome) values ($1, $2, 1, $2, 'refused')";

    /// As code wrote it that knew no commitments.
    const SEALED_EARLIER = "
        insert into audit_events (tenant_id, at, event_id, position, kind, outcome, actor, subject, subject_id, count, link)
        values ($1, $2, $3, $4, 'sign_in.attempted', 'success', 'stranger', 'account', $5, 1, $6)";

    const END = "update audit_heads set position = $2, link = $3 where tenant_id = $1";

    const ERASURE = "
        insert into erasures (tenant_id, account_hash, account_id, erased_at) values ($1, $2, $3, 0)";
}

impl World {
    fn erasure(&self, scope: &TenantScope, account: &Account) -> EraseAccount {
        let hash = account_hash(account.id);
        let by = Actor::Account(AccountId::from_uuid(Uuid::from_u128(77)));
        let event = self.event(scope, EventKind::AccountErased);
        EraseAccount {
            account: ErasedAccount { id: account.id, hash },
            version: account.version,
            event: AuditEvent { actor: by, subject: Subject::Erased(hash), at: after(5), ..event },
            now: after(5),
        }
    }

    async fn erase(
        &self,
        scope: &TenantScope,
        account: &Account,
    ) -> StepOutcome<AccountHash, DeletionRefused> {
        let once =
            IdempotentRequest { key: rekey_primitives::entropy::array(self.entropy()), ..idempotent(1, 1) };
        self.store.erase_account(scope, &self.erasure(scope, account), once).await.unwrap()
    }

    /// Purges an account that was erased, and its row with it.
    async fn purge_erased(&self, scope: &TenantScope, id: AccountId) {
        let hash = account_hash(id);
        let event = AuditEvent {
            actor: Actor::Rekey,
            subject: Subject::Erased(hash),
            at: after(6),
            ip_address: None,
            ..self.event(scope, EventKind::AccountPurged)
        };
        let purge = PurgeAccount { account_id: id, deleted_until: after(9), logins: vec![[1; 32]], event };
        assert_eq!(self.store.purge_account(scope, &purge).await.unwrap(), Purge::Done);
        self.seal().await;
    }

    /// Walks over the events of an account; how many steps it took.
    async fn walk(&self, scope: &TenantScope, id: AccountId) -> usize {
        let account = ErasedAccount { id, hash: account_hash(id) };
        let (mut walk, mut steps) = (ErasureWalk::START, 1);
        while let ErasureStep::GoesOn(next) = self.store.erase_events(scope, account, walk).await.unwrap() {
            (walk, steps) = (next, steps + 1);
        }
        steps
    }

    /// How many events name the account, and how many other rows do.
    async fn naming(&self, scope: &TenantScope, id: AccountId) -> (i64, i64) {
        let (database, values) = (&self.store.database, values![scope.tenant_id(), id]);
        let [postgres, sqlite] = NAMING;
        let naming = if database.dialect() == Dialect::Postgres { postgres } else { sqlite };
        (database.scalar(naming, values).await.unwrap(), database.scalar(OTHERS, values).await.unwrap())
    }

    async fn sealed(&self, scope: &TenantScope) -> Vec<SealedEvent> {
        self.rows(scope).await.into_iter().map(|row| row.sealed.unwrap()).collect()
    }

    /// By a stranger on the account, by it, by another on it, and one that names it among others.
    fn events_of(&self, scope: &TenantScope, id: AccountId) -> Vec<AuditEvent> {
        let (one, other) = (Subject::Account(id), AccountId::from_uuid(Uuid::from_u128(5)));
        let event = |actor, subject: &Subject| AuditEvent {
            actor,
            subject: subject.clone(),
            ip_address: Some("192.0.2.7".parse().unwrap()),
            masked_place: Some("a***@mail.example".to_owned()),
            accounts: Vec::new(),
            ..self.event(scope, EventKind::SignIn)
        };
        vec![
            event(Actor::Stranger, &one),
            event(Actor::Account(id), &Subject::Tenant),
            event(Actor::Account(other), &one),
            AuditEvent { accounts: vec![other, id], ..event(Actor::Stranger, &Subject::Tenant) },
        ]
    }
}

pub(super) async fn an_erased_account_is_lost_at_once_and_named_by_its_hash(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.signed_in(&scope, &anna, 1).await;
    let hash = account_hash(anna.id);

    let erased = world.erase(&scope, &anna).await;
    let again = world.erase(&scope, &Account { version: anna.version + 1, ..anna.clone() }).await;
    let undelete = UndeleteAccount {
        account_id: anna.id,
        version: anna.version + 1,
        lost_until: after(0),
        event: world.event(&scope, EventKind::AccountUndeleted),
        now: after(6),
    };
    let back = world.store.undelete_account(&scope, &undelete, idempotent(9, 1)).await.unwrap();
    world.store.append_events(&world.events_of(&scope, anna.id)).await.unwrap();

    assert_eq!((erased, again), (StepOutcome::Done(hash), StepOutcome::Refused(DeletionRefused::Unknown)));
    assert_eq!(back, StepOutcome::Refused(DeletionRefused::Unknown));
    assert_eq!(world.store.find_deleted_account(&scope, anna.id, after(0)).await.unwrap(), None);
    assert!(world.live_sessions(&scope, anna.id, after(6)).await.is_empty());
    let log = world.log(&scope).await;
    let late = &log[log.len() - 4..];
    assert_eq!(log[log.len() - 5].subject, Subject::Erased(hash));
    assert_eq!(
        (late[0].actor, &late[0].subject, late[0].ip_address),
        (Actor::Stranger, &Subject::Erased(hash), None)
    );
    assert_eq!((late[1].actor, &late[1].subject), (Actor::Erased(hash), &Subject::Tenant));
    assert!(late[2].ip_address.is_some() && late[2].masked_place.is_none());
    assert_eq!((late[3].accounts.len(), late[3].ip_address), (1, None));
}

pub(super) async fn a_deleted_account_is_erased_and_not_brought_back_meanwhile(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let StepOutcome::Done(deleted) = world.delete_account(&scope, &anna).await else { panic!("not deleted") };
    let undelete = UndeleteAccount {
        account_id: anna.id,
        version: deleted.version,
        lost_until: after(0),
        event: world.event(&scope, EventKind::AccountUndeleted),
        now: after(6),
    };

    let stale = world.erase(&scope, &anna).await;
    let (erased, back) = tokio::join!(world.erase(&scope, &deleted), async {
        world.store.undelete_account(&scope, &undelete, idempotent(9, 1)).await.unwrap()
    });

    assert_eq!(stale, StepOutcome::Refused(DeletionRefused::Stale));
    let is_erased = matches!(erased, StepOutcome::Done(_));
    assert_ne!(is_erased, matches!(back, StepOutcome::Done(_)), "{erased:?} {back:?}");
    let living = world.store.accounts_to_purge(after(9), None, 9).await.unwrap().is_empty();
    assert_eq!(living, !is_erased);
}

pub(super) async fn an_account_is_erased_from_the_log_and_the_chain_holds(world: World) {
    let scope = world.tenant().await;
    let (anna, other) = (world.account(&scope).await, world.unborn_account(&scope, "other"));
    let other = world.create_account(&scope, &other).await;
    for id in [anna.id, other.id] {
        world.store.append_events(&world.events_of(&scope, id)).await.unwrap();
    }
    let whole = world.sealed(&scope).await;
    let before = world.naming(&scope, anna.id).await;
    world.erase(&scope, &anna).await;
    let early = world.walk(&scope, anna.id).await;
    let still = world.naming(&scope, anna.id).await.0;

    world.purge_erased(&scope, anna.id).await;
    world.walk(&scope, anna.id).await;

    let now = world.sealed(&scope).await;
    assert_eq!((before.0, early, still), (4, 1, 4), "nothing goes before the account does");
    assert_eq!(world.naming(&scope, anna.id).await.0, 0);
    assert_eq!(world.naming(&scope, other.id).await.0, 4);
    assert_eq!(world.followed(&scope).await, Ok(()));
    let links = |events: &[SealedEvent]| events.iter().map(|sealed| sealed.link).collect::<Vec<_>>();
    assert_eq!(links(&whole), links(&now[..whole.len()]));
    let of = |filter: EventFilter| {
        let (world, scope) = (&world, &scope);
        async move {
            let page = EventPage { filter: &filter, after: None, limit: 50 };
            world.store.list_events(scope, &page).await.unwrap().events.len()
        }
    };
    let hash = Some(account_hash(anna.id));
    // Two of four, the erasure and the purge.
    assert_eq!(of(EventFilter { account_hash: hash, ..EventFilter::default() }).await, 4);
    assert_eq!(of(EventFilter { actor_hash: hash, ..EventFilter::default() }).await, 1);
    assert_eq!(of(EventFilter { account_id: Some(anna.id), ..EventFilter::default() }).await, 0);
    let text = format!("{now:?}");
    assert!(!text.contains(&anna.id.to_string()) && text.contains(&other.id.to_string()));
}

pub(super) async fn a_walk_that_was_cut_off_is_begun_anew(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    for _ in 0..60 {
        world.store.append_events(&world.events_of(&scope, anna.id)).await.unwrap();
    }
    let many: Vec<_> = (0..200).map(|_| world.events_of(&scope, anna.id).remove(0)).collect();
    world.store.append_events(&many).await.unwrap();
    world.seal().await;
    world.erase(&scope, &anna).await;
    world.purge_erased(&scope, anna.id).await;
    let account = ErasedAccount { id: anna.id, hash: account_hash(anna.id) };

    let first = world.store.erase_events(&scope, account, ErasureWalk::START).await.unwrap();
    let (half, holds) = (world.naming(&scope, anna.id).await.0, world.followed(&scope).await);
    let steps = world.walk(&scope, anna.id).await;

    assert!(matches!(first, ErasureStep::GoesOn(_)) && half > 0, "{first:?} {half}");
    assert_eq!((holds, world.followed(&scope).await), (Ok(()), Ok(())));
    // What was left of those on it, those by it, and those that name several.
    assert_eq!(steps, 3);
    assert_eq!(world.naming(&scope, anna.id).await.0, 0);
}

pub(super) async fn whatever_else_names_an_erased_account_has_its_hash(world: World) {
    let scope = world.tenant().await;
    let (anna, database) = (world.account(&scope).await, &world.store.database);
    for sql in [CHANGED_POLICY, STARTED_BULK_RESET, IN_BULK_RESET] {
        database.execute(sql, values![scope.tenant_id(), anna.id]).await.unwrap();
    }
    world.erase(&scope, &anna).await;
    let account = ErasedAccount { id: anna.id, hash: account_hash(anna.id) };
    let due = world.store.erasures_under_way(None, 9).await.unwrap();
    let before = world.naming(&scope, anna.id).await.1;
    world.purge_erased(&scope, anna.id).await;
    world.walk(&scope, anna.id).await;

    let done = world.store.forget_erased_account(&scope, account).await.unwrap();
    let again = world.store.forget_erased_account(&scope, account).await.unwrap();

    assert_eq!((due.len(), due[0].account, before), (1, account, 4));
    assert_eq!((done, again), (Purge::Done, Purge::NotMine));
    assert_eq!(world.naming(&scope, anna.id).await, (0, 0));
    assert_eq!(world.store.erasures_under_way(None, 9).await.unwrap(), []);
    // The hash stands in the place of the id.
    let hash = AccountId::from_uuid(account.hash.as_uuid());
    assert_eq!(world.naming(&scope, hash).await.1, 3);
}

const CHANGE: Sql =
    Sql::unlisted("update audit_events set reason = 'other' where tenant_id = $1 and position = $2");

const RENAME: Sql = Sql::unlisted(
    "update audit_events set subject_id = event_id, account_hashes = actor_salt where tenant_id = $1 and position = $2",
);

pub(super) async fn what_is_touched_after_an_erasure_is_named(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    world.store.append_events(&world.events_of(&scope, anna.id)).await.unwrap();
    world.erase(&scope, &anna).await;
    world.purge_erased(&scope, anna.id).await;
    world.walk(&scope, anna.id).await;
    let holds = world.followed(&scope).await;
    let id = async |position: usize| world.rows(&scope).await[position - 1].event_id;
    let (fifth, third) = (id(5).await, id(3).await);

    world.damage(CHANGE, &scope, 5).await;
    let changed = world.followed(&scope).await;
    world.damage(RENAME, &scope, 3).await;
    let renamed = world.followed(&scope).await;

    assert_eq!(holds, Ok(()));
    assert_eq!(changed, Err(ChainBreak::Changed { position: 5, event_id: fifth }));
    assert_eq!(renamed, Err(ChainBreak::Changed { position: 3, event_id: third }));
}

pub(super) async fn an_erasure_that_nobody_made_is_named(world: World) {
    let scope = world.tenant().await;
    let (anna, ghost) = (world.account(&scope).await, AccountId::from_uuid(Uuid::from_u128(66)));
    world.store.append_events(&world.events_of(&scope, ghost)).await.unwrap();
    world.erase(&scope, &anna).await;
    world.purge_erased(&scope, anna.id).await;
    world.walk(&scope, anna.id).await;
    let first = world.rows(&scope).await.iter().position(|row| {
        row.sealed.as_ref().is_some_and(|sealed| sealed.event.subject == Subject::Account(ghost))
    });
    let position = i64::try_from(first.unwrap()).unwrap() + 1;
    let event_id = world.rows(&scope).await[first.unwrap()].event_id;
    let holds = world.followed(&scope).await;

    // Somebody who writes into the database has the job erase whom no administrator erased.
    let values = values![scope.tenant_id(), account_hash(ghost).as_uuid(), ghost];
    world.store.database.execute(ERASURE, values).await.unwrap();
    world.walk(&scope, ghost).await;

    assert_eq!(holds, Ok(()));
    assert_eq!(world.naming(&scope, ghost).await.0, 0);
    assert_eq!(world.followed(&scope).await, Err(ChainBreak::Changed { position, event_id }));
}

pub(super) async fn events_of_earlier_releases_hold_and_keep_their_ids(world: World) {
    let scope = world.tenant().await;
    let (anna, database) = (world.account(&scope).await, &world.store.database);
    world.seal().await;
    let last = world.store.chain_ends(&scope).await.unwrap().last;
    let earlier = AuditEvent {
        reason: None,
        actor: Actor::Stranger,
        caller: None,
        subject: Subject::Account(anna.id),
        ip_address: None,
        masked_place: None,
        trace_id: None,
        ..world.event(&scope, EventKind::SignIn)
    };
    let link = next_link(rekey_sealing::digest, &last.link.unwrap(), &earlier, &LinkFormat::Plain);
    let position = last.position + 1;
    let values = values![scope.tenant_id(), earlier.at, earlier.id, position, anna.id, &link];
    database.execute(SEALED_EARLIER, values).await.unwrap();
    database.execute(END, values![scope.tenant_id(), position, &link]).await.unwrap();
    world.store.append_events(&world.events_of(&scope, anna.id)).await.unwrap();
    let holds = world.followed(&scope).await;

    world.erase(&scope, &anna).await;
    world.purge_erased(&scope, anna.id).await;
    world.walk(&scope, anna.id).await;

    assert_eq!((holds, world.followed(&scope).await), (Ok(()), Ok(())));
    assert_eq!(world.naming(&scope, anna.id).await.0, 1);
    assert_eq!(world.log(&scope).await[usize::try_from(position).unwrap() - 1], earlier);
    assert_eq!(world.store.seal_events(scope.tenant_id(), &sealer()).await.unwrap().unqueued, 0);
}
