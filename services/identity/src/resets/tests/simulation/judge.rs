//! What must hold after a round, whatever failed in it.

use std::time::Duration;

use super::completing::Completion;
use super::site::{Simulated, Site};
use crate::domain::account::Account;

/// How an account was before a round.
pub(super) struct Before(Account);

impl Before {
    pub(super) async fn of(site: &Site, person: &Simulated) -> Self {
        Self(site.world.read(&person.account).await)
    }

    /// At most one of the calls succeeded, wholly; what was answered is what happened.
    pub(super) async fn holds(self, site: &mut Site, person: &Simulated, completions: &[Completion]) {
        let after = site.world.read(&person.account).await;
        let acknowledged: Vec<&Completion> =
            completions.iter().filter(|completion| matches!(completion.answer, Some(Ok(_)))).collect();
        assert!(acknowledged.len() <= 1, "two resets of one epoch were acknowledged");
        if after.epoch == self.0.epoch {
            assert!(acknowledged.is_empty(), "a reset was acknowledged and did not happen");
            assert_eq!(after.password, self.0.password, "a password changed without a reset");
            site.count("resets not completed");
        } else {
            assert_eq!(after.epoch, self.0.epoch.next(), "two resets of one epoch happened");
            let winner = winner(site, &after, completions).await;
            assert!(
                acknowledged.iter().all(|told| told.request_id == winner.request_id),
                "told somebody else"
            );
            assert_was_proved(site, &after, winner);
            site.count("resets completed");
        }
        let happened = after.epoch != self.0.epoch;
        let notified = notified(site).await;
        let expected = if happened { sorted(person.addresses.clone()) } else { Vec::new() };
        assert_eq!(notified, expected, "notices of a reset that happened: {happened}");
    }
}

/// Whose password it is now.
async fn winner<'a>(site: &Site, after: &Account, completions: &'a [Completion]) -> &'a Completion {
    let parts = &site.world.parts;
    let record = after.password.as_ref().expect("a reset sets a password");
    let phc = parts.keys.open_password(after.tenant_id, after.id, &record.hash).unwrap();
    let mut matching = Vec::new();
    for completion in completions {
        let password = completion.password.as_str().into();
        if parts.hasher.verify(&phc, &password, Duration::from_secs(60)).await.unwrap().matches {
            matching.push(completion);
        }
    }
    assert_eq!(matching.len(), 1, "the password is that of one call");
    matching[0]
}

/// That the reset behind the call that won had its proofs, and was not over when it set the password.
fn assert_was_proved(site: &Site, after: &Account, winner: &Completion) {
    let state = site.world.parts.tokens().open_reset(&winner.token).unwrap();
    let set_at = after.password.as_ref().expect("a reset sets a password").set_at;
    assert_eq!(state.proofs.missing_of(state.proofs_required), 0, "a reset without its proofs");
    assert!(!set_at.has_reached(state.expires_at), "a reset after its end");
}

/// Takes what is in the outbox; whom it tells of a reset.
async fn notified(site: &Site) -> Vec<String> {
    let (parts, now) = (&site.world.parts, site.world.now());
    let claimed = parts.store.claim_notices(100, now.plus(Duration::from_secs(60)), now).await.unwrap();
    let settled: Vec<_> = claimed.iter().map(|claimed| (claimed.notice.id, claimed.fence)).collect();
    parts.store.settle_notices(&settled).await.unwrap();
    let messages = claimed.iter().map(|claimed| parts.keys.open_notice(&claimed.notice).unwrap());
    let of_resets = messages.filter(|message| message.template == "password_reset_notice");
    sorted(of_resets.map(|message| message.address).collect())
}

fn sorted(mut addresses: Vec<String>) -> Vec<String> {
    addresses.sort();
    addresses
}
