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
    /// A probe that began a while ago says whether the provider answers.
    Probe {
        is_answered: bool,
        seconds_ago: u64,
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
    /// Until when the provider asked to be left alone.
    asked_until: Option<Timestamp>,
    /// Whether the last probe since nothing goes was not answered.
    has_missed_probe: bool,
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
        self.asked_until = Some(now.plus(asked));
        self.has_missed_probe = false;
    }

    /// Whether the provider is back by what the probe says.
    fn probe(&mut self, is_answered: bool, asked_at: Timestamp, now: Timestamp) -> bool {
        let Some((since, _)) = self.open.filter(|_| self.trial.is_none()) else { return false };
        if asked_at < since || self.has_asked(asked_at) {
            return false;
        }
        let is_back = is_answered && self.has_missed_probe;
        self.has_missed_probe = !is_answered;
        if is_back {
            self.open = Some((now.minus(PAUSE), Duration::ZERO));
        }
        is_back
    }

    fn is_awaited(&self, now: Timestamp) -> bool {
        let is_left_alone = |(since, pause): (Timestamp, Duration)| now.since(since) < pause + PAUSE;
        let is_away = self.open.is_some_and(|open| self.has_missed_probe || is_left_alone(open));
        self.trial.is_none() && is_away && !self.has_asked(now)
    }

    /// Whether the provider asked to be left alone at that time.
    fn has_asked(&self, at: Timestamp) -> bool {
        self.asked_until.is_some_and(|until| at < until)
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
        3 => (any::<bool>(), prop_oneof![Just(0_u64), 0..20_u64])
            .prop_map(|(is_answered, seconds_ago)| Event::Probe { is_answered, seconds_ago }),
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
                Event::Probe { is_answered, seconds_ago } => {
                    let asked_at = now.minus(Duration::from_secs(seconds_ago));
                    let is_back = breaker.probed(is_answered, asked_at, now);
                    prop_assert_eq!(is_back, model.probe(is_answered, asked_at, now));
                }
            }
            prop_assert_eq!(breaker.is_awaited(now), model.is_awaited(now));
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
