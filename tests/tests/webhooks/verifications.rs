//! What happens to verifications, as a backend that listens is told.

use std::sync::Arc;

use rekey_primitives::clock::SystemClock;
use rekey_tests::person::request_id;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::verification::v1::destination::Address;
use rekey_wire::verification::v1::verification_service_client::VerificationServiceClient;
use rekey_wire::verification::v1::{
    CheckOutcome, CheckVerificationRequest, Destination, StartVerificationRequest,
};
use serde_json::Value;

use super::endpoints::start_with;
use super::receiver::{Answer, Receiver};

on_both_store_sets!(what_happens_to_a_verification_is_posted_to_the_endpoint_of_its_caller);

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
    receiver.answers(&[const { Answer::Status(204) }; 4]);
    let shop = start_with(stores, &receiver.url(), &LISTENS).await;

    let verification_id = begin(&shop.world).await;
    let code = shop.world.code_for(ADDRESS).await;
    let outcomes = [
        check(&shop.world, &verification_id, "ABCDEF").await,
        check(&shop.world, &verification_id, &code).await,
    ];
    let arrived = async || Some(receiver.received()).filter(|received| received.len() >= 4);
    let received = eventually("four events arrive", arrived).await;

    assert_eq!(outcomes, [CheckOutcome::Rejected, CheckOutcome::Passed]);
    let mut kinds = Vec::new();
    for one in &received {
        let event: Value = serde_json::from_str(&one.body).unwrap();
        assert_eq!(event["subject"], verification_id.as_str());
        assert_eq!(event["data"]["caller"], "cli");
        assert!(![ADDRESS, code.as_str(), "somebody"].iter().any(|secret| one.body.contains(secret)));
        kinds.push(event["type"].as_str().unwrap().to_owned());
    }
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        ["approved", "checked", "created", "sent"].map(|kind| format!("rekey.verification.{kind}"))
    );
    shop.world.stop().await;
}
