//! Steps of signing in.

pub(super) mod access_passes;
pub(super) mod last;
pub(super) mod lockouts;
pub(super) mod passwords;
pub(super) mod refresh;
pub(super) mod sessions;

use rekey_database::{statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;
use rekey_primitives::login::Login;

use super::accounts::{self, PassedCode, changes, held_codes};
use super::columns::{POLICY_COLUMNS, TENANT_COLUMNS};
use super::rows::{AccountRow, LoginLookupRow};
use super::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency, links, transitions};
use crate::domain::account::{Account, CredentialEpoch, Sealed};
use crate::domain::audit::AuditEvent;
use crate::domain::link::LinkEnd;
use crate::domain::policy::PolicyRevision;
use crate::domain::scope::TenantScope;
use crate::domain::session::Session;
use crate::domain::tenant::Tenant;

pub(crate) use access_passes::{IssuePass, OpenByPass, PassHash};
pub(crate) use lockouts::{Admission, PasswordAttempt};
pub(crate) use passwords::ChangePassword;
pub(crate) use refresh::{NotRefreshed, Refresh};
pub(crate) use sessions::{EndSessions, Ender, LiveSessions, WhichSessions};

/// A keyed hash of tenant and login; stands for a login, known or not.
pub(crate) type LoginKey = [u8; 32];

/// A keyed hash of a login's key, a network and a user agent family; stands for a place.
pub(crate) type PlaceKey = [u8; 32];

/// What a sign-in or a reset needs to know, read at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoginLookup {
    pub(crate) tenant: Tenant,
    /// Its policy in force.
    pub(crate) policy: PolicyRevision,
    /// The account of the login, unless nobody has it or it is deleted.
    pub(crate) account: Option<Account>,
}

/// A session to open for a right password, or a passkey.
#[derive(Debug, Clone)]
pub(crate) struct OpenSession {
    /// The session, current refresh hash included.
    pub(crate) session: Session,
    /// The sealed hash that was verified: the step fails when the account has another by now. None where a passkey signed in
    /// and no password was asked for.
    pub(crate) verified: Option<Sealed>,
    /// A fresh hash of the same password, written if the old one was outdated.
    pub(crate) rehashed: Option<Sealed>,
    /// The lockout records to clear: this login's own, and this place's.
    pub(crate) login: LoginKey,
    /// The place, which is familiar from now on.
    pub(crate) place: Option<PlaceKey>,
    /// The question about security info that is answered with it.
    pub(crate) answers: Option<AnsweredQuestion>,
    /// The account that the person comes from, where they come by a link: no password was typed then, so nothing is
    /// cleared and no place becomes familiar.
    pub(crate) linked_from: Option<LinkEnd>,
    /// The code of a second factor that is spent by it.
    pub(crate) spent: Option<PassedCode>,
    pub(crate) event: AuditEvent,
}

/// What a person said of their security info when a sign-in asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AnsweredQuestion {
    /// The account's `version` when it was asked.
    pub(crate) version: i64,
    /// Whether all of it is still right, so that it is not asked again for a while.
    pub(crate) is_still_right: bool,
}

/// A second factor that was found right, in a sign-in that asks for one more thing.
#[derive(Debug, Clone)]
pub(crate) struct PassedFactor {
    pub(crate) passed: PassedCode,
    /// The epoch in which the password was right.
    pub(crate) epoch: CredentialEpoch,
    pub(crate) event: AuditEvent,
}

/// The account is not what the decision was made on: another epoch or hash, blocked or frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stale;

/// How many sessions a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionsEnded(pub(crate) u32);

statements! {
    const KNOWN =
        "select ", TENANT_COLUMNS, ", ", POLICY_COLUMNS,
        " from tenants t join policies p on p.tenant_id = t.tenant_id
          where t.tenant_id = $1 and t.deleted_at is null
            and p.version = (select max(newest.version) from policies newest where newest.tenant_id = $1)";
}

