//! The scripts, and their keys and arguments in the order that the head of each names them.

use std::time::Duration;

use redis::{Script, ScriptInvocation};
use rekey_primitives::clock::{CLOCK_SKEW, Timestamp};
use rekey_sealing::HeldKey;

use super::keys;
use super::record::{fields, flag};
use crate::domain::failures::FailureRule;
use crate::domain::idempotency::Idempotency;
use crate::domain::mac::MacSet;
use crate::domain::names::{Purpose, Subject};
use crate::domain::scope::{RunId, ScopedId};
use crate::store::{CancelStep, CheckStep, RedeemStep, ReleaseStep, ResendStep, SendLimits, StartStep};

pub(super) struct Scripts {
    snapshot: Script,
    start: Script,
    resend: Script,
    acknowledge: Script,
    check: Script,
    cancel: Script,
    redeem: Script,
    release: Script,
    hold_keys: Script,
}

macro_rules! script {
    ($($file:literal),+) => { Script::new(concat!($(include_str!(concat!("lua/", $file)), "\n"),+)) };
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            snapshot: script!("common.lua", "snapshot.lua"),
            start: script!("common.lua", "sending.lua", "start.lua"),
            resend: script!("common.lua", "sending.lua", "resend.lua"),
            acknowledge: script!("common.lua", "acknowledge.lua"),
            check: script!("common.lua", "check.lua"),
            cancel: script!("common.lua", "cancel.lua"),
            redeem: script!("common.lua", "redeem.lua"),
            release: script!("common.lua", "release.lua"),
            hold_keys: script!("hold_keys.lua"),
        }
    }

    pub(super) fn hold_keys(&self, kind: &str, held: &[HeldKey], are_judged: bool) -> ScriptInvocation<'_> {
        let mut call = self.hold_keys.prepare_invoke();
        call.key(keys::known_keys(kind));
        call.arg(keys::KNOWN_KEYS_LIFE.as_secs()).arg(flag(are_judged));
        for key in held {
            call.arg(key.id.as_str()).arg(key.check.as_bytes().as_slice());
        }
        call
    }

    pub(super) fn snapshot(&self, id: &ScopedId) -> ScriptInvocation<'_> {
        let mut call = self.snapshot.prepare_invoke();
        call.key(keys::verification(id));
        call
    }

    pub(super) fn start(&self, step: &StartStep, now: Timestamp) -> ScriptInvocation<'_> {
        let verification = &step.verification;
        let mut call = self.start.prepare_invoke();
        add_keys(&mut call, &step.idempotency, &step.id, &verification.purpose, &verification.subject);
        add_idempotency(&mut call, &step.idempotency, now);
        call.arg(verification.run_id.as_str()).arg(keys::record_ttl(verification.expires_at, now));
        add_macs(&mut call, &step.content);
        add_limits(&mut call, &step.limits, &step.id, &verification.subject);
        let fields = fields(verification, &step.code);
        call.arg(fields.len());
        for (field, value) in fields {
            call.arg(field).arg(value);
        }
        call
    }

    pub(super) fn resend(&self, step: &ResendStep, now: Timestamp) -> ScriptInvocation<'_> {
        let mut call = self.resend.prepare_invoke();
        add_keys(&mut call, &step.idempotency, &step.id, &step.seen.purpose, &step.seen.subject);
        add_idempotency(&mut call, &step.idempotency, now);
        call.arg(step.run_id.as_str()).arg(keys::record_ttl(step.seen.expires_at, now));
        call.arg(step.seen.content.as_str()).arg(flag(step.rotate));
        call.arg(step.code.mac.as_str()).arg(&step.code.sealed);
        add_limits(&mut call, &step.limits, &step.id, &step.seen.subject);
        call
    }

    pub(super) fn acknowledge(&self, id: &ScopedId, number: u32, run_id: &RunId) -> ScriptInvocation<'_> {
        let mut call = self.acknowledge.prepare_invoke();
        call.key(keys::verification(id)).arg(number).arg(run_id.as_str());
        call
    }

    pub(super) fn check(&self, step: &CheckStep, now: Timestamp) -> ScriptInvocation<'_> {
        let mut call = self.check.prepare_invoke();
        add_keys(&mut call, &step.idempotency, &step.id, &step.purpose, &step.subject);
        add_idempotency(&mut call, &step.idempotency, now);
        call.arg(step.run_id.as_str()).arg(step.purpose.as_str()).arg(step.subject.as_str());
        add_macs(&mut call, &step.typed);
        call.arg(step.grant.to_string());
        add_failure_rule(&mut call, &step.failures);
        call.arg(micros(CLOCK_SKEW)).arg(keys::ttl(keys::FAILURES_LIFE));
        call
    }

    pub(super) fn cancel(&self, step: &CancelStep, now: Timestamp) -> ScriptInvocation<'_> {
        let mut call = self.cancel.prepare_invoke();
        call.key(keys::verification(&step.id)).key(keys::answer(&step.id.scope, step.idempotency.request_id));
        add_idempotency(&mut call, &step.idempotency, now);
        call
    }

    pub(super) fn redeem(&self, step: &RedeemStep, now: Timestamp) -> ScriptInvocation<'_> {
        let mut call = self.redeem.prepare_invoke();
        call.key(keys::redeemed_grant(step.scope.tenant, step.grant));
        call.key(keys::answer(&step.scope, step.idempotency.request_id));
        add_idempotency(&mut call, &step.idempotency, now);
        call.arg(step.run_id.as_str()).arg(step.expires_at.unix_micros());
        call.arg(keys::record_ttl(step.expires_at, now));
        call
    }

    pub(super) fn release(&self, step: &ReleaseStep, now: Timestamp) -> ScriptInvocation<'_> {
        let mut call = self.release.prepare_invoke();
        call.key(keys::failures(&step.scope, &step.purpose, &step.subject));
        call.key(keys::answer(&step.scope, step.idempotency.request_id));
        add_idempotency(&mut call, &step.idempotency, now);
        call
    }
}

