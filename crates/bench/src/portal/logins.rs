//! Whether the form that begins a reset tells by its time who has an account: known and unknown logins in turn, in one run.
//!
//! As in `enumeration`: of the work alone, and of answers as they leave, on the time grid. Other known logins show what two lots of the same
//! kind come to on this machine.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::entropy::{SystemEntropy, uuid_v4};
use tokio::task::JoinSet;

use super::browser::Browser;
use crate::arguments::Effort;
use crate::enumeration::{beside_the_first, shuffled_kinds};
use crate::output::Output;
use crate::report::Kind;
use crate::suite::{Person, Setup, Suite};

/// All are compared with the first.
const KINDS: [&str; 3] = ["known", "known, others", "unknown"];

/// Accounts of a kind.
const ACCOUNTS: usize = 40;

/// The grids, in milliseconds, and how many browsers there are at once: alone where work is measured, and several where each mostly waits.
const SAMPLINGS: [(u64, usize); 2] = [(0, 1), (150, 6)];

/// Logins that exist.
struct Logins {
    known: Vec<Person>,
    others: Vec<Person>,
}

impl Logins {
    /// The login of a kind for the request with this number.
    fn of(&self, kind: usize, number: usize) -> String {
        match kind {
            0 => self.known[number % ACCOUNTS].login.clone(),
            1 => self.others[number % ACCOUNTS].login.clone(),
            _ => format!("nobody-{}@demo.example", uuid_v4(&SystemEntropy)),
        }
    }
}

/// A row for each kind, of the work alone and on the grid.
pub(super) async fn measure(setup: &Setup, effort: Effort, output: Output) -> anyhow::Result<Vec<Kind>> {
    let mut rows = Vec::new();
    for (floor_ms, browsers) in SAMPLINGS {
        let suite = Suite::start(setup.unlimited(floor_ms)).await?;
        let (known, others) =
            (suite.people("known", ACCOUNTS).await?, suite.people("others", ACCOUNTS).await?);
        output.say(&format!("POST /reset for known and unknown logins, grid {floor_ms} ms …"));
        let times = sample(&suite, Logins { known, others }, effort.samples, browsers).await?;
        rows.extend(beside_the_first("POST /reset", floor_ms, KINDS.into_iter().zip(times)));
    }
    Ok(rows)
}

/// The times of each kind.
async fn sample(
    suite: &Suite,
    logins: Logins,
    samples: usize,
    browsers: usize,
) -> anyhow::Result<Vec<Vec<Duration>>> {
    let (host, logins) = (suite.portal()?, Arc::new(logins));
    let mut running = JoinSet::new();
    for lane in 0..browsers {
        let (logins, host) = (Arc::clone(&logins), host.to_owned());
        running.spawn(async move {
            let mut browser = Browser::of_demo(&host).await?;
            let mut times = vec![Vec::new(); KINDS.len()];
            // The first requests pay for what later ones find warm.
            post_login(&mut browser, &logins.of(0, lane)).await?;
            for number in (lane..samples).step_by(browsers) {
                for kind in shuffled_kinds::<{ KINDS.len() }>() {
                    times[kind].push(post_login(&mut browser, &logins.of(kind, number)).await?);
                }
            }
            anyhow::Ok(times)
        });
    }
    let mut times = vec![Vec::new(); KINDS.len()];
    while let Some(lane) = running.join_next().await {
        times.iter_mut().zip(lane??).for_each(|(all, some)| all.extend(some));
    }
    Ok(times)
}

/// Sends the form with a login; the time until the first byte of the answer, which is the way to the next page for all of them.
async fn post_login(browser: &mut Browser, login: &str) -> anyhow::Result<Duration> {
    let form = browser.show("/reset").await?;
    let answer = browser.submit(&form, "/reset", &[("login", login)]).await?;
    answer.leads_on()?;
    // Each reset has a cookie of its own: a browser does not begin hundreds.
    browser.forget("__Host-rekey-reset-");
    Ok(answer.first_byte)
}
