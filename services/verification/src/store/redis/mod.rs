//! Codes and limits in Redis, shared by all replicas. Single, Sentinel and Cluster alike: every step is one script,
//! and all its keys share the tenant's hash tag.
//!
//! | Key (after `rekey:verification:{TENANT}:`) | Kind | Holds |
//! |---|---|---|
//! | `v:<caller>:<verification>` | hash | one verification: what was asked, where it stands, code sealed and digested |
//! | `r:<caller>:<request>` | hash | the first answer to a request, with a digest of its content and its end |
//! | `f:<caller, purpose, subject>` | hash | failures in a row and when the latest were, for callers that keep no count |
//! | `b:<payer>:<window>[:<caller, subject> or :<country>]` | hash | messages spent of a budget, and when its window closes |
//! | `g:<grant>` | string | that a grant was spent |
//!
//! Budgets that cross tenants are the throttle's (`rekey:verification:b:…`). Names in angle brackets are hashes
//! where they could be personal. Ends stand in the values and are compared with the `now` of the step; a TTL only
//! collects rubbish. The run is read inside each step (run id and replication id, from `INFO`, 6 us), so a promoted
//! replica knows at once that the codes it copied are void, also one that was the primary before.

mod keys;
mod record;
mod runs;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use redis::{FromRedisValue, Script, ScriptInvocation, Value};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use rekey_throttle::connection::Connection;

use self::record::{Reply, flag};
use self::runs::Runs;
use super::{
    Cancelled, Charge, Check, Checked, Dispatch, Failure, Redeem, Redeemed, Released, Resend, Sight, Start,
    Store,
};
use crate::domain::limits::FailureRule;
use crate::domain::names::{Purpose, Subject};
use crate::domain::scope::{Generation, Place, TenantScope};
use crate::domain::tag::{Request, Tags};
use crate::domain::verification::{State, Verification};

/// The store in Redis.
pub(crate) struct RedisStore {
    connection: Connection,
    scripts: Scripts,
    runs: Runs,
    /// Whether a Redis that may evict is refused.
    must_keep: bool,
    /// Whether it was found to keep what it is given. Asked before the first step and with every look at it.
    keeps: AtomicBool,
}

struct Scripts {
    look: Script,
    start: Script,
    resend: Script,
    acknowledge: Script,
    check: Script,
    cancel: Script,
    redeem: Script,
    release: Script,
}

macro_rules! script {
    ($($file:literal),+) => { Script::new(concat!($(include_str!($file), "\n"),+)) };
}

impl Scripts {
    fn new() -> Self {
        Self {
            look: script!("common.lua", "look.lua"),
            start: script!("common.lua", "charging.lua", "start.lua"),
            resend: script!("common.lua", "charging.lua", "resend.lua"),
            acknowledge: script!("common.lua", "acknowledge.lua"),
            check: script!("common.lua", "check.lua"),
            cancel: script!("common.lua", "cancel.lua"),
            redeem: script!("common.lua", "redeem.lua"),
            release: script!("common.lua", "release.lua"),
        }
    }
}

impl RedisStore {
    /// Uses this connection. `must_keep` refuses to work on a Redis that may throw keys away: a counter that
    /// vanishes is an unlimited try.
    pub(crate) fn new(connection: Connection, must_keep: bool) -> Self {
        Self {
            connection,
            scripts: Scripts::new(),
            runs: Runs::default(),
            must_keep,
            keeps: AtomicBool::new(false),
        }
    }

    async fn run<T: FromRedisValue>(&self, invocation: &ScriptInvocation<'_>) -> Result<T, Failure> {
        if self.must_keep && !self.keeps.load(Ordering::Relaxed) {
            self.ready().await?;
        }
        Ok(invocation.invoke_async(&mut self.connection.clone()).await?)
    }

    /// The policies of all servers. A cluster answers with one text per node.
    async fn eviction_policies(&self) -> Result<Vec<String>, Failure> {
        let info: Value = redis::cmd("INFO").arg("memory").query_async(&mut self.connection.clone()).await?;
        let mut texts = Vec::new();
        collect_texts(&info, &mut texts);
        let policies = texts.iter().flat_map(|text| text.lines());
        let policies = policies.filter_map(|line| line.trim().strip_prefix("maxmemory_policy:"));
        Ok(policies.map(str::to_owned).collect())
    }
}

