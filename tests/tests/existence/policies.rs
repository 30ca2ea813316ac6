//! What a tenant's policy changes of it: decoys follow, and who asks for plain answers gets them.

use std::collections::BTreeMap;

use rekey_client::Problem;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::{MethodKind, StartPasswordResetRequest};

use crate::existence::logins::logins;

on_both_store_sets!(decoys_follow_the_policy, a_tenant_that_wants_plain_answers_gets_them);

async fn decoys_follow_the_policy(stores: Stores) {
    let world = World::start(stores).await;
    world.show_masks().await;
    let logins = logins(&world).await;
    world.amend_policy(|policy| policy["reset"]["allowed_methods"] = serde_json::json!(["phone"])).await;
    let mut by_phone = BTreeMap::new();
    for (who, login) in &logins {
        by_phone.insert(*who, world.start_reset(login).await.methods);
    }
    world.amend_policy(|policy| policy["reset"]["proofs_required"] = 2.into()).await;
    let mut by_two = BTreeMap::new();
    for (who, login) in &logins {
        by_two.insert(*who, world.start_reset(login).await);
    }

    for (who, methods) in by_phone {
        assert!((1..=3).contains(&methods.len()), "{who}");
        assert!(methods.iter().all(|method| method.kind() == MethodKind::Phone), "{who}: {methods:?}");
    }
    for (who, started) in by_two {
        assert!((2..=4).contains(&started.methods.len()), "{who}: {:?}", started.methods);
        assert_eq!(started.proofs_required, 2, "{who}");
    }
    world.stop().await;
}

async fn a_tenant_that_wants_plain_answers_gets_them(stores: Stores) {
    let world = World::start(stores).await;
    let logins = logins(&world).await;
    world.amend_policy(|policy| policy["reset"]["reveal_eligibility"] = true.into()).await;
    let start = async |who: &str| {
        let request = StartPasswordResetRequest {
            tenant_id: world.tenant_id.clone(),
            login: logins[who].clone(),
            context: None,
        };
        world.resets().start_password_reset(request).await.map_err(|status| Problem::of(&status).reason)
    };

    let mut reasons = BTreeMap::new();
    for who in logins.keys().copied().filter(|who| !["known", "unknown"].contains(who)) {
        reasons.insert(who, start(who).await.unwrap_err());
    }

    assert!(start("known").await.is_ok());
    assert!(start("unknown").await.is_ok(), "who is nobody's account has nothing to reveal");
    let expected = BTreeMap::from([
        ("blocked", "ACCOUNT_BLOCKED"),
        ("frozen", "ACCOUNT_BLOCKED"),
        ("managed elsewhere", "ACCOUNT_MANAGED_ELSEWHERE"),
        ("without methods", "TOO_FEW_METHODS"),
        ("unconfirmed", "TOO_FEW_METHODS"),
        ("in quarantine", "TOO_FEW_METHODS"),
        ("out of scope", "ACCOUNT_NOT_IN_SCOPE"),
        ("without a seat", "RESET_NOT_LICENSED"),
    ]);
    let told: BTreeMap<&str, &str> = reasons.iter().map(|(who, reason)| (*who, reason.as_str())).collect();
    assert_eq!(told, expected);
    world.stop().await;
}
