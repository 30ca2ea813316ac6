//! One service whose store, throttle and neighbour fail, the people who ask it for codes, and their calls.

use std::cell::Cell;
use std::collections::BTreeSet;

use rekey_primitives::clock::{CLOCK_SKEW, Clock as _};
use rekey_primitives::entropy::SeededEntropy;
use rekey_testing::simulation::Faults;
use uuid::Uuid;

use super::unreliable::Unreliable;
use super::*;

/// As many as one batch has in turn, so that some of them reach limits.
const PEOPLE: u64 = 8;

/// Everything of a batch.
pub(super) struct Site {
    service: TestService,
    pub(super) chance: Chance,
    pub(super) faults: Faults,
    tenant: TenantId,
    counted: Tally,
}

impl std::ops::Deref for Site {
    type Target = TestService;

    fn deref(&self) -> &TestService {
        &self.service
    }
}

impl Site {
    pub(super) fn of(chance: Chance) -> Self {
        let faults = Faults::of(chance.clone());
        let mut service = TestService::in_memory(&default_settings());
        let codes = &mut service.codes;
        codes.store = Arc::new(Unreliable { inner: Arc::clone(&codes.store), faults: faults.clone() });
        codes.throttle = Arc::new(Unreliable { inner: Arc::clone(&codes.throttle), faults: faults.clone() });
        codes.messenger =
            Arc::new(Unreliable { inner: Arc::clone(&codes.messenger), faults: faults.clone() });
        codes.entropy = Arc::new(SeededEntropy::new(chance.number()));
        let tenant = TenantId::from_uuid(uuid(&chance));
        Self { service, chance, faults, tenant, counted: Tally::new() }
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

    /// Wrong codes after which no code is right.
    pub(super) fn attempts(&self) -> usize {
        self.codes.rules.attempts as usize
    }

    /// A verification that somebody asks for: now and then long after the last one.
    pub(super) fn request(&self) -> StartRequest {
        self.clock.advance(seconds(*self.chance.among(&[20, 60, 300, 3_000])));
        let number = self.chance.below(PEOPLE);
        let addresses = [format!("person{number}@mail.example"), format!("person{number}@other.example")];
        let addresses: Vec<&str> =
            addresses.iter().take(1 + number as usize % 2).map(String::as_str).collect();
        let request = start_request_to(&addresses);
        let scope = TenantScope { tenant: self.tenant, ..request.id.scope };
        let verification = VerificationId::from_uuid(uuid(&self.chance));
        let subject = Subject::parse(&format!("person{number}")).unwrap();
        let id = ScopedId { scope, verification };
        StartRequest { id, subject, request_id: self.request_id(), ..request }
    }

    /// Asks for the code, sometimes twice at once, as one call or as two.
    pub(super) async fn start(&mut self, request: &StartRequest) {
        let calls: Vec<StartRequest> =
            self.ids().into_iter().map(|request_id| StartRequest { request_id, ..request.clone() }).collect();
        let answers = self.ask(&calls, async |codes, call| codes.start(call).await).await;
        let was_told = answers.iter().flatten().any(Result::is_ok);
        self.were_sent(request, was_told);
        self.were_few(request);
        let is_limited = |answer: &Result<SentCode, Refusal>| {
            matches!(answer, Err(Refusal::DestinationLimited(_) | Refusal::SubjectLimited(_)))
        };
        if answers.iter().flatten().any(is_limited) {
            self.count("codes limited");
        }
    }

    /// Asks for the code again.
    pub(super) async fn resend(&mut self, id: &ScopedId) {
        let requester = Requester::default();
        let calls: Vec<ResendRequest> = self
            .ids()
            .into_iter()
            .map(|request_id| ResendRequest { id: id.clone(), request_id, requester: requester.clone() })
            .collect();
        self.ask(&calls, async |codes, call| codes.resend(call).await).await;
    }

    /// Types so many wrong codes; how many of them were rejected while the code was live, and so cost an attempt.
    pub(super) async fn type_wrong(&mut self, id: &ScopedId, code: &str, typed: u64) -> usize {
        let right: u64 = code.parse().unwrap();
        let wrong = (1..=typed).map(|more| format!("{:06}", (right + more) % 1_000_000));
        let calls: Vec<CheckRequest> = wrong.map(|code| self.check_of(id, &code)).collect();
        let answers = self.ask(&calls, async |codes, call| codes.check(call).await).await;
        let rejected = |answer: &&Result<CheckVerdict, Refusal>| matches!(answer, Ok(CheckVerdict::Rejected));
        assert!(
            !answers.iter().flatten().any(|answer| matches!(answer, Ok(CheckVerdict::Passed(_)))),
            "a wrong code"
        );
        let expires_at = self.messages_of(id).first().map(|message| message.not_after);
        if expires_at.is_none_or(|end| self.clock.now().has_reached(end)) {
            return 0;
        }
        answers.iter().flatten().filter(rejected).count()
    }

    /// Types the right code, sometimes twice at once; its grant.
    pub(super) async fn type_right(&mut self, id: &ScopedId, code: &str) -> Option<SignedGrant> {
        let calls: Vec<CheckRequest> = self
            .ids()
            .into_iter()
            .map(|request_id| CheckRequest { request_id, ..self.check_of(id, code) })
            .collect();
        let answers = self.ask(&calls, async |codes, call| codes.check(call).await).await;
        let mut passed: Vec<(RequestId, SignedGrant)> = Vec::new();
        for (call, answer) in calls.iter().zip(answers) {
            if let Some(Ok(CheckVerdict::Passed(grant))) = answer {
                passed.push((call.request_id, grant));
            }
        }
        let is_one = |pair: &[(RequestId, SignedGrant)]| {
            pair[0].0 == pair[1].0 && pair[0].1.text.expose_secret() == pair[1].1.text.expose_secret()
        };
        assert!(passed.windows(2).all(is_one), "two passed by one code");
        let (_, grant) = passed.into_iter().next()?;
        self.count("codes passed");
        Some(grant)
    }

    /// Redeems a grant, sometimes twice at once.
    pub(super) async fn redeem(&mut self, scope: &TenantScope, grant: &SignedGrant) {
        let calls: Vec<RedeemRequest> = self
            .ids()
            .into_iter()
            .map(|request_id| RedeemRequest {
                scope: scope.clone(),
                request_id,
                grant: grant.text.clone(),
                binding: Binding::default(),
                issuers: None,
            })
            .collect();
        let answers = self.ask(&calls, async |codes, call| codes.redeem(call).await).await;
        let redeemed = calls.iter().zip(&answers).filter(|(_, answer)| matches!(answer, Some(Ok(_))));
        let winners: BTreeSet<RequestId> = redeemed.map(|(call, _)| call.request_id).collect();
        assert!(winners.len() <= 1, "a grant was redeemed twice");
        if !winners.is_empty() {
            self.count("grants redeemed");
        }
    }

    /// The code of a verification, if it was handed over.
    pub(super) fn code_of(&self, request: &StartRequest) -> Option<String> {
        self.messages_of(&request.id).first().map(|message| message.code.expose().to_owned())
    }

    /// What notification has accepted of a verification.
    pub(super) fn messages_of(&self, id: &ScopedId) -> Vec<CodeMessage> {
        self.messages_that(|message| message.verification == id.verification)
    }

    /// What it has accepted that is such.
    pub(super) fn messages_that(&self, is_such: impl Fn(&CodeMessage) -> bool) -> Vec<CodeMessage> {
        let accepted = self.notification.accepted.lock().unwrap();
        accepted.iter().filter(|message| is_such(message)).cloned().collect()
    }

    /// Makes these calls, some of them at once, as long as they are not answered: what each was answered, if it was. Calls under way
    /// beside each other know of times no further apart than clocks may be: a call ends with its deadline long before that.
    async fn ask<R, T>(
        &self,
        calls: &[R],
        call: impl AsyncFn(&Codes, &R) -> Result<T, Error>,
    ) -> Vec<Option<Result<T, Refusal>>> {
        let left = Cell::new(if calls.len() > 1 { CLOCK_SKEW } else { Duration::MAX });
        let between = || self.let_time_pass(&left);
        // Replicas share everything but what belongs to a call.
        self.faults.answers(calls, async |_, of| answer(call(&self.codes, of).await), between).await
    }

    /// Now and then time passes while calls are under way, while one is alone now and then more than a code lives, as far as there is
    /// some left.
    fn let_time_pass(&self, left: &Cell<Duration>) {
        if self.chance.one_in(100) {
            let passed = seconds(*self.chance.among(&[1, 5, 31, 60, 601]));
            if let Some(less) = left.get().checked_sub(passed) {
                left.set(less);
                self.clock.advance(passed);
            }
        }
    }

    /// The ids of calls for one thing: mostly one, sometimes the same one twice, sometimes two.
    fn ids(&self) -> Vec<RequestId> {
        let first = self.request_id();
        match self.chance.below(5) {
            0 => vec![first, first],
            1 => vec![first, self.request_id()],
            _ => vec![first],
        }
    }

    fn request_id(&self) -> RequestId {
        RequestId::from_uuid(uuid(&self.chance))
    }

    fn check_of(&self, id: &ScopedId, code: &str) -> CheckRequest {
        let sent = self.messages_of(id);
        let subject = sent[0].destination.as_str().split('@').next().unwrap();
        CheckRequest {
            request_id: self.request_id(),
            subject: Subject::parse(subject).unwrap(),
            ..check_request(id, code)
        }
    }
}

fn uuid(chance: &Chance) -> Uuid {
    Uuid::from_u64_pair(chance.number(), chance.number())
}

/// What a person was told; nothing where it broke, which only a fault may do.
fn answer<T>(ended: Result<T, Error>) -> Option<Result<T, Refusal>> {
    match ended {
        Ok(answer) => Some(Ok(answer)),
        Err(error) if error.refusal().is_some() => error.refusal().map(Err),
        // A neighbour's failure has no source that says so.
        Err(Error::Messenger(_)) => None,
        Err(failed) => {
            let why = format!("{failed:?}");
            assert!(
                why.contains("Fault") || why.contains("simulated fault"),
                "a call broke by itself: {why}"
            );
            None
        }
    }
}
