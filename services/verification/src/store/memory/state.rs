//! What is held, for how long, and how much of it.
//!
//! Only a start asks for room: a store that is full must still judge what is under way. What the other steps leave
//! belongs to a verification that found room, and is bounded by its attempts and messages: failures of its subject,
//! messages counted, the marker of its grant, and the answers to steps that changed something.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{GrantId, RequestId, TenantId};

use super::abuse::TenantAbuse;
use super::outbox::Outbox;
use crate::domain::abuse::{AbuseRule, BudgetModes};
use crate::domain::budgets::{BudgetKind, TenantBudget, WindowCount};
use crate::domain::failures::{FailureRule, Failures, SubjectStatus};
use crate::domain::idempotency::Idempotency;
use crate::domain::mac::Mac;
use crate::domain::names::{Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::scope::{ScopedId, TenantScope};
use crate::domain::verification::{CodeTimes, Verification, VerificationState};
use crate::store::{Failure, PassedCheck, SealedCode};

/// How long a verification is held after its code expired: repeated requests still find it.
const HELD_AFTER_EXPIRY: Duration = Duration::from_secs(3_600);

pub(super) struct StoredVerification {
    pub(super) verification: Verification,
    /// None once it can no longer be right.
    pub(super) code: Option<SealedCode>,
    /// Whether it was counted as a right code for where it was sent.
    pub(super) is_converted: bool,
}

/// The first answer to a call.
#[derive(Clone)]
pub(super) enum StoredAnswer {
    Message { times: CodeTimes, sent: bool },
    Check(Option<Box<PassedCheck>>),
    State(VerificationState),
    Done,
}

struct AnsweredCall {
    content: Mac,
    answer: StoredAnswer,
    until: Timestamp,
}

/// Whose counter: budgets of a subject are per caller, those of a tenant are shared by its callers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct BudgetKey {
    pub(super) tenant: TenantId,
    pub(super) kind: BudgetKind,
    subject: Option<(TenantScope, Subject)>,
    pub(super) length: Duration,
}

/// What came of budgets that let a message through.
#[derive(Default)]
pub(super) struct Consumed {
    /// Whether one that must not show is exhausted.
    pub(super) is_dropped: bool,
    /// Those that only record, and are exhausted.
    pub(super) shadow: Vec<AbuseRule>,
}

#[derive(PartialEq, Eq, Hash)]
pub(super) struct FailureKey {
    pub(super) scope: TenantScope,
    pub(super) purpose: Purpose,
    pub(super) subject: Subject,
}

impl FailureKey {
    pub(super) fn of(scope: &TenantScope, verification: &Verification) -> Self {
        let Verification { purpose, subject, .. } = verification;
        Self { scope: scope.clone(), purpose: purpose.clone(), subject: subject.clone() }
    }
}

pub(super) struct MemoryState {
    max_entries: usize,
    pub(super) verifications: HashMap<ScopedId, StoredVerification>,
    answers: HashMap<(TenantScope, RequestId), AnsweredCall>,
    pub(super) redeemed_grants: HashMap<(TenantId, GrantId), Timestamp>,
    pub(super) budgets: HashMap<BudgetKey, WindowCount>,
    pub(super) failures: HashMap<FailureKey, Failures>,
    pub(super) abuse: HashMap<TenantId, TenantAbuse>,
    /// Destinations that a right code came back from, by their keyed names, and until when they are spared. They take no room
    /// of verifications: a part of it is theirs.
    pub(super) spared: HashMap<(TenantId, String), Timestamp>,
    pub(super) outbox: Outbox,
}

impl MemoryState {
    pub(super) fn new(max_entries: usize) -> Self {
        Self {
            max_entries,
            verifications: HashMap::new(),
            answers: HashMap::new(),
            redeemed_grants: HashMap::new(),
            budgets: HashMap::new(),
            failures: HashMap::new(),
            abuse: HashMap::new(),
            spared: HashMap::new(),
            outbox: Outbox::default(),
        }
    }

    /// Makes room for one more verification, or says there is none. What counts against somebody is never removed for
    /// it: only what has expired goes, and failures that may be forgotten.
    pub(super) fn make_room(&mut self, rule: &FailureRule, now: Timestamp) -> Result<(), Failure> {
        if self.has_room() {
            return Ok(());
        }
        let is_past = |at: Timestamp| now.has_reached(at);
        remove_where(&mut self.verifications, |stored| {
            is_past(stored.verification.expires_at.plus(HELD_AFTER_EXPIRY))
        });
        remove_where(&mut self.answers, |call| is_past(call.until));
        remove_where(&mut self.redeemed_grants, |until| is_past(*until));
        remove_where(&mut self.budgets, |count| is_past(count.closes_at));
        remove_where(&mut self.spared, |until| is_past(*until));
        remove_where(&mut self.failures, |failures| rule.may_be_forgotten(failures, now));
        self.abuse.retain(|_, abuse| !abuse.shed(now));
        if self.has_room() { Ok(()) } else { Err(Failure::Full) }
    }

