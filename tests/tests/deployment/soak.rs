//! A soak: people reset their passwords for as long as `cargo xtask soak` says, while replicas are restarted and all keys are
//! rotated in turn, again and again. No call fails, nothing is logged as an error, and the memory of a process that goes on all
//! the while stays what it is.

use std::time::Duration;

use rekey::Part;
use rekey_tests::deployment::replicas::Replicas;
use rekey_tests::deployment::{Deployment, Ground};
use tokio::time::Instant;

use crate::deployment::resetting::Resetting;
use crate::deployment::rotating::{RELOADS, Rotation};

const REPLICAS: usize = 2;
/// Memory is judged from here on, of the whole time: until then pools fill, and threads take their arenas.
const WARM_UP: f64 = 0.25;
const MEGABYTE: f64 = 1_000_000.0;
/// How much may be more at the end of the line through all that was measured. An allocator that gives memory back by pages, and
/// arenas that a thread takes when it first needs one, move a process of some 40 MB by one or two of them; a thousand resets
/// or two fit into a quarter of an hour of two cores, so that a leak of two kilobytes a reset shows.
const GROWTH: f64 = 2.0 * MEGABYTE;
/// The same as a share of its size in ten minutes, for a process that is large.
const SHARE_IN_TEN_MINUTES: f64 = 0.01;
const TEN_MINUTES: f64 = 600.0;

/// What one backend may ask for where it says of nobody where they are; far below what a soak comes to.
const BUDGETS: [(&str, &str); 4] = [
    ("VERIFICATION__LIMITS__CALLER_PER_HOUR", "1000000"),
    ("VERIFICATION__LIMITS__TENANT_PER_HOUR", "1000000"),
    ("VERIFICATION__LIMITS__TENANT_PER_DAY", "1000000"),
    ("IDENTITY__LIMITS__STARTS_PER_CALLER_PER_MINUTE", "1000000"),
];

/// What was measured of the process of a part that goes on: seconds since the beginning, and bytes.
struct Measured {
    part: Part,
    samples: Vec<(f64, f64)>,
    /// The most that any process of the part had.
    most: f64,
}

/// A line through samples.
struct Line {
    /// Its value at the first sample.
    begin: f64,
    /// A second.
    slope: f64,
    /// Seconds.
    length: f64,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaks_and_nothing_fails_while_replicas_and_keys_are_replaced() {
    let settings: Vec<_> = RELOADS.into_iter().chain(BUDGETS).collect();
    let deployment = Deployment::prepare(Ground::new().await, &settings);
    assert_eq!(deployment.migrate().await.code, Some(0));
    let tenant_id = deployment.bootstrap("acme").await.json()["tenant_id"].as_str().unwrap().to_owned();
    let mut replicas = Replicas::start(deployment, REPLICAS).await;
    let resetting = Resetting::of(&replicas, tenant_id);
    let mut measured = Part::GRPC.map(|part| Measured { part, samples: Vec::new(), most: 0.0 });
    let (begin, length) = (Instant::now(), length());
    let mut rounds = 0;

    let soaking = async {
        while begin.elapsed() < length {
            restart(&mut replicas, &resetting, &mut measured, begin).await;
            rotate(&replicas, &resetting, &mut measured, begin).await;
            rounds += 1;
        }
    };
    resetting.during(soaking).await;

    report(&measured, resetting.done(), rounds);
    for measured in &measured {
        measured.stays();
    }
    assert_eq!(errors(&replicas), Vec::<String>::new());
}

/// Replaces all replicas of each part but the one that is measured.
async fn restart(
    replicas: &mut Replicas,
    resetting: &Resetting,
    measured: &mut [Measured; 3],
    begin: Instant,
) {
    for part in Part::GRPC {
        for _ in 1..REPLICAS {
            replicas.add(part).await;
            replicas.stop_second_oldest(part).await;
            resetting.goes_on().await;
            measure(replicas, measured, begin);
        }
    }
}

/// Replaces every key that rotates.
async fn rotate(replicas: &Replicas, resetting: &Resetting, measured: &mut [Measured; 3], begin: Instant) {
    let rotation = Rotation::add(replicas).await;
    resetting.goes_on().await;
    measure(replicas, measured, begin);
    rotation.activate(replicas).await;
    // What was sealed before is used up: the second time also what those who were through then had left behind them.
    resetting.goes_on().await;
    resetting.goes_on().await;
    measure(replicas, measured, begin);
    // Whoever is through does not come back, so their passwords stay under the peppers that they were set under.
    rotation.remove(replicas, &["pepper"]).await;
    resetting.goes_on().await;
    measure(replicas, measured, begin);
}

fn measure(replicas: &Replicas, measured: &mut [Measured; 3], begin: Instant) {
    for measured in measured {
        let bytes = replicas.resident_bytes(measured.part);
        measured.samples.push((begin.elapsed().as_secs_f64(), bytes[0] as f64));
        measured.most = bytes.iter().map(|bytes| *bytes as f64).fold(measured.most, f64::max);
    }
}

impl Measured {
    /// The line through what was measured after the warm-up.
    fn line(&self) -> Line {
        let end = self.samples.last().map_or(0.0, |(at, _)| *at);
        let judged: Vec<_> = self.samples.iter().copied().filter(|(at, _)| *at >= WARM_UP * end).collect();
        Line::through(&judged)
    }

