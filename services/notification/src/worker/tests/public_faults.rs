//! Providers that other products left alone for good, mended since: `docs/public-faults.md`.

use super::*;

// nora #607: a probe that was answered with a refusal was told to nobody, and everybody was turned away until a restart.
#[tokio::test]
async fn a_probe_that_is_refused_brings_the_provider_back() {
    for refusal in
        [FailureClass::Address, FailureClass::Content, FailureClass::Refused, FailureClass::Transient]
    {
        let faults = [FailureClass::Provider; 3];
        let relay = Scripted::answering(&[&faults[..], &[refusal]].concat());
        let world = World::with(&[&relay]).await;
        for _ in 0..3 {
            world.accept(Lane::Critical).await;
        }
        world.work().await;

        world.clock.advance(BREAKER.pause);
        let probe = world.accept(Lane::Critical).await;
        world.work().await;
        let code = world.accept(Lane::Critical).await;
        world.work().await;

        assert_eq!(world.get(probe.id).await.last_failure, Some(refusal));
        let found = world.get(code.id).await;
        assert_eq!((found.state, found.tries), (State::Delivered, 1), "{refusal:?}");
    }
}
