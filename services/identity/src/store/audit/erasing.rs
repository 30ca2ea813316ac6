//! Erasing an account from the sealed events of its tenant's log, a portion at a time.
//!
//! Events are found by the indexes of whom they were done to and of who acted, and those that name several accounts by one of
//! their own. A portion is one step under the lock of whoever seals, so no batch that knows nothing of the erasure is on its way
//! meanwhile; and what is sealed later names the account no more. So one walk from the beginning finds everything, and a walk that
//! was cut off is begun anew, over what it left.

use std::collections::BTreeSet;

use rekey_database::{
    Connection, FOR_UPDATE_SKIP_LOCKED, Failure, Fragment, Sql, fragment, statements, values,
};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, EventId, TenantId};
use uuid::Uuid;

use super::super::Store;
use super::super::columns::{EVENT_COLUMNS, SEALED_COLUMNS};
use super::super::rows::{SealedEventRow, readable};
use super::reading::EventPlace;
use super::sealing::locked_ends;
use super::{Columns, folded_accounts};
use crate::domain::audit::commitment::{LinkFormat, Part};
use crate::domain::audit::erasure::{self, ErasedAccount};
use crate::domain::audit::{AccountHash, EventKind, SealedEvent};
use crate::domain::scope::TenantScope;

/// How many events one step looks at: some tens of milliseconds, in which the tenant's events wait to be sealed.
const LOOKED_AT_ONCE: i64 = 200;

const OLDEST_FIRST: Fragment =
    fragment!(" and (e.at, e.event_id) > ($2, $3) order by e.at, e.event_id limit $4");

const SELECT: Fragment =
    fragment!("select ", EVENT_COLUMNS, ", ", SEALED_COLUMNS, " from audit_events e where e.tenant_id = $1");

const GIVEN: Fragment = fragment!((
    postgres: "unnest($2::uuid[]) as g (hash)",
    sqlite: "(select unhex(value) as hash from json_each($2)) g"
));

statements! {
    /// Of many replicas one erases an account, and none before the account itself is purged.
    const TAKE = "
        select 1 from erasures e where e.tenant_id = $1 and e.account_hash = $2 and e.account_id is not null and not exists (
            select 1 from accounts a where a.tenant_id = e.tenant_id and a.account_id = e.account_id
        )", FOR_UPDATE_SKIP_LOCKED;

    const ON_ACCOUNT = "", SELECT, " and e.subject_id = $5", OLDEST_FIRST;

    const BY_ACCOUNT = "", SELECT, " and e.actor_id = $5", OLDEST_FIRST;

    const FOLDED = "", SELECT, " and e.folded_accounts is not null", OLDEST_FIRST;

    const REWRITE = "
        update audit_events
        set actor_id = $4, subject_id = $5, subject_login = $6, ip_address = $7, masked_place = $8, folded_accounts = $9,
            actor_salt = $10, actor_commitment = $11, subject_salt = $12, subject_commitment = $13
        where tenant_id = $1 and at = $2 and event_id = $3";

    /// Of these accounts, those that a sealed event says are erased.
    const TOLD = "
        select g.hash from ", GIVEN, " where exists (
            select 1 from audit_events e
            where e.tenant_id = $1 and e.subject_id = g.hash and e.subject = 'erased'
              and e.kind in ($3, $4)
        )";
}

/// Where a walk over the events of an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ErasureWalk {
    stage: Stage,
    /// Behind which event it goes on.
    behind: EventPlace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    OnAccount,
    ByAccount,
    Folded,
}

/// How a step of a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErasureStep {
    /// It goes on there.
    GoesOn(ErasureWalk),
    /// No event names the account.
    Over,
    /// Another replica is at it, the account is not purged yet, or nothing is to be erased any more.
    NotMine,
}

impl ErasureWalk {
    pub(crate) const START: Self = Self::of(Stage::OnAccount);

    const fn of(stage: Stage) -> Self {
        let at = Timestamp::from_unix_micros(i64::MIN);
        Self { stage, behind: EventPlace { at, id: EventId::from_uuid(Uuid::nil()) } }
    }

    /// Behind the last event of a page that was not full.
    const fn next_stage(self) -> Option<Self> {
        match self.stage {
            Stage::OnAccount => Some(Self::of(Stage::ByAccount)),
            Stage::ByAccount => Some(Self::of(Stage::Folded)),
            Stage::Folded => None,
        }
    }
}

