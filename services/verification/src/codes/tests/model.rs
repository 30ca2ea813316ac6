//! A verification against a simple model of it: after every sequence of steps both stand in the same place.

use rekey_testing::property;
use rekey_testing::proptest::collection::vec;
use rekey_testing::proptest::prelude::{Just, Strategy, prop_oneof};
use rekey_testing::proptest::sample::select;
use tokio::runtime::Runtime;

use super::*;
use crate::codes::cancel::CancelRequest;
use crate::domain::verification::VerificationState;

/// The waits of the ladder, in seconds.
const LADDER: [u64; 4] = [30, 60, 120, 240];
/// The life of a code, in seconds.
const LIFE: u64 = 600;

#[derive(Debug, Clone, Copy)]
enum Step {
    CheckRight,
    CheckWrong,
    Resend,
    Cancel,
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => Just(Step::CheckRight),
        4 => Just(Step::CheckWrong),
        3 => Just(Step::Resend),
        1 => Just(Step::Cancel),
        4 => select(vec![1_u64, 30, 61, 240]).prop_map(Step::Wait),
    ];
    vec(step, 1..16)
}

/// What a verification should be like; times are seconds since it was started.
struct Model {
    now: u64,
    resolved: Option<VerificationState>,
    attempts_left: u32,
    sends: usize,
    next_send_at: u64,
}

impl Model {
    fn state(&self) -> VerificationState {
        match self.resolved {
            Some(resolved) => resolved,
            None if self.attempts_left == 0 => VerificationState::Exhausted,
            None if self.now >= LIFE => VerificationState::Expired,
            None => VerificationState::Pending,
        }
    }

    fn is_pending(&self) -> bool {
        self.state() == VerificationState::Pending
    }

    /// Whether the code is right, and was not before.
    fn check(&mut self, is_right: bool) -> bool {
        let passes = is_right && self.is_pending();
        if passes {
            self.resolved = Some(VerificationState::Passed);
        } else if self.is_pending() {
            self.attempts_left -= 1;
        }
        passes
    }

    /// Whether one more message goes.
    fn resend(&mut self) -> bool {
        let goes = self.is_pending() && self.sends <= LADDER.len() && self.now >= self.next_send_at;
        if goes {
            self.sends += 1;
            self.next_send_at = LADDER.get(self.sends - 1).map_or(u64::MAX, |wait| self.now + wait);
        }
        goes
    }
}

/// A verification and its model.
struct Both {
    service: TestService,
    request: StartRequest,
    code: String,
    model: Model,
}

impl Both {
    async fn begun(service: TestService) -> Self {
        let request = start_request("anna@example.com");
        service.start(&request).await.unwrap();
        let code = service.last_code();
        let model = Model { now: 0, resolved: None, attempts_left: 5, sends: 1, next_send_at: LADDER[0] };
        Self { service, request, code, model }
    }

    async fn take(&mut self, step: Step) {
        let id = &self.request.id;
        match step {
            Step::Wait(count) => {
                self.model.now += count;
                self.service.clock.advance(seconds(count));
            }
            Step::CheckRight | Step::CheckWrong => {
                let is_right = matches!(step, Step::CheckRight);
                let wrong = if self.code == "000000" { "000001" } else { "000000" };
                let typed = if is_right { self.code.as_str() } else { wrong };
                let verdict = self.service.check(id, typed).await.unwrap();
                assert_eq!(matches!(verdict, CheckVerdict::Passed(_)), self.model.check(is_right));
            }
            Step::Resend => {
                let sent = self.service.resend(id).await;
                assert_eq!(sent.is_ok(), self.model.resend(), "{sent:?}");
            }
            Step::Cancel => {
                let cancel = CancelRequest { id: id.clone(), request_id: request_id() };
                // What is over may be forgotten.
                let cancelled = self.service.codes.cancel(&cancel).await;
                if self.model.is_pending() {
                    self.model.resolved = Some(VerificationState::Cancelled);
                    assert_eq!(cancelled.unwrap(), VerificationState::Cancelled);
                }
            }
        }
    }

    /// Both stand in the same place.
    async fn agree(&self, after: Step) {
        match self.service.codes.get(&self.request.id).await {
            Ok(seen) => {
                assert_eq!(seen.state, self.model.state(), "after {after:?}");
                let attempts_left = if self.model.is_pending() { self.model.attempts_left } else { 0 };
                assert_eq!(seen.attempts_left, attempts_left, "after {after:?}");
            }
            Err(_) => assert!(!self.model.is_pending(), "forgotten after {after:?}"),
        }
        assert_eq!(self.service.messages().len(), self.model.sends, "after {after:?}");
    }
}

/// Takes every sequence of steps at a service of its own, which nothing was done at.
fn holds(cases: u32, runtime: &Runtime, service: impl Fn() -> TestService) {
    property(cases, &steps(), |steps| {
        runtime.block_on(async {
            let mut both = Both::begun(service()).await;
            for step in steps {
                both.take(step).await;
                both.agree(step).await;
            }
        });
    });
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_verification_stands_where_its_model_does_after_every_sequence_of_steps() {
    let settings = default_settings();

    holds(300, &runtime(), || TestService::in_memory(&settings));
}

#[test]
fn a_verification_in_redis_stands_where_its_model_does_after_every_sequence_of_steps() {
    let (settings, keys, runtime) = (default_settings(), KeyTexts::new(), runtime());
    let server = runtime.block_on(rekey_testing::redis());

    holds(60, &runtime, || {
        // Budgets of an address and its tenants are counted across sequences otherwise.
        server.command(&["FLUSHALL"]).unwrap();
        TestService::in_redis(&settings, &server.url(), &keys)
    });
}