fn collect_texts(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::BulkString(bytes) => texts.push(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => texts.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect_texts(value, texts)),
        Value::Map(pairs) => pairs.iter().for_each(|(_, value)| collect_texts(value, texts)),
        _ => {}
    }
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore").field("connection", &self.connection).finish_non_exhaustive()
    }
}

/// Adds a list as the scripts' `take_list` reads it.
fn add_tags(invocation: &mut ScriptInvocation<'_>, tags: &Tags) {
    invocation.arg(1 + tags.others.len());
    for tag in tags.iter() {
        invocation.arg(tag.as_str());
    }
}

/// Adds a charge as the scripts' `take_charge` reads it, and the keys of its budgets.
fn add_charge(invocation: &mut ScriptInvocation<'_>, place: &Place, subject: &Subject, charge: &Charge) {
    invocation.arg(charge.seen_sends).arg(charge.most_sends);
    invocation.arg(charge.next_send_at.map(|at| at.unix_micros().to_string()).unwrap_or_default());
    invocation.arg(flag(charge.funded));
    add_failure_rule(invocation, &charge.failures);
    invocation.arg(charge.spends.len());
    for spend in &charge.spends {
        invocation.key(keys::budget(&place.scope, subject, spend));
        invocation.arg(spend.payer.as_str()).arg(spend.window.limit).arg(micros(spend.window.length));
    }
}

