//! Steps that no replica has heard of: none of them is answered, and each is done once when its call is repeated.

use rekey_testing::RedisReplicated;

use super::*;
use crate::codes::cancel::CancelRequest;
use crate::codes::release::ReleaseRequest;
use crate::domain::verification::VerificationState;

/// A service whose codes are in a pair. Its budgets are not: what fails while the replica is silent is the step of the store.
async fn replicated() -> (RedisReplicated, TestService) {
    let pair = rekey_testing::redis_replicated().await;
    let store = RedisStore::new(connected(&pair.primary.url()), true);
    let throttle = Arc::new(InProcessThrottle::new(10_000));
    let service = TestService::with(&default_settings(), Arc::new(store), throttle, &KeyTexts::new());
    (pair, service)
}

/// What a call answers that no replica hears of, and what the same call answers when one does.
async fn repeated<T>(
    pair: &mut RedisReplicated,
    call: impl AsyncFn() -> Result<T, Error>,
) -> [Result<T, Error>; 2] {
    pair.replica.pause();
    let unheard = call().await;
    pair.replica.resume();
    pair.caught_up().await;
    [unheard, call().await]
}

async fn started(service: &TestService) -> StartRequest {
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();
    request
}

#[tokio::test]
async fn a_start_that_no_replica_has_is_not_answered() {
    let (mut pair, service) = replicated().await;
    let request = start_request("anna@example.com");

    let [unheard, heard] = repeated(&mut pair, async || service.start(&request).await).await;

    assert!(matches!(unheard, Err(Error::Store(_))), "{unheard:?}");
    assert!(heard.unwrap().sent);
    assert_eq!(service.messages().len(), 1);
    assert_eq!(service.codes.get(&request.id).await.unwrap().verification.sends, 1);
}

#[tokio::test]
async fn a_resend_that_no_replica_has_is_not_answered() {
    let (mut pair, service) = replicated().await;
    let id = started(&service).await.id;
    service.clock.advance(seconds(30));
    let resend = ResendRequest { id: id.clone(), request_id: request_id(), requester: Requester::default() };

    let [unheard, heard] = repeated(&mut pair, async || service.codes.resend(&resend).await).await;

    assert!(matches!(unheard, Err(Error::Store(_))), "{unheard:?}");
    assert!(heard.is_ok(), "{heard:?}");
    assert_eq!(service.messages().len(), 2);
    assert_eq!(service.codes.get(&id).await.unwrap().verification.sends, 2);
}

#[tokio::test]
async fn a_check_that_no_replica_has_is_not_answered() {
    let (mut pair, service) = replicated().await;
    let id = started(&service).await.id;
    let (wrong, right) = (check_request(&id, "wrong"), check_request(&id, &service.last_code()));

    let [wrong_unheard, wrong_heard] = repeated(&mut pair, async || service.codes.check(&wrong).await).await;
    let attempts_left = service.codes.get(&id).await.unwrap().attempts_left;
    let [right_unheard, right_heard] = repeated(&mut pair, async || service.codes.check(&right).await).await;

    assert!(matches!(wrong_unheard, Err(Error::Store(_))), "{wrong_unheard:?}");
    assert!(matches!(wrong_heard, Ok(CheckVerdict::Rejected)), "{wrong_heard:?}");
    assert_eq!(attempts_left, 4);
    assert!(matches!(right_unheard, Err(Error::Store(_))), "{right_unheard:?}");
    assert!(matches!(right_heard, Ok(CheckVerdict::Passed(_))), "{right_heard:?}");
}

#[tokio::test]
async fn a_redemption_that_no_replica_has_is_not_answered() {
    let (mut pair, service) = replicated().await;
    let StartRequest { id, .. } = started(&service).await;
    let grant = service.pass(&id, &service.last_code()).await;
    let redeem = RedeemRequest {
        scope: id.scope.clone(),
        request_id: request_id(),
        grant: grant.text.clone(),
        binding: Binding::default(),
        issuers: None,
    };

    let [unheard, heard] = repeated(&mut pair, async || service.codes.redeem(&redeem).await).await;

    assert!(matches!(unheard, Err(Error::Store(_))), "{unheard:?}");
    assert!(heard.is_ok(), "{heard:?}");
    assert_eq!(refusal(service.redeem(&id.scope, &grant).await), Refusal::GrantInvalid);
}

#[tokio::test]
async fn a_cancellation_that_no_replica_has_is_not_answered() {
    let (mut pair, service) = replicated().await;
    let cancel = CancelRequest { id: started(&service).await.id, request_id: request_id() };

    let [unheard, heard] = repeated(&mut pair, async || service.codes.cancel(&cancel).await).await;

    assert!(matches!(unheard, Err(Error::Store(_))), "{unheard:?}");
    assert_eq!(heard.unwrap(), VerificationState::Cancelled);
}

#[tokio::test]
async fn a_release_that_no_replica_has_is_not_answered() {
    let (mut pair, service) = replicated().await;
    let scope = started(&service).await.id.scope;
    let release = ReleaseRequest { scope, purpose: purpose(), subject: subject(), request_id: request_id() };

    let [unheard, heard] = repeated(&mut pair, async || service.codes.release(&release).await).await;

    assert!(matches!(unheard, Err(Error::Store(_))), "{unheard:?}");
    assert!(heard.is_ok(), "{heard:?}");
}
