//! Three replicas of each part that is called, replaced one by one while people reset their passwords: every call gets its answer the
//! first time.

use rekey::Part;
use rekey_tests::deployment::replicas::Replicas;
use rekey_tests::deployment::{Deployment, Ground};

use crate::deployment::resetting::Resetting;

const REPLICAS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn no_reset_fails_while_every_replica_is_replaced() {
    let deployment = Deployment::prepare(Ground::new().await, &[]);
    assert_eq!(deployment.migrate().await.code, Some(0));
    let tenant_id = deployment.bootstrap("acme").await.json()["tenant_id"].as_str().unwrap().to_owned();
    let mut replicas = Replicas::start(deployment, REPLICAS).await;
    let resetting = Resetting::of(&replicas, tenant_id);

    let replacing = async {
        for part in Part::GRPC {
            for _ in 0..REPLICAS {
                replicas.add(part).await;
                replicas.stop_oldest(part).await;
                // The next one only after resets went through without it.
                resetting.goes_on().await;
            }
        }
    };
    resetting.during(replacing).await;

    assert!(Part::GRPC.iter().all(|part| replicas.count(*part) == REPLICAS));
}
