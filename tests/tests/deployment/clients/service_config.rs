//! `proto/service_config.json`, which callers copy: every RPC has a deadline, and what is repeated may be repeated.

use std::collections::BTreeSet;
use std::time::Duration;

use prost_reflect::prost_types::method_options::IdempotencyLevel;
use prost_reflect::{DescriptorPool, Kind, MessageDescriptor, MethodDescriptor};
use serde_json::Value;

use super::root;

/// Repeated although they neither only read nor carry a `request_id`: a second start beside the first changes nothing but the
/// count of starts, a chunk is known by its number, and an export that is begun twice is in the log twice.
const HARMLESS: [&str; 5] = [
    "rekey.identity.v1.PasswordResetService.StartPasswordReset",
    "rekey.identity.v1.PasskeyService.StartPasskeyRegistration",
    "rekey.identity.v1.PasskeyService.StartPasskeySignIn",
    "rekey.identity.v1.AccountImportService.UploadImportRecords",
    "rekey.identity.v1.AccountExportService.ExportAccounts",
];

#[test]
fn every_rpc_has_a_deadline_that_the_server_grants() {
    let ceiling = Duration::from_secs(60);

    for rpc in rpcs() {
        let entry = entry_of(&rpc);

        let timeout = seconds(&entry["timeout"]);
        assert!(timeout >= Duration::from_secs(1) && timeout <= ceiling, "{}", rpc.full_name());
    }
}

#[test]
fn what_is_repeated_may_be_repeated() {
    for rpc in rpcs() {
        let policy = &entry_of(&rpc)["retryPolicy"];

        assert!(is_repeatable(&rpc), "{} must not be repeated", rpc.full_name());
        assert_eq!(policy["retryableStatusCodes"], serde_json::json!(["UNAVAILABLE"]), "{}", rpc.full_name());
    }
}

#[test]
fn grpc_takes_it() {
    let config = config();
    let policies: Vec<&Value> = entries(&config).map(|entry| &entry["retryPolicy"]).collect();

    for policy in policies {
        // The rules of gRFC A6; libraries read no more than five attempts.
        assert!((2..=5).contains(&policy["maxAttempts"].as_u64().unwrap()));
        assert!(seconds(&policy["initialBackoff"]) <= seconds(&policy["maxBackoff"]));
        assert!(policy["backoffMultiplier"].as_f64().unwrap() > 0.0);
    }
    let throttling = &config["retryThrottling"];
    assert!(throttling["maxTokens"].as_f64().unwrap() <= 1000.0);
    assert!(throttling["tokenRatio"].as_f64().unwrap() > 0.0);
    let known: BTreeSet<String> = rpcs().iter().flat_map(|rpc| [name_of(rpc), service_of(rpc)]).collect();
    let named: Vec<String> = entries(&config).flat_map(names).collect();
    assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "a name stands once");
    assert!(named.iter().all(|name| known.contains(name)), "{named:?}");
}

fn config() -> Value {
    let text = std::fs::read_to_string(root().join("proto/service_config.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn entries(config: &Value) -> impl Iterator<Item = &Value> {
    config["methodConfig"].as_array().unwrap().iter()
}

/// The entry that gRPC takes: that of the method before that of its service.
fn entry_of(rpc: &MethodDescriptor) -> Value {
    let config = config();
    let named = |name: String| entries(&config).find(|entry| names(entry).contains(&name)).cloned();
    named(name_of(rpc)).or_else(|| named(service_of(rpc))).unwrap_or_else(|| panic!("no {}", rpc.full_name()))
}

fn names(entry: &Value) -> Vec<String> {
    let name = |name: &Value| match name["method"].as_str() {
        Some(method) => format!("{}/{method}", name["service"].as_str().unwrap()),
        None => name["service"].as_str().unwrap().to_owned(),
    };
    entry["name"].as_array().unwrap().iter().map(name).collect()
}

fn name_of(rpc: &MethodDescriptor) -> String {
    format!("{}/{}", service_of(rpc), rpc.name())
}

fn service_of(rpc: &MethodDescriptor) -> String {
    rpc.parent_service().full_name().to_owned()
}

fn seconds(value: &Value) -> Duration {
    let number = value.as_str().unwrap().strip_suffix('s').unwrap();
    Duration::from_secs_f64(number.parse().unwrap())
}

fn rpcs() -> Vec<MethodDescriptor> {
    let pool = DescriptorPool::decode(rekey_wire::DESCRIPTORS).unwrap();
    pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

fn is_repeatable(rpc: &MethodDescriptor) -> bool {
    let options = rpc.method_descriptor_proto().options.clone().unwrap_or_default();
    options.idempotency_level() == IdempotencyLevel::NoSideEffects
        || carries_request_id(&rpc.input())
        || HARMLESS.contains(&rpc.full_name())
}

/// Whether a message has a `request_id`, or is a list of messages that have one.
fn carries_request_id(message: &MessageDescriptor) -> bool {
    let listed = |field: prost_reflect::FieldDescriptor| match field.kind() {
        Kind::Message(entry) if field.is_list() => entry.get_field_by_name("request_id").is_some(),
        _ => false,
    };
    message.get_field_by_name("request_id").is_some() || message.fields().any(listed)
}
