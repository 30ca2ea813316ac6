//! The breaker against a model that is nothing but the list of what happened.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// What may befall a breaker.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// A message asks to be tried.
    Asks {
        is_fresh: bool,
    },
    Answer,
    Fault {
        retry_after: Option<u64>,
    },
}

/// The end of a row of events, in the words of the rules.
#[derive(Debug, Default)]
struct Model {
    /// Faults since the last answer, those while it was open left out.
    faults: u32,
    /// Trials among them.
    failed_trials: u32,
    /// Since when nothing goes, and for how long.
    open: Option<(Timestamp, Duration)>,
    /// When the trial under way began.
    trial: Option<Timestamp>,
}

impl Model {
    /// Whether a message goes, and whether it is a trial.
    fn asks(&mut self, is_fresh: bool, now: Timestamp) -> (bool, bool) {
        let (since, pause) = match (self.trial, self.open) {
            (Some(began), _) => (began, PAUSE),
            (None, Some(open)) => open,
            (None, None) => return (true, false),
        };
        let waits = if is_fresh { pause } else { pause + PAUSE };
        let goes = now.since(since) >= waits;
        if goes {
            self.trial = Some(now);
        }
        (goes, goes)
    }

    fn answer(&mut self) {
        *self = Self::default();
    }

    fn fault(&mut self, retry_after: Option<u64>, now: Timestamp) {
        let is_trial = self.trial.take().is_some();
        if self.open.is_some() && !is_trial {
            return;
        }
        self.faults += 1;
        if is_trial {
            self.failed_trials += 1;
        } else if self.faults < POLICY.faults {
            return;
        }
        // Draws are the most there are.
        let doubled = (0..self.failed_trials).fold(PAUSE, |pause, _| (2 * pause).min(POLICY.longest_pause));
        let asked = Duration::from_secs(retry_after.unwrap_or(0)).min(POLICY.longest_pause);
        self.open = Some((now, doubled.max(asked)));
    }

    fn state(&self) -> BreakerState {
        match (self.trial, self.open) {
            (Some(_), _) => BreakerState::HalfOpen,
            (None, Some(_)) => BreakerState::Open,
            (None, None) => BreakerState::Closed,
        }
    }
}

fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let event = prop_oneof![
        4 => any::<bool>().prop_map(|is_fresh| Event::Asks { is_fresh }),
        1 => Just(Event::Answer),
        4 => proptest::option::of(0..600_u64).prop_map(|retry_after| Event::Fault { retry_after }),
    ];
    // Pauses of whole seconds, so that the very end of a pause is met often.
    vec((prop_oneof![0..3_u64, 10..20_u64, 100..700_u64], event), 1..120)
}

proptest! {
    #[test]
    fn it_does_what_its_rules_say(events in events()) {
        let (breaker, mut model, mut now) = (Breaker::new(POLICY), Model::default(), NOW);

        for (pause, event) in events {
            now = now.plus(Duration::from_secs(pause));
            match event {
                Event::Asks { is_fresh } => {
                    let admission = breaker.admit(is_fresh, now);
                    let (goes, is_trial) = model.asks(is_fresh, now);
                    prop_assert_eq!(!matches!(admission, Admission::LeftAlone { .. }), goes);
                    prop_assert_eq!(admission == Admission::Trial, is_trial);
                    if let Admission::LeftAlone { until } = admission {
                        prop_assert!(until.has_reached(now));
                    }
                }
                Event::Answer => {
                    let was_left_alone = model.state() != BreakerState::Closed;
                    prop_assert_eq!(breaker.worked(now), was_left_alone);
                    model.answer();
                }
                Event::Fault { retry_after } => {
                    let was_closed = model.state() == BreakerState::Closed;
                    let opens = breaker.failed(now, retry_after.map(Duration::from_secs), most);
                    model.fault(retry_after, now);
                    prop_assert_eq!(opens, was_closed && model.state() == BreakerState::Open);
                }
            }
            let view = breaker.view();
            prop_assert_eq!(view.state, model.state());
            prop_assert_eq!(view.faults_in_a_row, model.faults);
            if let BreakerState::Open = view.state {
                let (since, pause) = model.open.unwrap();
                prop_assert_eq!(view.trial_at, Some(since.plus(pause)));
            }
        }
    }
}
