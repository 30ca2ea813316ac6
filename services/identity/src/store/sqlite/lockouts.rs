//! Lockout records of logins and of their familiar places.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{FromRow as _, Sqlite, SqliteConnection};

use super::answers::begin_request;
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
    begin_request!(),
    "; select changes() as taken, counted.place_key, l.wrong_in_a_row, l.locked_until, l.last_wrong
       from (select coalesce((
           select f.place_key from familiar_places f
           where f.tenant_id = $1 and f.login_key = $7 and f.place_key = $8
       ), x'') as place_key) counted
       left join lockouts l on l.tenant_id = $1 and l.login_key = $7 and l.place_key = counted.place_key"
);

const WRITE_AND_COMMIT: &str = "
    insert into lockouts (tenant_id, login_key, place_key, wrong_in_a_row, locked_until, last_wrong, changed_at)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (tenant_id, login_key, place_key) do update
    set wrong_in_a_row = excluded.wrong_in_a_row, locked_until = excluded.locked_until,
        last_wrong = excluded.last_wrong, changed_at = excluded.changed_at;
    commit";

const CLEAR_LOGIN: &str = "delete from lockouts where tenant_id = $1 and login_key = $2";

/// Clears the record of the login `$login` itself and of the place `$place` that was signed in from, which is familiar
/// from now on, `$now`. A place that is null is passed over, and one that was seen within a day is left as it is: what is
/// not written need not reach the disk.
macro_rules! signed_in {
    ($login:literal, $place:literal, $now:literal) => {
        concat!(
            "delete from lockouts where tenant_id = $1 and login_key = ",
            $login,
            " and place_key in (x'', ",
            $place,
            ");
             insert into familiar_places (tenant_id, login_key, place_key, seen_at)
             select $1, ",
            $login,
            ", ",
            $place,
            ", ",
            $now,
            " where ",
            $place,
            " is not null
             on conflict (tenant_id, login_key, place_key) do update set seen_at = excluded.seen_at
             where familiar_places.seen_at <= excluded.seen_at - 86400000000"
        )
    };
}
pub(super) use signed_in;

/// The whole step; see `SignIns::admit_password`.
pub(super) async fn admit(
    store: &SqliteStore,
    tenant_id: TenantId,
    attempt: &PasswordTry,
    once: &Once<'_, Admission>,
    now: Timestamp,
) -> Result<Step<Admission, ()>, Failure> {
    let mut tx = store.begin_counting().await?;
    let row = answers::taking(BEGIN_AND_RECORD, tenant_id, (once, b""), now)
        .bind(&attempt.login[..])
        .bind(attempt.place.as_ref().map_or(STRANGERS, <[u8; 32]>::as_slice))
        .fetch_one(&mut *tx)
        .await?;
    match answers::taken(&mut tx, tenant_id, once, &row, now).await? {
        Recalled::New => {}
        // It was counted then; only the admitted are left without an answer.
        Recalled::UnderWay => return Ok(Step::Done(Admission::Admitted)),
        Recalled::Answer(answer) => return Ok(Step::Repeated(answer)),
        Recalled::OtherContent => return Ok(Step::OtherContent),
    }
    let counted = Counted::from_row(&row)?;
    let place = counted.place_key.clone();
    let judged = decide::count_password(&counted.record()?, attempt, now);
    if judged.locks {
        audit::append(&mut tx, &attempt.locked_event).await?;
    }
    if matches!(judged.admission, Admission::Locked { .. }) {
        answers::keep(&mut tx, tenant_id, Some(once), &judged.admission).await?;
    }
    match &judged.record {
        Some(record) => tx.end_with(written(tenant_id, &attempt.login, &place, record, now)).await?,
        None => tx.commit().await?,
    }
    Ok(Step::Done(judged.admission))
}

/// A record as [`BEGIN_AND_RECORD`] finds it.
#[derive(sqlx::FromRow)]
struct Counted {
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

fn written<'q>(
    tenant_id: TenantId,
    login: &'q LoginKey,
    place: &'q [u8],
    record: &LockoutRecord,
    now: Timestamp,
) -> Query<'q, Sqlite, SqliteArguments> {
    sqlx::query(WRITE_AND_COMMIT)
        .bind(tenant_id.as_uuid())
        .bind(&login[..])
        .bind(place)
        .bind(i64::from(record.wrong_in_a_row))
        .bind(record.locked_until.map(|until| until.unix_micros()))
        .bind(record.last_wrong.concat())
        .bind(now.unix_micros())
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
