//! Who gets a new message at all: by channel and country and by the operators' list, before any budget is asked, and by what is
//! known of a SIM, after it.
//!
//! It is judged where a message is about to be counted, by the policy of today. A repeated call needs no new message and gets
//! its answer, whatever was listed since. Of several destinations those that are stopped are withheld without a word; when
//! none is left, the call is refused. A decoy passes, since nothing goes anywhere, and takes the same time.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;
use tokio::time::Instant;

use super::Codes;
use crate::domain::policies::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::route::{Route, Withheld};

/// A message to be screened.
pub(super) struct Screening<'a> {
    pub(super) codes: &'a Codes,
    pub(super) policy: &'a Policy,
    pub(super) route: &'a Route,
    pub(super) now: Timestamp,
}

impl Screening<'_> {
    /// Who gets nothing, those of before among them; a refusal where nobody is left.
    pub(super) fn run(&self, withheld: Withheld) -> Result<Withheld, Refusal> {
        let Self { policy, route, now, .. } = *self;
        // A decoy costs nothing wherever it would go, and the numbers made up for decoys are of no country.
        if !route.decoy && !route.addresses().all(|destination| policy.offers(destination, now)) {
            return Err(Refusal::ChannelNotAllowed);
        }
        let is_blocked = |place: &usize| {
            let mut found = route.addresses().skip(*place);
            !route.decoy && found.next().is_some_and(|destination| policy.is_blocked(destination, now))
        };
        let blocked = (0..route.addresses().count()).filter(is_blocked);
        let withheld = blocked.fold(withheld, Withheld::with);
        self.some_left(withheld, Refusal::DestinationBlocked)
    }

    /// The same with those whose SIMs were changed of late.
    pub(super) async fn without_changed_sims(&self, withheld: Withheld) -> Result<Withheld, Refusal> {
        let Some(sim_check) = &self.codes.sim_check else { return Ok(withheld) };
        let held = sim_check.held_back(self.route, withheld, self.policy, self.now).await;
        self.some_left(withheld.and(held), Refusal::SimChanged)
    }

    /// Until when a message by this channel waits, so that nobody sees by the time whose SIM was looked up.
    pub(super) fn ends(&self) -> Option<Instant> {
        let is_text = self.route.addresses().any(|destination| destination.channel() == Channel::Sms);
        let sim_check = self.codes.sim_check.as_ref().filter(|_| is_text)?;
        Some(Instant::now() + sim_check.takes())
    }

    fn some_left(&self, withheld: Withheld, refusal: Refusal) -> Result<Withheld, Refusal> {
        let mut left = self.route.without(withheld);
        if left.next().is_some() { Ok(withheld) } else { Err(refusal) }
    }
}
