//! Payments: a code and its grant are good for the amount and the payee that the person was shown.

use super::*;
use crate::domain::transaction::Transaction;

fn transaction(amount: &str, payee: &str) -> Option<Transaction> {
    Some(Transaction::parse(amount, payee).unwrap())
}

fn payment() -> StartRequest {
    let mut request = start_request("anna@example.com");
    request.purpose = Purpose::parse("payment").unwrap();
    request.route.transaction = transaction("12.00 EUR", "Berta");
    request
}

fn check(request: &StartRequest, code: &str, transaction: Option<Transaction>) -> CheckRequest {
    CheckRequest { purpose: request.purpose.clone(), transaction, ..check_request(&request.id, code) }
}

#[tokio::test]
async fn a_code_approves_the_amount_and_payee_of_its_message_and_no_other() {
    let service = TestService::in_memory(&default_settings());
    let request = payment();
    service.start(&request).await.unwrap();
    let code = service.last_code();
    let others = [transaction("12000.00 EUR", "Berta"), transaction("12.00 EUR", "Mallory"), None];

    for other in others {
        let verdict = service.codes.check(&check(&request, &code, other)).await.unwrap();
        assert!(matches!(verdict, CheckVerdict::Rejected), "{verdict:?}");
    }
    let right =
        service.codes.check(&check(&request, &code, request.route.transaction.clone())).await.unwrap();

    let CheckVerdict::Passed(grant) = right else { panic!("the right code was rejected") };
    let redeemed = service.redeem(&request.id.scope, &grant).await.unwrap();
    assert_eq!(redeemed.transaction, request.route.transaction);
}

#[tokio::test]
async fn every_message_of_a_payment_shows_it() {
    let service = TestService::in_memory(&default_settings());
    let request = payment();
    service.start(&request).await.unwrap();
    service.clock.advance(seconds(90));
    service.resend(&request.id).await.unwrap();

    let messages = service.messages();

    assert_eq!(messages.len(), 2);
    for message in messages {
        assert_eq!((message.template, &message.transaction), ("payment_code", &request.route.transaction));
    }
}

#[tokio::test]
async fn another_amount_is_another_verification_and_another_call() {
    let service = TestService::in_memory(&default_settings());
    let request = payment();
    service.start(&request).await.unwrap();
    let mut reused = request.clone();
    reused.route.transaction = transaction("12000.00 EUR", "Berta");
    let differs = StartRequest { request_id: request_id(), ..reused.clone() };

    assert_eq!(refusal(service.start(&reused).await), Refusal::RequestIdReused);
    assert_eq!(refusal(service.start(&differs).await), Refusal::VerificationDiffers);
}
