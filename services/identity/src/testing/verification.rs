//! Verification as a test would have it: codes can be read, limits and outages set.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::contact::Destination;
use rekey_primitives::id::{TenantId, VerificationId};
use rekey_primitives::method::ProofClass;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::peers::Failure;
use crate::peers::verification::{
    CheckCode, Checked, CodeTiming, Progress, Redeemed, ResendCode, Resent, StartCode, Started, Stop,
    Stopped, Timers, Verification,
};

/// A neighbour that keeps everything in the open.
pub(crate) struct FakeVerification {
    clock: SharedClock,
    timing: Mutex<CodeTiming>,
    evidence: Mutex<fn(Redeemed) -> Redeemed>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: HashMap<VerificationId, Running>,
    requests: HashSet<Uuid>,
    checks: HashMap<Uuid, Option<String>>,
    redeemed: HashMap<String, Uuid>,
    stop: Option<Stop>,
    stop_of_checks: Option<Stop>,
    is_away: bool,
}

#[derive(Clone)]
struct Running {
    code: String,
    destinations: Vec<Destination>,
    decoy: bool,
    about: (&'static str, String),
    binding: [u8; 32],
    started_at: Timestamp,
    sent: Vec<Timestamp>,
    attempts: u32,
    passed_at: Option<Timestamp>,
}

/// A code that passed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PassedCode {
    pub(crate) verification_id: VerificationId,
    pub(crate) at: Timestamp,
    /// When it would have died.
    pub(crate) expires_at: Timestamp,
}

impl FakeVerification {
    pub(crate) fn new(clock: SharedClock) -> Self {
        let waits = [30, 60, 120, 240].map(Duration::from_secs).to_vec();
        let timing = Mutex::new(CodeTiming { code_life: Duration::from_secs(600), waits });
        Self { clock, timing, evidence: Mutex::new(|redeemed| redeemed), state: Mutex::default() }
    }

    /// From now on tells this of every grant.
    pub(crate) fn tell_of(&self, evidence: fn(Redeemed) -> Redeemed) {
        *self.evidence.lock().unwrap() = evidence;
    }

    /// From now on codes live so long and are sent again after these waits, in seconds.
    pub(crate) fn set_code_timing(&self, code_life: u64, waits: &[u64]) {
        let waits = waits.iter().copied().map(Duration::from_secs).collect();
        *self.timing.lock().unwrap() = CodeTiming { code_life: Duration::from_secs(code_life), waits };
    }

    fn timing(&self) -> CodeTiming {
        self.timing.lock().unwrap().clone()
    }

    /// From now on starts of real codes are stopped by that limit.
    pub(crate) fn stop_by(&self, stop: Stop) {
        self.state().stop = Some(stop);
    }

    /// From now on no code is compared, for that limit, or all are again.
    pub(crate) fn stop_checks_by(&self, stop: Option<Stop>) {
        self.state().stop_of_checks = stop;
    }

    /// From now on it is away, or back.
    pub(crate) fn set_away(&self, is_away: bool) {
        self.state().is_away = is_away;
    }

    /// The code that was sent to an address.
    pub(crate) fn code_for(&self, address: &str) -> SecretString {
        let state = self.state();
        let mut found = state.running.values().filter(|running| running.reaches(address));
        let running = found.next().expect("a code was sent there");
        SecretString::from(running.code.clone())
    }

    /// The code that was sent to an address last.
    pub(crate) fn latest_code_for(&self, address: &str) -> SecretString {
        self.latest_code_among(&[address]).expect("a code was sent there")
    }

    /// The code that was sent to one of these addresses last, if there is any.
    pub(crate) fn latest_code_among(&self, addresses: &[&str]) -> Option<SecretString> {
        let state = self.state();
        let is_there = |running: &&Running| addresses.iter().any(|address| running.reaches(address));
        let found = state.running.values().filter(is_there);
        let latest = found.max_by_key(|running| (running.started_at, running.code.clone()))?;
        Some(SecretString::from(latest.code.clone()))
    }

    /// How many requests to check a code were judged; a repeated one once.
    pub(crate) fn judged(&self) -> usize {
        self.state().checks.len()
    }

    /// When and where a code passed, if it did.
    pub(crate) fn passed(&self, code: &str) -> Option<PassedCode> {
        let (timing, state) = (self.timing(), self.state());
        let found = state.running.iter().find(|(_, running)| running.code == code);
        found.and_then(|(id, running)| {
            let expires_at = running.timers(&timing).code_expires_at;
            Some(PassedCode { verification_id: *id, at: running.passed_at?, expires_at })
        })
    }

    /// Where the codes went that were no decoys, in order of their verifications' starts; addresses by letter.
    pub(crate) fn sent_to(&self) -> Vec<Vec<String>> {
        let state = self.state();
        let mut real: Vec<&Running> = state.running.values().filter(|running| !running.decoy).collect();
        real.sort_by_key(|running| running.code.clone());
        let texts = |running: &Running| {
            let mut texts: Vec<_> =
                running.destinations.iter().map(|destination| destination.as_str().to_owned()).collect();
            texts.sort();
            texts
        };
        real.into_iter().map(texts).collect()
    }

    /// How many messages went out that were no decoys.
    pub(crate) fn real_messages(&self) -> usize {
        let state = self.state();
        let real = state.running.values().filter(|running| !running.decoy);
        real.map(|running| running.sent.len() * running.destinations.len()).sum()
    }

    /// How many verifications were started.
    pub(crate) fn started(&self) -> usize {
        self.state().running.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn answering(&self) -> Result<MutexGuard<'_, State>, Failure> {
        let state = self.state();
        if state.is_away {
            return Err(Failure::Unavailable { peer: "verification", source: "it is away".into() });
        }
        Ok(state)
    }
}

