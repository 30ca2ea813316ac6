//! The scripts, and their keys and arguments in the order that the head of each names them.

use std::time::Duration;

use redis::{Script, ScriptInvocation};
use rekey_primitives::clock::{CLOCK_SKEW, Timestamp};
use rekey_primitives::id::TenantId;
use rekey_sealing::HeldKey;

use super::keys;
use super::record::{fields, flag};
use crate::domain::abuse::breaker::BreakerRule;
use crate::domain::abuse::tally::TallyShape;
use crate::domain::abuse::{JudgedSend, NumberPrefix};
use crate::domain::budgets::BudgetKind;
use crate::domain::event::EventText;
use crate::domain::failures::FailureRule;
use crate::domain::idempotency::Idempotency;
use crate::domain::mac::MacSet;
use crate::domain::names::{Purpose, Subject};
use crate::domain::scope::{RunId, ScopedId};
use crate::store::{
    CancelStep, CheckStep, ConvertStep, RedeemStep, ReleaseStep, ResendStep, SendLimits, StartStep,
    StepEvents, Turn,
};

pub(super) struct Scripts {
    snapshot: Script,
    start: Script,
    resend: Script,
    acknowledge: Script,
    check: Script,
    convert: Script,
    cancel: Script,
    redeem: Script,
    release: Script,
    hold_keys: Script,
    record_event: Script,
    record_expired: Script,
    take_events: Script,
    confirm_events: Script,
    forget_listener: Script,
}

macro_rules! script {
    ($($file:literal),+) => { Script::new(concat!($(include_str!(concat!("lua/", $file)), "\n"),+)) };
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            snapshot: script!("common.lua", "snapshot.lua"),
            start: script!("common.lua", "abuse.lua", "judging.lua", "sending.lua", "start.lua"),
            resend: script!("common.lua", "abuse.lua", "judging.lua", "sending.lua", "resend.lua"),
            acknowledge: script!("common.lua", "acknowledge.lua"),
            check: script!("common.lua", "abuse.lua", "check.lua"),
            convert: script!("common.lua", "abuse.lua", "convert.lua"),
            cancel: script!("common.lua", "cancel.lua"),
            redeem: script!("common.lua", "redeem.lua"),
            release: script!("common.lua", "release.lua"),
            hold_keys: script!("hold_keys.lua"),
            record_event: script!("common.lua", "record_event.lua"),
            record_expired: script!("common.lua", "record_expired.lua"),
            take_events: script!("common.lua", "take_events.lua"),
            confirm_events: script!("confirm_events.lua"),
            forget_listener: script!("forget_listener.lua"),
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
        if step.events.expiry.is_some() {
            call.key(keys::ends(step.id.scope.tenant));
        }
        add_events(&mut call, &step.events, step.id.scope.tenant);
        if let Some(expiry) = &step.events.expiry {
            call.arg(expiry.as_str());
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

    pub(super) fn acknowledge(
        &self,
        id: &ScopedId,
        number: u32,
        run_id: &RunId,
        events: &StepEvents,
    ) -> ScriptInvocation<'_> {
        let mut call = self.acknowledge.prepare_invoke();
        call.key(keys::verification(id)).arg(number).arg(run_id.as_str());
        add_events(&mut call, events, id.scope.tenant);
        call
    }

    pub(super) fn record_event(&self, tenant: TenantId, events: &StepEvents) -> ScriptInvocation<'_> {
        let mut call = self.record_event.prepare_invoke();
        add_events(&mut call, events, tenant);
        call
    }

    pub(super) fn record_expired(
        &self,
        id: &ScopedId,
        events: &StepEvents,
        now: Timestamp,
    ) -> ScriptInvocation<'_> {
        let mut call = self.record_expired.prepare_invoke();
        call.key(keys::verification(id)).key(keys::ends(id.scope.tenant)).arg(now.unix_micros());
        add_events(&mut call, events, id.scope.tenant);
        call
    }

    pub(super) fn take_events(&self, turn: &Turn, now: Timestamp) -> ScriptInvocation<'_> {
        let mut call = self.take_events.prepare_invoke();
        call.key(keys::events_turn(turn.tenant)).key(keys::events(turn.tenant));
        call.arg(now.unix_micros()).arg(&turn.holder).arg(now.plus(turn.lease).unix_micros());
        call.arg(keys::ttl(turn.lease)).arg(turn.most);
        call
    }

    pub(super) fn forget_listener(&self, tenant: TenantId, noted_before: Timestamp) -> ScriptInvocation<'_> {
        let mut call = self.forget_listener.prepare_invoke();
        call.key(keys::listened_tenants()).arg(tenant.to_string()).arg(noted_before.unix_micros());
        call
    }

    pub(super) fn confirm_events(&self, tenant: TenantId, handed_over: &[EventText]) -> ScriptInvocation<'_> {
        let mut call = self.confirm_events.prepare_invoke();
        call.key(keys::events(tenant));
        for text in handed_over {
            call.arg(text.as_str());
        }
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
        call.key(keys::breaker(step.id.scope.tenant)).arg(flag(step.breaker.is_some()));
        if let Some(judged) = &step.breaker {
            add_breaker_rule(&mut call, &judged.rule);
            add_macs(&mut call, &judged.standings.ordinary);
            add_macs(&mut call, &judged.standings.spared);
        }
        add_events(&mut call, &step.events, step.id.scope.tenant);
        call
    }

    pub(super) fn convert(&self, step: &ConvertStep, now: Timestamp) -> ScriptInvocation<'_> {
        let tenant = step.id.scope.tenant;
        let mut call = self.convert.prepare_invoke();
        call.key(keys::verification(&step.id)).key(keys::conversion(tenant));
        for name in &step.spared {
            call.key(keys::spared(tenant, name));
        }
        call.arg(now.unix_micros()).arg(micros(CLOCK_SKEW));
        call.arg(step.spared_until.unix_micros()).arg(keys::ttl(step.spared_until.since(now)));
        add_prefix(&mut call, step.prefix.as_ref());
        call.arg(step.rule.most_prefixes);
        add_shape(&mut call, step.rule.counted(), step.rule.shape, step.rule.counted().window());
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