impl Store {
    /// Erases a portion of the events of an account that is purged.
    pub(crate) async fn erase_events(
        &self,
        scope: &TenantScope,
        account: ErasedAccount,
        walk: ErasureWalk,
    ) -> Result<ErasureStep, Failure> {
        let tenant_id = scope.tenant_id();
        let step = self.database.step(|mut tx| async move {
            locked_ends(&mut tx, tenant_id).await?;
            if !tx.exists(TAKE, values![tenant_id, account.hash.as_uuid()]).await? {
                return Ok(tx.roll_back(ErasureStep::NotMine));
            }
            let rows = page(&mut tx, tenant_id, account.id, walk).await?;
            let is_last = rows.len() < usize::try_from(LOOKED_AT_ONCE).unwrap_or(usize::MAX);
            let last = rows.last().map(|row| row.event.place());
            // What does not read was touched by somebody; `VerifyAudit` names it.
            for sealed in readable(rows, |row| row.event.event_id, SealedEvent::try_from) {
                if let Some(erased) = erasure::without(&sealed, account, rekey_sealing::digest) {
                    rewrite(&mut tx, &erased).await?;
                }
            }
            let next = match last {
                Some(behind) if !is_last => Some(ErasureWalk { behind, ..walk }),
                _ => walk.next_stage(),
            };
            Ok(tx.commit(next.map_or(ErasureStep::Over, ErasureStep::GoesOn)))
        });
        step.await
    }

    /// Of these accounts, those that the log says are erased.
    pub(crate) async fn told_erased(
        &self,
        scope: &TenantScope,
        hashes: &BTreeSet<AccountHash>,
    ) -> Result<BTreeSet<AccountHash>, Failure> {
        if hashes.is_empty() {
            return Ok(BTreeSet::new());
        }
        let asked: Vec<Uuid> = hashes.iter().map(|hash| hash.as_uuid()).collect();
        let [asked_for, gone] = erasure::ERASURES.map(EventKind::as_str);
        let told: Vec<(Uuid,)> =
            self.database.all(TOLD, values![scope.tenant_id(), asked, asked_for, gone]).await?;
        Ok(told.into_iter().map(|(hash,)| AccountHash::from_uuid(hash)).collect())
    }
}

async fn page(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    ErasureWalk { stage, behind }: ErasureWalk,
) -> Result<Vec<SealedEventRow>, Failure> {
    let of_account =
        |sql: Sql| (sql, values![tenant_id, behind.at, behind.id, LOOKED_AT_ONCE, account_id].to_vec());
    let (sql, values) = match stage {
        Stage::OnAccount => of_account(ON_ACCOUNT),
        Stage::ByAccount => of_account(BY_ACCOUNT),
        Stage::Folded => (FOLDED, values![tenant_id, behind.at, behind.id, LOOKED_AT_ONCE].to_vec()),
    };
    tx.all(sql, &values).await
}

/// Writes what is left of an event; everything that is not erased stays what it was.
async fn rewrite(
    tx: &mut Connection,
    SealedEvent { event, format, .. }: &SealedEvent,
) -> Result<(), Failure> {
    let LinkFormat::Committed(commitments) = format else { return Ok(()) };
    let Columns { actor_id, subject_id, subject_login, .. } = Columns::of(event);
    let (actor_salt, actor_commitment) = columns(&commitments.actor);
    let (subject_salt, subject_commitment) = columns(&commitments.subject);
    let values = values![
        event.tenant_id,
        event.at,
        event.id,
        actor_id,
        subject_id,
        subject_login,
        event.ip_address.map(|address| address.to_string()),
        event.masked_place.as_deref(),
        folded_accounts(event),
        actor_salt,
        actor_commitment,
        subject_salt,
        subject_commitment,
    ];
    tx.execute(REWRITE, values).await?;
    Ok(())
}

/// The salt of a part, or the commitment to it.
const fn columns(part: &Part) -> (Option<&[u8; 16]>, Option<&[u8; 32]>) {
    match part {
        Part::Whole(salt) => (Some(salt), None),
        Part::Erased(commitment) => (None, Some(commitment)),
    }
}
