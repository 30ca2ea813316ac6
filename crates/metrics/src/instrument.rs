//! Instruments that record under their definition. Each is made once, at its first use, from the meter of the process.

use std::marker::PhantomData;
use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::metrics::Meter;
use opentelemetry::{StringValue, global, metrics};

use super::definition::{Definition, Kind, Label, Values};

/// What a label holds.
pub type LabelValue = StringValue;

fn meter() -> Meter {
    global::meter("rekey")
}

/// Bounds of a histogram.
pub trait Buckets: Send + Sync + 'static {
    /// Their upper ends, without the last, which is infinite.
    const BOUNDS: &[f64];
}

/// 5 ms to 10 s: of calls, as the semantic conventions for RPC say.
#[derive(Debug)]
pub struct CallSeconds;

impl Buckets for CallSeconds {
    const BOUNDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
}

/// 0.5 ms to 10 s: of statements, a step below the conventions for databases, since SQLite answers within one.
#[derive(Debug)]
pub struct StatementSeconds;

impl Buckets for StatementSeconds {
    const BOUNDS: &[f64] = &[0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
}

/// 10 ms to an hour: of what may wait.
#[derive(Debug)]
pub struct LongSeconds;

impl Buckets for LongSeconds {
    const BOUNDS: &[f64] =
        &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0];
}

/// Counts what happens.
#[derive(Debug)]
pub struct Counter<const N: usize> {
    definition: Definition,
    made: OnceLock<metrics::Counter<u64>>,
}

/// What is, as whoever knows it says.
#[derive(Debug)]
pub struct Gauge<const N: usize> {
    definition: Definition,
    made: OnceLock<metrics::Gauge<f64>>,
}

/// What is, looked up whenever it is read.
#[derive(Debug)]
pub struct ObservedGauge<const N: usize> {
    definition: Definition,
}

/// How long things take.
#[derive(Debug)]
pub struct Histogram<const N: usize, B: Buckets = CallSeconds> {
    definition: Definition,
    made: OnceLock<metrics::Histogram<f64>>,
    buckets: PhantomData<B>,
}

const fn define<const N: usize>(
    kind: Kind,
    (name, unit): (&'static str, &'static str),
    labels: &'static [Label; N],
    meaning: &'static str,
) -> Definition {
    Definition { name, kind, unit, labels, meaning }
}

impl<const N: usize> Counter<N> {
    /// A counter of this name and unit, with these labels and this meaning.
    #[must_use]
    pub const fn new(
        name: &'static str,
        unit: &'static str,
        labels: &'static [Label; N],
        meaning: &'static str,
    ) -> Self {
        Self { definition: define(Kind::Counter, (name, unit), labels, meaning), made: OnceLock::new() }
    }

    /// What it counts.
    #[must_use]
    pub const fn definition(&'static self) -> &'static Definition {
        &self.definition
    }

    /// Counts so many, with these values of its labels. None of them is counted too: the series is there from then on.
    pub fn add<V: Into<LabelValue>>(&self, count: u64, values: [V; N]) {
        let made = self.made.get_or_init(|| {
            let Definition { name, unit, .. } = self.definition;
            meter().u64_counter(name).with_unit(unit).with_description(self.definition.meaning()).build()
        });
        made.add(count, &self.definition.attributes(values));
    }
}

impl<const N: usize> Counter<N> {
    /// Shows every series at zero, where all of them are known.
    pub fn begin(&self) {
        let mut series: Vec<Vec<&'static str>> = vec![Vec::new()];
        for label in self.definition.labels {
            let Values::Of(listed) = label.values else { return };
            let longer = series.iter().flat_map(|values| {
                listed.iter().map(|value| values.iter().copied().chain([*value]).collect::<Vec<_>>())
            });
            series = longer.collect();
        }
        for values in series {
            if let Ok(values) = <[&'static str; N]>::try_from(values) {
                self.add(0, values);
            }
        }
    }
}

impl Counter<0> {
    /// Counts so many.
    pub fn count(&self, count: u64) {
        self.add::<&'static str>(count, []);
    }
}

impl<const N: usize> Gauge<N> {
    /// Nothing is known of it before it is recorded.
    pub const fn begin(&self) {}

