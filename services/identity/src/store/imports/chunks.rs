//! Taking a chunk: its accounts with their events, its rejections, what became of it and the number that comes next, in one
//! step.

use rekey_database::{Connection, Fragment, fragment, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::batch::{self, NewAccounts};
use super::{REJECTIONS, RejectionRow, lock};
use crate::domain::account_import::{
    AccountImport, ChunkReport, Draft, ImportId, Judged, Names, Taken, Turn, judge,
};
use crate::domain::audit::AuditEvent;
use crate::domain::group::GroupId;
use crate::domain::scope::TenantScope;
use crate::store::columns::LISTED;
use crate::store::{Failure, StepOutcome, Store, audit};

/// How often a chunk is judged when others take its names between judgement and writing.
const JUDGED_AT_MOST: u32 = 3;

/// A chunk to take.
pub(crate) struct NewChunk<'a> {
    pub(crate) import_id: ImportId,
    pub(crate) sequence: i64,
    /// Keyed hash of what was sent.
    pub(crate) content: [u8; 32],
    pub(crate) drafts: &'a [Draft],
    /// The event of each draft that becomes an account, by its position.
    pub(crate) event: &'a (dyn Fn(&Draft) -> Option<AuditEvent> + Send + Sync),
    pub(crate) now: Timestamp,
}

/// Why a chunk is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChunkRefused {
    /// No such import in the tenant.
    Unknown,
    /// The import is over.
    Ended,
    /// Another chunk comes next.
    Gap { expected: i64 },
    /// It was taken with other content.
    Changed,
    /// Others took its names again and again while it was judged.
    Contended,
}

/// How an attempt ended.
enum Attempt {
    Ended(StepOutcome<ChunkReport, ChunkRefused>),
    /// Somebody took one of the names.
    Raced,
}

#[derive(sqlx::FromRow)]
struct ChunkRow {
    content: Vec<u8>,
    first_record: i64,
    records: i64,
    created: i64,
    skipped: i64,
}

const IN_TEXTS: Fragment = fragment!((postgres: "= any($2)", sqlite: "in (select value from json_each($2))"));

/// A group stays until its new members are in it.
const KEPT: Fragment = fragment!((postgres: " for key share", sqlite: ""));

statements! {
    const TAKEN_LOGINS = "select login from logins where tenant_id = $1 and login ", IN_TEXTS;

    const TAKEN_EXTERNAL_IDS = "
        select external_id from accounts where tenant_id = $1 and external_id is not null and external_id ", IN_TEXTS;

    const GROUPS = "select group_id from groups where tenant_id = $1 and group_id ", LISTED, KEPT;

    const CHUNK = "
        select content, first_record, records, created, skipped from account_import_chunks
        where tenant_id = $1 and import_id = $2 and sequence = $3";

    const INSERT_CHUNK = "
        insert into account_import_chunks (tenant_id, import_id, sequence, content, first_record, records, created, skipped)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";

    const ADVANCE = "
        update account_imports
        set next_sequence = $3 + 1, records = records + $4, created = created + $5, skipped = skipped + $6,
            rejected = rejected + $7, updated_at = $8
        where tenant_id = $1 and import_id = $2 and next_sequence = $3";
}

impl Store {
    /// Takes a chunk in its turn, or gives the report of the first time. In a dry run nothing is created.
    pub(crate) async fn take_chunk(
        &self,
        scope: &TenantScope,
        chunk: &NewChunk<'_>,
    ) -> Result<StepOutcome<ChunkReport, ChunkRefused>, Failure> {
        for _ in 0..JUDGED_AT_MOST {
            if let Attempt::Ended(outcome) = self.try_to_take(scope.tenant_id(), chunk).await? {
                return Ok(outcome);
            }
        }
        Ok(StepOutcome::Refused(ChunkRefused::Contended))
    }

    /// What became of a chunk that was taken; nothing if it was not.
    pub(crate) async fn chunk_report(
        &self,
        scope: &TenantScope,
        import_id: ImportId,
        sequence: i64,
        content: &[u8; 32],
    ) -> Result<Option<Result<ChunkReport, ChunkRefused>>, Failure> {
        let mut connection = self.database.reader().await?;
        let chunk = ChunkName { tenant_id: scope.tenant_id(), import_id, sequence };
        chunk.report(&mut connection, content).await
    }

    async fn try_to_take(&self, tenant_id: TenantId, chunk: &NewChunk<'_>) -> Result<Attempt, Failure> {
        let take = self.database.step(|mut tx| async move {
            let refused = |why| Attempt::Ended(StepOutcome::Refused(why));
            let Some(import) = lock(&mut tx, tenant_id, chunk.import_id).await? else {
                return Ok(tx.roll_back(refused(ChunkRefused::Unknown)));
            };
            match import.turn(chunk.sequence) {
                Turn::Next => {}
                Turn::Ended => return Ok(tx.roll_back(refused(ChunkRefused::Ended))),
                Turn::Gap { expected } => return Ok(tx.roll_back(refused(ChunkRefused::Gap { expected }))),
                Turn::Before => {
                    let name = ChunkName { tenant_id, import_id: import.id, sequence: chunk.sequence };
                    let earlier = name.report(&mut tx, &chunk.content).await?;
                    let earlier = earlier.unwrap_or(Err(ChunkRefused::Unknown));
                    let outcome = earlier.map_or_else(StepOutcome::Refused, StepOutcome::Done);
                    return Ok(tx.roll_back(Attempt::Ended(outcome)));
                }
            }
            match write(&mut tx, &import, chunk).await? {
                Some(report) => Ok(tx.commit(Attempt::Ended(StepOutcome::Done(report)))),
                None => Ok(tx.roll_back(Attempt::Raced)),
            }
        });
        take.await
    }
}

