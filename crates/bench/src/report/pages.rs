//! Pages beside what they may take: how soon the first byte is there, and how much comes until all of a page is.

use serde::Serialize;

use super::tables::{figure, head, yes_or_no};
use crate::histogram::Latencies;

/// How soon the first byte should be there, of 99 requests in 100.
const FIRST_BYTE_MS: f64 = 20.0;

/// How much a page may be with everything that it loads.
const PAGE_KB: f64 = 60.0;

/// One page.
#[derive(Debug, Serialize)]
pub(crate) struct PageLine {
    /// Its address, as people read it.
    pub(crate) page: &'static str,
    /// None where the program has no such page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) figures: Option<PageFigures>,
}

/// What was measured of it.
#[derive(Debug, Serialize)]
pub(crate) struct PageFigures {
    pub(crate) requests: u64,
    /// Milliseconds until the first byte: p50, p95 and p99.
    pub(crate) first_byte: [f64; 3],
    /// Whether the last of them is soon enough.
    pub(crate) is_soon: bool,
    /// Files, the page itself among them.
    pub(crate) files: usize,
    /// Kilobytes of all of them, without the heads of their answers.
    pub(crate) kilobytes: f64,
    /// Whether they are few enough.
    pub(crate) is_small: bool,
}

impl PageFigures {
    pub(crate) fn of(first_bytes: &Latencies, files: usize, bytes: usize) -> Self {
        let first_byte = [0.5, 0.95, 0.99].map(|share| first_bytes.percentile(share));
        let kilobytes = bytes as f64 / 1e3;
        Self {
            requests: first_bytes.count(),
            first_byte,
            is_soon: first_byte[2] < FIRST_BYTE_MS,
            files,
            kilobytes,
            is_small: kilobytes < PAGE_KB,
        }
    }
}

pub(super) fn rows(lines: &[PageLine]) -> Vec<Vec<String>> {
    let names = ["PAGE", "REQUESTS", "P50", "P95", "P99", "< 20 MS", "FILES", "SIZE", "< 60 KB"];
    let row = |line: &PageLine| {
        let Some(found) = &line.figures else {
            return vec![line.page.to_owned(), "no such page".to_owned()];
        };
        let mut row = vec![line.page.to_owned(), found.requests.to_string()];
        row.extend(found.first_byte.map(|ms| format!("{} ms", figure(ms))));
        row.push(yes_or_no(found.is_soon).to_owned());
        row.push(found.files.to_string());
        row.push(format!("{} kB", figure(found.kilobytes)));
        row.push(yes_or_no(found.is_small).to_owned());
        row
    };
    std::iter::once(head(names)).chain(lines.iter().map(row)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_page_is_judged_by_its_slowest_requests_and_by_all_that_it_loads() {
        let judged = |slow_ms: u64, bytes: usize| {
            let times = (1..=100).map(|number| if number > 95 { slow_ms } else { 1 });
            let figures = PageFigures::of(&Latencies::of(times.map(Duration::from_millis)), 3, bytes);
            (figures.is_soon, figures.is_small)
        };

        assert_eq!(judged(10, 59_000), (true, true));
        assert_eq!(judged(30, 61_000), (false, false));
    }

    #[test]
    fn a_page_that_a_program_lacks_is_said_to_be_missing() {
        let figures = PageFigures::of(&Latencies::of([Duration::from_millis(2)]), 3, 12_300);
        let lines =
            [PageLine { page: "/", figures: Some(figures) }, PageLine { page: "/sign-in", figures: None }];

        let rows = rows(&lines);

        assert_eq!(rows[1], ["/", "1", "2.00 ms", "2.00 ms", "2.00 ms", "yes", "3", "12.3 kB", "yes"]);
        assert_eq!(rows[2], ["/sign-in", "no such page"]);
    }
}
