//! Codes and limits in Redis, shared by all replicas. Single, Sentinel and Cluster alike: every step is one script, and
//! all its keys share the tenant's hash tag.
//!
//! | Key (after `rekey:verification:{TENANT}:`) | Kind | Holds |
//! |---|---|---|
//! | `v:<caller>:<verification>` | hash | one verification: what was asked, its state, its code sealed and as a MAC |
//! | `r:<caller>:<request>` | hash | the first answer to a call, with a MAC of its content and until when it is stored |
//! | `f:<caller, purpose, subject>` | hash | failures in a row and when the latest were, for callers that keep no count |
//! | `b:<kind>:<window>[:<caller, subject> or :<country>]` | hash | messages counted in a budget, and when its window closes |
//! | `g:<grant>` | string | that a grant was redeemed |
//! | `c` | hash | texts and right codes by number prefix: its country and a tally; when prefixes were last swept |
//! | `s` | hash | the spray breaker: a tally of codes that were compared, its stage, until when, failures under challenge |
//! | `p:<destination>` | string | until when a destination that a right code came back from is spared |
//! | `e` | list | events that wait to be handed over |
//! | `x` | sorted set | what is recorded when lives end, by when they do |
//! | `t` | hash | which replica hands over events, and until when |
//!
//! `rekey:verification:k:<kind>` holds by what the keys in use are told from others: id and check, for a day after the last process
//! looked. Budgets that cross tenants are the throttle's (`rekey:verification:b:…`). Names in angle brackets are hashes where
//! they could be personal. Ends stand in the values and are compared with the `now` of the step; a TTL is only
//! garbage collection. The run is read inside each step (run id and replication id, from `INFO`, 6 us), so a promoted
//! replica knows at once that the codes it copied are void, also one that was the primary before. It copied every step that
//! was answered: an answer waits until a replica has the step, where there is one (see `Connection::step`).
//!
//! Replicas of two versions share these keys during a rolling upgrade. So the names of keys and fields stay as the
//! first version wrote them, also where the code has the field's word by now: `generation` is the run id,
//! `tries_left` the attempts left, `ending` the resolution, `tag` the MAC, `spent` the messages counted.

mod conversion;
mod keys;
mod noted;
mod outbox;
mod record;
mod replies;
mod run_ids;
mod scripts;

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use redis::{FromRedisValue, ScriptInvocation, Value};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use rekey_sealing::{HeldKey, KeptCheck, KeyStore, KeyStoreFailure, WrongKeys};
use rekey_throttle::connection::Connection;

use self::noted::NotedTenants;
use self::replies::Reply;
use self::run_ids::AssumedRunIds;
use self::scripts::Scripts;
use super::{
    CancelStep, CheckOutcome, CheckStep, ConvertStep, Failure, RedeemStep, ReleaseStep, ResendStep,
    SendOutcome, Snapshot, StartStep, StepEvents, Store, TenantConversion,
};
use crate::domain::budgets::Window;
use crate::domain::refusal::Refusal;
use crate::domain::scope::{RunId, ScopedId};
use crate::domain::verification::VerificationState;

#[derive(derive_more::Debug)]
pub(crate) struct RedisStore {
    connection: Connection,
    #[debug(skip)]
    scripts: Scripts,
    #[debug(skip)]
    run_ids: AssumedRunIds,
    #[debug(skip)]
    noted: NotedTenants,
    /// Whether a Redis that may evict is refused.
    refuses_eviction: bool,
    /// Whether it was found not to evict. Asked before the first step and whenever the store's health is checked.
    never_evicts: AtomicBool,
    /// Whether it was asked if it keeps what it holds.
    asked_persistence: AtomicBool,
}

impl RedisStore {
    /// `refuses_eviction` refuses to work on a Redis that may evict keys: a counter that vanishes is an unlimited
    /// attempt.
    pub(crate) fn new(connection: Connection, refuses_eviction: bool) -> Self {
        Self {
            connection,
            scripts: Scripts::new(),
            run_ids: AssumedRunIds::default(),
            noted: NotedTenants::default(),
            refuses_eviction,
            never_evicts: AtomicBool::new(false),
            asked_persistence: AtomicBool::new(false),
        }
    }

    /// Runs a script that changes nothing that a failover may not forget.
    async fn run<T: FromRedisValue>(&self, invocation: &ScriptInvocation<'_>) -> Result<T, Failure> {
        self.fit().await?;
        Ok(invocation.invoke_async(&mut self.connection.clone()).await?)
    }

    /// Runs a script whose answer may be given only if a failover does not forget what was done.
    async fn step<T: FromRedisValue>(&self, invocation: &ScriptInvocation<'_>) -> Result<T, Failure> {
        self.fit().await?;
        Ok(self.connection.step(invocation).await?)
    }

