//! A message against a simple model of it: after every sequence of steps both stand in the same place.

use std::cell::Cell;
use std::time::Duration;

use rekey_database::{Options, Sql};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::SharedEntropy;
use rekey_testing::proptest::collection::vec;
use rekey_testing::proptest::prelude::{Just, Strategy, prop_oneof};
use rekey_testing::proptest::sample::select;
use rekey_testing::{Backing, property};
use tokio::runtime::Runtime;

use super::{Advance, ChangeOutcome, ChangeRequest, Lease, NewNotification, Recorded, Store, SweepLimits};
use crate::domain::delivery::Outcome;
use crate::domain::destination::Channel;
use crate::domain::lane::Lane;
use crate::domain::state::{FailureClass, State};
use crate::fixtures::{NOW, entropy, request_id, row, scope, store};

const LEASE: Duration = Duration::from_secs(60);
const LIFE: Duration = Duration::from_secs(600);

/// How a try ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Delivered,
    Unknown,
    Dead,
    Expired,
    /// Again after so many seconds, with a failure.
    Retry(u64),
    /// The same, where nobody was asked.
    Postponed(u64),
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Claim,
    HandOver,
    Record(End),
    Advance,
    PutBack,
    Cancel,
    Replay,
    Sweep,
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ends = vec![
        End::Delivered,
        End::Unknown,
        End::Dead,
        End::Expired,
        End::Retry(5),
        End::Retry(700),
        End::Postponed(15),
    ];
    let step = prop_oneof![
        5 => Just(Step::Claim),
        2 => Just(Step::HandOver),
        4 => select(ends).prop_map(Step::Record),
        1 => Just(Step::Advance),
        1 => Just(Step::PutBack),
        1 => Just(Step::Cancel),
        2 => Just(Step::Replay),
        1 => Just(Step::Sweep),
        2 => select(vec![1_u64, 20, 61, 300]).prop_map(Step::Wait),
    ];
    vec(step, 1..14)
}

/// What a message should be like.
#[derive(Debug)]
struct Model {
    state: State,
    tries: u32,
    in_doubt: bool,
    has_payload: bool,
    has_step: bool,
    due_at: Timestamp,
    not_after: Timestamp,
    lease_until: Timestamp,
    /// Whether the last claim still counts.
    is_held: bool,
    /// Whether there was doubt when it was claimed last.
    claimed_in_doubt: bool,
}

impl Model {
    fn may_change(&self) -> bool {
        self.state == State::Sending && self.is_held
    }

    /// Whether the message is claimed.
    fn claim(&mut self, now: Timestamp) -> bool {
        let is_due = self.state == State::Queued && now >= self.due_at && now < self.not_after;
        if is_due {
            self.state = State::Sending;
            self.tries += 1;
            self.lease_until = now.plus(LEASE);
            (self.is_held, self.claimed_in_doubt) = (true, self.in_doubt);
        }
        is_due
    }

    fn record(&mut self, end: End, now: Timestamp) {
        let doubt = self.claimed_in_doubt;
        let settled = |state| if doubt { State::Unknown } else { state };
        (self.state, self.in_doubt) = match end {
            End::Delivered => (settled(State::Delivered), doubt),
            End::Dead => (settled(State::Dead), doubt),
            End::Expired => (settled(State::Expired), doubt),
            End::Unknown => (State::Unknown, true),
            End::Retry(_) | End::Postponed(_) => (State::Queued, doubt),
        };
        match end {
            End::Delivered => self.has_payload &= self.has_step,
            End::Expired => self.has_payload = false,
            End::Retry(seconds) => self.due_at = now.plus(Duration::from_secs(seconds)),
            End::Postponed(seconds) => {
                self.due_at = now.plus(Duration::from_secs(seconds));
                self.tries -= 1;
            }
            End::Unknown | End::Dead => {}
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        if now < self.not_after || self.state == State::Sending {
            return;
        }
        if self.state == State::Queued && self.has_payload {
            self.state = if self.in_doubt { State::Unknown } else { State::Expired };
        }
        self.has_payload = false;
    }
}

/// A message, its model and the time of both.
struct Both<'a> {
    store: &'a Store,
    entropy: SharedEntropy,
    message: NewNotification,
    lease: Option<Lease>,
    model: Model,
    now: Timestamp,
}

