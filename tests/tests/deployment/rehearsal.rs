//! An upgrade from the release before and back, under load. `cargo xtask rehearse` builds that release and names its program.

use std::path::PathBuf;

use rekey::Part;
use rekey_tests::deployment::replicas::Replicas;
use rekey_tests::deployment::{Deployment, Ground};

use crate::deployment::resetting::Resetting;

const REPLICAS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn the_release_before_is_upgraded_and_taken_back_and_no_reset_fails() {
    let before = before();
    let mut deployment = Deployment::prepare(Ground::new().await, &[]);
    deployment.run_program(Some(before.clone()));
    let migrated = deployment.migrate().await;
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    let tenant_id = deployment.bootstrap("acme").await.json()["tenant_id"].as_str().unwrap().to_owned();
    let mut replicas = Replicas::start(deployment, REPLICAS).await;
    let resetting = Resetting::of(&replicas, tenant_id);

    let rehearsal = async {
        resetting.goes_on().await;
        replicas.deployment_mut().run_program(None);
        // The old processes work on with the new schema.
        let migrated = replicas.deployment().migrate().await;
        assert_eq!(migrated.code, Some(0), "{migrated:?}");
        resetting.goes_on().await;
        // Whoever is called comes first, and last on the way back.
        for part in [Part::Notification, Part::Verification, Part::Identity] {
            replace(&mut replicas, part, &resetting).await;
        }
        replicas.deployment_mut().run_program(Some(before));
        for part in [Part::Identity, Part::Verification, Part::Notification] {
            replace(&mut replicas, part, &resetting).await;
        }
    };
    resetting.during(rehearsal).await;
}

/// Replaces every replica of a part by the program of the hour.
async fn replace(replicas: &mut Replicas, part: Part, resetting: &Resetting) {
    for _ in 0..REPLICAS {
        replicas.add(part).await;
        replicas.stop_oldest(part).await;
        resetting.goes_on().await;
    }
}

#[expect(clippy::disallowed_methods, reason = "a test has no settings document")]
fn before() -> PathBuf {
    std::env::var_os("REKEY_TEST_PREVIOUS").expect("cargo xtask rehearse runs this test").into()
}
