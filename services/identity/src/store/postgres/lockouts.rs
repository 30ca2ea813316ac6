//! Lockout records of logins and of their familiar places.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use sqlx::PgConnection;

use super::{PostgresStore, answers, audit};
use crate::domain::lockout::LockoutRecord;
use crate::store::rows::LockoutRow;
use crate::store::sign_ins::{Admission, LoginKey, PasswordTry, PlaceKey};
use crate::store::{Failure, Once, Recalled, Step, decide};

/// Stands for every place that is not familiar.
const STRANGERS: &[u8] = b"";

const IS_FAMILIAR: &str = "
    select 1 from familiar_places where tenant_id = $1 and login_key = $2 and place_key = $3";

/// Reads a record under lock, making it if there is none: without a row there is nothing to lock, and parallel tries
/// would each count as the first.
const LOCK: &str = "
    insert into lockouts (tenant_id, login_key, place_key, wrong_in_a_row, locked_until, last_wrong, changed_at)
    values ($1, $2, $3, 0, null, $4, $5)
    on conflict (tenant_id, login_key, place_key) do update set changed_at = lockouts.changed_at
    returning wrong_in_a_row, locked_until, last_wrong";

const WRITE: &str = "
    update lockouts set wrong_in_a_row = $4, locked_until = $5, last_wrong = $6, changed_at = $7
    where tenant_id = $1 and login_key = $2 and place_key = $3";

const CLEAR_PLACE: &str = "
    delete from lockouts where tenant_id = $1 and login_key = $2 and place_key = $3";

const CLEAR_LOGIN: &str = "delete from lockouts where tenant_id = $1 and login_key = $2";

const REMEMBER_PLACE: &str = "
    insert into familiar_places (tenant_id, login_key, place_key, seen_at) values ($1, $2, $3, $4)
    on conflict (tenant_id, login_key, place_key) do update set seen_at = excluded.seen_at";

/// The whole step; see `SignIns::admit_password`.
pub(super) async fn admit(
    store: &PostgresStore,
    tenant_id: TenantId,
    attempt: &PasswordTry,
    once: &Once<'_, Admission>,
    now: Timestamp,
) -> Result<Step<Admission, ()>, Failure> {
    let mut tx = store.begin().await?;
    match answers::begin(&mut tx, tenant_id, once, now).await? {
        Recalled::New => {}
        // It was counted then; only the admitted are left without an answer.
        Recalled::UnderWay => return Ok(Step::Done(Admission::Admitted)),
        Recalled::Answer(answer) => return Ok(Step::Repeated(answer)),
        Recalled::OtherContent => return Ok(Step::OtherContent),
    }
    let admission = count(&mut tx, tenant_id, attempt, now).await?;
    if matches!(admission, Admission::Locked { .. }) {
        answers::keep(&mut tx, tenant_id, Some(once), &admission).await?;
    }
    tx.commit().await?;
    Ok(Step::Done(admission))
}

/// Counts a password as wrong in the record of its place if that is familiar, and of its login otherwise.
async fn count(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    attempt: &PasswordTry,
    now: Timestamp,
) -> Result<Admission, Failure> {
    let place = match &attempt.place {
        Some(place) if is_familiar(tx, tenant_id, &attempt.login, place).await? => &place[..],
        _ => STRANGERS,
    };
    let record = lock(tx, tenant_id, &attempt.login, place, now).await?;
    let judged = decide::count_password(&record, attempt, now);
    if let Some(record) = &judged.record {
        write(tx, tenant_id, &attempt.login, place, record, now).await?;
    }
    if judged.locks {
        audit::append(tx, &attempt.locked_event).await?;
    }
    Ok(judged.admission)
}

/// Whether somebody signed in to this login from this place.
pub(super) async fn is_familiar(
    connection: &mut PgConnection,
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

async fn lock(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    login: &LoginKey,
    place: &[u8],
    now: Timestamp,
) -> Result<LockoutRecord, Failure> {
    let row: LockoutRow = sqlx::query_as(LOCK)
        .bind(tenant_id.as_uuid())
        .bind(&login[..])
        .bind(place)
        .bind(&b""[..])
        .bind(now.unix_micros())
        .fetch_one(tx)
        .await?;
    row.record()
}

async fn write(
    tx: &mut PgConnection,
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
    tx: &mut PgConnection,
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
    tx: &mut PgConnection,
    tenant_id: TenantId,
    login: &LoginKey,
) -> Result<(), Failure> {
    sqlx::query(CLEAR_LOGIN).bind(tenant_id.as_uuid()).bind(&login[..]).execute(tx).await?;
    Ok(())
}
