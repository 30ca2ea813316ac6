//! What happens to verifications, as a backend that listens is told.

use std::collections::BTreeSet;
use std::sync::Arc;

use rekey_primitives::clock::{SystemClock, Timestamp};
use rekey_tests::person::request_id;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::verification::v1::destination::Address;
use rekey_wire::verification::v1::verification_service_client::VerificationServiceClient;
use rekey_wire::verification::v1::{
    CheckOutcome, CheckVerificationRequest, Destination, StartVerificationRequest,
};
use serde_json::Value;

use super::endpoints::{SHARED, start_with};
use super::receiver::{Answer, Received, Receiver, verified};

on_both_store_sets!(
    what_happens_to_a_verification_is_posted_to_the_endpoint_of_its_caller,
    a_code_goes_out_though_notification_knows_no_such_endpoint,
);

const ADDRESS: &str = "ann@example.net";
/// The caller of these tests listens.
const LISTENS: [(&str, &str); 2] =
    [("VERIFICATION__EVENTS__ENDPOINTS__CLI", "shop"), ("VERIFICATION__EVENTS__POLL_MS", "20")];

async fn begin(world: &World) -> String {
    let verification_id = request_id();
    let request = StartVerificationRequest {
        tenant_id: world.tenant_id.clone(),
        verification_id: verification_id.clone(),
        request_id: request_id(),
        purpose: "sign_up".to_owned(),
        subject: "somebody".to_owned(),
        destinations: vec![Destination { address: Some(Address::EmailAddress(ADDRESS.to_owned())) }],
        ..StartVerificationRequest::default()
    };
    VerificationServiceClient::new(world.verification.clone()).start_verification(request).await.unwrap();
    verification_id
}

async fn check(world: &World, verification_id: &str, code: &str) -> CheckOutcome {
    let request = CheckVerificationRequest {
        tenant_id: world.tenant_id.clone(),
        verification_id: verification_id.to_owned(),
        code: code.to_owned(),
        request_id: request_id(),
        purpose: "sign_up".to_owned(),
        subject: "somebody".to_owned(),
        ..CheckVerificationRequest::default()
    };
    let mut client = VerificationServiceClient::new(world.verification.clone());
    client.check_verification(request).await.unwrap().into_inner().outcome()
}

async fn what_happens_to_a_verification_is_posted_to_the_endpoint_of_its_caller(stores: Stores) {
    let receiver = Receiver::start(Arc::new(SystemClock)).await;
    receiver.answers(&[const { Answer::Status(204) }; 5]);
    let shop = start_with(stores, &receiver.url(), &LISTENS).await;

    let verification_id = begin(&shop.world).await;
    let code = shop.world.code_for(ADDRESS).await;
    let outcomes = [
        check(&shop.world, &verification_id, "ABCDEF").await,
        check(&shop.world, &verification_id, &code).await,
    ];
    let arrived = async || Some(receiver.received()).filter(|received| received.len() >= 5);
    let received = eventually("five events arrive", arrived).await;

    assert_eq!(outcomes, [CheckOutcome::Rejected, CheckOutcome::Passed]);
    let mut kinds = Vec::new();
    let (mut ids, mut channels) = (BTreeSet::new(), Vec::new());
    for one in &received {
        let event: Value = serde_json::from_str(&one.body).unwrap();
        assert_eq!(event["subject"], verification_id.as_str());
        assert_eq!(event["data"]["caller"], "cli");
        assert!(![ADDRESS, code.as_str(), "somebody"].iter().any(|secret| one.body.contains(secret)));
        assert!(Timestamp::from_rfc3339(event["time"].as_str().unwrap()).is_some());
        let kind = event["type"].as_str().unwrap().trim_start_matches("rekey.verification.").to_owned();
        kinds.push(kind);
        ids.insert(event["id"].to_string());
        channels.extend(event["data"]["channel"].as_str().map(str::to_owned));
    }
    kinds.sort_unstable();
    assert_eq!(kinds, ["approved", "checked", "created", "delivered", "sent"]);
    assert_eq!((ids.len(), channels), (5, vec!["email".to_owned(); 3]), "of the messages, and of the start");
    // The receiver is there before the suite, so it has another clock.
    let stamped: Vec<_> = received.into_iter().map(Received::at_its_timestamp).collect();
    assert_eq!(verified(&stamped, &SHARED).await, vec![vec![true; 2]; 5]);
    shop.world.stop().await;
}

async fn a_code_goes_out_though_notification_knows_no_such_endpoint(stores: Stores) {
    let nowhere = [("VERIFICATION__EVENTS__ENDPOINTS__CLI", "nowhere")];
    let shop = start_with(stores, "http://127.0.0.1:1/in", &nowhere).await;

    let verification_id = begin(&shop.world).await;
    let code = shop.world.code_for(ADDRESS).await;

    assert_eq!(check(&shop.world, &verification_id, &code).await, CheckOutcome::Passed);
    shop.world.stop().await;
}
