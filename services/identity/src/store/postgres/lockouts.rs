//! Lockout records of logins and of their familiar places.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use sqlx::PgConnection;

use super::{PostgresStore, answers, audit};
use crate::domain::lockout::LockoutRecord;
use crate::store::rows::LockoutRow;
use crate::store::sign_ins::{Admission, LoginKey, PasswordTry, PlaceKey};
use crate::store::{Failure, Once, Recalled, Step, decide};

const IS_FAMILIAR: &str = "
    select 1 from familiar_places where tenant_id = $1 and login_key = $2 and place_key = $3";

/// Reads the record that a try counts in under lock: that of its place if that is familiar, and of its login otherwise.
/// Makes it if there is none: without a row there is nothing to lock, and parallel tries would each count as the first.
const LOCK: &str = "
    insert into lockouts (tenant_id, login_key, place_key, wrong_in_a_row, locked_until, last_wrong, changed_at)
    values ($1, $2, coalesce((
        select place_key from familiar_places where tenant_id = $1 and login_key = $2 and place_key = $3
    ), ''), 0, null, '', $4)
    on conflict (tenant_id, login_key, place_key) do update set changed_at = lockouts.changed_at
    returning place_key, wrong_in_a_row, locked_until, last_wrong";

const WRITE: &str = "
    update lockouts set wrong_in_a_row = $4, locked_until = $5, last_wrong = $6, changed_at = $7
    where tenant_id = $1 and login_key = $2 and place_key = $3";

const CLEAR_LOGIN: &str = "delete from lockouts where tenant_id = $1 and login_key = $2";

/// Clears the record of a login and of the place that was signed in from, which is familiar from now on. A place that is
/// null is passed over, and one that was seen within a day is left as it is, since every change of a row makes a new one.
const SIGNED_IN: &str = "
    with cleared as (
        delete from lockouts where tenant_id = $1 and login_key = $2 and place_key in ('', $3)
    )
    insert into familiar_places (tenant_id, login_key, place_key, seen_at)
    select $1, $2, $3, $4 where $3 is not null
    on conflict (tenant_id, login_key, place_key) do update set seen_at = excluded.seen_at
    where familiar_places.seen_at <= excluded.seen_at - 86400000000";

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

/// A record as [`LOCK`] finds it.
#[derive(sqlx::FromRow)]
struct Counted {
    place_key: Vec<u8>,
    #[sqlx(flatten)]
    record: LockoutRow,
}

/// Counts a password as wrong until it turns out right.
async fn count(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    attempt: &PasswordTry,
    now: Timestamp,
) -> Result<Admission, Failure> {
    let counted: Counted = sqlx::query_as(LOCK)
        .bind(tenant_id.as_uuid())
        .bind(&attempt.login[..])
        .bind(attempt.place.as_ref().map(<[u8; 32]>::as_slice))
        .bind(now.unix_micros())
        .fetch_one(&mut *tx)
        .await?;
    let judged = decide::count_password(&counted.record.record()?, attempt, now);
    if let Some(record) = &judged.record {
        write(tx, tenant_id, &attempt.login, &counted.place_key, record, now).await?;
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
    sqlx::query(SIGNED_IN)
        .bind(tenant_id.as_uuid())
        .bind(&login[..])
        .bind(place.map(<[u8; 32]>::as_slice))
        .bind(now.unix_micros())
        .execute(tx)
        .await?;
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