impl Both<'_> {
    async fn take(&mut self, step: Step) {
        let now = self.now;
        match step {
            Step::Wait(seconds) => self.now = now.plus(Duration::from_secs(seconds)),
            Step::Claim => {
                let claims = self.store.claim(Lane::Critical, 1, LEASE, now).await.unwrap();
                assert_eq!(claims.len(), usize::from(self.model.claim(now)));
                self.lease = claims.first().map(|claim| claim.lease).or(self.lease);
            }
            Step::PutBack => {
                self.store.put_back(10, now, now).await.unwrap();
                if self.model.state == State::Sending && now >= self.model.lease_until {
                    (self.model.state, self.model.due_at) = (State::Queued, now);
                }
            }
            Step::Sweep => {
                sweep(self.store, now).await;
                self.model.sweep(now);
            }
            Step::Cancel => {
                let made = self.store.cancel(&scope(), self.change(), now).await.unwrap();
                let may = self.model.state == State::Queued && !self.model.in_doubt;
                assert_eq!(matches!(made, ChangeOutcome::Made(_)), may);
                if may {
                    (self.model.state, self.model.has_payload) = (State::Cancelled, false);
                }
            }
            Step::Replay => self.replay().await,
            Step::HandOver | Step::Record(_) | Step::Advance => self.take_under_lease(step).await,
        }
    }

    async fn replay(&mut self) {
        let (now, model) = (self.now, &mut self.model);
        let ended = matches!(model.state, State::Unknown | State::Dead);
        let may = ended && model.has_payload && now < model.not_after;
        if may {
            (model.state, model.due_at, model.tries) = (State::Queued, now, 0);
            (model.in_doubt, model.is_held) = (false, false);
        }
        let made = self.store.replay(&scope(), self.change(), now).await.unwrap();
        assert_eq!(matches!(made, ChangeOutcome::Made(_)), may);
    }

    /// What only the worker that holds the message may do.
    async fn take_under_lease(&mut self, step: Step) {
        let Some(lease) = self.lease else { return };
        let (now, may) = (self.now, self.model.may_change());
        let recorded = match step {
            Step::HandOver => {
                let recorded = self.store.begin_handing_over(lease, now).await.unwrap();
                let may = may && now < self.model.not_after;
                self.model.in_doubt |= may;
                return assert_eq!(recorded == Recorded::Yes, may);
            }
            Step::Record(end) => {
                if may {
                    self.model.record(end, now);
                }
                self.store.record(lease, outcome(end, now), "relay", now).await.unwrap()
            }
            _ => {
                if may {
                    (self.model.state, self.model.due_at, self.model.tries) = (State::Queued, now, 0);
                    (self.model.has_step, self.model.in_doubt) = (false, self.model.claimed_in_doubt);
                }
                let advance = Advance {
                    channel: Channel::Sms,
                    masked_destination: "+49•••••42".to_owned(),
                    next_at: None,
                    last_failure: None,
                    provider: "",
                };
                self.store.advance(lease, &advance, now).await.unwrap()
            }
        };
        assert_eq!(recorded == Recorded::Yes, may);
    }

    fn change(&self) -> ChangeRequest {
        let request_id = request_id(self.entropy.as_ref());
        ChangeRequest { id: self.message.id, request_id, request_expires_at: self.now.plus(LIFE) }
    }

    /// Both stand in the same place.
    async fn agree(&self, after: Step) {
        const PAYLOADS: Sql = Sql::unlisted("select count(*) from notification where payload is not null");
        let found = self.store.get(&scope(), self.message.id).await.unwrap().unwrap();
        let payloads: i64 = self.store.database.scalar(PAYLOADS, &[]).await.unwrap();

        let seen = (found.state, found.tries, payloads == 1);
        assert_eq!(seen, (self.model.state, self.model.tries, self.model.has_payload), "after {after:?}");
    }
}

