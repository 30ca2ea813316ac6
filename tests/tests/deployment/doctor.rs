//! `rekey doctor` on a real deployment: what is wrong is told with its mend, and what is right is not.

use std::path::PathBuf;

use rekey::Part;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::dns::Dns;
use rekey_tests::processes::{Outcome, Running, run};
use rekey_tests::waiting::eventually;
use rekey_tests::web;
use serde_json::Value;

/// Exit codes by the worst finding.
const ERRORS: Option<i32> = Some(6);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_with_its_mend_and_one_look_hides_no_other() {
    let deployment = Deployment::prepare(Ground::new().await, &[]);
    deployment.ground.redis.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).unwrap();
    let dns = Dns::start(&[("acme.example", "v=spf1 +all")], &[]).await;

    // Not who signed the certificate of the relay.
    let authority = ("REKEY__NOTIFICATION__PROVIDERS__0__CA_FILE", deployment.authority.certificate());
    let outcome = examine_with(&deployment, &dns, &["--replicas", "100"], &[authority]).await;

    assert_eq!(outcome.code, ERRORS, "{outcome:?}");
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let wrong = [
        ("error", "identity.store", "schema", "rekey migrate identity"),
        ("error", "notification.store", "schema", "rekey migrate notification"),
        ("error", "verification.store", "allkeys-lru", "maxmemory-policy noeviction"),
        ("warning", "verification.store", "append-only", "appendonly yes"),
        ("error", "max_connections", "100 replicas", "max_connections"),
        ("error", "identity.verification", "does not answer", "identity.verification.endpoint"),
        ("note", "health.listen", "nobody answers", "Start it"),
        ("error", "notification.providers: `smtp`", "is not believed", "Name the authority"),
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
    for about in [
        "health.listen",
        "identity.notification",
        "identity.server.tls",
        "identity.throttle",
        "mail from acme.example",
    ] {
        assert!(looked_at.contains(&about.into()), "{about}: {report:#}");
    }
    let relay = format!("the certificate of localhost:{}", deployment.ground.mail.port());
    assert!(looked_at.contains(&relay.into()), "{report:#}");
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_neighbour_whose_store_is_away_is_told_by_its_health() {
    let (mut deployment, _) = Deployment::start(Ground::new().await, &[]).await;
    let dns = Dns::start(&[], &[]).await;
    deployment.ground.redis.kill().unwrap();
    let health = deployment.health(Part::Verification);
    let is_away = async || {
        let page = web::get(&health, "/readyz/rekey.verification.v1.VerificationService").await?;
        (page.status == 503).then_some(())
    };
    eventually("verification knows that Redis is away", is_away).await;

    let outcome = examine(&deployment, &dns, &["identity"]).await;

    assert_eq!(outcome.code, ERRORS, "{outcome:?}");
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let found = findings(&report, "identity.verification");
    assert_eq!(found.len(), 1, "{report:#}");
    assert!(text(found[0], "what").starts_with("verification answers and is not ready"), "{found:?}");
    assert_eq!(found[0]["severity"], "warning");
    assert!(findings(&report, "identity.notification").is_empty(), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_with_its_stores_in_a_folder_is_judged_as_that() {
    let memory = [("VERIFICATION__STORE__URL", "memory:"), ("IDENTITY__THROTTLE__URL", "memory:")];
    let files = [
        ("IDENTITY__STORE__URL", "sqlite:business/identity.db"),
        ("NOTIFICATION__STORE__URL", "sqlite:business/notification.db"),
    ];
    let deployment = Deployment::prepare(Ground::new().await, &[memory, files].concat());
    let dns = Dns::start(&[("acme.example", "v=spf1 -all")], &["acme.example"]).await;
    let as_one = ["--up", "--data", "business"];
    let report = async |arguments: &[&str]| -> Value {
        serde_json::from_str(&examine(&deployment, &dns, arguments).await.stdout).unwrap()
    };
    let severities = |report: &Value, about: &str| -> Vec<String> {
        findings(report, about).iter().map(|found| text(found, "severity").to_owned()).collect()
    };

    let before = report(&as_one).await;
    let as_parts = report(&[]).await;
    let mut command = deployment.command(&["up", "--production", "--data", "business"]);
    command.env("REKEY__HEALTH__LISTEN", deployment.health(Part::Identity));
    let mut process = Running::start("production", command, deployment.folder());
    process.ready(&deployment.health(Part::Identity)).await;
    let running = report(&as_one).await;
    let stopped = process.stop().await;
    let after = report(&as_one).await;

    assert!(stopped.success());
    let settings = findings(&as_parts, "settings");
    assert!(settings.iter().any(|found| text(found, "what").contains("is memory:")), "{as_parts:#}");
    for one in [&before, &running, &after] {
        assert!(findings(one, "settings").is_empty(), "{one:#}");
    }
    for store in ["identity.store", "notification.store"] {
        // Not made yet; in use; there and in order.
        let told = [&before, &running, &after].map(|one| severities(one, store));
        assert_eq!(told, [vec!["note".to_owned()], vec!["note".to_owned()], vec![]], "{store}");
    }
    for about in ["health.listen", "identity.verification", "notification.providers: `smtp`"] {
        assert!(findings(&running, about).is_empty(), "{about}: {running:#}");
    }
    assert!(!findings(&after, "identity.verification").is_empty(), "{after:#}");
}

async fn examine(deployment: &Deployment, dns: &Dns, arguments: &[&str]) -> Outcome {
    examine_with(deployment, dns, arguments, &[]).await
}

async fn examine_with(
    deployment: &Deployment,
    dns: &Dns,
    arguments: &[&str],
    changes: &[(&str, PathBuf)],
) -> Outcome {
    let resolver = dns.address().to_string();
    let mut command =
        deployment.command(&["doctor", "--json", "--dkim-selector", "one", "--resolver", &resolver]);
    command.args(arguments).env("REKEY__HEALTH__LISTEN", deployment.health(Part::Identity));
    command.envs(changes.iter().map(|(name, file)| (*name, file)));
    run(command).await
}

fn findings<'a>(report: &'a Value, about: &str) -> Vec<&'a Value> {
    report["findings"].as_array().unwrap().iter().filter(|finding| finding["about"] == about).collect()
}

fn text<'a>(finding: &'a Value, field: &str) -> &'a str {
    finding[field].as_str().unwrap()
}
