//! What must hold of a verification, whatever failed.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::*;

/// Two calls for one message may be so far apart: it is counted when the first of them asks, and drawn when the last does.
const APART: Duration = seconds(1_500);

impl Site {
    /// That a passed code passed before its end.
    pub(super) fn was_in_time(&self, request: &StartRequest, passed: &SignedGrant) {
        let passed_at = passed.expires_at.minus(self.codes.rules.grant_life);
        let sent = self.messages_of(&request.id);
        assert!(!passed_at.has_reached(sent[0].not_after), "a late code");
    }

    /// That notification has what the person was told of: one message of the code for each address at least, and no more than
    /// a verification may send, by whatever number of calls.
    pub(super) fn were_sent(&self, request: &StartRequest, was_told: bool) {
        let sent = self.messages_of(&request.id);
        for destination in request.route.destinations.iter() {
            let to_it = sent.iter().filter(|message| message.destination == *destination);
            let messages: BTreeSet<Uuid> = to_it.map(|message| message.id).collect();
            assert!(
                messages.len() <= self.codes.rules.ladder.sends() as usize,
                "more messages than a code has"
            );
        }
        assert!(!was_told || !sent.is_empty(), "a code that nobody got");
        let codes: BTreeSet<&str> = sent.iter().map(|message| message.code.expose()).collect();
        assert!(codes.len() <= 1, "a verification with two codes");
    }

    /// That no address got more codes in any of its windows than it may.
    pub(super) fn were_few(&self, request: &StartRequest) {
        for destination in request.route.destinations.iter() {
            let begun = self.codes_begun(destination);
            for window in &self.codes.rules.limits.destination {
                let most = window.limit as usize;
                let shortest = window.length.saturating_sub(APART);
                let is_too_many = |several: &[Timestamp]| several[most].since(several[0]) < shortest;
                assert!(
                    !begun.windows(most + 1).any(is_too_many),
                    "too many codes for one address: {begun:?}"
                );
            }
        }
    }

    /// When the codes that went to an address were drawn, in order.
    fn codes_begun(&self, destination: &Destination) -> Vec<Timestamp> {
        let to_it = self.messages_that(|message| message.destination == *destination);
        let begun: BTreeMap<VerificationId, Timestamp> = to_it
            .into_iter()
            .map(|message| (message.verification, message.not_after.minus(self.codes.rules.code_life)))
            .collect();
        let mut begun: Vec<Timestamp> = begun.into_values().collect();
        begun.sort();
        begun
    }
}