    /// The most destinations that are spared: one for each four entries.
    pub(super) fn max_spared(&self) -> usize {
        (self.max_entries / 4).max(1)
    }

    fn has_room(&self) -> bool {
        let entries = self.verifications.len()
            + self.answers.len()
            + self.redeemed_grants.len()
            + self.budgets.len()
            + self.failures.len()
            + self.abuse.values().map(TenantAbuse::entries).sum::<usize>();
        entries < self.max_entries
    }

    /// The first answer to this call, if it was made before.
    pub(super) fn stored_answer(
        &self,
        scope: &TenantScope,
        idempotency: &Idempotency,
        now: Timestamp,
    ) -> Result<Option<StoredAnswer>, Refusal> {
        let key = (scope.clone(), idempotency.request_id);
        match self.answers.get(&key).filter(|call| !now.has_reached(call.until)) {
            None => Ok(None),
            Some(call) if idempotency.content.contains(&call.content) => Ok(Some(call.answer.clone())),
            Some(_) => Err(Refusal::RequestIdReused),
        }
    }

    /// Stores the answer for the repetitions of this call.
    pub(super) fn store_answer(
        &mut self,
        scope: &TenantScope,
        idempotency: &Idempotency,
        answer: StoredAnswer,
        now: Timestamp,
    ) {
        let Idempotency { request_id, content, answer_life } = idempotency;
        let until = now.plus(*answer_life);
        let call = AnsweredCall { content: content.active.clone(), answer, until };
        self.answers.insert((scope.clone(), *request_id), call);
    }

    /// Stores the answer if the step changed something or there is room. The number of steps that change nothing has no
    /// bound; a full store judges them anew when they are repeated.
    pub(super) fn store_answer_if_room(
        &mut self,
        has_changed: bool,
        scope: &TenantScope,
        idempotency: &Idempotency,
        answer: StoredAnswer,
        now: Timestamp,
    ) {
        if has_changed || self.has_room() {
            self.store_answer(scope, idempotency, answer, now);
        }
    }

    /// Consumes every budget or none; those that only record are left as they are when they are exhausted.
    pub(super) fn consume(
        &mut self,
        scope: &TenantScope,
        subject: &Subject,
        budgets: &[TenantBudget],
        modes: BudgetModes,
        now: Timestamp,
    ) -> Result<Consumed, Refusal> {
        let mut counts = Vec::with_capacity(budgets.len());
        let mut consumed = Consumed::default();
        for TenantBudget { kind, cost, window } in budgets {
            let key = BudgetKey {
                tenant: scope.tenant,
                kind: *kind,
                subject: matches!(kind, BudgetKind::Subject | BudgetKind::FamiliarSubject)
                    .then(|| (scope.clone(), subject.clone())),
                length: window.length,
            };
            let shadowed = modes.shadowed(*kind);
            match (window.count(*cost, self.budgets.get(&key).copied(), now), kind) {
                (Ok(count), _) => counts.push((key, count)),
                (Err(_), BudgetKind::Decoys) => consumed.is_dropped = true,
                (Err(_), _) if shadowed.is_some() => consumed.shadow.extend(shadowed),
                (Err(until), BudgetKind::Subject | BudgetKind::FamiliarSubject) => {
                    return Err(Refusal::SubjectLimited(until.since(now)));
                }
                (Err(until), BudgetKind::Tenant | BudgetKind::Texts(_)) => {
                    return Err(Refusal::TenantLimited(until.since(now)));
                }
            }
        }
        self.budgets.extend(counts);
        Ok(consumed)
    }

    /// Refuses a subject that its failures pause or stop.
    pub(super) fn judge_failures(
        &self,
        key: &FailureKey,
        rule: &FailureRule,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let failures = self.failures.get(key);
        match failures.map_or(SubjectStatus::Allowed, |failures| rule.subject_status(failures, now)) {
            SubjectStatus::Allowed => Ok(()),
            SubjectStatus::Paused(until) => Err(Refusal::SubjectPaused(until.since(now))),
            SubjectStatus::Stopped => Err(Refusal::SubjectStopped),
        }
    }
}

fn remove_where<K: Eq + Hash, V>(map: &mut HashMap<K, V>, is_expired: impl Fn(&V) -> bool) {
    map.retain(|_, value| !is_expired(value));
}
