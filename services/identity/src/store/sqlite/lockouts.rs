//! Lockout records of logins and of their familiar places.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use sqlx::SqliteConnection;

use super::answers::begin;
use super::{SqliteStore, answers, audit};
use crate::domain::lockout::LockoutRecord;
use crate::store::rows::LockoutRow;
use crate::store::sign_ins::{Admission, LoginKey, PasswordTry, PlaceKey};
use crate::store::{Failure, Once, Recalled, Step, decide};

/// Stands for every place that is not familiar.
const STRANGERS: &[u8] = b"";

const IS_FAMILIAR: &str = "
    select 1 from familiar_places where tenant_id = $1 and login_key = $2 and place_key = $3";

/// Begins the request, and gives the record that its try counts in: that of its place if that is familiar, and of its
/// login otherwise. `taken` tells whether the request was begun.
const BEGIN_AND_RECORD: &str = concat!(
    begin!(),
    "; select changes() as taken, counted.place_key, l.wrong_in_a_row, l.locked_until, l.last_wrong
       from (select coalesce((
           select f.place_key from familiar_places f
           where f.tenant_id = $1 and f.login_key = $7 and f.place_key = $8
       ), x'') as place_key) counted
       left join lockouts l on l.tenant_id = $1 and l.login_key = $7 and l.place_key = counted.place_key"
);

const WRITE: &str = "
    insert into lockouts (tenant_id, login_key, place_key, wrong_in_a_row, locked_until, last_wrong, changed_at)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (tenant_id, login_key, place_key) do update
    set wrong_in_a_row = excluded.wrong_in_a_row, locked_until = excluded.locked_until,
        last_wrong = excluded.last_wrong, changed_at = excluded.changed_at";

const CLEAR_PLACE: &str = "
    delete from lockouts where tenant_id = $1 and login_key = $2 and place_key = $3";

const CLEAR_LOGIN: &str = "delete from lockouts where tenant_id = $1 and login_key = $2";

const REMEMBER_PLACE: &str = "
    insert into familiar_places (tenant_id, login_key, place_key, seen_at) values ($1, $2, $3, $4)
    on conflict (tenant_id, login_key, place_key) do update set seen_at = excluded.seen_at";

/// The whole step; see `SignIns::admit_password`.
pub(super) async fn admit(
    store: &SqliteStore,
    tenant_id: TenantId,
    attempt: &PasswordTry,
    once: &Once<'_, Admission>,
    now: Timestamp,
) -> Result<Step<Admission, ()>, Failure> {
    let mut tx = store.begin_counting().await?;
    let counted: Counted = answers::taking(sqlx::query_as(BEGIN_AND_RECORD), tenant_id, (once, b""), now)
        .bind(&attempt.login[..])
        .bind(place_of(attempt))
        .fetch_one(&mut *tx)
        .await?;
    let recalled = match counted.taken {
        1 => Recalled::New,
        _ => answers::recall(&mut tx, tenant_id, &once.key, &once.content, now).await?,
    };
    match recalled {
        Recalled::New => {}
        // It was counted then; only the admitted are left without an answer.
        Recalled::UnderWay => return Ok(Step::Done(Admission::Admitted)),
        Recalled::Answer(answer) => return Ok(Step::Repeated(answer)),
        Recalled::OtherContent => return Ok(Step::OtherContent),
    }
    let admission = count(&mut tx, tenant_id, attempt, counted, now).await?;
    if matches!(admission, Admission::Locked { .. }) {
        answers::keep(&mut tx, tenant_id, Some(once), &admission).await?;
    }
    tx.commit().await?;
    Ok(Step::Done(admission))
}

/// A record as [`BEGIN_AND_RECORD`] finds it.
#[derive(sqlx::FromRow)]
struct Counted {
    taken: i64,
    place_key: Vec<u8>,
    wrong_in_a_row: Option<i64>,
    locked_until: Option<i64>,
    last_wrong: Option<Vec<u8>>,
}

impl Counted {
    fn record(self) -> Result<LockoutRecord, Failure> {
        let (Some(wrong_in_a_row), Some(last_wrong)) = (self.wrong_in_a_row, self.last_wrong) else {
            return Ok(LockoutRecord::default());
        };
        LockoutRow { wrong_in_a_row, locked_until: self.locked_until, last_wrong }.record()
    }
}

fn place_of(attempt: &PasswordTry) -> &[u8] {
    attempt.place.as_ref().map_or(STRANGERS, <[u8; 32]>::as_slice)
}

/// Counts a password as wrong in the record that was found.
async fn count(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    attempt: &PasswordTry,
    counted: Counted,
    now: Timestamp,
) -> Result<Admission, Failure> {
    let place = counted.place_key.clone();
    let judged = decide::count_password(&counted.record()?, attempt, now);
    if let Some(record) = &judged.record {
        write(tx, tenant_id, &attempt.login, &place, record, now).await?;
    }
    if judged.locks {
        audit::append(tx, &attempt.locked_event).await?;
    }
    Ok(judged.admission)
}

/// Whether somebody signed in to this login from this place.
pub(super) async fn is_familiar(
    connection: &mut SqliteConnection,
    tenant_id: TenantId,
    login: &LoginKey,
    place: &PlaceKey,
) -> Result<bool, Failure> {
    let found = sqlx::query(IS_FAMILIAR)
        .bind(tenant_id.as_uuid())
        .bind(&login[..])
        .bind(&place[..])
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

async fn write(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    login: &LoginKey,
    place: &[u8],
    record: &LockoutRecord,
    now: Timestamp,
) -> Result<(), Failure> {
    sqlx::query(WRITE)
        .bind(tenant_id.as_uuid())
        .bind(&login[..])
        .bind(place)
        .bind(i64::from(record.wrong_in_a_row))
        .bind(record.locked_until.map(|until| until.unix_micros()))
        .bind(record.last_wrong.concat())
        .bind(now.unix_micros())
        .execute(tx)
        .await?;
    Ok(())
}

/// Clears the record of the login itself and of the place signed in from, which is familiar from now on.
pub(super) async fn signed_in(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    login: &LoginKey,
    place: Option<&PlaceKey>,
    now: Timestamp,
) -> Result<(), Failure> {
    for place in [Some(STRANGERS), place.map(<[u8; 32]>::as_slice)].into_iter().flatten() {
        sqlx::query(CLEAR_PLACE)
            .bind(tenant_id.as_uuid())
            .bind(&login[..])
            .bind(place)
            .execute(&mut *tx)
            .await?;
    }
    if let Some(place) = place {
        sqlx::query(REMEMBER_PLACE)
            .bind(tenant_id.as_uuid())
            .bind(&login[..])
            .bind(&place[..])
            .bind(now.unix_micros())
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// Clears every record of a login, those of its places included.
pub(super) async fn clear(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    login: &LoginKey,
) -> Result<(), Failure> {
    sqlx::query(CLEAR_LOGIN).bind(tenant_id.as_uuid()).bind(&login[..]).execute(tx).await?;
    Ok(())
}
