//! The build refuses a contract that forgot something, and what is secret does not show under `Debug`.
#![expect(clippy::unwrap_used, reason = "a test has nothing better to do")]

#[path = "../build/checks.rs"]
mod checks;

use std::fs;

use prost_reflect::DescriptorPool;
use rekey_wire::identity::v1 as identity;
use rekey_wire::notification::v1 as notification;

/// Compiles one file of a contract that imports ours.
fn pool(body: &str) -> DescriptorPool {
    let folder = tempfile::tempdir().unwrap();
    let head = "syntax = \"proto3\"; package rekey.sample.v1; import \"rekey/options/v1/access.proto\";";
    fs::write(folder.path().join("sample.proto"), format!("{head}\n{body}")).unwrap();
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    let third_party = concat!(env!("CARGO_MANIFEST_DIR"), "/../../third_party");
    let includes = [folder.path(), ours.as_ref(), third_party.as_ref()];
    let mut compiler = protox::Compiler::new(includes).unwrap();
    compiler.include_imports(true).open_file("sample.proto").unwrap();
    compiler.descriptor_pool()
}

#[test]
fn a_method_without_access_does_not_build() {
    let forgotten = pool("message Empty {} service SampleService { rpc Do(Empty) returns (Empty); }");

    let refused = checks::refuse_incomplete(&forgotten).unwrap_err();

    assert_eq!(refused, "rekey.sample.v1.SampleService.Do has no rekey.options.v1.access");
}

#[test]
fn a_field_that_sounds_secret_and_is_not_marked_does_not_build() {
    let forgotten =
        pool("message Sample { string reset_token = 1; string page_token = 2; string name = 3; }");

    let refused = checks::refuse_incomplete(&forgotten).unwrap_err();

    assert_eq!(refused, "rekey.sample.v1.Sample.reset_token sounds secret and is not marked");
}

#[test]
fn what_other_code_must_know_too_is_said_in_its_words() {
    let forgotten = pool(
        "message Sample { string code = 1 [(rekey.options.v1.secret) = true]; }
         service SampleService {
           rpc GetSample(Sample) returns (Sample) { option (rekey.options.v1.access) = {service: true}; }
         }",
    );

    let refused = checks::refuse_incomplete(&forgotten).unwrap_err();

    assert_eq!(
        refused.lines().collect::<Vec<_>>(),
        [
            "rekey.sample.v1.SampleService.GetSample reads and does not say NO_SIDE_EFFECTS",
            "rekey.sample.v1.Sample.code is secret to us or to debug_redact alone",
        ]
    );
}

#[test]
fn a_complete_contract_builds() {
    let complete = pool(
        "message Sample { string code = 1 [debug_redact = true, (rekey.options.v1.secret) = true]; }
         service SampleService {
           rpc GetSample(Sample) returns (Sample) {
             option idempotency_level = NO_SIDE_EFFECTS;
             option (rekey.options.v1.access) = {service: true};
           }
           rpc Do(Sample) returns (Sample) { option (rekey.options.v1.access) = {service: true}; }
         }",
    );

    assert_eq!(checks::refuse_incomplete(&complete), Ok(()));
}

#[test]
fn secrets_do_not_show_under_debug() {
    let request = tonic::Request::new(identity::CompletePasswordResetRequest {
        reset_token: "t0ken".to_owned(),
        new_password: "pa55word".to_owned(),
        request_id: "visible".to_owned(),
        context: None,
    });

    let shown = format!("{request:?}");

    assert!(shown.contains("visible") && shown.contains("[redacted]"));
    assert!(!shown.contains("t0ken") && !shown.contains("pa55word"));
}

#[test]
fn secrets_inside_a_oneof_and_a_map_do_not_show_either() {
    let message = notification::OutgoingMessage {
        destination: Some(notification::Destination {
            address: Some(notification::destination::Address::EmailAddress("zoe@acme.example".to_owned())),
        }),
        variables: [("code".to_owned(), "314159".to_owned())].into(),
        lane: notification::Lane::Critical.into(),
        ..Default::default()
    };

    let shown = format!("{message:?}");

    assert!(shown.contains("LANE_CRITICAL"));
    assert!(!shown.contains("zoe") && !shown.contains("314159"));
}