fn add_keys(
    call: &mut ScriptInvocation<'_>,
    idempotency: &Idempotency,
    id: &ScopedId,
    purpose: &Purpose,
    subject: &Subject,
) {
    call.key(keys::verification(id)).key(keys::answer(&id.scope, idempotency.request_id));
    call.key(keys::failures(&id.scope, purpose, subject));
}

/// Adds `now`, and what `take_idempotency` reads.
fn add_idempotency(call: &mut ScriptInvocation<'_>, idempotency: &Idempotency, now: Timestamp) {
    let life = idempotency.answer_life;
    call.arg(now.unix_micros()).arg(now.plus(life).unix_micros()).arg(keys::ttl(life));
    add_macs(call, &idempotency.content);
}

/// Adds what `take_list` reads.
fn add_macs(call: &mut ScriptInvocation<'_>, macs: &MacSet) {
    call.arg(1 + macs.others.len());
    for mac in macs.iter() {
        call.arg(mac.as_str());
    }
}

/// Adds what `take_limits` reads, and the keys of the budgets.
fn add_limits(call: &mut ScriptInvocation<'_>, limits: &SendLimits, id: &ScopedId, subject: &Subject) {
    call.arg(limits.seen_sends).arg(limits.max_sends);
    call.arg(limits.next_send_at.map(|at| at.unix_micros().to_string()).unwrap_or_default());
    call.arg(flag(limits.is_reserved)).arg(limits.withheld.bits()).arg(micros(CLOCK_SKEW));
    add_failure_rule(call, &limits.failures);
    call.arg(limits.budgets.len());
    for budget in &limits.budgets {
        call.key(keys::budget(&id.scope, subject, budget));
        call.arg(budget.kind.into_str()).arg(budget.cost);
        call.arg(budget.window.limit).arg(micros(budget.window.length));
    }
}

/// Adds what `take_failure_rule` reads.
fn add_failure_rule(call: &mut ScriptInvocation<'_>, rule: &FailureRule) {
    call.arg(rule.pause_at).arg(micros(rule.pause_window)).arg(rule.stop_at);
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
