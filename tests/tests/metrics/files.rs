//! The page, the rules, the runbook and the dashboard are of the instruments that there are.

use std::collections::BTreeSet;
use std::path::Path;

use rekey_metrics::Values;
use serde_json::Value;

use super::exposition::{instrument_of, instruments};

const RULES: &str = "deploy/alerts/rekey.yaml";
const RULE_TESTS: &str = "deploy/alerts/rekey.test.yaml";
const DASHBOARD: &str = "deploy/dashboards/rekey.json";
const RUNBOOK: &str = "docs/runbook.md";

/// What Prometheus adds to what it reads, and the exporter to every page.
const OF_OTHERS: [&str; 2] = ["up", "target_info"];

/// Labels that Prometheus, the exporter or a rule has, and no instrument of ours.
const LABELS_OF_OTHERS: [&str; 5] = ["le", "instance", "job", "service_name", "service_version"];

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

fn alerts() -> Vec<String> {
    let rules = read(RULES);
    rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).map(str::to_owned).collect()
}

#[test]
fn the_page_lists_what_is_measured() {
    assert!(
        read("docs/metrics.md") == rekey::metrics_page(),
        "docs/metrics.md is not what the code measures: run `cargo xtask metrics --write`"
    );
}

#[test]
fn names_are_unique_and_say_what_they_mean() {
    let instruments = instruments();

    let names: BTreeSet<String> = instruments.iter().map(|one| one.prometheus_name()).collect();

    assert_eq!(names.len(), instruments.len());
    assert!(instruments.iter().all(|one| one.meaning().len() > 20 && one.meaning().ends_with('.')));
}

#[test]
fn rules_and_dashboard_ask_for_what_is_measured() {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let of_panels = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let of_panels: Vec<String> =
        of_panels.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    let rules = read(RULES);
    let of_rules: Vec<String> = rules.split("expr:").skip(1).map(expression).collect();

    let asked = of_rules.iter().chain(&of_panels);
    let wrong: Vec<String> = asked.clone().flat_map(|text| wrong_in(text)).collect();

    assert!(of_rules.len() > 30 && of_panels.len() > 40, "{} {}", of_rules.len(), of_panels.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_instrument_is_drawn_or_is_worth_an_alarm() {
    let texts = read(RULES) + &read(DASHBOARD);

    let unseen: Vec<String> =
        instruments().iter().map(|one| one.prometheus_name()).filter(|name| !texts.contains(name)).collect();

    assert!(unseen.is_empty(), "{unseen:#?}");
}

#[test]
fn every_alert_has_its_page_and_its_cases() {
    let (runbook, rules, cases) = (read(RUNBOOK), read(RULES), read(RULE_TESTS));
    let alerts = alerts();

    for alert in &alerts {
        let page = runbook.split(&format!("\n### {alert}\n")).nth(1);
        let page = page.unwrap_or_else(|| panic!("{alert} has no page")).split("\n### ").next().unwrap();
        for part in ["**Means.**", "**Look first.**", "**Mends.**"] {
            let said = page.split(part).nth(1).unwrap_or_else(|| panic!("{alert}: {part} is missing"));
            assert!(said.split("**").next().unwrap().trim().len() > 20, "{alert}: {part}");
        }
        let link = format!("runbook_url: docs/runbook.md#{}\n", alert.to_lowercase());
        assert!(rules.contains(&link), "{alert}: {link}");
        for case in ["fires", "is quiet"] {
            assert!(cases.contains(&format!("- name: {alert} {case}\n")), "{alert} {case}");
        }
    }
    let pages = runbook.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned);
    assert_eq!(pages.collect::<BTreeSet<_>>(), alerts.into_iter().collect());
}

/// The expression at the beginning of what stands behind `expr:`, in one line or in several that begin deeper.
fn expression(text: &str) -> String {
    let ends = ["for:", "labels:", "annotations:"];
    let lines = text.lines().take_while(|line| !ends.iter().any(|end| line.trim().starts_with(end)));
    lines.collect::<Vec<_>>().join("\n")
}

/// What an expression asks for that nothing measures: a metric, a label of it, or a value that the label never has.
fn wrong_in(expression: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (at, name) in words(expression) {
        let is_metric = ["rekey_", "rpc_", "db_", "messaging_"].iter().any(|start| name.starts_with(start));
        let selector =
            expression[at + name.len()..].strip_prefix('{').and_then(|rest| rest.split('}').next());
        let is_label = selector.is_none()
            && instruments().iter().any(|one| one.labels.iter().any(|label| label.prometheus_name() == name));
        if !is_metric || is_label || OF_OTHERS.contains(&name) {
            continue;
        }
        let Some(instrument) = instrument_of(name) else {
            wrong.push(format!("{name} is not measured"));
            continue;
        };
        for condition in selector.unwrap_or_default().split("\",").filter(|one| !one.trim().is_empty()) {
            let (label, value) = condition.split_once('"').unwrap();
            let label = label.trim().trim_end_matches(['=', '~', '!']);
            let value = value.trim_matches('"');
            let known = instrument.labels.iter().find(|known| known.prometheus_name() == label);
            match known.map(|known| known.values) {
                None if LABELS_OF_OTHERS.contains(&label) => {}
                None => wrong.push(format!("{name} has no label {label}")),
                Some(Values::Names(_)) => {}
                Some(Values::Of(listed)) => {
                    let values = value.split('|').filter(|value| !value.contains('*'));
                    let strange = values.filter(|value| !listed.contains(value));
                    wrong.extend(strange.map(|value| format!("{name}: {label} is never {value}")));
                }
            }
        }
    }
    wrong
}

/// The words of an expression, with the place where each begins.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        let word = &rest[start..];
        let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
        found.push((text.len() - word.len(), &word[..end]));
        rest = &word[end..];
    }
    found
}

#[test]
fn what_nothing_measures_is_found() {
    let judged = |text: &str| wrong_in(text);

    assert_eq!(judged("rekey_nothing > 1"), ["rekey_nothing is not measured"]);
    assert_eq!(judged("rekey_ready{mood=\"x\"}"), ["rekey_ready has no label mood"]);
    let strange = judged("rate(rekey_verification_checks_total{outcome=~\"passed|lucky\"}[5m])");
    assert_eq!(strange, ["rekey_verification_checks_total: outcome is never lucky"]);
    assert!(judged("sum by (rpc_method) (rate(rpc_server_call_duration_seconds_count[5m]))").is_empty());
}
