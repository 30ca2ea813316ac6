//! A client that nobody here wrote and that knows nothing but reflection: the README's reset by `buf curl`.

use std::collections::BTreeSet;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use rekey_tests::person::request_id;
use rekey_tests::processes::{Outcome, run};
use serde_json::{Value, json};
use tonic::transport::Endpoint;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::deployment::demo::Demo;

const NEW: &str = "nine slow rivers and stone";

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_resets_a_password_by_reflection() {
    let demo = Demo::start().await;
    let login = demo.person(1, "login");

    let start = json!({ "tenant_id": demo.text("tenant_id"), "login": login });
    let started = call(&demo, "StartPasswordReset", &start).await.json();
    assert_eq!(started["methods"][0]["kind"], "METHOD_KIND_EMAIL");
    assert_eq!(started["proofsRequired"], 1);
    let token = &started["resetToken"];
    let send = json!({ "reset_token": token, "method_id": "1", "request_id": request_id() });
    call(&demo, "SendResetCode", &send).await.json();
    let code = demo.code(login).await;
    let submit = json!({ "reset_token": token, "method_id": "1", "code": code, "request_id": request_id() });
    let proved = call(&demo, "SubmitResetProof", &submit).await.json();
    assert_eq!(proved["outcome"], "PROOF_OUTCOME_ACCEPTED");
    let token = &proved["resetToken"];
    let refused = json!({ "reset_token": token, "new_password": "short", "request_id": request_id() });
    let refused = call(&demo, "CompletePasswordReset", &refused).await;
    let complete = json!({ "reset_token": token, "new_password": NEW, "request_id": request_id() });
    call(&demo, "CompletePasswordReset", &complete).await.json();

    let error: Value = serde_json::from_str(&refused.stderr).unwrap();
    assert_eq!(error["code"], "invalid_argument");
    assert_eq!(error["details"][0]["type"], "google.rpc.ErrorInfo");
    let info = BASE64_STANDARD_NO_PAD.decode(error["details"][0]["value"].as_str().unwrap()).unwrap();
    assert!(String::from_utf8_lossy(&info).contains("PASSWORD_REFUSED"), "{error}");
    demo.repudiation_link(login).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_part_shows_a_stranger_its_own_services_and_no_others() {
    let demo = Demo::start().await;
    for part in ["identity", "verification", "notification"] {
        let mut command = buf(&demo);
        command.arg("--list-services").arg(format!("http://{}", demo.text(part)));
        let listed = run(command).await.stdout;

        let shown: BTreeSet<_> =
            listed.lines().map(str::trim).filter(|service| service.starts_with("rekey.")).collect();
        let services = rekey_wire::access::rules().keys().filter_map(|path| path[1..].split('/').next());
        let own = services.filter(|service| service.starts_with(&format!("rekey.{part}.v1.")));
        assert_eq!(shown, own.collect(), "{part}: {listed}");
    }
}

async fn call(demo: &Demo, method: &str, message: &Value) -> Outcome {
    let mut command = buf(demo);
    command.args(["-d", &message.to_string()]);
    command.arg(format!("http://{}/rekey.identity.v1.PasswordResetService/{method}", demo.text("identity")));
    run(command).await
}

fn buf(demo: &Demo) -> Command {
    let buf = rekey_testing::tools().join("node/node_modules/.bin/buf");
    assert!(buf.exists(), "{} is missing: run `cargo xtask tools`", buf.display());
    let mut command = Command::new(buf);
    let token = format!("authorization: Bearer {}", demo.text("service_token"));
    command.args(["curl", "--protocol", "grpc", "--http2-prior-knowledge", "-H", &token]);
    command
}

/// So that grpcurl and its like print what a refusal says, not its bytes.
#[tokio::test(flavor = "multi_thread")]
async fn each_part_describes_what_errors_are_made_of() {
    let demo = Demo::start().await;
    for part in ["identity", "verification", "notification"] {
        let url = format!("http://{}", demo.text(part));
        let channel = Endpoint::from_shared(url).unwrap().connect().await.unwrap();
        let mut reflection = ServerReflectionClient::new(channel);
        for detail in ["ErrorInfo", "BadRequest", "RetryInfo", "RequestInfo"] {
            let symbol = MessageRequest::FileContainingSymbol(format!("google.rpc.{detail}"));
            let asked = ServerReflectionRequest { host: String::new(), message_request: Some(symbol) };
            let mut told =
                reflection.server_reflection_info(tokio_stream::once(asked)).await.unwrap().into_inner();

            let described = told.message().await.unwrap().unwrap().message_response;

            assert!(
                matches!(described, Some(MessageResponse::FileDescriptorResponse(_))),
                "{part}: {described:?}"
            );
        }
    }
}
