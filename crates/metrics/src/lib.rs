//! What Rekey measures: instruments that are defined once, where they are recorded, and listed in catalogues.
//!
//! | Module | Has |
//! |---|---|
//! | [`definition`] | what an instrument is called, counts and is labelled with |
//! | `instrument` | counters, gauges and histograms that record under their definition |
//! | [`process`] | the instruments that several crates record |
//! | [`page`] | the catalogues as the page `docs/metrics.md` |
//!
//! A crate defines its instruments with [`instruments!`]. Each is a `static` that is made when it is first recorded, which is
//! after the process has started its telemetry, and never looked up again.
//!
//! Labels hold names only that the contract, the settings or this code know, so that nobody from outside decides how many
//! series there are: builds that test refuse every other value.

pub mod definition;
mod instrument;
pub mod page;
pub mod process;

pub use definition::{Definition, Kind, Label, Values};
pub use instrument::{
    Buckets, CallSeconds, Counter, Gauge, Histogram, LabelValue, LongSeconds, ObservedGauge, StatementSeconds,
};

/// Instruments of a place, by name.
pub type Catalogue = &'static [&'static Definition];

/// Defines instruments and their catalogue. What an instrument means is its comment, which Prometheus shows as well.
///
/// ```
/// use rekey_metrics::{Counter, Label};
///
/// const OUTCOME: Label = Label::of("outcome", &["passed", "rejected"]);
///
/// rekey_metrics::instruments! {
///     /// Codes that were judged.
///     pub static CHECKS: Counter<1> = "rekey.verification.checks", "{check}", [OUTCOME];
/// }
///
/// CHECKS.add(1, ["passed"]);
/// assert_eq!(CATALOGUE[0].prometheus_name(), "rekey_verification_checks_total");
/// ```
#[macro_export]
macro_rules! instruments {
    ($(
        $(#[doc = $meaning:literal])+
        $visibility:vis static $name:ident: $kind:ty = $metric:literal, $unit:literal, [$($label:expr),* $(,)?];
    )+) => {
        $(
            $(#[doc = $meaning])+
            $visibility static $name: $kind =
                <$kind>::new($metric, $unit, &[$($label),*], concat!($($meaning),+));
        )+

        /// Every instrument that is defined here.
        pub static CATALOGUE: $crate::Catalogue = &[$($name.definition()),+];

        /// Shows those counters at zero whose series are known, so that the first time they count is seen as a rise. Called
        /// once, when the process has its telemetry.
        pub fn begin() {
            $($name.begin();)+
        }
    };
}
