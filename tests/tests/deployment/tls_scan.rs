//! What a scanner that is not ours finds at a port that speaks TLS. `cargo xtask tls` installs it and runs this.

use std::process::Command;

use rekey::Part;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::processes::run;
use serde_json::Value;

/// Findings that are about this test and no fault of ours, and why.
const EXPECTED: [(&str, &str); 5] = [
    ("cert_validityPeriod", "the certificate is this test's"),
    ("cert_chain_of_trust", "the authority is this test's"),
    ("cert_revocation", "the same: certificates of workloads live for hours and are not revoked"),
    ("DNS_CAArecord", "localhost has no DNS"),
    // Every suite there is has forward secrecy and is authenticated, so the client knows best which one it is fast at.
    ("cipher_order", "the client chooses"),
];

/// A scanner has no certificate of ours, and a port that insists on one tells it little.
const OPEN: [(&str, &str); 2] = [
    ("NOTIFICATION__PRODUCTION", "false"),
    ("NOTIFICATION__SERVER__TLS__CLIENT_CERTIFICATE_REQUIRED", "false"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_finds_nothing_wrong_with_tls() {
    let mut deployment = Deployment::prepare(Ground::new().await, &OPEN);
    assert_eq!(deployment.migrate().await.code, Some(0));
    deployment.launch(Part::Notification);
    deployment.ready(Part::Notification).await;
    let report = deployment.folder().join("testssl.json");
    let endpoint = deployment.client(Part::Notification).endpoint;
    let mut scan = Command::new("testssl");
    // Protocols, suites, forward secrecy, preferences, the certificate, and every vulnerability with a name.
    scan.args([
        "--quiet",
        "--color",
        "0",
        "--warnings",
        "off",
        "-p",
        "-s",
        "-f",
        "-P",
        "-S",
        "-U",
        "--jsonfile",
    ]);
    scan.arg(&report).arg(endpoint.strip_prefix("https://").unwrap());

    let scanned = run(scan).await;

    let findings: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&report).unwrap()).unwrap();
    assert!(findings.len() > 40, "it looked at {} things: {scanned:?}", findings.len());
    let is_told = |id: &str| findings.iter().any(|finding| finding["id"] == id);
    assert!(is_told("TLS1_3") && is_told("heartbleed"), "{scanned:?}");
    let wrong: Vec<&Value> = findings
        .iter()
        // Others are what is well, and what the scanner itself could not do.
        .filter(|finding| {
            ["LOW", "MEDIUM", "HIGH", "CRITICAL", "FATAL"].contains(&finding["severity"].as_str().unwrap())
        })
        .filter(|finding| !EXPECTED.iter().any(|(id, _)| finding["id"] == *id))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    deployment.stop().await;
}
