//! A store under test, as one caller uses it: steps with everything filled in that a case does not care about.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{SystemEntropy, uuid_v4};
use rekey_primitives::id::{GrantId, RequestId, TenantId, VerificationId};
use rekey_sealing::digest;

use crate::domain::abuse::{BudgetModes, JudgedSend};
use crate::domain::budgets::{BudgetKind, TenantBudget, Window};
use crate::domain::failures::FailureRule;
use crate::domain::idempotency::Idempotency;
use crate::domain::ladder::Ladder;
use crate::domain::mac::{Mac, MacSet};
use crate::domain::names::{CallerName, Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::route::Withheld;
use crate::domain::scope::{RunId, ScopedId, TenantScope};
use crate::domain::verification::tests::fresh;
use crate::domain::verification::{Verification, VerificationState};
use crate::store::{
    CancelStep, CheckOutcome, CheckStep, JudgedCheck, PendingMessage, RedeemStep, ReleaseStep, ResendStep,
    SealedCode, SendLimits, SendOutcome, StartStep, StepEvents, Store,
};

/// How long answers are stored.
const ANSWER_LIFE: Duration = Duration::from_secs(600);

/// Where all cases begin.
const BEGIN: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_123);

#[derive(Clone)]
pub(super) struct TestStore {
    pub(super) inner: Arc<dyn Store>,
    pub(super) scope: TenantScope,
    pub(super) now: Timestamp,
    pub(super) counts_failures: bool,
    pub(super) budgets: Vec<TenantBudget>,
    pub(super) modes: BudgetModes,
    /// What the rules against abuse judge of messages.
    pub(super) judged: Option<JudgedSend>,
    /// What the spray breaker judges checks by.
    pub(super) breaker: Option<JudgedCheck>,
}

impl TestStore {
    pub(super) fn of(inner: Arc<dyn Store>) -> Self {
        let scope = TenantScope { tenant: a_tenant(), caller: CallerName::parse("shop").unwrap() };
        let budgets =
            vec![TenantBudget { kind: BudgetKind::Tenant, cost: 1, window: Window::per_hour(1_000) }];
        Self {
            inner,
            scope,
            now: BEGIN,
            counts_failures: false,
            budgets,
            modes: BudgetModes::default(),
            judged: None,
            breaker: None,
        }
    }

    pub(super) fn of_another_tenant(&self) -> Self {
        Self::of(self.inner.clone())
    }

    pub(super) fn of_another_caller(&self) -> Self {
        let scope = TenantScope { caller: CallerName::parse("bank").unwrap(), ..self.scope.clone() };
        Self { scope, ..self.clone() }
    }

    /// The same store so much later.
    pub(super) fn later(&self, seconds: u64) -> Self {
        Self { now: self.now.plus(Duration::from_secs(seconds)), ..self.clone() }
    }

    pub(super) fn new_id(&self) -> ScopedId {
        ScopedId {
            scope: self.scope.clone(),
            verification: VerificationId::from_uuid(uuid_v4(&SystemEntropy)),
        }
    }

    pub(super) async fn run_id(&self) -> RunId {
        self.inner.snapshot(&self.new_id()).await.unwrap().run_id
    }

    pub(super) async fn seen(&self, id: &ScopedId) -> Verification {
        self.inner.snapshot(id).await.unwrap().verification.unwrap()
    }

    /// A start with this code, its budgets reserved, in the present run.
    pub(super) async fn start_step(&self, id: &ScopedId, code: &str) -> StartStep {
        let snapshot = self.inner.snapshot(id).await.unwrap();
        let seen_sends = snapshot.verification.map_or(0, |seen| seen.sends);
        let content = macs("content");
        StartStep {
            idempotency: idempotency("start"),
            id: id.clone(),
            verification: Verification {
                content: content.active.clone(),
                counts_failures: self.counts_failures,
                run_id: snapshot.run_id,
                sends: 0,
                acknowledged: 0,
                ..fresh(self.now)
            },
            content,
            code: sealed(code),
            limits: self.limits(seen_sends),
            events: StepEvents::default(),
        }
    }

    pub(super) async fn start(&self, start: &StartStep) -> SendOutcome {
        self.inner.start(start, self.now).await.unwrap()
    }

    /// A verification with this code, its message acknowledged.
    pub(super) async fn started(&self, code: &str) -> ScopedId {
        let id = self.new_id();
        let start = self.start_step(&id, code).await;
        let message = counted(self.start(&start).await);
        self.acknowledge(&id, message.number).await;
        id
    }

    pub(super) async fn acknowledge(&self, id: &ScopedId, number: u32) {
        let run_id = self.run_id().await;
        self.inner.acknowledge(id, number, &run_id, &StepEvents::default()).await.unwrap();
    }