    /// Looks at the store before its first use.
    async fn fit(&self) -> Result<(), Failure> {
        if self.refuses_eviction && !self.never_evicts.load(Ordering::Relaxed) {
            self.ready().await?;
        }
        Ok(())
    }

    /// The policies of all servers.
    async fn eviction_policies(&self) -> Result<Vec<String>, Failure> {
        self.info("memory", "maxmemory_policy:").await
    }

    /// Whether every server writes down each step, so that a restart forgets nothing. Codes are void after one anyway;
    /// budgets and counted failures are not.
    async fn is_persistent(&self) -> Result<bool, Failure> {
        let written = self.info("persistence", "aof_enabled:").await?;
        Ok(!written.is_empty() && written.iter().all(|enabled| enabled == "1"))
    }

    /// What all servers say under this key. A cluster answers with one text per node.
    async fn info(&self, section: &str, key: &str) -> Result<Vec<String>, Failure> {
        let info: Value = redis::cmd("INFO").arg(section).query_async(&mut self.connection.clone()).await?;
        let mut texts = Vec::new();
        collect_texts(&info, &mut texts);
        let values = texts.iter().flat_map(|text| text.lines());
        let values = values.filter_map(|line| line.trim().strip_prefix(key));
        Ok(values.map(str::to_owned).collect())
    }

