//! How fast codes go by a second relay when the primary dies in the midst of them, and how soon the primary is used again.
//!
//! Both relays are the bench's own. Codes are sent at a steady pace that knows nothing of them, while the primary closes and
//! later opens again on its port. Each code is followed from the call that sends it to whichever relay it arrives at, and none
//! may be missing or arrive twice.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::sync::oneshot::Receiver;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::caller::Caller;
use crate::flows::Post;
use crate::histogram::Latencies;
use crate::messages::{PACE, PATIENCE, send_code};
use crate::output::Output;
use crate::report::{Line, Rounds, Target};
use crate::suite::{Setup, Suite};

/// What a code may take when the relay that was to carry it has died.
const SWITCHED_MS: f64 = 2_000.0;

/// How soon a relay that is back should be used: the first pause of a breaker, 15 s, and a second.
const RETURNED_S: f64 = 16.0;

/// A relay that is not used after so long never is.
const RETURNED_WITHIN: Duration = Duration::from_secs(120);

/// How long each stretch of it lasts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Switch {
    /// Both relays take mails, before and after.
    pub(crate) steady: Duration,
    /// The primary is gone.
    pub(crate) gone: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relay {
    Primary,
    Second,
}

/// A code that arrived.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    relay: Relay,
    at: Instant,
    /// From the call that sends it.
    took: Duration,
}

/// What codes met.
struct Outcome {
    /// Those that went by the second relay once the primary had died.
    switched: Latencies,
    /// From when the primary was open again until it took one.
    returned_after: Duration,
}

/// The lines of one switch and return.
pub(crate) async fn measure(setup: &Setup, switch: Switch, output: Output) -> anyhow::Result<Vec<Line>> {
    let (primary, second) = (Post::open().await?, Post::open().await?);
    let relays = [primary.settings_as(0, "primary"), second.settings_as(1, "second")].concat();
    let suite = Suite::start(setup.clone().with(relays)).await?;
    let mut load = Load::begin(suite.notification().await?, primary, second);
    output.say("codes by the primary …");
    load.send_for(switch.steady).await;
    output.say("the primary is gone …");
    let died = Instant::now();
    load.primary.close().await;
    load.send_for(switch.gone).await;
    output.say("the primary is back …");
    let back = Instant::now();
    load.primary.reopen().await?;
    load.send_until_primary_takes().await?;
    load.send_for(switch.steady).await;
    let arrivals = load.end(&suite).await?;
    Ok(lines(&Outcome::of(&arrivals, died, back)?))
}

fn lines(outcome: &Outcome) -> Vec<Line> {
    let Outcome { switched, returned_after } = outcome;
    let at_most = Some(Target::AtMost(1.0));
    let (p95, slowest) = (switched.percentile(0.95), switched.percentile(1.0));
    let returned = Rounds::one(returned_after.as_secs_f64(), RETURNED_S);
    vec![
        Rounds::one(p95, SWITCHED_MS).line(
            "code by the second relay p95",
            "what a code may take",
            "ms",
            at_most,
        ),
        Rounds::one(slowest, SWITCHED_MS).line("the slowest of them", "what a code may take", "ms", None),
        returned.line("primary used again", "a breaker's first pause and 1 s", "s", at_most),
    ]
}

impl Outcome {
    fn of(arrivals: &[Arrival], died: Instant, back: Instant) -> anyhow::Result<Self> {
        let by = |relay: Relay| arrivals.iter().filter(move |arrival| arrival.relay == relay);
        ensure!(by(Relay::Primary).any(|arrival| arrival.at < died), "the primary took none before it died");
        let switched = by(Relay::Second).filter(|arrival| arrival.at >= died);
        let switched = Latencies::of(switched.map(|arrival| arrival.took));
        ensure!(switched.count() > 0, "the second relay took none once the primary had died");
        let returned = by(Relay::Primary).map(|arrival| arrival.at).filter(|at| *at >= back).min();
        let returned_after = returned.context("the primary took none once it was back")?.duration_since(back);
        Ok(Self { switched, returned_after })
    }
}

/// Codes at a steady pace, and the relays that they may arrive at.
struct Load {
    caller: Caller,
    primary: Post,
    second: Post,
    sent: usize,
    /// When the last was sent.
    due: Instant,
    under_way: JoinSet<anyhow::Result<Arrival>>,
}

/// Messages of any lane that wait or are being sent.
const UNDER_WAY: &str = "select count(*) from notification where state in (1, 2)";

