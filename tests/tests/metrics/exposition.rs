//! The text that Prometheus reads.

use std::collections::{BTreeMap, BTreeSet};

use rekey_metrics::{Definition, Kind};

/// A series: its name, its labels and its value.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// All series of a page.
pub(crate) fn series(page: &str) -> Vec<Series> {
    page.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(one).collect()
}

fn one(line: &str) -> Series {
    let (head, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = match head.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix('}').unwrap()),
        None => (head, ""),
    };
    let labels = labels.split("\",").filter(|one| !one.is_empty()).map(|one| {
        let (name, value) = one.split_once("=\"").unwrap();
        (name.to_owned(), value.trim_end_matches('"').to_owned())
    });
    Series { name: name.to_owned(), labels: labels.collect(), value: value.parse().unwrap() }
}

/// Every instrument there is.
pub(crate) fn instruments() -> Vec<&'static Definition> {
    rekey::METRICS.iter().flat_map(|section| section().instruments.iter().copied()).collect()
}

/// The instrument that a series is of.
pub(crate) fn instrument_of(series: &str) -> Option<&'static Definition> {
    instruments().into_iter().find(|instrument| {
        let name = instrument.prometheus_name();
        let parts = ["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}"));
        match instrument.kind {
            Kind::Histogram => parts.iter().any(|part| part == series),
            Kind::Counter | Kind::Gauge => name == series,
        }
    })
}

/// The names of the instruments that were recorded: a counter has counted, a histogram has measured, a gauge is there.
pub(crate) fn recorded(page: &str) -> BTreeSet<&'static str> {
    let has_happened = |series: &Series, instrument: &Definition| match instrument.kind {
        Kind::Gauge => true,
        Kind::Counter => series.value > 0.0,
        Kind::Histogram => series.name.ends_with("_count") && series.value > 0.0,
    };
    let found = series(page).into_iter().filter_map(|series| {
        let instrument = instrument_of(&series.name)?;
        has_happened(&series, instrument).then_some(instrument.name)
    });
    found.collect()
}

/// The sum of the series of this name whose labels include these.
pub(crate) fn sum(page: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let fits = |series: &Series| {
        series.name == name
            && labels.iter().all(|(label, value)| series.labels.get(*label).is_some_and(|held| held == value))
    };
    series(page).iter().filter(|series| fits(series)).map(|series| series.value).sum()
}

#[test]
fn lines_are_read_with_their_labels() {
    let page = "# HELP x y\nx_total{a=\"1\",b=\"of c, d\"} 2\nx_total{a=\"2\",b=\"e\"} 3\ny 1\n";

    assert_eq!(sum(page, "x_total", &[]), 5.0);
    assert_eq!(sum(page, "x_total", &[("b", "of c, d")]), 2.0);
    assert_eq!(sum(page, "y", &[]), 1.0);
}