    /// Says once that this Redis may forget.
    async fn name_forgetting(&self) -> Result<(), Failure> {
        if !self.asked_persistence.load(Ordering::Relaxed) {
            let is_persistent = self.is_persistent().await?;
            self.asked_persistence.store(true, Ordering::Relaxed);
            if !is_persistent {
                tracing::warn!(
                    "this Redis keeps no append-only file: when it restarts, budgets of messages and failures counted here \
                     begin anew"
                );
            }
        }
        Ok(())
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

#[async_trait]
impl Store for RedisStore {
    async fn snapshot(&self, id: &ScopedId) -> Result<Snapshot, Failure> {
        let snapshot = replies::snapshot(self.run(&self.scripts.snapshot(id)).await?)?;
        self.run_ids.remember(id.scope.tenant, &snapshot.run_id);
        Ok(snapshot)
    }

    fn assumed_run_id(&self, tenant: TenantId) -> RunId {
        self.run_ids.of(tenant)
    }

    async fn start(&self, step: &StartStep, now: Timestamp) -> Result<SendOutcome, Failure> {
        replies::send_outcome(&self.step(&self.scripts.start(step, now)).await?, now)
    }

    async fn resend(&self, step: &ResendStep, now: Timestamp) -> Result<SendOutcome, Failure> {
        replies::send_outcome(&self.step(&self.scripts.resend(step, now)).await?, now)
    }

    async fn acknowledge(
        &self,
        id: &ScopedId,
        number: u32,
        run_id: &RunId,
        events: &StepEvents,
    ) -> Result<(), Failure> {
        let _done: i64 = self.run(&self.scripts.acknowledge(id, number, run_id, events)).await?;
        Ok(())
    }

    async fn check(&self, step: &CheckStep, now: Timestamp) -> Result<CheckOutcome, Failure> {
        let outcome = replies::check_outcome(self.step(&self.scripts.check(step, now)).await?, now)?;
        if let CheckOutcome::RunChanged(run_id) = &outcome {
            self.run_ids.remember(step.id.scope.tenant, run_id);
        }
        Ok(outcome)
    }

    async fn convert(&self, step: &ConvertStep, now: Timestamp) -> Result<(), Failure> {
        let _done: i64 = self.run(&self.scripts.convert(step, now)).await?;
        Ok(())
    }

    async fn conversion(&self, tenant: TenantId, texts: Option<Window>) -> Result<TenantConversion, Failure> {
        conversion::read(&mut self.connection.clone(), tenant, texts).await
    }

    async fn cancel(
        &self,
        step: &CancelStep,
        now: Timestamp,
    ) -> Result<Result<VerificationState, Refusal>, Failure> {
        let reply: Reply = self.step(&self.scripts.cancel(step, now)).await?;
        match reply.as_slice() {
            [word, state] if word == b"state" => {
                let state = std::str::from_utf8(state).ok().and_then(|state| state.parse().ok());
                state.map(Ok).ok_or(Failure::Unreadable("state"))
            }
            _ => replies::refusal(&reply, now).map(Err),
        }
    }

    async fn redeem(&self, step: &RedeemStep, now: Timestamp) -> Result<Result<(), Refusal>, Failure> {
        replies::done(&self.step(&self.scripts.redeem(step, now)).await?, now)
    }

    async fn release(&self, step: &ReleaseStep, now: Timestamp) -> Result<Result<(), Refusal>, Failure> {
        replies::done(&self.step(&self.scripts.release(step, now)).await?, now)
    }

    async fn forget_keys(&self, kind: &str) -> Result<(), Failure> {
        let key = self::keys::known_keys(kind);
        let _gone: i64 = redis::cmd("DEL").arg(key).query_async(&mut self.connection.clone()).await?;
        Ok(())
    }

    fn cause(&self, failure: &Failure) -> String {
        match failure {
            Failure::Redis(error) => self.connection.cause(error),
            other => other.to_string(),
        }
    }

    async fn ready(&self) -> Result<(), Failure> {
        self.connection.ping().await?;
        self.name_forgetting().await?;
        if self.refuses_eviction {
            let policies = self.eviction_policies().await?;
            let evicting = policies.iter().find(|policy| *policy != "noeviction");
            let found = match evicting {
                Some(policy) => Err(Failure::Evicts(policy.clone())),
                None if policies.is_empty() => Err(Failure::Evicts("unknown".to_owned())),
                None => Ok(()),
            };
            self.never_evicts.store(found.is_ok(), Ordering::Relaxed);
            found?;
        }
        Ok(())
    }
}

#[async_trait]
impl KeyStore for RedisStore {
    async fn hold(&self, kind: &str, held: &[HeldKey]) -> Result<Result<(), WrongKeys>, KeyStoreFailure> {
        let known: Vec<(String, Vec<u8>)> = self.run(&self.scripts.hold_keys(kind, held, false)).await?;
        let known: Vec<KeptCheck> = known.into_iter().map(|(id, check)| KeptCheck { id, check }).collect();
        if let Err(wrong) = rekey_sealing::hold(held, &known) {
            return Ok(Err(wrong));
        }
        // Also where none is new: it is known for a while from now.
        let _before: Vec<(String, Vec<u8>)> = self.run(&self.scripts.hold_keys(kind, held, true)).await?;
        Ok(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rekey_primitives::entropy::SeededEntropy;
    use rekey_sealing::KeyText;
    use rekey_throttle::connection::Options;

    use super::*;

    const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const B: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    #[tokio::test]
    async fn a_redis_that_forgets_is_told_from_one_that_does_not() {
        let server = rekey_testing::redis().await;
        let connection = Connection::open(&Options::single(server.url())).unwrap();
        let store = RedisStore::new(connection, false);

        server.command(&["CONFIG", "SET", "appendonly", "no"]).unwrap();
        let forgets = !store.is_persistent().await.unwrap();
        server.command(&["CONFIG", "SET", "appendonly", "yes"]).unwrap();
        let keeps = store.is_persistent().await.unwrap();

        assert!(forgets && keeps);
    }

    #[tokio::test]
    async fn it_knows_the_keys_that_it_is_used_with_until_it_forgets_all() {
        let server = rekey_testing::redis().await;
        let connection = Connection::open(&Options::single(server.url())).unwrap();
        let store = RedisStore::new(connection, true);
        let hold =
            async |kind, text: &str| store.hold(kind, &KeyText::parse(text).unwrap().held()).await.unwrap();

        let first = hold("grant", &format!("a active {A}")).await;
        let rotated = hold("grant", &format!("a retired {A}\nb active {B}")).await;
        let removed = hold("grant", &format!("b active {B}")).await;
        let swapped = hold("grant", &format!("a active {B}")).await;
        let foreign = hold("grant", &format!("c active {A}")).await;
        let of_another_kind = hold("code_mac", &format!("c active {A}")).await;
        let ttl = server.command(&["TTL", "rekey:verification:k:grant"]).unwrap();
        store.forget_keys("grant").await.unwrap();
        let forgotten = hold("grant", &format!("c active {A}")).await;

        assert_eq!([first, rotated, removed, of_another_kind, forgotten], [(); 5].map(|()| Ok(())));
        assert!(matches!(swapped, Err(WrongKeys::Other(id)) if id.as_str() == "a"));
        assert!(matches!(foreign, Err(WrongKeys::Foreign(_))), "{foreign:?}");
        assert!(ttl.starts_with(":86"), "{ttl}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_many_first_keys_at_once_one_is_its() {
        let server = rekey_testing::redis().await;
        let connection = Connection::open(&Options::single(server.url())).unwrap();
        let store = Arc::new(RedisStore::new(connection, true));
        let bring = |seed: u64| {
            let text = KeyText::generate(&SeededEntropy::new(seed), Timestamp::EPOCH);
            let (store, held) = (Arc::clone(&store), KeyText::parse(&text).unwrap().held());
            tokio::spawn(async move { store.hold("grant", &held).await.unwrap() })
        };
        let racing: Vec<_> = (1..=8).map(bring).collect();

        let mut taken = 0;
        for one in racing {
            taken += usize::from(one.await.unwrap().is_ok());
        }

        assert_eq!(taken, 1);
    }
}