impl Running {
    fn reaches(&self, address: &str) -> bool {
        self.destinations.iter().any(|destination| destination.as_str() == address)
    }

    fn is_over(&self, dies_at: Timestamp, now: Timestamp) -> bool {
        self.passed_at.is_some() || self.attempts >= 5 || now.has_reached(dies_at)
    }

    fn timers(&self, timing: &CodeTiming) -> Timers {
        let wait = timing.waits.get(self.sent.len() - 1);
        Timers {
            code_expires_at: self.started_at.plus(timing.code_life),
            resend_after: wait.map(|wait| self.sent[self.sent.len() - 1].plus(*wait)),
        }
    }
}

#[async_trait]
impl Verification for FakeVerification {
    async fn start(&self, start: &StartCode) -> Result<Started, Failure> {
        let now = self.clock.now();
        let timing = self.timing();
        let mut state = self.answering()?;
        let is_repeat = !state.requests.insert(start.request_id);
        if let Some(running) = state.running.get(&start.verification_id) {
            if running.decoy != start.decoy || running.destinations != start.destinations {
                return Ok(Started::Differs);
            }
            let timers = running.timers(&timing);
            if running.passed_at.is_some() || now.has_reached(timers.code_expires_at) {
                return Ok(Started::Differs);
            }
            return Ok(if is_repeat { Started::Sent(timers) } else { Started::WasThere(timers) });
        }
        if let Some(stop) =
            state.stop.filter(|stop| !start.decoy || matches!(stop, Stop::Network | Stop::NotOffered))
        {
            return Ok(Started::Stopped(Stopped { stop, timing }));
        }
        let running = Running {
            code: format!("{:06}", 100_000 + state.running.len()),
            destinations: start.destinations.clone(),
            decoy: start.decoy,
            about: (start.purpose, start.subject.clone()),
            binding: start.binding,
            started_at: now,
            sent: vec![now],
            attempts: 0,
            passed_at: None,
        };
        let timers = running.timers(&timing);
        state.running.insert(start.verification_id, running);
        Ok(Started::Sent(timers))
    }

    async fn resend(&self, resend: &ResendCode) -> Result<Resent, Failure> {
        let now = self.clock.now();
        let timing = self.timing();
        let mut state = self.answering()?;
        let is_repeat = !state.requests.insert(resend.request_id);
        let stop = state.stop;
        let Some(running) = state.running.get_mut(&resend.verification_id) else { return Ok(Resent::Over) };
        let timers = running.timers(&timing);
        if is_repeat {
            return Ok(Resent::Sent(timers));
        }
        let due = timers.resend_after.is_some_and(|due| now.has_reached(due));
        if let Some(stop) = stop.filter(|_| due && !running.decoy) {
            return Ok(Resent::Stopped(Stopped { stop, timing }));
        }
        match timers.resend_after {
            _ if running.is_over(timers.code_expires_at, now) => Ok(Resent::Over),
            None => Ok(Resent::Exhausted),
            Some(due) if !now.has_reached(due) => Ok(Resent::TooSoon { retry_after: due.since(now) }),
            Some(_) => {
                running.sent.push(now);
                Ok(Resent::Sent(running.timers(&timing)))
            }
        }
    }

    async fn check(&self, check: &CheckCode) -> Result<Checked, Failure> {
        let (now, timing) = (self.clock.now(), self.timing());
        let mut state = self.answering()?;
        if let Some(stop) = state.stop_of_checks {
            return Ok(Checked::Stopped(stop));
        }
        if let Some(first) = state.checks.get(&check.request_id) {
            return Ok(first
                .clone()
                .map_or(Checked::Rejected, |grant| Checked::Passed { grant: grant.into() }));
        }
        let running = state.running.get_mut(&check.verification_id);
        let running = running.filter(|running| running.about == (check.purpose, check.subject.clone()));
        let right = running.is_some_and(|running| {
            running.attempts += 1;
            let dies_at = running.timers(&timing).code_expires_at;
            let is_live = running.passed_at.is_none() && running.attempts <= 5 && !now.has_reached(dies_at);
            let passes = is_live && !running.decoy && running.code == check.code.expose_secret();
            running.passed_at = running.passed_at.or(passes.then_some(now));
            passes
        });
        let grant = right.then(|| check.verification_id.to_string());
        state.checks.insert(check.request_id, grant.clone());
        Ok(grant.map_or(Checked::Rejected, |grant| Checked::Passed { grant: grant.into() }))
    }

    async fn redeem(
        &self,
        _tenant_id: TenantId,
        grant: &SecretString,
        binding: &[u8; 32],
        request_id: Uuid,
    ) -> Result<Option<Redeemed>, Failure> {
        let mut state = self.answering()?;
        let Ok(verification_id) = VerificationId::parse(grant.expose_secret()) else { return Ok(None) };
        let first = *state.redeemed.entry(grant.expose_secret().to_owned()).or_insert(request_id);
        let running = state.running.get(&verification_id).filter(|running| running.binding == *binding);
        let redeemed = running.filter(|_| first == request_id).map(|running| Redeemed {
            verification_id,
            channel: running.destinations[0].channel(),
            class: ProofClass::Issued,
        });
        Ok(redeemed.map(*self.evidence.lock().unwrap()))
    }

    async fn progress(
        &self,
        _tenant_id: TenantId,
        verification_id: VerificationId,
    ) -> Result<Option<Progress>, Failure> {
        let timing = self.timing();
        let state = self.answering()?;
        Ok(state.running.get(&verification_id).map(|running| Progress {
            code_expires_at: running.timers(&timing).code_expires_at,
            sends_remaining: timing.waits.len() + 1 - running.sent.len(),
        }))
    }
}