    /// A gauge of this name and unit, with these labels and this meaning.
    #[must_use]
    pub const fn new(
        name: &'static str,
        unit: &'static str,
        labels: &'static [Label; N],
        meaning: &'static str,
    ) -> Self {
        Self { definition: define(Kind::Gauge, (name, unit), labels, meaning), made: OnceLock::new() }
    }

    /// What it shows.
    #[must_use]
    pub const fn definition(&'static self) -> &'static Definition {
        &self.definition
    }

    /// Says what is.
    pub fn set<V: Into<LabelValue>>(&self, value: f64, values: [V; N]) {
        let made = self.made.get_or_init(|| {
            let Definition { name, unit, .. } = self.definition;
            meter().f64_gauge(name).with_unit(unit).with_description(self.definition.meaning()).build()
        });
        made.record(value, &self.definition.attributes(values));
    }

    /// Says how many there are.
    pub fn set_count<V: Into<LabelValue>>(&self, count: usize, values: [V; N]) {
        self.set(u32::try_from(count).map_or(f64::from(u32::MAX), f64::from), values);
    }

    /// Says whether it is so: one or zero.
    pub fn set_whether<V: Into<LabelValue>>(&self, is_so: bool, values: [V; N]) {
        self.set(f64::from(u8::from(is_so)), values);
    }
}

impl<const N: usize> ObservedGauge<N> {
    /// Nothing is known of it before it is recorded.
    pub const fn begin(&self) {}

    /// A gauge of this name and unit, with these labels and this meaning.
    #[must_use]
    pub const fn new(
        name: &'static str,
        unit: &'static str,
        labels: &'static [Label; N],
        meaning: &'static str,
    ) -> Self {
        Self { definition: define(Kind::Gauge, (name, unit), labels, meaning) }
    }

    /// What it shows.
    #[must_use]
    pub const fn definition(&'static self) -> &'static Definition {
        &self.definition
    }

    /// Asks `look` whenever the metrics are read, as long as the process lives. It must not wait.
    pub fn observe(&'static self, look: impl Fn() -> Vec<(f64, [LabelValue; N])> + Send + Sync + 'static) {
        let definition = &self.definition;
        let _registered = meter()
            .f64_observable_gauge(definition.name)
            .with_unit(definition.unit)
            .with_description(definition.meaning())
            .with_callback(move |observer| {
                for (value, labels) in look() {
                    observer.observe(value, &definition.attributes(labels));
                }
            })
            .build();
    }
}

impl<const N: usize, B: Buckets> Histogram<N, B> {
    /// Nothing is known of it before it is recorded.
    pub const fn begin(&self) {}

    /// A histogram of this name and unit, with these labels and this meaning.
    #[must_use]
    pub const fn new(
        name: &'static str,
        unit: &'static str,
        labels: &'static [Label; N],
        meaning: &'static str,
    ) -> Self {
        let definition = define(Kind::Histogram, (name, unit), labels, meaning);
        Self { definition, made: OnceLock::new(), buckets: PhantomData }
    }

    /// What it measures.
    #[must_use]
    pub const fn definition(&'static self) -> &'static Definition {
        &self.definition
    }

    /// Records how long something took.
    pub fn record<V: Into<LabelValue>>(&self, took: Duration, values: [V; N]) {
        let made = self.made.get_or_init(|| {
            let Definition { name, unit, .. } = self.definition;
            meter()
                .f64_histogram(name)
                .with_unit(unit)
                .with_description(self.definition.meaning())
                .with_boundaries(B::BOUNDS.to_vec())
                .build()
        });
        made.record(took.as_secs_f64(), &self.definition.attributes(values));
    }
}
