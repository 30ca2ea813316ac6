//! The portal as a part of the suite: where `rekey up` says that it is, behind the links in messages, and in a cluster known to the
//! parts that it calls.

use rekey::Part;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::processes::run;
use rekey_tests::waiting::eventually;
use rekey_tests::web;
use serde_json::{Value, json};

use crate::deployment::demo::Demo;

const NEW: &str = "nine slow rivers and stone";

#[tokio::test(flavor = "multi_thread")]
async fn the_greeting_names_the_pages_of_the_demo_organisation() {
    let demo = Demo::start().await;

    let found = web::get(demo.portal_host(), "/o/demo").await.unwrap();
    let unknown = web::get(demo.portal_host(), "/o/nobody").await.unwrap();

    let greeting = demo.process.log();
    assert!(greeting.contains(&format!("open {}/o/demo in a browser", demo.text("portal"))), "{greeting}");
    assert_eq!((found.status, unknown.status), (303, 422));
    assert!(found.head.contains("location: /\r\n"), "{}", found.head);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_in_messages_lead_to_the_portal() {
    let demo = Demo::start().await;
    let (person, locked_out) = (demo.person(0, "login"), demo.person(1, "login"));
    demo.reset(person, NEW).await.json();
    demo.run(&["account", "reset", locked_out, "--link", "--json"]).await.json();

    let links = [demo.repudiation_link(person).await, demo.new_password_link(locked_out).await];

    let portal = format!("{}/", demo.text("portal"));
    assert!(links.iter().all(|link| link.starts_with(&portal)), "{links:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portal_is_known_to_its_neighbours_and_stays_ready_without_them() {
    let (mut deployment, _) = Deployment::start(Ground::new().await, &[]).await;
    let health = deployment.health(Part::Portal);
    let mut doctor = deployment.portal_command(&["doctor", "portal", "--json"]);
    doctor.env("REKEY__HEALTH__LISTEN", &health);

    let examined = run(doctor).await;
    deployment.kill(Part::Identity);
    deployment.kill(Part::Notification);
    let probe = web::get(&health, "/readyz").await.unwrap();

    let report: Value = serde_json::from_str(&examined.stdout).unwrap();
    assert_eq!(report["findings"], json!([]), "{report:#}");
    let looked_at = report["looked_at"].as_array().unwrap();
    for about in ["portal.identity", "portal.notification", "portal.server.tls"] {
        assert!(looked_at.contains(&about.into()), "{about}: {report:#}");
    }
    assert_eq!(probe.status, 200, "{}", probe.body);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_of_cookies_is_taken_without_a_restart() {
    let reloads = [("PORTAL__SERVER__RELOAD_SECONDS", "1")];
    let (mut deployment, _) = Deployment::start(Ground::new().await, &reloads).await;

    let added = run(deployment.portal_command(&["--json", "keys", "add", "cookie"])).await.json();
    let id = added["id"].as_str().unwrap();
    let activated =
        run(deployment.portal_command(&["--json", "keys", "activate", "cookie", id])).await.json();

    let portal = deployment.process(Part::Portal);
    let taken = format!("{id} active\"");
    let took = async || {
        let log = portal.log();
        log.lines()
            .any(|line| line.contains("portal.keys.cookie_file") && line.contains(&taken))
            .then_some(())
    };
    eventually("the portal seals by the new key", took).await;
    assert_eq!(activated["state"], "active");
    deployment.stop().await;
}