impl Store {
    /// Reads tenant, policy and account of a login at one instant; `None` for an unknown tenant. A `login` of `None`
    /// (not a login at all) finds no account with the same work.
    pub(crate) async fn find_login(
        &self,
        scope: &TenantScope,
        login: Option<&Login>,
    ) -> Result<Option<LoginLookup>, Failure> {
        let tenant_id = scope.tenant_id();
        // No transaction around the two: a policy that is younger than the account does no harm, and each of its ends
        // would be another round trip.
        let mut connection = self.database.reader().await?;
        let known: Option<LoginLookupRow> = connection.optional(KNOWN, values![tenant_id]).await?;
        // Nobody's login is empty, so what is no login is looked for like one.
        let login = login.map_or("", Login::as_str);
        let account: Option<AccountRow> =
            connection.optional(accounts::BY_LOGIN, values![tenant_id, login]).await?;
        let Some((tenant, policy)) = known.map(LoginLookupRow::parts).transpose()? else { return Ok(None) };
        Ok(Some(LoginLookup { tenant, policy, account: account.map(AccountRow::account).transpose()? }))
    }

    /// Writes a fresh hash of the password that was verified; false if the account has another by now.
    pub(crate) async fn rehash_password(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        verified: &Sealed,
        fresh: &Sealed,
    ) -> Result<bool, Failure> {
        let tenant_id = scope.tenant_id();
        let rehash = self.database.step(|mut tx| async move {
            let is_written = passwords::rehash(&mut tx, tenant_id, account_id, verified, fresh).await?;
            Ok(if is_written { tx.commit(true) } else { tx.roll_back(false) })
        });
        rehash.await
    }

    /// A second factor was passed and one more question follows: spends the code, writes the event and stores the answer.
    /// Refused if the code was spent before or the account is not what was judged.
    pub(crate) async fn second_factor_passed(
        &self,
        scope: &TenantScope,
        factor: &PassedFactor,
        idempotency: IdempotentRequest<'_, ()>,
        now: Timestamp,
    ) -> Result<StepOutcome<(), Stale>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), &idempotency);
        let pass = self.database.step(|mut tx| async move {
            let claimed =
                idempotency::claim_with_answer(&mut tx, tenant_id, Some(idempotency), &(), now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            let state = changes::state(&mut tx, tenant_id, factor.passed.account_id).await?;
            let is_same = state.is_some_and(|state| state.is_open() && state.epoch == factor.epoch.0);
            if !is_same || !held_codes::pass(&mut tx, tenant_id, &factor.passed).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            }
            audit::append(&mut tx, &factor.event).await?;
            Ok(tx.commit(StepOutcome::Done(())))
        });
        pass.await
    }

    /// Opens a session, clears the lockout, remembers the place and writes a rehash, under one condition: the account
    /// is open, its epoch is the session's, its hash is still the one that was verified, the link it comes by holds, and where
    /// a question about security info is answered its version is the one that was asked about. An answered question raises the
    /// version, so that it is answered once.
    pub(crate) async fn open_session(
        &self,
        scope: &TenantScope,
        open: &OpenSession,
        idempotency: IdempotentRequest<'_, Session>,
    ) -> Result<StepOutcome<Session, Stale>, Failure> {
        let (tenant_id, session, idempotency) = (scope.tenant_id(), &open.session, &idempotency);
        let (account_id, now) = (session.account_id, session.created_at);
        let open_it = self.database.step(|mut tx| async move {
            let claimed =
                idempotency::claim_with_answer(&mut tx, tenant_id, Some(idempotency), session, now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            let state = changes::state(&mut tx, tenant_id, account_id).await?;
            if !state.is_some_and(|state| transitions::may_open(&state, open)) {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            }
            if let Some(answered) = &open.answers
                && !changes::answer(&mut tx, tenant_id, account_id, answered, now).await?
            {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            }
            if let Some(passed) = &open.spent
                && !held_codes::pass(&mut tx, tenant_id, passed).await?
            {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            }
            if let (Some(verified), Some(rehashed)) = (&open.verified, &open.rehashed)
                && !passwords::rehash(&mut tx, tenant_id, account_id, verified, rehashed).await?
            {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            }
            sessions::insert(&mut tx, session, session.epoch.0).await?;
            match open.linked_from {
                Some(from) if !links::holds(&mut tx, from, LinkEnd { tenant_id, account_id }).await? => {
                    return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
                }
                Some(_) => {}
                None => {
                    lockouts::signed_in(&mut tx, tenant_id, &open.login, open.place.as_ref(), now).await?;
                }
            }
            audit::append(&mut tx, &open.event).await?;
            Ok(tx.commit(StepOutcome::Done(session.clone())))
        });
        open_it.await
    }
}
