//! Steps with everything filled in that a case does not care about.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{array, uuid_v4};
use rekey_primitives::id::{AccountId, EventId, HelpRequestId, SessionId};

use super::world::{NOW, World, after, idempotent, password};
use crate::domain::account::{Account, Sealed};
use crate::domain::audit::{Actor, AuditEvent, EventKind, Outcome, Subject};
use crate::domain::help::{HelpRequest, HelpState, Message};
use crate::domain::lockout::Fingerprint;
use crate::domain::policy::LockoutRules;
use crate::domain::scope::TenantScope;
use crate::domain::session::{RefreshRecord, Session};
use crate::store::outbox::Notice;
use crate::store::resets::CompleteReset;
use crate::store::sign_ins::{Admission, OpenSession, PasswordAttempt};
use crate::store::{IdempotentRequest, StepOutcome};

impl World {
    /// A session of an account in its epoch, by a refresh token whose hash is that byte.
    pub(super) fn session(&self, account: &Account, refresh: u8) -> Session {
        Session {
            id: SessionId::generate(self.entropy(), NOW),
            tenant_id: account.tenant_id,
            account_id: account.id,
            epoch: account.epoch,
            auth_time: NOW,
            strong: false,
            refresh: RefreshRecord::first([refresh; 32], NOW),
            user_agent_family: "Firefox".to_owned(),
            backend: "shop".to_owned(),
            created_at: NOW,
            refreshed_at: NOW,
            expires_at: after(30 * 86_400),
            ended: None,
        }
    }

    /// Opens that session after the account's own password was verified.
    pub(super) fn open_session(
        &self,
        scope: &TenantScope,
        account: &Account,
        session: &Session,
    ) -> OpenSession {
        OpenSession {
            session: session.clone(),
            verified: Some(account.password.as_ref().unwrap().hash.clone()),
            rehashed: None,
            login: [1; 32],
            place: Some([2; 32]),
            answers: None,
            linked_from: None,
            spent: None,
            event: self.event(scope, EventKind::SignIn),
        }
    }

    /// A session that is open.
    pub(super) async fn signed_in(&self, scope: &TenantScope, account: &Account, refresh: u8) -> Session {
        let session = self.session(account, refresh);
        self.open(scope, account, &session).await;
        session
    }

    /// Opens that session.
    pub(super) async fn open(&self, scope: &TenantScope, account: &Account, session: &Session) {
        let open = self.open_session(scope, account, session);
        let idempotency = IdempotentRequest { key: array(self.entropy()), ..idempotent(1, 1) };
        let step = self.store.open_session(scope, &open, idempotency).await.unwrap();
        assert_eq!(step, StepOutcome::Done(session.clone()));
    }

    /// A reset of an account as it is, to a password whose hash is that.
    pub(super) fn reset(&self, scope: &TenantScope, account: &Account, hash: &[u8]) -> CompleteReset {
        CompleteReset {
            account_id: account.id,
            epoch: account.epoch,
            recovery_version: account.recovery_version,
            password: password(hash),
            history: 1,
            login: [1; 32],
            event: self.event(scope, EventKind::ResetCompleted),
            notices: vec![self.notice(scope)],
            now: after(60),
        }
    }

    /// A password attempt from a place, wrong in a way of its own.
    pub(super) fn password_try(&self, scope: &TenantScope, place: Option<u8>) -> PasswordAttempt {
        let fingerprint: Fingerprint = array(self.entropy());
        PasswordAttempt {
            login: [1; 32],
            place: place.map(|byte| [byte; 32]),
            fingerprint,
            rules: LockoutRules::default(),
            locked_event: self.event(scope, EventKind::LockedOut),
        }
    }

    /// Admits that attempt under a request of its own.
    pub(super) async fn admit(
        &self,
        scope: &TenantScope,
        attempt: &PasswordAttempt,
        now: Timestamp,
    ) -> Admission {
        self.admit_as(scope, attempt, array(self.entropy()), now).await
    }

    async fn admit_as(
        &self,
        scope: &TenantScope,
        attempt: &PasswordAttempt,
        key: [u8; 32],
        now: Timestamp,
    ) -> Admission {
        let idempotency = IdempotentRequest { key, ..idempotent(1, 1) };
        let step = self.store.admit_password(scope, attempt, idempotency, now).await.unwrap();
        let StepOutcome::Done(admission) = step else { panic!("{step:?}") };
        admission
    }

    /// The same for one that is judged wrong, if it is admitted.
    pub(super) async fn wrong(
        &self,
        scope: &TenantScope,
        attempt: &PasswordAttempt,
        now: Timestamp,
    ) -> Admission {
        let key = array(self.entropy());
        let admission = self.admit_as(scope, attempt, key, now).await;
        if admission.is_admitted() {
            let idempotency = IdempotentRequest { key, ..idempotent(1, 1) };
            let step = self.store.reject_password(scope, attempt, idempotency, now).await.unwrap();
            assert_eq!(step, StepOutcome::Done(()));
        }
        admission
    }

    /// A help request of an account.
    pub(super) fn help(&self, account: &Account, proved: bool, now: Timestamp) -> HelpRequest {
        HelpRequest {
            id: HelpRequestId::generate(self.entropy(), now),
            tenant_id: account.tenant_id,
            account_id: account.id,
            message: Message::parse("my phone is gone").unwrap(),
            proved,
            state: HelpState::Open,
            handled_by: None,
            created_at: now,
            updated_at: now,
            caller_verified_at: None,
            expires_at: now.plus(Duration::from_secs(14 * 86_400)),
            version: 1,
        }
    }

    /// An event of the tenant.
    pub(super) fn event(&self, scope: &TenantScope, kind: EventKind) -> AuditEvent {
        AuditEvent {
            id: EventId::generate(self.entropy(), NOW),
            tenant_id: scope.tenant_id(),
            at: NOW,
            kind,
            outcome: Outcome::Success,
            reason: Some("because".into()),
            actor: Actor::Account(AccountId::from_uuid(uuid::Uuid::from_u128(9))),
            caller: Some("portal".to_owned()),
            subject: Subject::UnknownLogin([3; 32]),
            accounts: Vec::new(),
            ip_address: Some([192, 0, 2, 1].into()),
            masked_place: Some("a•••••@e•••••".to_owned()),
            trace_id: Some([4; 16]),
            count: 1,
        }
    }

    /// A notice of the tenant.
    pub(super) fn notice(&self, scope: &TenantScope) -> Notice {
        Notice {
            id: uuid_v4(self.entropy()),
            tenant_id: scope.tenant_id(),
            content: Sealed::new(b"sealed".to_vec()),
            not_after: after(86_400),
        }
    }
}
