//! Codes and grants from end to end.

use rekey_primitives::contact::Channel;
use rekey_primitives::method::ProofClass;
use rekey_primitives::secret::SecretString;

use super::*;
use crate::domain::verification::State;

#[tokio::test]
async fn a_code_that_arrived_becomes_a_grant_that_counts_once() {
    let office = Office::in_memory(&as_shipped());
    let order = order("anna@example.com");
    office.start(&order).await.unwrap();

    let grant = office.pass(&order.place, &office.last_code()).await;
    let redeemed = office.redeem(&order.place.scope, &grant).await.unwrap();
    let again = refusal(office.redeem(&order.place.scope, &grant).await);

    assert_eq!((redeemed.verification, redeemed.channel), (order.place.id, Channel::Email));
    assert_eq!((redeemed.class, redeemed.passed_at), (ProofClass::Issued, BEGIN));
    assert_eq!((redeemed.purpose, redeemed.subject), (order.purpose, order.subject));
    assert_eq!(again, Refusal::GrantInvalid);
    let shown = office.flows.get(&order.place).await.unwrap();
    assert_eq!((shown.state, shown.tries_left, shown.sends_left), (State::Passed, 0, 0));
    assert_eq!(shown.next_send_at, None);
}

#[tokio::test]
async fn a_code_is_right_for_its_own_verification_only() {
    let office = Office::in_memory(&as_shipped());
    let first = order("anna@example.com");
    let second = another(&first);
    office.start(&first).await.unwrap();
    let code = office.last_code();
    office.start(&second).await.unwrap();

    let verdict = office.check(&second.place, &code).await.unwrap();

    // One pair of codes in a million is the same.
    assert!(matches!(verdict, Verdict::Rejected), "{verdict:?}");
    office.pass(&first.place, &code).await;
}

#[tokio::test]
async fn a_grant_is_good_for_its_audience_its_tenant_and_its_binding_only() {
    let office = Office::in_memory(&as_shipped());
    let mut order = order("anna@example.com");
    order.audience = caller("bank");
    order.binding = Binding::parse(b"12.00 EUR to Berta").unwrap();
    office.start(&order).await.unwrap();
    let grant = office.pass(&order.place, &office.last_code()).await;
    let bank = TenantScope { caller: caller("bank"), ..order.place.scope.clone() };
    let elsewhere = TenantScope { tenant: TenantId::from_uuid(uuid_v4(&SystemEntropy)), ..bank.clone() };
    let show = |scope: &TenantScope, binding: &Binding| {
        let (scope, binding, grant) = (scope.clone(), binding.clone(), grant.text.clone());
        RedeemOrder { scope, request: request(), grant, binding }
    };
    let other_binding = Binding::parse(b"12000 EUR to Mallory").unwrap();

    let wrong = [
        show(&order.place.scope, &order.binding),
        show(&elsewhere, &order.binding),
        show(&bank, &other_binding),
        show(&bank, &Binding::default()),
    ];

    for wrong in wrong {
        assert_eq!(refusal(office.flows.redeem(&wrong).await), Refusal::GrantInvalid);
    }
    assert!(office.flows.redeem(&show(&bank, &order.binding)).await.is_ok());
}

#[tokio::test]
async fn a_grant_that_was_touched_or_signed_by_others_is_none() {
    let (office, forger) = (Office::in_memory(&as_shipped()), Office::in_memory(&as_shipped()));
    let order = order("anna@example.com");
    forger.start(&order).await.unwrap();
    let forged = forger.pass(&order.place, &forger.last_code()).await;
    office.start(&order).await.unwrap();
    let good = office.pass(&order.place, &office.last_code()).await;
    let touched = good.text.expose_secret().replacen('A', "B", 1);
    let touched = GivenGrant { text: SecretString::from(touched), ..good.clone() };

    for wrong in [&forged, &touched] {
        assert_eq!(refusal(office.redeem(&order.place.scope, wrong).await), Refusal::GrantInvalid);
    }
    assert!(office.redeem(&order.place.scope, &good).await.is_ok());
}

#[tokio::test]
async fn a_repeated_check_gives_the_same_grant() {
    let office = Office::in_memory(&as_shipped());
    let order = order("anna@example.com");
    office.start(&order).await.unwrap();
    let check = check_order(&order.place, &office.last_code());

    let grants = [office.flows.check(&check).await.unwrap(), office.flows.check(&check).await.unwrap()];

    let texts = grants.map(|verdict| match verdict {
        Verdict::Passed(grant) => grant.text.expose_secret().to_owned(),
        Verdict::Rejected => panic!("the right code was rejected"),
    });
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test]
async fn codes_and_grants_survive_a_rotation_of_the_keys() {
    let server = rekey_testing::redis().await;
    let keys = KeyTexts::new();
    let before = Office::in_redis(&as_shipped(), &server.url(), &keys);
    let after = Office::in_redis(&as_shipped(), &server.url(), &keys.rotated());
    let order = order("anna@example.com");
    before.start(&order).await.unwrap();
    let other = another(&order);
    before.start(&other).await.unwrap();
    let grant = before.pass(&other.place, &before.last_code()).await;

    let repeated = after.start(&order).await.unwrap();
    let code = before.messages()[0].code.expose().to_owned();

    assert!(repeated.sent);
    assert!(after.messages().is_empty());
    after.pass(&order.place, &code).await;
    assert!(after.redeem(&order.place.scope, &grant).await.is_ok());
}

#[tokio::test]
async fn a_subject_that_failed_too_often_waits_and_may_be_released() {
    let office = Office::in_memory(&settings(|settings| settings.failures.pause_at = 2));
    let order = order("anna@example.com");
    office.start(&order).await.unwrap();
    for wrong in ["000000x", "000001x"] {
        office.check(&order.place, wrong).await.unwrap();
    }

    let paused = refusal(office.check(&order.place, &office.last_code()).await);
    office.flows.release(&order.place.scope, &order.purpose, &order.subject, request()).await.unwrap();

    assert_eq!(paused, Refusal::SubjectPaused(seconds(86_400)));
    office.pass(&order.place, &office.last_code()).await;
}