    /// A resend with a new code in case one is needed, its budgets reserved.
    pub(super) async fn resend_step(&self, id: &ScopedId, code: &str) -> ResendStep {
        let snapshot = self.inner.snapshot(id).await.unwrap();
        let seen = snapshot.verification.unwrap();
        ResendStep {
            idempotency: idempotency("resend"),
            id: id.clone(),
            limits: self.limits(seen.sends),
            seen,
            run_id: snapshot.run_id,
            code: sealed(code),
            rotate: false,
        }
    }

    pub(super) async fn resend(&self, resend: &ResendStep) -> SendOutcome {
        self.inner.resend(resend, self.now).await.unwrap()
    }

    pub(super) async fn check_step(&self, id: &ScopedId, typed: &str) -> CheckStep {
        let Verification { purpose, subject, .. } = fresh(self.now);
        CheckStep {
            idempotency: idempotency(typed),
            id: id.clone(),
            purpose,
            subject,
            run_id: self.run_id().await,
            typed: macs(typed),
            grant: GrantId::from_uuid(uuid_v4(&SystemEntropy)),
            failures: rule(),
            breaker: self.breaker.clone(),
            events: StepEvents::default(),
        }
    }

    pub(super) async fn check(&self, id: &ScopedId, typed: &str) -> CheckOutcome {
        let check = self.check_step(id, typed).await;
        self.inner.check(&check, self.now).await.unwrap()
    }

    pub(super) async fn redeem_step(&self) -> RedeemStep {
        RedeemStep {
            idempotency: idempotency("grant"),
            scope: self.scope.clone(),
            grant: GrantId::from_uuid(uuid_v4(&SystemEntropy)),
            run_id: self.run_id().await,
            expires_at: self.now.plus(Duration::from_secs(300)),
        }
    }

    pub(super) async fn redeem(&self, redeem: &RedeemStep) -> Result<(), Refusal> {
        self.inner.redeem(redeem, self.now).await.unwrap()
    }

    pub(super) fn cancel_step(&self, id: &ScopedId) -> CancelStep {
        CancelStep { idempotency: idempotency("cancel"), id: id.clone() }
    }

    pub(super) async fn cancel(&self, cancel: &CancelStep) -> Result<VerificationState, Refusal> {
        self.inner.cancel(cancel, self.now).await.unwrap()
    }

    pub(super) async fn release(&self, purpose: &Purpose, subject: &Subject) -> Result<(), Refusal> {
        let release = ReleaseStep {
            idempotency: idempotency("release"),
            scope: self.scope.clone(),
            purpose: purpose.clone(),
            subject: subject.clone(),
        };
        self.inner.release(&release, self.now).await.unwrap()
    }

    fn limits(&self, seen_sends: u32) -> SendLimits {
        let ladder = Ladder::new([30, 60, 120, 240].map(Duration::from_secs).to_vec(), 5).unwrap();
        SendLimits {
            seen_sends,
            max_sends: ladder.sends(),
            next_send_at: ladder.next(seen_sends + 1, self.now),
            budgets: self.budgets.clone(),
            is_reserved: true,
            withheld: Withheld::default(),
            failures: rule(),
            modes: self.modes,
            judged: self.judged.clone(),
        }
    }
}

pub(super) fn rule() -> FailureRule {
    FailureRule { pause_at: 10, pause_window: Duration::from_secs(86_400), stop_at: 100 }
}

pub(super) fn idempotency(content: &str) -> Idempotency {
    let request_id = RequestId::from_uuid(uuid_v4(&SystemEntropy));
    Idempotency { request_id, content: macs(content), answer_life: ANSWER_LIFE }
}

pub(super) fn macs(content: &str) -> MacSet {
    MacSet { active: Mac::new("today", &digest(&[content.as_bytes()])), others: Vec::new() }
}

fn sealed(code: &str) -> SealedCode {
    SealedCode { mac: macs(code).active, sealed: code.as_bytes().to_vec() }
}

#[track_caller]
pub(super) fn counted(outcome: SendOutcome) -> PendingMessage {
    match outcome {
        SendOutcome::Counted(message) => message,
        other => panic!("a counted message was expected: {other:?}"),
    }
}

#[track_caller]
pub(super) fn unacknowledged(outcome: SendOutcome) -> PendingMessage {
    match outcome {
        SendOutcome::Unacknowledged(message) => message,
        other => panic!("an unacknowledged message was expected: {other:?}"),
    }
}

fn a_tenant() -> TenantId {
    TenantId::from_uuid(uuid_v4(&SystemEntropy))
}
