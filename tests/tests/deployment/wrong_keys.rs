//! A store knows with which keys it was used: a part that is given others ends, and says which setting and which key.

use std::fs;
use std::path::PathBuf;

use futures_util::future::join_all;
use rekey::Part;
use rekey_primitives::clock::{Clock as _, SystemClock};
use rekey_primitives::entropy::SystemEntropy;
use rekey_sealing::KeyText;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::processes::{Outcome, run};
use rekey_tests::waiting::eventually;
use rekey_tests::web;

/// Reads files as often as it may.
const RELOADS: [(&str, &str); 1] = [("IDENTITY__SERVER__RELOAD_SECONDS", "1")];

#[tokio::test(flavor = "multi_thread")]
async fn a_part_does_not_start_with_keys_that_are_not_its_stores() {
    let (mut deployment, backend) = Deployment::start(Ground::new().await, &RELOADS).await;
    let kinds =
        [(Part::Identity, "pepper"), (Part::Verification, "code_mac"), (Part::Notification, "payload_seal")];

    for (part, key) in kinds {
        let file = file(&deployment, key);
        let right = fs::read_to_string(&file).unwrap();
        let (id, _) = right.split_once(' ').unwrap();
        let other = KeyText::generate(&SystemEntropy, SystemClock.now());
        let (_, material) = other.split_once(" active ").unwrap();
        deployment.kill(part);

        fs::write(&file, &other).unwrap();
        let foreign = serve(&deployment, part).await;
        fs::write(&file, format!("{id} active {material}")).unwrap();
        let replaced = serve(&deployment, part).await;
        fs::write(&file, &right).unwrap();
        deployment.launch(part);
        deployment.ready(part).await;

        let setting = format!("{}.keys.{key}_file", part.name());
        for refused in [&foreign, &replaced] {
            assert_eq!(refused.code, Some(1), "{refused:?}");
            assert!(refused.stderr.contains(&setting) && refused.stderr.contains(id), "{refused:?}");
            assert!(!refused.stderr.contains(material.trim()), "{refused:?}");
        }
        assert!(foreign.stderr.contains("rekey keys forget"), "{foreign:?}");
    }

    let zoe = backend.person("zoe").await;
    assert!(backend.signs_in(&zoe.login, &zoe.password).await);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_part_takes_no_pepper_that_the_store_knows_otherwise() {
    let (mut deployment, backend) = Deployment::start(Ground::new().await, &RELOADS).await;
    let zoe = backend.person("zoe").await;
    let (pepper, right) =
        (file(&deployment, "pepper"), fs::read_to_string(file(&deployment, "pepper")).unwrap());
    let added = keys(&deployment, &["add", "pepper"]).await.json()["id"].as_str().unwrap().to_owned();
    let log = |deployment: &mut Deployment| deployment.process(Part::Identity).log();
    let taken = async || log(&mut deployment).contains(&format!("{added} accept")).then_some(());
    eventually("the new key is taken", taken).await;
    fs::write(&pepper, &right).unwrap();
    let gone = async || log(&mut deployment).matches("read from its files").nth(1).map(drop);
    eventually("the new key is gone", gone).await;

    // The store knows that id.
    let other = KeyText::generate(&SystemEntropy, SystemClock.now());
    let (_, material) = other.split_once(" active ").unwrap();
    fs::write(&pepper, format!("{right}{added} accept {material}")).unwrap();
    let refused =
        async || log(&mut deployment).lines().find(|line| line.contains("the old stays")).map(str::to_owned);
    let refused = eventually("it is not taken", refused).await;

    assert!(refused.contains("identity.keys.pepper_file") && refused.contains(&added), "{refused}");
    assert!(!refused.contains(material.trim()), "{refused}");
    assert!(backend.signs_in(&zoe.login, &zoe.password).await);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_keys_are_lost_takes_others_once_it_is_told_to_forget() {
    let (mut deployment, _) = Deployment::start(Ground::new().await, &[]).await;
    deployment.kill(Part::Notification);
    let file = file(&deployment, "payload_seal");
    fs::write(&file, KeyText::generate(&SystemEntropy, SystemClock.now())).unwrap();

    let refused = serve(&deployment, Part::Notification).await;
    let forgot = keys(&deployment, &["forget", "payload_seal", "--yes"]).await;
    deployment.launch(Part::Notification);
    deployment.ready(Part::Notification).await;

    assert_eq!((refused.code, forgot.code), (Some(1), Some(0)), "{forgot:?}");
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verification_is_not_ready_while_redis_does_not_say_whether_it_knows_the_keys() {
    let mut deployment = Deployment::prepare(Ground::new().await, &[]);
    deployment.ground.redis.command(&["ACL", "SETUSER", "default", "-hsetnx"]).unwrap();
    deployment.launch(Part::Verification);
    let health = deployment.health(Part::Verification);
    let refused = async || {
        let answer = web::get(&health, "/readyz").await?;
        (answer.status == 503 && answer.body.contains("whether it knows these keys")).then_some(answer.body)
    };

    let refused = eventually("it says what it waits for", refused).await;
    deployment.ground.redis.command(&["ACL", "SETUSER", "default", "+hsetnx"]).unwrap();
    deployment.ready(Part::Verification).await;

    assert!(refused.contains("run this command"), "{refused}");
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_four_administrators_who_bootstrap_at_once_one_does() {
    let deployment = Deployment::prepare(Ground::new().await, &[]);
    assert_eq!(deployment.migrate().await.code, Some(0));

    let handles = ["acme", "globex", "initech", "hooli"];
    let ended = join_all(handles.map(|handle| deployment.bootstrap(handle))).await;

    let (made, refused): (Vec<&Outcome>, Vec<&Outcome>) = ended.iter().partition(|one| one.code == Some(0));
    assert_eq!((made.len(), refused.len()), (1, 3), "{ended:?}");
    assert!(
        refused.iter().all(|one| one.code == Some(3) && one.stderr.contains("\"STORE_NOT_EMPTY\"")),
        "{refused:?}"
    );
}

fn file(deployment: &Deployment, key: &str) -> PathBuf {
    deployment.folder().join("data/keys").join(key.replace('_', "-"))
}

async fn keys(deployment: &Deployment, arguments: &[&str]) -> Outcome {
    run(deployment.command(&[&["--json", "keys"], arguments].concat())).await
}

/// Serves a part until it ends by itself.
async fn serve(deployment: &Deployment, part: Part) -> Outcome {
    let mut command = deployment.command(&["serve", part.name()]);
    command.env("REKEY__HEALTH__LISTEN", deployment.health(part));
    run(command).await
}
