//! The places of a lane: how many messages it sends at once, and how many of them to one domain.
//!
//! A relay may ask the recipient's side before it answers, and a slow one holds the connection for as long as a send may
//! take. So no domain has more than its share of a lane's places. What is beyond it waits beside the places, holding its
//! lease and no connection, for a moment: until one of its domain has been sent, or else it is put back into the queue.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// For each place so many messages may wait for their domain: enough that a burst to one domain goes out without a
/// pause, few enough that what waits is soon through.
const WAITING_PER_PLACE: usize = 4;
/// A fast relay has let go of a domain's place by then a hundred times; a slow one will not soon.
const WAIT_WITHIN: Duration = Duration::from_secs(5);

/// The places of one lane.
pub(crate) struct LanePlaces {
    senders: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    per_domain: usize,
    domains: Mutex<HashMap<String, Arc<Semaphore>>>,
    left: Notify,
}

/// A place that a message has.
pub(crate) struct Place {
    lane: Arc<LanePlaces>,
    sender: Option<OwnedSemaphorePermit>,
}

/// A part of a domain's share.
#[must_use]
pub(crate) struct DomainShare(
    #[expect(dead_code, reason = "held for as long as the mail is sent")] OwnedSemaphorePermit,
);

impl LanePlaces {
    pub(crate) fn new(places: usize, per_domain: usize) -> Arc<Self> {
        Arc::new(Self {
            senders: Arc::new(Semaphore::new(places)),
            waiting: Arc::new(Semaphore::new(places.saturating_mul(WAITING_PER_PLACE))),
            per_domain,
            domains: Mutex::default(),
            left: Notify::new(),
        })
    }

    /// How many messages may be taken.
    pub(crate) fn free(&self) -> usize {
        self.senders.available_permits()
    }

    /// Up to `most` places, as far as they are free.
    pub(crate) fn take(self: &Arc<Self>, most: usize) -> Vec<Place> {
        let place = || Arc::clone(&self.senders).try_acquire_owned().ok();
        let senders = std::iter::repeat_with(place).take(most).map_while(|sender| sender);
        senders.map(|sender| Place { lane: Arc::clone(self), sender: Some(sender) }).collect()
    }

    /// Waits until a message left its place to wait beside it.
    pub(crate) async fn left(&self) {
        self.left.notified().await;
    }

    fn share_of(&self, domain: &str) -> Arc<Semaphore> {
        let mut domains = self.domains.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = domains.get(domain) {
            return Arc::clone(share);
        }
        // Nobody holds a part of them and nobody waits for one.
        domains.retain(|_, share| Arc::strong_count(share) > 1);
        let share = Arc::new(Semaphore::new(self.per_domain));
        domains.insert(domain.to_owned(), Arc::clone(&share));
        share
    }
}

impl Place {
    /// Takes a part of the domain's share. Where none is left it leaves the place to others and waits; None: for too
    /// long, or too many wait.
    pub(crate) async fn for_domain(&mut self, domain: &str) -> Option<DomainShare> {
        let share = self.lane.share_of(domain);
        if let Ok(part) = Arc::clone(&share).try_acquire_owned() {
            return Some(DomainShare(part));
        }
        let _waits = self.wait_beside()?;
        let back = async {
            let part = share.acquire_owned().await.ok()?;
            let sender = Arc::clone(&self.lane.senders).acquire_owned().await.ok()?;
            Some((part, sender))
        };
        let (part, sender) = tokio::time::timeout(WAIT_WITHIN, back).await.ok()??;
        self.sender = Some(sender);
        Some(DomainShare(part))
    }

    /// Leaves the place to others and waits beside the places for as long as the answer is held; None: too many wait,
    /// and it stays.
    pub(crate) fn wait_beside(&mut self) -> Option<OwnedSemaphorePermit> {
        let waits = Arc::clone(&self.lane.waiting).try_acquire_owned().ok()?;
        self.sender = None;
        self.lane.left.notify_one();
        Some(waits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_domain_has_its_share_and_no_more() {
        let lane = LanePlaces::new(3, 1);
        let [mut one, mut two, mut other] = <[Place; 3]>::try_from(lane.take(4)).ok().unwrap();
        let held = one.for_domain("slow.example").await.unwrap();

        let no_place_is_left = lane.take(1).is_empty();
        let waiting = tokio::spawn(async move { two.for_domain("slow.example").await.is_some() });
        lane.left().await;
        let of_another = other.for_domain("fast.example").await;
        let place_of_the_waiting = lane.take(1);
        drop((held, one));

        assert!(no_place_is_left && of_another.is_some() && place_of_the_waiting.len() == 1);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test]
    async fn more_than_may_wait_are_sent_back() {
        let lane = LanePlaces::new(1, 1);
        let _held = lane.take(1).remove(0).for_domain("slow.example").await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..WAITING_PER_PLACE {
            let mut place = lane.take(1).remove(0);
            waiting.push(tokio::spawn(async move { place.for_domain("slow.example").await.is_some() }));
            lane.left().await;
            while lane.free() == 0 {
                tokio::task::yield_now().await;
            }
        }

        let one_too_many = lane.take(1).remove(0).for_domain("slow.example").await;

        assert!(one_too_many.is_none());
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test]
    async fn a_domain_is_forgotten_when_nothing_goes_there() {
        let lane = LanePlaces::new(2, 1);

        drop(lane.take(1).remove(0).for_domain("one.example").await);
        drop(lane.take(1).remove(0).for_domain("two.example").await);

        assert_eq!(lane.domains.lock().unwrap().len(), 1);
    }
}
