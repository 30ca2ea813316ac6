//! Two replicas on one store, and the people there.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::entropy::SeededEntropy;
use rekey_primitives::id::RequestId;
use rekey_primitives::method::MethodKind;
use rekey_testing::simulation::{Chance, Faults, REPLICAS, Tally, folder_in_memory};

use super::unreliable::Unreliable;
use crate::config;
use crate::domain::account::Account;
use crate::domain::policy::MethodHints;
use crate::domain::refusal::Refusal;
use crate::hashing::Hasher;
use crate::operation::Error;
use crate::resets::{Resets, StartedReset};
use crate::testing::World;
use crate::wiring::Parts;

/// As many as one batch has in turn.
const PEOPLE: usize = 6;
/// A limit that nobody reaches, where what is limited is not what is simulated.
const ENOUGH: u64 = 1_000_000;
/// Far above what a hash takes on a busy machine: no round may hang on how fast one is made.
const PATIENCE_MS: u64 = 600_000;

/// Everything of a batch.
pub(super) struct Site {
    pub(super) world: World,
    pub(super) chance: Chance,
    pub(super) faults: Faults,
    pub(super) people: Vec<Simulated>,
    /// Each with hashing threads of its own, so that neither waits for a turn that the other has.
    replicas: [Resets; REPLICAS],
    counted: Tally,
    passwords: u64,
}

/// A simulated person.
#[derive(Clone)]
pub(super) struct Simulated {
    pub(super) account: Account,
    pub(super) login: String,
    /// One telephone, and mailboxes.
    pub(super) addresses: Vec<String>,
}

impl Simulated {
    /// Their addresses that codes of this kind go to.
    pub(super) fn addresses_of(&self, kind: MethodKind) -> Vec<&str> {
        let is_phone = kind == MethodKind::Phone;
        let of_kind = self.addresses.iter().filter(|address| address.starts_with('+') == is_phone);
        of_kind.map(String::as_str).collect()
    }
}

impl Site {
    pub(super) async fn of(chance: Chance) -> Self {
        let (two_proofs, masked) = (chance.one_in(3), chance.one_in(3));
        let mut world = World::within(folder_in_memory(), |policy| {
            policy.reset.proofs_required = if two_proofs { 2 } else { 1 };
            if masked {
                policy.reset.method_hints = MethodHints::Masked;
            }
        })
        .await;
        let faults = Faults::of(chance.clone());
        world.adapt(|parts| make_unreliable(parts, &chance, &faults));
        let replicas = [(); REPLICAS].map(|()| Parts { hasher: hasher(&world.parts), ..world.parts.clone() });
        let replicas = replicas.map(|parts| parts.use_cases().resets);
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let login = format!("person{number}");
            let mut addresses = vec![format!("+49151123456{number:02}"), format!("{login}@mail.example")];
            if chance.one_in(2) {
                addresses.push(format!("{login}@other.example"));
            }
            let texts: Vec<&str> = addresses.iter().map(String::as_str).collect();
            let account = world.person(&login, &texts).await;
            people.push(Simulated { account, login, addresses });
        }
        Self { world, chance, faults, people, replicas, counted: Tally::new(), passwords: 0 }
    }

    /// What happened here.
    pub(super) fn tally(&self) -> Tally {
        let mut tally = self.counted.clone();
        tally.extend(self.faults.tally());
        tally
    }

    pub(super) fn count(&mut self, what: &'static str) {
        *self.counted.entry(what).or_default() += 1;
    }

    /// A password that nobody has had.
    pub(super) fn new_password(&mut self) -> String {
        self.passwords += 1;
        format!("seven quiet herons on pier {}", self.passwords)
    }

    pub(super) fn request_id(&self) -> RequestId {
        self.world.request_id()
    }

    /// A reset of theirs, if one could be started.
    pub(super) async fn started(&self, person: &Simulated) -> Option<StartedReset> {
        let request = crate::resets::StartReset {
            tenant_id: self.world.tenant.id,
            login: person.login.clone(),
            context: crate::testing::context("192.0.2.1"),
        };
        let answers = self
            .ask(&[request], async |resets, request| resets.start(&self.world.caller, request).await)
            .await;
        answers.into_iter().next().flatten()?.ok()
    }

    /// Makes these calls, some of them at once and each at one of the replicas, as long as they are not answered: what each was
    /// answered, if it was.
    pub(super) async fn ask<R, T>(
        &self,
        requests: &[R],
        call: impl AsyncFn(&Resets, &R) -> Result<T, Error>,
    ) -> Vec<Option<Result<T, Refusal>>> {
        let between = || self.let_time_pass();
        self.faults
            .answers(requests, async |replica, of| answer(call(&self.replicas[replica], of).await), between)
            .await
    }

    /// Now and then time passes while calls are under way, now and then more than a code lives.
    fn let_time_pass(&self) {
        if self.chance.one_in(150) {
            self.world.pass(*self.chance.among(&[1, 5, 20, 31, 60, 601]));
        }
    }
}

/// What a person was told; nothing where it broke, which only a fault may do.
fn answer<T>(ended: Result<T, Error>) -> Option<Result<T, Refusal>> {
    match ended {
        Ok(answer) => Some(Ok(answer)),
        Err(Error::Refused(refusal)) => Some(Err(refusal)),
        Err(Error::Failed(failed)) => {
            // An error of Redis tells its source in words.
            let why = format!("{failed:?}");
            assert!(
                why.contains("Fault") || why.contains("simulated fault"),
                "a call broke by itself: {why}"
            );
            None
        }
    }
}

/// Puts faults around the store, the neighbours and the throttle, and draws everything from the seed.
fn make_unreliable(parts: &mut Parts, chance: &Chance, faults: &Faults) {
    parts.entropy = Arc::new(SeededEntropy::new(chance.number()));
    parts.store = parts.store.clone().with_faults(faults.clone());
    let (inner, faults) = (Arc::clone(&parts.verification), faults.clone());
    parts.verification = Arc::new(Unreliable { inner, faults: faults.clone() });
    let inner = Arc::clone(&parts.strict_throttle);
    parts.strict_throttle = Arc::new(Unreliable { inner, faults });
    parts.lenient_throttle = Arc::clone(&parts.strict_throttle);
    parts.settings.hashing.patience_ms = PATIENCE_MS;
    parts.remaining = || Some(Duration::from_millis(PATIENCE_MS));
    parts.settings.limits = config::Limits {
        starts_per_network_per_minute: ENOUGH,
        starts_per_login_per_hour: ENOUGH,
        sign_ins_per_network_per_minute: ENOUGH,
        passwords_per_login_per_minute: ENOUGH,
        ..parts.settings.limits.clone()
    };
    parts.hasher = hasher(parts);
}

fn hasher(parts: &Parts) -> Hasher {
    Hasher::start(&parts.settings.hashing, Arc::clone(&parts.entropy)).unwrap()
}