impl Load {
    fn begin(caller: Caller, primary: Post, second: Post) -> Self {
        Self { caller, primary, second, sent: 0, due: Instant::now(), under_way: JoinSet::new() }
    }

    async fn send_for(&mut self, length: Duration) {
        let end = self.due + length;
        while self.due < end {
            self.send().await;
        }
    }

    async fn send_until_primary_takes(&mut self) -> anyhow::Result<()> {
        let (before, end) = (self.primary.taken(), Instant::now() + RETURNED_WITHIN);
        while self.primary.taken() == before {
            ensure!(Instant::now() < end, "the primary took none in {} s", RETURNED_WITHIN.as_secs());
            self.send().await;
        }
        Ok(())
    }

    /// Sends the next when it is due.
    async fn send(&mut self) {
        self.due += PACE;
        tokio::time::sleep_until(self.due).await;
        let (caller, number) = (self.caller.clone(), self.sent);
        let address = format!("reader{number}@codes.example");
        let arrivals = [self.primary.expect(&address), self.second.expect(&address)];
        self.under_way.spawn(async move { follow(&caller, address, arrivals, number).await });
        self.sent += 1;
    }

    /// Waits until every code has arrived and nothing waits to be sent again. So many mails as codes are then one of each.
    async fn end(mut self, suite: &Suite) -> anyhow::Result<Vec<Arrival>> {
        let mut arrivals = Vec::new();
        while let Some(ended) = self.under_way.join_next().await {
            arrivals.push(ended??);
        }
        let (database, end) = (suite.stores.notification_database(), Instant::now() + PATIENCE);
        while database.count(UNDER_WAY).await? > 0 {
            ensure!(Instant::now() < end, "codes that have arrived are still to be sent");
            tokio::time::sleep(PACE).await;
        }
        let taken = self.primary.taken() + self.second.taken();
        ensure!(taken == self.sent, "{} codes were sent and {taken} mails taken", self.sent);
        Ok(arrivals)
    }
}

async fn follow(
    caller: &Caller,
    address: String,
    [primary, second]: [Receiver<String>; 2],
    number: usize,
) -> anyhow::Result<Arrival> {
    let began = Instant::now();
    send_code(caller, address, number).await?;
    let arrival = async {
        tokio::select! {
            code = primary => code.map(|_| Relay::Primary),
            code = second => code.map(|_| Relay::Second),
        }
    };
    let relay = tokio::time::timeout(PATIENCE, arrival).await.context("a code did not arrive")??;
    let at = Instant::now();
    Ok(Arrival { relay, at, took: at.duration_since(began) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Found;

    const SECOND: Duration = Duration::from_secs(1);

    fn arrival(relay: Relay, at: Instant, took: Duration) -> Arrival {
        Arrival { relay, at, took }
    }

    #[test]
    fn codes_by_the_second_relay_and_the_return_are_judged() {
        let judged = |took: Duration, returned_after: Duration| -> Vec<Option<bool>> {
            let died = Instant::now();
            let back = died + 20 * SECOND;
            let arrivals = [
                arrival(Relay::Primary, died - SECOND, 60 * SECOND),
                arrival(Relay::Second, died + SECOND, took),
                arrival(Relay::Primary, back + returned_after + SECOND, 60 * SECOND),
                arrival(Relay::Primary, back + returned_after, 60 * SECOND),
            ];
            let lines = lines(&Outcome::of(&arrivals, died, back).unwrap());
            let met = |line: &Line| match &line.found {
                Found::Measured(found) => found.met,
                Found::Skipped(_) => None,
            };
            lines.iter().map(met).collect()
        };

        assert_eq!(judged(SECOND, 16 * SECOND), [Some(true), None, Some(true)]);
        assert_eq!(judged(3 * SECOND, 17 * SECOND), [Some(false), None, Some(false)]);
    }

    #[test]
    fn a_relay_that_took_nothing_leaves_nothing_to_measure() {
        let died = Instant::now();
        let back = died + 20 * SECOND;
        let before = arrival(Relay::Primary, died - SECOND, SECOND);
        let meanwhile = arrival(Relay::Second, died + SECOND, SECOND);
        let after = arrival(Relay::Primary, back + SECOND, SECOND);

        let measured = |arrivals: &[Arrival]| Outcome::of(arrivals, died, back).is_ok();

        assert!(measured(&[before, meanwhile, after]));
        assert!(
            !measured(&[meanwhile, after]) && !measured(&[before, after]) && !measured(&[before, meanwhile])
        );
    }
}
