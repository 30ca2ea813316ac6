//! Resets that other products completed for strangers, mended since: `docs/public-faults.md`.

use super::*;

// Keycloak, CVE-2026-18963: who chose another way to prove oneself had proved it.
#[tokio::test]
async fn choosing_another_way_proves_nothing() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example", "+4915112345678"]).await;
    let started = world.start("ada").await.unwrap();
    let (token, mail, phone) = (&started.reset_token, &started.methods[0], &started.methods[1]);

    for method in [mail, phone] {
        world.resets.send_code(&world.caller, &world.send(token, method)).await.unwrap();
    }
    let code = world.verification.code_for("ada@mail.example");
    let crossed = world.proof(token, phone, code.expose_secret());
    let crossed = world.resets.submit_proof(&world.caller, &crossed).await.unwrap();
    let completed = [token, &crossed.reset_token].map(|token| world.completion(token, NEW));

    assert_eq!((crossed.accepted, crossed.proofs_remaining), (false, 1));
    for completion in completed {
        let completed = world.resets.complete(&world.caller, &completion).await;
        assert_eq!(refusal(completed), Refusal::ProofsMissing { remaining: 1 });
    }
    assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Rejected));
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
}
