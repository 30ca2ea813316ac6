//! `rekey doctor` on a real deployment: what is wrong is told with its mend, and what is right is not.

use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::dns::Dns;
use rekey_tests::processes::{Outcome, run};
use serde_json::Value;

/// Exit codes by the worst finding.
const ERRORS: Option<i32> = Some(6);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_with_its_mend_and_one_look_hides_no_other() {
    let deployment = Deployment::prepare(Ground::new().await, &[]);
    deployment.ground.redis.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).unwrap();
    let dns = Dns::start(&[("acme.example", "v=spf1 +all")], &[]).await;

    let outcome = examine(&deployment, &dns, &["--replicas", "100"]).await;

    assert_eq!(outcome.code, ERRORS, "{outcome:?}");
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let wrong = [
        ("error", "identity.store", "schema", "rekey migrate identity"),
        ("error", "notification.store", "schema", "rekey migrate notification"),
        ("error", "verification.store", "allkeys-lru", "maxmemory-policy noeviction"),
        ("warning", "verification.store", "append-only", "appendonly yes"),
        ("error", "max_connections", "100 replicas", "max_connections"),
        ("error", "identity.verification", "does not answer", "identity.verification.endpoint"),
        ("error", "SPF of acme.example", "everybody", "-all"),
        ("error", "DMARC of acme.example", "no record", "_dmarc.acme.example"),
        ("warning", "MX of acme.example", "no record", "MX record"),
        ("error", "DKIM key one of acme.example", "no record", "one._domainkey.acme.example"),
    ];
    for (severity, about, what, mend) in wrong {
        let found = findings(&report, about);
        let is_it =
            |finding: &&Value| finding["severity"] == severity && text(finding, "what").contains(what);
        let finding = found.iter().copied().find(is_it).unwrap_or_else(|| panic!("{about}: {report:#}"));
        assert!(text(finding, "mend").contains(mend), "{finding}");
    }
    assert_eq!(report["worst"], "error");
    assert_eq!(report["findings"][0]["severity"], "error");
    assert!(
        report["looked_at"].as_array().unwrap().contains(&"identity.answer_floor_ms".into()),
        "{report:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_right_is_not_told() {
    let ground = Ground::new().await;
    ground.redis.command(&["CONFIG", "SET", "appendonly", "yes"]).unwrap();
    let (deployment, _) = Deployment::start(ground, &[]).await;
    let key = format!("v=DKIM1; k=rsa; p={}", "A".repeat(392));
    let texts = [
        ("acme.example", "v=spf1 include:relay.example -all"),
        ("_dmarc.acme.example", "v=DMARC1; p=reject; rua=mailto:dmarc@acme.example"),
        ("one._domainkey.acme.example", key.as_str()),
    ];
    let dns = Dns::start(&texts, &["acme.example"]).await;

    let outcome = examine(&deployment, &dns, &["--replicas", "1"]).await;

    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    // The server of the tests trades safety for speed, and its user may do everything; how long a hash takes beside other tests
    // is another matter.
    let of_the_tests =
        ["fsync", "synchronous_commit", "full_page_writes", "logs in as a superuser", "a sign-in works for"];
    let others: Vec<&Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| !of_the_tests.iter().any(|known| text(finding, "what").contains(known)))
        .collect();
    assert!(others.is_empty(), "{others:#?}");
    let looked_at = report["looked_at"].as_array().unwrap();
    for about in
        ["identity.notification", "identity.server.tls", "identity.throttle", "mail from acme.example"]
    {
        assert!(looked_at.contains(&about.into()), "{about}: {report:#}");
    }
    deployment.stop().await;
}

async fn examine(deployment: &Deployment, dns: &Dns, arguments: &[&str]) -> Outcome {
    let resolver = dns.address().to_string();
    let mut command =
        deployment.command(&["doctor", "--json", "--dkim-selector", "one", "--resolver", &resolver]);
    command.args(arguments);
    run(command).await
}

fn findings<'a>(report: &'a Value, about: &str) -> Vec<&'a Value> {
    report["findings"].as_array().unwrap().iter().filter(|finding| finding["about"] == about).collect()
}

fn text<'a>(finding: &'a Value, field: &str) -> &'a str {
    finding[field].as_str().unwrap()
}