/// Adds a rule as the scripts' `take_failure_rule` reads it.
fn add_failure_rule(invocation: &mut ScriptInvocation<'_>, rule: &FailureRule) {
    invocation.arg(rule.pause_at).arg(micros(rule.pause_window)).arg(rule.stop_at);
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Adds until when the answer is kept, and its TTL.
fn add_answer(invocation: &mut ScriptInvocation<'_>, now: Timestamp, life: Duration) {
    invocation.arg(now.plus(life).unix_micros()).arg(keys::ttl(life));
}

fn add_keys(invocation: &mut ScriptInvocation<'_>, request: &Request, place: &Place, seen: &Verification) {
    invocation.key(keys::verification(place)).key(keys::answer(&place.scope, request));
    invocation.key(keys::failures(&place.scope, &seen.purpose, &seen.subject));
}

#[async_trait]
impl Store for RedisStore {
    async fn look(&self, place: &Place) -> Result<Sight, Failure> {
        let mut invocation = self.scripts.look.prepare_invoke();
        invocation.key(keys::verification(place));
        let sight = record::sight(self.run(&invocation).await?)?;
        self.runs.remember(place.scope.tenant, &sight.generation);
        Ok(sight)
    }

    fn likely_generation(&self, tenant: TenantId) -> Generation {
        self.runs.of(tenant)
    }

    async fn start(&self, start: &Start, now: Timestamp) -> Result<Dispatch, Failure> {
        let verification = &start.verification;
        let mut invocation = self.scripts.start.prepare_invoke();
        add_keys(&mut invocation, &start.request, &start.place, verification);
        invocation.arg(now.unix_micros()).arg(verification.generation.as_str());
        add_answer(&mut invocation, now, start.answer_life);
        invocation.arg(keys::record_ttl(verification.expires_at, now));
        add_tags(&mut invocation, &start.request.content);
        add_tags(&mut invocation, &start.content);
        add_charge(&mut invocation, &start.place, &verification.subject, &start.charge);
        let fields = record::fields(verification, &start.code);
        invocation.arg(fields.len());
        for (field, value) in fields {
            invocation.arg(field).arg(value);
        }
        record::dispatch(&self.run(&invocation).await?, now)
    }

    async fn resend(&self, resend: &Resend, now: Timestamp) -> Result<Dispatch, Failure> {
        let mut invocation = self.scripts.resend.prepare_invoke();
        add_keys(&mut invocation, &resend.request, &resend.place, &resend.seen);
        invocation.arg(now.unix_micros()).arg(resend.generation.as_str());
        add_answer(&mut invocation, now, resend.answer_life);
        invocation.arg(keys::record_ttl(resend.seen.expires_at, now));
        add_tags(&mut invocation, &resend.request.content);
        invocation.arg(resend.seen.content.as_str()).arg(flag(resend.rotate));
        invocation.arg(resend.code.tag.as_str()).arg(&resend.code.sealed);
        add_charge(&mut invocation, &resend.place, &resend.seen.subject, &resend.charge);
        record::dispatch(&self.run(&invocation).await?, now)
    }

    async fn acknowledge(&self, place: &Place, number: u32, generation: &Generation) -> Result<(), Failure> {
        let mut invocation = self.scripts.acknowledge.prepare_invoke();
        invocation.key(keys::verification(place)).arg(number).arg(generation.as_str());
        let _done: i64 = self.run(&invocation).await?;
        Ok(())
    }

    async fn check(&self, check: &Check, now: Timestamp) -> Result<Checked, Failure> {
        let mut invocation = self.scripts.check.prepare_invoke();
        let scope = &check.place.scope;
        invocation.key(keys::verification(&check.place)).key(keys::answer(scope, &check.request));
        invocation.key(keys::failures(scope, &check.purpose, &check.subject));
        invocation.arg(now.unix_micros()).arg(check.generation.as_str());
        add_answer(&mut invocation, now, check.answer_life);
        add_tags(&mut invocation, &check.request.content);
        invocation.arg(check.purpose.as_str()).arg(check.subject.as_str());
        add_tags(&mut invocation, &check.typed);
        invocation.arg(check.grant.to_string());
        add_failure_rule(&mut invocation, &check.failures);
        invocation.arg(keys::ttl(keys::FAILURES_KEPT));
        let checked = record::checked(self.run(&invocation).await?, now)?;
        if let Checked::Moved(generation) = &checked {
            self.runs.remember(scope.tenant, generation);
        }
        Ok(checked)
    }

    async fn cancel(
        &self,
        request: &Request,
        place: &Place,
        answer_life: Duration,
        now: Timestamp,
    ) -> Result<Cancelled, Failure> {
        let mut invocation = self.scripts.cancel.prepare_invoke();
        invocation.key(keys::verification(place)).key(keys::answer(&place.scope, request));
        invocation.arg(now.unix_micros());
        add_answer(&mut invocation, now, answer_life);
        add_tags(&mut invocation, &request.content);
        let reply: Reply = self.run(&invocation).await?;
        match reply.as_slice() {
            [word, state] if word == b"state" => {
                let state = std::str::from_utf8(state).ok().and_then(State::parse);
                state.map(Cancelled::Now).ok_or(Failure::Unreadable("state"))
            }
            _ => record::refusal(&reply, now).map(Cancelled::Refused),
        }
    }

    async fn redeem(&self, redeem: &Redeem, now: Timestamp) -> Result<Redeemed, Failure> {
        let mut invocation = self.scripts.redeem.prepare_invoke();
        invocation.key(keys::spent_grant(redeem.scope.tenant, redeem.grant));
        invocation.key(keys::answer(&redeem.scope, &redeem.request));
        invocation.arg(now.unix_micros());
        add_answer(&mut invocation, now, redeem.answer_life);
        add_tags(&mut invocation, &redeem.request.content);
        invocation.arg(redeem.generation.as_str()).arg(redeem.expires_at.unix_micros());
        invocation.arg(keys::record_ttl(redeem.expires_at, now));
        let reply: Reply = self.run(&invocation).await?;
        match reply.first().map(Vec::as_slice) {
            Some(b"done") => Ok(Redeemed::Spent),
            _ => record::refusal(&reply, now).map(Redeemed::Refused),
        }
    }

    async fn release(
        &self,
        request: &Request,
        scope: &TenantScope,
        purpose: &Purpose,
        subject: &Subject,
        answer_life: Duration,
        now: Timestamp,
    ) -> Result<Released, Failure> {
        let mut invocation = self.scripts.release.prepare_invoke();
        invocation.key(keys::failures(scope, purpose, subject)).key(keys::answer(scope, request));
        invocation.arg(now.unix_micros());
        add_answer(&mut invocation, now, answer_life);
        add_tags(&mut invocation, &request.content);
        let reply: Reply = self.run(&invocation).await?;
        match reply.first().map(Vec::as_slice) {
            Some(b"done") => Ok(Released::Done),
            _ => record::refusal(&reply, now).map(Released::Refused),
        }
    }

    async fn ready(&self) -> Result<(), Failure> {
        self.connection.ping().await?;
        if self.must_keep {
            let policies = self.eviction_policies().await?;
            let evicting = policies.iter().find(|policy| *policy != "noeviction");
            let found = match evicting {
                Some(policy) => Err(Failure::Evicts(policy.clone())),
                None if policies.is_empty() => Err(Failure::Evicts("unknown".to_owned())),
                None => Ok(()),
            };
            self.keeps.store(found.is_ok(), Ordering::Relaxed);
            found?;
        }
        Ok(())
    }
}