/// Writes all of a chunk; nothing if somebody took a name meanwhile.
async fn write(
    tx: &mut Connection,
    import: &AccountImport,
    chunk: &NewChunk<'_>,
) -> Result<Option<ChunkReport>, Failure> {
    let taken = taken(tx, import.tenant_id, &Names::of(chunk.drafts)).await?;
    let first_record = import.records + 1;
    let judged = judge(chunk.drafts, taken, import.options.duplicates, first_record);
    if !import.options.dry_run && !create(tx, import.tenant_id, chunk, &judged).await? {
        return Ok(None);
    }
    batch::reject(tx, import, &judged.rejections).await?;
    let (created, records) = (count(judged.created.len()), count(chunk.drafts.len()));
    let (skipped, rejected) = (judged.skipped, count(judged.rejections.len()));
    let values = values![
        import.tenant_id,
        import.id,
        chunk.sequence,
        &chunk.content,
        first_record,
        records,
        created,
        skipped
    ];
    tx.execute(INSERT_CHUNK, values).await?;
    let values =
        values![import.tenant_id, import.id, chunk.sequence, records, created, skipped, rejected, chunk.now];
    tx.execute(ADVANCE, values).await?;
    let next_sequence = chunk.sequence + 1;
    Ok(Some(ChunkReport { next_sequence, first_record, created, skipped, rejections: judged.rejections }))
}

/// Whether all of the accounts could be written.
async fn create(
    tx: &mut Connection,
    tenant_id: TenantId,
    chunk: &NewChunk<'_>,
    judged: &Judged,
) -> Result<bool, Failure> {
    let drafts = judged.created.iter().map(|position| &chunk.drafts[*position]);
    let events: Vec<AuditEvent> = drafts.clone().filter_map(chunk.event).collect();
    let accounts = NewAccounts::of(tenant_id, drafts.filter_map(|draft| draft.account.as_ref().ok()));
    if !accounts.insert(tx).await? {
        return Ok(false);
    }
    audit::append_many(tx, &events).await?;
    Ok(true)
}

/// What there is of these names.
async fn taken(tx: &mut Connection, tenant_id: TenantId, names: &Names<'_>) -> Result<Taken, Failure> {
    let mut taken = Taken::default();
    let logins: Vec<(String,)> = tx.all(TAKEN_LOGINS, values![tenant_id, names.logins.clone()]).await?;
    taken.logins.extend(logins.into_iter().map(|(login,)| login));
    if !names.external_ids.is_empty() {
        let values = values![tenant_id, names.external_ids.clone()];
        let found: Vec<(String,)> = tx.all(TAKEN_EXTERNAL_IDS, values).await?;
        taken.external_ids.extend(found.into_iter().map(|(id,)| id));
    }
    if !names.groups.is_empty() {
        let groups: Vec<Uuid> = names.groups.iter().map(|group| group.as_uuid()).collect();
        let found: Vec<(Uuid,)> = tx.all(GROUPS, values![tenant_id, groups]).await?;
        taken.groups.extend(found.into_iter().map(|(id,)| GroupId::from_uuid(id)));
    }
    Ok(taken)
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// A chunk of an import.
#[derive(Clone, Copy)]
struct ChunkName {
    tenant_id: TenantId,
    import_id: ImportId,
    sequence: i64,
}

impl ChunkName {
    /// What became of it; nothing if it was not taken.
    async fn report(
        self,
        connection: &mut Connection,
        content: &[u8; 32],
    ) -> Result<Option<Result<ChunkReport, ChunkRefused>>, Failure> {
        let Self { tenant_id, import_id, sequence } = self;
        let found: Option<ChunkRow> =
            connection.optional(CHUNK, values![tenant_id, import_id, sequence]).await?;
        let Some(row) = found else { return Ok(None) };
        if row.content != content {
            return Ok(Some(Err(ChunkRefused::Changed)));
        }
        let ChunkRow { first_record, records, created, skipped, .. } = row;
        // Records are numbered without gaps, so a chunk of so many has no more lines in the report.
        let values = values![tenant_id, import_id, first_record - 1, records];
        let found: Vec<RejectionRow> = connection.all(REJECTIONS, values).await?;
        let lines = found.into_iter().filter(|line| line.record < first_record + records);
        let rejections = lines.map(RejectionRow::rejection).collect::<Result<_, _>>()?;
        let next_sequence = sequence + 1;
        Ok(Some(Ok(ChunkReport { next_sequence, first_record, created, skipped, rejections })))
    }
}