/// Adds what `take_limits` reads, and the keys of the budgets and of what is judged.
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
        call.arg(limits.modes.shadowed(budget.kind).map_or("", |rule| rule.into_str()));
        call.arg(if let BudgetKind::Texts(country) = budget.kind { country.text() } else { String::new() });
    }
    add_judged(call, limits.judged.as_ref(), id.scope.tenant);
}

/// Adds what `take_events` reads, and the key of the events as the last one.
fn add_events(call: &mut ScriptInvocation<'_>, events: &StepEvents, tenant: TenantId) {
    call.arg(events.most_waiting).arg(events.texts.len());
    for text in &events.texts {
        call.arg(text.as_str());
    }
    if !events.texts.is_empty() {
        call.key(keys::events(tenant));
    }
}

/// Adds what `take_failure_rule` reads.
fn add_failure_rule(call: &mut ScriptInvocation<'_>, rule: &FailureRule) {
    call.arg(rule.pause_at).arg(micros(rule.pause_window)).arg(rule.stop_at);
}

/// Adds what `take_judged` reads, and the keys that it names.
fn add_judged(call: &mut ScriptInvocation<'_>, judged: Option<&JudgedSend>, tenant: TenantId) {
    call.arg(flag(judged.is_some()));
    let Some(JudgedSend { rules, destinations, start }) = judged else { return };
    call.key(keys::conversion(tenant)).key(keys::breaker(tenant));
    let conversion = &rules.conversion;
    call.arg(conversion.mode.into_str());
    add_shape(call, conversion.counted(), conversion.shape, conversion.counted().window());
    call.arg(conversion.least_sends).arg(conversion.floor_percent).arg(conversion.most_prefixes);
    add_breaker_rule(call, &rules.breaker);
    call.arg(micros(rules.spared)).arg(flag(start.is_some()));
    call.arg(flag(start.as_ref().is_some_and(|start| start.challenge_passed)));
    call.arg(start.as_ref().map_or("", |start| start.spared_standing.as_str()));
    call.arg(destinations.len());
    for destination in destinations {
        call.key(keys::spared(tenant, &destination.name)).arg(destination.place);
        call.arg(flag(destination.is_counted)).arg(flag(destination.is_exempt));
        add_prefix(call, destination.prefix.as_ref());
    }
}

/// Adds digits and country; two empty texts for what is no number.
fn add_prefix(call: &mut ScriptInvocation<'_>, prefix: Option<&NumberPrefix>) {
    call.arg(prefix.map_or("", |prefix| prefix.digits.as_str()));
    call.arg(prefix.map(|prefix| prefix.country.text()).unwrap_or_default());
}

/// Adds what `take_breaker_rule` reads.
fn add_breaker_rule(call: &mut ScriptInvocation<'_>, rule: &BreakerRule) {
    call.arg(rule.mode.into_str());
    add_shape(call, rule.shape, rule.shape, rule.life());
    call.arg(rule.least_failures).arg(rule.failure_percent);
    call.arg(micros(rule.challenge)).arg(rule.limit_after).arg(micros(rule.limited));
}

/// Adds what `take_shape` reads.
fn add_shape(call: &mut ScriptInvocation<'_>, counted: TallyShape, window: TallyShape, life: Duration) {
    call.arg(counted.buckets).arg(window.buckets).arg(micros(window.bucket_length)).arg(keys::ttl(life));
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
