//! `rekey metrics`: what the parts measure, of which `docs/metrics.md` is made as well.

use rekey_metrics::page::{Section, markdown};
use rekey_metrics::{Definition, Values, process};
use serde_json::{Value, json};

use crate::output::{Output, print, table};

/// Every instrument of the suite, by whose it is.
pub const SECTIONS: [fn() -> Section; 4] = [
    || Section { title: "Every process", instruments: process::CATALOGUE },
    || Section { title: "identity", instruments: rekey_identity::METRICS },
    || Section { title: "verification", instruments: rekey_verification::METRICS },
    || Section { title: "notification", instruments: rekey_notification::METRICS },
];

/// What the page begins with.
const INTRODUCTION: &str = "\
# Metrics

Made by `cargo xtask metrics --write` from the instruments in the code; change their comments there. `rekey metrics` prints the
same, with `--json` for programs.

Prometheus reads them from `/metrics` on the health port (`[health] listen`, 7390); with `telemetry.otlp_endpoint` they are
pushed to a collector as well, under the names with dots. Names follow the semantic conventions of OpenTelemetry where these
have one. A histogram has three series, which end in `_bucket`, `_sum` and `_count`. Every series carries
`otel_scope_name=\"rekey\"`; version and service name are labels of `target_info`.

Labels hold names that the contract, the settings or the code list, and nothing of anybody's: no tenant, no login, no address.
So the number of series does not grow with people or with attacks. No metric tells a known login from an unknown one, or a
decoy from a message: steps and checks are counted by what the caller was told. Whoever may read the metrics still learns how
much happens when, so keep the health port inside.

What is worth an alarm stands in [`deploy/alerts/rekey.yaml`](../deploy/alerts/rekey.yaml), what to do then in
[runbook.md](runbook.md), and [`deploy/dashboards/rekey.json`](../deploy/dashboards/rekey.json) draws them.";

pub(crate) fn run(as_page: bool, output: Output) -> anyhow::Result<()> {
    if as_page {
        return Ok(print(page().trim_end())?);
    }
    let sections = SECTIONS.map(|section| section());
    let all: Vec<(&str, &Definition)> = sections
        .iter()
        .flat_map(|section| section.instruments.iter().map(|instrument| (section.title, *instrument)))
        .collect();
    let data: Vec<Value> = all.iter().map(|(title, instrument)| shown(title, instrument)).collect();
    output.data(&data, |_| {
        let head = ["NAME", "KIND", "LABELS", "MEANING"].map(str::to_owned).to_vec();
        let rows = all.iter().map(|(_, instrument)| {
            let labels: Vec<_> =
                instrument.labels.iter().map(rekey_metrics::Label::prometheus_name).collect();
            let first = instrument.meaning().split(['.', ':']).next().unwrap_or_default();
            vec![
                instrument.prometheus_name(),
                instrument.kind.as_str().to_owned(),
                labels.join(", "),
                first.to_owned(),
            ]
        });
        table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
    })
}

/// `docs/metrics.md`.
pub fn page() -> String {
    markdown(INTRODUCTION, &SECTIONS.map(|section| section()))
}

fn shown(title: &str, instrument: &Definition) -> Value {
    let labels: Vec<Value> = instrument
        .labels
        .iter()
        .map(|label| match label.values {
            Values::Of(listed) => json!({ "name": label.prometheus_name(), "values": listed }),
            Values::Names(of) => json!({ "name": label.prometheus_name(), "names_of": of }),
        })
        .collect();
    json!({
        "name": instrument.prometheus_name(),
        "otel_name": instrument.name,
        "kind": instrument.kind.as_str(),
        "unit": instrument.unit,
        "of": title,
        "labels": labels,
        "meaning": instrument.meaning(),
    })
}