    fn stays(&self) {
        let line = self.line();
        let growth = line.slope * line.length;
        let share = SHARE_IN_TEN_MINUTES * line.begin * line.length / TEN_MINUTES;
        assert!(growth <= GROWTH.max(share), "{} grew by {growth:.0} bytes", self.part.name());
    }
}

impl Line {
    /// The one that lies nearest to all of them, by least squares.
    fn through(samples: &[(f64, f64)]) -> Self {
        let count = samples.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| samples.iter().map(of).sum::<f64>() / count;
        let (middle, level) = (mean(|(at, _)| *at), mean(|(_, bytes)| *bytes));
        let (mut together, mut spread) = (0.0, 0.0);
        for (at, bytes) in samples {
            together += (at - middle) * (bytes - level);
            spread += (at - middle).powi(2);
        }
        let slope = if spread > 0.0 { together / spread } else { 0.0 };
        let (first, last) = (samples[0].0, samples[samples.len() - 1].0);
        Self { begin: level + slope * (first - middle), slope, length: last - first }
    }
}

#[expect(clippy::print_stdout, reason = "a soak says what was measured")]
fn report(measured: &[Measured; 3], resets: usize, rounds: usize) {
    println!(
        "{resets} resets, {rounds} times all but one replica of each part restarted and all keys rotated"
    );
    println!("| Part | MB after the warm-up | MB more in ten minutes | most MB of a process | samples |");
    println!("|---|---|---|---|---|");
    for of in measured {
        let line = of.line();
        println!(
            "| {} | {:.1} | {:+.2} | {:.1} | {} |",
            of.part.name(),
            line.begin / MEGABYTE,
            line.slope * TEN_MINUTES / MEGABYTE,
            of.most / MEGABYTE,
            of.samples.len()
        );
    }
}

/// What any process logged as an error.
fn errors(replicas: &Replicas) -> Vec<String> {
    let is_error = |line: &&str| line.split_whitespace().nth(1) == Some("ERROR");
    let of_log = |(name, log): (String, String)| {
        log.lines().filter(is_error).map(|line| format!("{name}: {line}")).collect::<Vec<_>>()
    };
    replicas.all_logs().into_iter().flat_map(of_log).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test has no settings document")]
fn length() -> Duration {
    let minutes = std::env::var("REKEY_SOAK_MINUTES").expect("cargo xtask soak runs this test");
    Duration::from_secs(60 * minutes.parse::<u64>().unwrap())
}

#[test]
fn a_line_lies_nearest_to_its_samples() {
    let line = Line::through(&[(0.0, 10.0), (1.0, 13.0), (2.0, 14.0), (3.0, 17.0)]);

    assert!((line.slope - 2.2).abs() < 1e-9 && (line.begin - 10.2).abs() < 1e-9, "{}", line.slope);
    assert!((line.length - 3.0).abs() < 1e-9);
}
