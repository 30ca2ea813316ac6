//! What is held, for how long, and how much of it.
//!
//! Room is asked for by a start alone: a store that is full must still judge what is under way. What the other steps
//! leave belongs to a verification that found room, and is bounded by its tries and messages: failures of its subject,
//! messages spent, the marker of its grant, and the answers to steps that changed something.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{GrantId, RequestId, TenantId};

use crate::domain::limits::{Count, FailureRule, Failures, Payer, Spend};
use crate::domain::names::{Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::scope::{Place, TenantScope};
use crate::domain::tag::{Request, Tag};
use crate::domain::verification::{State, Times, Verification};
use crate::store::{Failure, KeptCode, Passed};

/// How long a verification is kept after its code died: repeated requests still find it.
const KEPT_AFTER_DEATH: Duration = Duration::from_secs(3_600);

pub(super) struct Kept {
    pub(super) verification: Verification,
    /// None once it can no longer be right.
    pub(super) code: Option<KeptCode>,
}

/// The first answer to a request.
#[derive(Clone)]
pub(super) enum Answer {
    Message { times: Times, sent: bool },
    Check(Option<Box<Passed>>),
    State(State),
    Done,
}

struct Answered {
    content: Tag,
    answer: Answer,
    until: Timestamp,
}

/// Whose counter: budgets of a subject are per caller, those of a tenant are shared by its callers.
#[derive(Clone, PartialEq, Eq, Hash)]
struct BudgetKey {
    tenant: TenantId,
    payer: Payer,
    whom: Option<(TenantScope, Subject)>,
    length: Duration,
}

pub(super) type FailureKey = (TenantScope, Purpose, Subject);

pub(super) struct Shelf {
    most_entries: usize,
    pub(super) verifications: HashMap<Place, Kept>,
    answers: HashMap<(TenantScope, RequestId), Answered>,
    pub(super) spent_grants: HashMap<(TenantId, GrantId), Timestamp>,
    budgets: HashMap<BudgetKey, Count>,
    pub(super) failures: HashMap<FailureKey, Failures>,
}

impl Shelf {
    pub(super) fn new(most_entries: usize) -> Self {
        Self {
            most_entries,
            verifications: HashMap::new(),
            answers: HashMap::new(),
            spent_grants: HashMap::new(),
            budgets: HashMap::new(),
            failures: HashMap::new(),
        }
    }

    /// Makes room for one more verification, or says there is none. What counts against somebody is never thrown out
    /// for it: only what has expired goes, and failures that are long over.
    pub(super) fn make_room(&mut self, rule: &FailureRule, now: Timestamp) -> Result<(), Failure> {
        if self.has_room() {
            return Ok(());
        }
        let is_past = |at: Timestamp| now.has_reached(at);
        drop_where(&mut self.verifications, |kept| {
            is_past(kept.verification.expires_at.plus(KEPT_AFTER_DEATH))
        });
        drop_where(&mut self.answers, |answered| is_past(answered.until));
        drop_where(&mut self.spent_grants, |until| is_past(*until));
        drop_where(&mut self.budgets, |count| is_past(count.until));
        drop_where(&mut self.failures, |failures| rule.is_over(failures, now));
        if self.has_room() { Ok(()) } else { Err(Failure::Full) }
    }

    fn has_room(&self) -> bool {
        let entries = self.verifications.len()
            + self.answers.len()
            + self.spent_grants.len()
            + self.budgets.len()
            + self.failures.len();
        entries < self.most_entries
    }

    /// The first answer to this request, if it was made before.
    pub(super) fn answered(
        &self,
        scope: &TenantScope,
        request: &Request,
        now: Timestamp,
    ) -> Result<Option<Answer>, Refusal> {
        let key = (scope.clone(), request.id);
        match self.answers.get(&key).filter(|answered| !now.has_reached(answered.until)) {
            None => Ok(None),
            Some(answered) if request.content.include(&answered.content) => Ok(Some(answered.answer.clone())),
            Some(_) => Err(Refusal::RequestIdReused),
        }
    }

    /// Keeps the answer for the same request again.
    pub(super) fn keep_answer(
        &mut self,
        scope: &TenantScope,
        request: &Request,
        answer: Answer,
        until: Timestamp,
    ) {
        let answered = Answered { content: request.content.active.clone(), answer, until };
        self.answers.insert((scope.clone(), request.id), answered);
    }

    /// Keeps the answer if the step changed something or there is room. Steps that change nothing are without number;
    /// a full store judges them anew when they are repeated.
    pub(super) fn offer_answer(
        &mut self,
        has_changed: bool,
        scope: &TenantScope,
        request: &Request,
        answer: Answer,
        until: Timestamp,
    ) {
        if has_changed || self.has_room() {
            self.keep_answer(scope, request, answer, until);
        }
    }

    /// Spends every budget or none. True when one that must not show is dry.
    pub(super) fn spend(
        &mut self,
        scope: &TenantScope,
        subject: &Subject,
        spends: &[Spend],
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        let mut counts = Vec::with_capacity(spends.len());
        let mut is_quiet = false;
        for spend in spends {
            let key = BudgetKey {
                tenant: scope.tenant,
                payer: spend.payer,
                whom: (spend.payer == Payer::Subject).then(|| (scope.clone(), subject.clone())),
                length: spend.window.length,
            };
            match (spend.window.after_one(self.budgets.get(&key).copied(), now), spend.payer) {
                (Ok(count), _) => counts.push((key, count)),
                (Err(_), Payer::Decoys) => is_quiet = true,
                (Err(until), Payer::Subject) => return Err(Refusal::SubjectLimited(until.since(now))),
                (Err(until), Payer::Tenant | Payer::Texts(_)) => {
                    return Err(Refusal::TenantLimited(until.since(now)));
                }
            }
        }
        self.budgets.extend(counts);
        Ok(is_quiet)
    }
}

fn drop_where<K: Eq + Hash, V>(map: &mut HashMap<K, V>, is_rubbish: impl Fn(&V) -> bool) {
    map.retain(|_, value| !is_rubbish(value));
}
