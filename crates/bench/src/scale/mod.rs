//! What administrators do to a whole directory, at ten thousand accounts and at a million: rate, memory, and how each grows.
//!
//! One tenant grows by importing, and at each size everything is measured again. Nothing is compared with the machine's own
//! limit here: what counts is how a figure at the largest size stands to the same figure at the smallest. Work on the whole
//! directory should keep its rate, a page or a search its time, and memory its size.

mod jobs;
mod memory;
mod reading;

use anyhow::Context as _;

use self::memory::Peak;
use crate::directory::importing;
use crate::output::Output;
use crate::report::ScaleLine;
use crate::suite::{Setup, Suite};

/// The sizes, each ten times the one before.
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

/// What one size came to. A figure is told as it is found: the last ones may be half an hour away.
#[derive(Debug)]
struct Figures {
    found: Vec<Figure>,
    output: Output,
}

/// One thing measured at one size.
#[derive(Debug, Clone, Copy)]
struct Figure {
    what: &'static str,
    unit: &'static str,
    value: f64,
}

impl Figures {
    fn add(&mut self, what: &'static str, unit: &'static str, value: f64) {
        self.output.say(&format!("  {what}: {value:.1} {unit}"));
        self.found.push(Figure { what, unit, value });
    }
}

/// Measures at every size up to `accounts`, and at that one.
pub(crate) async fn measure(
    setup: &Setup,
    accounts: usize,
    output: Output,
) -> anyhow::Result<(Vec<usize>, Vec<ScaleLine>)> {
    let mut sizes: Vec<usize> = SIZES.into_iter().filter(|size| *size < accounts).collect();
    sizes.push(accounts);
    let suite = Suite::start(setup.clone().looking_often()).await?;
    let mut all = Vec::new();
    let mut there = 0;
    for &size in &sizes {
        output.say(&format!("{size} accounts"));
        all.push(at_size(&suite, there..size, output).await?);
        there = size;
    }
    Ok((sizes, lines(&all)?))
}

/// Fills the directory up and measures everything.
async fn at_size(suite: &Suite, new: std::ops::Range<usize>, output: Output) -> anyhow::Result<Figures> {
    let size = new.end;
    let mut figures = Figures { found: Vec::new(), output };
    let peak = Peak::watch(suite);
    figures.add("import", "accounts/s", importing::import_people(suite, new).await?);
    figures.add("import, memory", "MB", peak.megabytes());
    // Everything below reads what has been written, not what is still being looked through.
    suite.stores.settle().await?;
    reading::measure(suite, size, &mut figures).await?;
    let peak = Peak::watch(suite);
    figures.add("policy preview", "accounts/s", reading::preview(suite, size).await?);
    figures.add("policy preview, memory", "MB", peak.megabytes());
    jobs::expiry(suite, &mut figures).await?;
    jobs::bulk(suite, size, &mut figures).await?;
    Ok(figures)
}

/// The figures of all sizes, line by line.
fn lines(all: &[Figures]) -> anyhow::Result<Vec<ScaleLine>> {
    let first = all.first().context("at least one size")?;
    let lines = first.found.iter().enumerate().map(|(number, figure)| {
        let values = all.iter().filter_map(|figures| figures.found.get(number)).map(|figure| figure.value);
        ScaleLine::of(figure.what, figure.unit, values.collect())
    });
    Ok(lines.collect())
}
