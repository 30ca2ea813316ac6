//! Which gRPC services say that they serve, by their names over `grpc.health.v1`, while a store is away and afterwards.

use std::collections::BTreeSet;

use rekey::Part;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World};
use rekey_wire::access;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::faults::outage::{impatient, on_postgres};

/// Stores are looked at as often as settings allow.
const LOOK_OFTEN: [(&str, &str); 3] = [
    ("IDENTITY__STORE__CHECK_SECONDS", "1"),
    ("VERIFICATION__STORE__CHECK_SECONDS", "1"),
    ("NOTIFICATION__STORE__CHECK_SECONDS", "1"),
];

/// The gRPC services of the contract.
fn services() -> BTreeSet<String> {
    access::rules().keys().map(|path| path.split('/').nth(1).unwrap().to_owned()).collect()
}

fn services_of(parts: &[Part]) -> BTreeSet<String> {
    let is_theirs = |name: &String| parts.iter().any(|part| name.split('.').nth(1) == Some(part.name()));
    services().into_iter().filter(is_theirs).collect()
}

/// Whether a name is served, asked where its part listens.
async fn serves(world: &World, part: Part, name: &str) -> bool {
    let channel =
        Endpoint::from_shared(format!("http://{}", world.addresses.of(part))).unwrap().connect_lazy();
    let request = HealthCheckRequest { service: name.to_owned() };
    let answer = HealthClient::new(channel).check(request).await.unwrap().into_inner();
    answer.status() == ServingStatus::Serving
}

/// The services that say they do not serve.
async fn resting(world: &World) -> BTreeSet<String> {
    let mut resting = BTreeSet::new();
    for part in Part::GRPC {
        for name in services_of(&[part]) {
            if !serves(world, part, &name).await {
                resting.insert(name);
            }
        }
    }
    resting
}

/// Waits until these and no others rest, and tells whether the process is still ready.
async fn until_resting(world: &World, expected: &BTreeSet<String>) -> bool {
    let as_expected = async || (resting(world).await == *expected).then_some(());
    eventually(&format!("the resting services are {expected:?}"), as_expected).await;
    serves(world, Part::Identity, "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_those_rest_that_need_it_until_it_is_back() {
    let mut world = impatient(Stores::Real, &LOOK_OFTEN).await;
    let need_it = ["rekey.identity.v1.PasswordResetService", "rekey.verification.v1.VerificationService"];
    let need_it = need_it.map(str::to_owned).into();
    let before = until_resting(&world, &BTreeSet::new()).await;

    world.redis.as_mut().unwrap().stop().unwrap();
    let meanwhile = until_resting(&world, &need_it).await;
    world.redis.as_mut().unwrap().restart().unwrap();
    let afterwards = until_resting(&world, &BTreeSet::new()).await;

    assert_eq!([before, meanwhile, afterwards], [true; 3]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_postgres_those_rest_that_need_it_until_it_is_back() {
    let mut server = rekey_testing::postgres_server().await;
    let world = on_postgres(&server, server.port(), &LOOK_OFTEN).await;
    let before = until_resting(&world, &BTreeSet::new()).await;

    server.stop().unwrap();
    let meanwhile = until_resting(&world, &services_of(&[Part::Identity, Part::Notification])).await;
    server.restart().unwrap();
    let afterwards = until_resting(&world, &BTreeSet::new()).await;

    assert_eq!([before, meanwhile, afterwards], [true; 3]);
    world.stop().await;
}
