//! Lockout records of logins and of their familiar places.

use rekey_database::{Connection, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::{LoginKey, PlaceKey};
use crate::domain::audit::AuditEvent;
use crate::domain::lockout::{Fingerprint, LockoutRecord, NotAdmitted, WrongPassword};
use crate::domain::policy::LockoutRules;
use crate::domain::scope::TenantScope;
use crate::store::columns::EMPTY;
use crate::store::rows::LockoutRow;
use crate::store::{EarlierRequest, Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// A password about to be judged.
#[derive(Debug, Clone)]
pub(crate) struct PasswordAttempt {
    pub(crate) login: LoginKey,
    /// From where, if the caller said.
    pub(crate) place: Option<PlaceKey>,
    /// Keyed hash of the password, to know a repeat by.
    pub(crate) fingerprint: Fingerprint,
    pub(crate) rules: LockoutRules,
    /// Written if this attempt was wrong and locks the login.
    pub(crate) locked_event: AuditEvent,
}

/// Whether a password may be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Yes, and it is being judged until it turns out right or [`Store::reject_password`] counts it.
    Admitted,
    /// Yes, and somebody signed in to this login from this place before.
    AdmittedAtFamiliarPlace,
    /// The login is locked: right and wrong get one answer.
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// As many are being judged as may; nothing was written.
    Contended,
}

impl Admission {
    /// Whether the password may be judged, wherever it comes from.
    pub(crate) const fn is_admitted(self) -> bool {
        matches!(self, Self::Admitted | Self::AdmittedAtFamiliarPlace)
    }
}

statements! {
    const IS_FAMILIAR = "
        select 1 from familiar_places where tenant_id = $1 and login_key = $2 and place_key = $3";

    /// Reads the record that an attempt counts in under lock: that of its place if that is familiar, and of its login
    /// otherwise. Makes it if there is none: without a row there is nothing to lock, and parallel attempts would each count
    /// as the first.
    const LOCK = "
        insert into lockouts (tenant_id, login_key, place_key, wrong_in_a_row, locked_until, last_wrong, pending,
            pending_until, changed_at)
        values ($1, $2, coalesce((
            select place_key from familiar_places where tenant_id = $1 and login_key = $2 and place_key = $3
        ), ", EMPTY, "), 0, null, ", EMPTY, ", 0, null, $4)
        on conflict (tenant_id, login_key, place_key) do update set changed_at = lockouts.changed_at
        returning place_key, wrong_in_a_row, locked_until, last_wrong, pending, pending_until";

    const LOCKED_UNTIL = "
        select max(locked_until) from lockouts where tenant_id = $1 and login_key = $2 and locked_until > $3";

    const WRITE = "
        update lockouts set wrong_in_a_row = $4, locked_until = $5, last_wrong = $6, pending = $7, pending_until = $8,
            changed_at = $9
        where tenant_id = $1 and login_key = $2 and place_key = $3";

    const CLEAR = "delete from lockouts where tenant_id = $1 and login_key = $2";

    const FORGET_PLACES = "delete from familiar_places where tenant_id = $1 and login_key = $2";

    /// Clears the record of a login and of the place that was signed in from, which is familiar from now on. A place that
    /// is null is passed over, and one that was seen within a day is left as it is, since every change of a row makes a
    /// new one.
    const SIGNED_IN = (postgres: "
        with cleared as (
            delete from lockouts where tenant_id = $1 and login_key = $2 and place_key in ('', $3)
        )
        insert into familiar_places (tenant_id, login_key, place_key, seen_at)
        select $1, $2, $3, $4 where $3 is not null
        on conflict (tenant_id, login_key, place_key) do update set seen_at = excluded.seen_at
        where familiar_places.seen_at <= excluded.seen_at - 86400000000",
    sqlite: "
        delete from lockouts where tenant_id = $1 and login_key = $2 and place_key in (x'', $3);
        insert into familiar_places (tenant_id, login_key, place_key, seen_at)
        select $1, $2, $3, $4 where $3 is not null
        on conflict (tenant_id, login_key, place_key) do update set seen_at = excluded.seen_at
        where familiar_places.seen_at <= excluded.seen_at - 86400000000");
}

impl Store {
    /// Whether somebody signed in to this login from this place before.
    pub(crate) async fn is_familiar(
        &self,
        scope: &TenantScope,
        login: &LoginKey,
        place: &PlaceKey,
    ) -> Result<bool, Failure> {
        let mut connection = self.database.reader().await?;
        connection.exists(IS_FAMILIAR, values![scope.tenant_id(), login, place]).await
    }

    /// Until when a login is locked, at its familiar places or elsewhere, if it is.
    pub(crate) async fn locked_until(
        &self,
        scope: &TenantScope,
        login: &LoginKey,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        let mut connection = self.database.reader().await?;
        let until: Option<i64> =
            connection.scalar(LOCKED_UNTIL, values![scope.tenant_id(), login, now]).await?;
        Ok(until.map(Timestamp::from_unix_micros))
    }

    /// Admits a password to be judged, by the record of the place if it is familiar and of the login otherwise; the rules are
    /// `domain::lockout`. Parallel attempts come one after the other, so no more are judged than the threshold allows.
    ///
    /// The same step binds the request to its content, so that a repeat is no second attempt and other content under its id
    /// none either. A locked login is answered there and then by `idempotency`. Whoever is admitted is answered by a later
    /// step; until then a repeat is admitted again.
    pub(crate) async fn admit_password(
        &self,
        scope: &TenantScope,
        attempt: &PasswordAttempt,
        idempotency: IdempotentRequest<'_, Admission>,
        now: Timestamp,
    ) -> Result<StepOutcome<Admission, ()>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), &idempotency);
        let admit = self.database.step(|mut tx| async move {
            match idempotency::begin(&mut tx, tenant_id, idempotency, now).await? {
                EarlierRequest::New => {}
                EarlierRequest::Unanswered => return Ok(tx.roll_back(StepOutcome::Done(Admission::Admitted))),
                EarlierRequest::Answered(answer) => return Ok(tx.roll_back(StepOutcome::Repeated(answer))),
                EarlierRequest::OtherContent => return Ok(tx.roll_back(StepOutcome::OtherContent)),
            }
            let locked = LockedRecord::of(&mut tx, tenant_id, attempt, now).await?;
            match locked.record.admit(&attempt.rules, now) {
                Ok(admitted) => {
                    locked.write(&mut tx, &admitted, now).await?;
                    Ok(tx.commit(StepOutcome::Done(locked.admission())))
                }
                Err(NotAdmitted::Locked { until }) => {
                    let admission = Admission::Locked { until };
                    idempotency::store_answer(&mut tx, tenant_id, Some(idempotency), &admission).await?;
                    Ok(tx.commit(StepOutcome::Done(admission)))
                }
                Err(NotAdmitted::Contended) => Ok(tx.roll_back(StepOutcome::Done(Admission::Contended))),
            }
        });
        admit.await
    }

    /// Counts a password that was judged wrong and answers its request, once however often it is repeated. Locking writes the
    /// event.
    pub(crate) async fn reject_password(
        &self,
        scope: &TenantScope,
        attempt: &PasswordAttempt,
        idempotency: IdempotentRequest<'_, ()>,
        now: Timestamp,
    ) -> Result<StepOutcome<(), ()>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), &idempotency);
        let reject = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim_with_answer(&mut tx, tenant_id, Some(idempotency), &(), now);
            if let Some(ended) = claimed.await?.ended() {
                return Ok(tx.roll_back(ended));
            }
            let locked = LockedRecord::of(&mut tx, tenant_id, attempt, now).await?;
            let (after, outcome) = locked.record.after_wrong(&attempt.fingerprint, &attempt.rules, now);
            locked.write(&mut tx, &after, now).await?;
            if matches!(outcome, WrongPassword::Locks { .. }) {
                audit::append(&mut tx, &attempt.locked_event).await?;
            }
            Ok(tx.commit(StepOutcome::Done(())))
        });
        reject.await
    }

    /// Resets what was held against a login, since its password was right though it opened no session.
    pub(crate) async fn reset_lockout(&self, scope: &TenantScope, login: &LoginKey) -> Result<(), Failure> {
        clear(&mut self.database.writer().await?, scope.tenant_id(), login).await
    }

    /// Clears the lockout records of a login, those of its familiar places included.
    pub(crate) async fn clear_lockout(
        &self,
        scope: &TenantScope,
        login: &LoginKey,
        event: &AuditEvent,
        idempotency: IdempotentRequest<'_, ()>,
        now: Timestamp,
    ) -> Result<StepOutcome<(), ()>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), &idempotency);
        let unlock = self.database.step(|mut tx| async move {
            if let Some(ended) =
                idempotency::claim_with_answer(&mut tx, tenant_id, Some(idempotency), &(), now).await?.ended()
            {
                return Ok(tx.roll_back(ended));
            }
            clear(&mut tx, tenant_id, login).await?;
            audit::append(&mut tx, event).await?;
            Ok(tx.commit(StepOutcome::Done(())))
        });
        unlock.await
    }
}