fn outcome(end: End, now: Timestamp) -> Outcome {
    let at = |seconds| now.plus(Duration::from_secs(seconds));
    match end {
        End::Delivered => Outcome::Delivered,
        End::Unknown => Outcome::Unknown,
        End::Dead => Outcome::Dead { class: FailureClass::Refused },
        End::Expired => Outcome::Expired,
        End::Retry(seconds) => Outcome::Retry { class: FailureClass::Provider, at: at(seconds) },
        End::Postponed(seconds) => Outcome::Postponed { at: at(seconds) },
    }
}

async fn sweep(store: &Store, now: Timestamp) {
    store.sweep(SweepLimits { history: Duration::from_secs(90 * 86_400), batch: 1_000 }, now).await.unwrap();
}

/// Takes the steps one by one, and compares after each.
async fn follow(store: &Store, entropy: SharedEntropy, steps: &[Step], now: Timestamp) {
    let mut both = begun(store, entropy, now).await;
    for &step in steps {
        both.take(step).await;
        both.agree(step).await;
    }
}

/// A message that is accepted then, with nothing else left in the store that could be claimed.
async fn begun(store: &Store, entropy: SharedEntropy, now: Timestamp) -> Both<'_> {
    store.put_back(10, now, now).await.unwrap();
    sweep(store, now).await;
    let fallback_at = Some(now.plus(Duration::from_secs(30)));
    let message = NewNotification { fallback_at, ..row(entropy.as_ref(), Lane::Critical, now) };
    store.accept(&scope(), std::slice::from_ref(&message), now).await.unwrap();
    let model = Model {
        state: State::Queued,
        tries: 0,
        in_doubt: false,
        has_payload: true,
        has_step: true,
        due_at: now,
        not_after: message.not_after,
        lease_until: now,
        is_held: false,
        claimed_in_doubt: false,
    };
    Both { store, entropy, message, lease: None, model, now }
}

/// Takes every sequence of steps at a message of its own, one after the other in the same store.
fn holds(cases: u32, runtime: &Runtime, url: &str) {
    let store = runtime.block_on(Store::open(url, &Options::named("test"))).unwrap();
    let entropy = entropy();
    // Later than the end of everything before.
    let next = Cell::new(NOW);

    property(cases, &steps(), |steps| {
        let now = next.get();
        next.set(now.plus(Duration::from_secs(86_400)));
        runtime.block_on(follow(&store, entropy.clone(), &steps, now));
    });
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_message_stands_where_its_model_does_after_every_sequence_of_steps() {
    let (runtime, backing) = (runtime(), Backing::sqlite());
    runtime.block_on(Store::migrate(backing.url(), &Options::named("test"), NOW)).unwrap();

    holds(100, &runtime, backing.url());
}

#[test]
fn a_message_in_postgres_stands_where_its_model_does_after_every_sequence_of_steps() {
    let runtime = runtime();
    let migrate = async |url: &str| Store::migrate(url, &Options::named("test"), NOW).await;
    let backing = runtime.block_on(Backing::postgres_from_template("notification", migrate));

    holds(30, &runtime, backing.url());
}

#[tokio::test]
async fn a_message_that_was_in_doubt_when_it_was_taken_keeps_its_payload_for_its_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let in_doubt = [Step::Claim, Step::HandOver, Step::Wait(61), Step::PutBack, Step::Claim];
    let after_it = [Step::Record(End::Delivered), Step::Replay, Step::Claim, Step::Record(End::Delivered)];

    follow(&store, entropy(), &[in_doubt.as_slice(), &after_it].concat(), NOW).await;
}
