//! What rendered network policies let through between the parts.

use std::collections::BTreeSet;

use serde_json::Value;

/// The calls that policies of this direction allow, from part to part.
pub(super) fn arrows(documents: &[Value], direction: &str) -> BTreeSet<(String, String)> {
    let mut arrows = BTreeSet::new();
    for policy in policies(documents) {
        let own = component(&policy["spec"]["podSelector"]).unwrap();
        for peer in rules(policy, direction).flat_map(|rule| peers(rule, direction)) {
            // Another namespace's Pods, whatever they are called.
            if let (Some(other), true) =
                (component(&peer["podSelector"]), peer["namespaceSelector"].is_null())
            {
                let arrow = if direction == "egress" { (own.clone(), other) } else { (other, own.clone()) };
                arrows.insert(arrow);
            }
        }
    }
    arrows
}

/// The parts with a rule of this direction that names no peer, which means everybody.
pub(super) fn open_to_all(documents: &[Value], direction: &str) -> Vec<String> {
    let is_open =
        |policy: &&Value| rules(policy, direction).any(|rule| peers(rule, direction).next().is_none());
    policies(documents)
        .filter(is_open)
        .map(|policy| component(&policy["spec"]["podSelector"]).unwrap())
        .collect()
}

/// A policy that does not name a direction would leave it open.
fn policies(documents: &[Value]) -> impl Iterator<Item = &Value> {
    let policies = documents.iter().filter(|document| document["kind"] == "NetworkPolicy");
    policies.inspect(|policy| {
        assert_eq!(policy["spec"]["policyTypes"], serde_json::json!(["Ingress", "Egress"]), "{policy}");
    })
}

fn rules<'a>(policy: &'a Value, direction: &str) -> impl Iterator<Item = &'a Value> {
    policy["spec"][direction].as_array().into_iter().flatten()
}

fn peers<'a>(rule: &'a Value, direction: &str) -> impl Iterator<Item = &'a Value> {
    rule[if direction == "egress" { "to" } else { "from" }].as_array().into_iter().flatten()
}

fn component(selector: &Value) -> Option<String> {
    selector["matchLabels"]["app.kubernetes.io/component"].as_str().map(str::to_owned)
}