/// A record as [`LOCK`] finds it.
#[derive(sqlx::FromRow)]
struct RecordRow {
    place_key: Vec<u8>,
    #[sqlx(flatten)]
    record: LockoutRow,
}

/// The record that an attempt counts in, locked until the end of the step.
struct LockedRecord<'a> {
    tenant_id: TenantId,
    login: &'a LoginKey,
    place_key: Vec<u8>,
    record: LockoutRecord,
}

impl<'a> LockedRecord<'a> {
    async fn of(
        tx: &mut Connection,
        tenant_id: TenantId,
        attempt: &'a PasswordAttempt,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let login = &attempt.login;
        let row: RecordRow = tx.one(LOCK, values![tenant_id, login, attempt.place.as_ref(), now]).await?;
        Ok(Self { tenant_id, login, place_key: row.place_key, record: row.record.record()? })
    }

    /// That a password may be judged: the record of the login itself has no place.
    fn admission(&self) -> Admission {
        if self.place_key.is_empty() { Admission::Admitted } else { Admission::AdmittedAtFamiliarPlace }
    }

    async fn write(&self, tx: &mut Connection, after: &LockoutRecord, now: Timestamp) -> Result<(), Failure> {
        let LockoutRecord { wrong_in_a_row, locked_until, last_wrong, pending, pending_until } = after;
        let values = values![
            self.tenant_id,
            self.login,
            &self.place_key,
            *wrong_in_a_row,
            *locked_until,
            last_wrong.concat(),
            *pending,
            *pending_until,
            now
        ];
        tx.execute(WRITE, values).await?;
        Ok(())
    }
}

/// Clears the record of the login itself and of the place signed in from, which is familiar from now on.
pub(super) async fn signed_in(
    tx: &mut Connection,
    tenant_id: TenantId,
    login: &LoginKey,
    place: Option<&PlaceKey>,
    now: Timestamp,
) -> Result<(), Failure> {
    tx.execute(SIGNED_IN, values![tenant_id, login, place, now]).await?;
    Ok(())
}

/// Clears every record of a login, those of its places included.
pub(in crate::store) async fn clear(
    tx: &mut Connection,
    tenant_id: TenantId,
    login: &LoginKey,
) -> Result<(), Failure> {
    tx.execute(CLEAR, values![tenant_id, login]).await?;
    Ok(())
}

/// Forgets a login that is nobody's any more: whoever has it next begins without locks and without familiar places.
pub(in crate::store) async fn forget(
    tx: &mut Connection,
    tenant_id: TenantId,
    login: &LoginKey,
) -> Result<(), Failure> {
    clear(tx, tenant_id, login).await?;
    tx.execute(FORGET_PLACES, values![tenant_id, login]).await?;
    Ok(())
}
