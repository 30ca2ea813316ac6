//! A caller's desk: steps with everything filled in that a case does not care about.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{SystemEntropy, uuid_v4};
use rekey_primitives::id::{GrantId, RequestId, TenantId, VerificationId};
use rekey_sealing::digest;

use crate::domain::ladder::Ladder;
use crate::domain::limits::{FailureRule, Payer, Spend, Window};
use crate::domain::names::CallerName;
use crate::domain::scope::{Generation, Place, TenantScope};
use crate::domain::tag::{Request, Tag, Tags};
use crate::domain::verification::Verification;
use crate::domain::verification::tests::fresh;
use crate::store::{
    Charge, Check, Checked, Dispatch, KeptCode, Redeem, Redeemed, Resend, Sending, Start, Store,
};

/// How long answers are kept.
pub(super) const ANSWER_LIFE: Duration = Duration::from_secs(600);

/// Where all cases begin.
const BEGIN: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_123);

#[derive(Clone)]
pub(super) struct Desk {
    pub(super) store: Arc<dyn Store>,
    pub(super) scope: TenantScope,
    pub(super) now: Timestamp,
    pub(super) counts_failures: bool,
    pub(super) spends: Vec<Spend>,
}

impl Desk {
    pub(super) fn at(store: Arc<dyn Store>) -> Self {
        let scope = TenantScope { tenant: a_tenant(), caller: CallerName::parse("shop").unwrap() };
        let spends = vec![Spend { payer: Payer::Tenant, window: Window::per_hour(1_000) }];
        Self { store, scope, now: BEGIN, counts_failures: false, spends }
    }

    pub(super) fn of_another_tenant(&self) -> Self {
        Self::at(self.store.clone())
    }

    pub(super) fn of_another_caller(&self) -> Self {
        let scope = TenantScope { caller: CallerName::parse("bank").unwrap(), ..self.scope.clone() };
        Self { scope, ..self.clone() }
    }

    /// The same desk so much later.
    pub(super) fn later(&self, seconds: u64) -> Self {
        Self { now: self.now.plus(Duration::from_secs(seconds)), ..self.clone() }
    }

    pub(super) fn new_place(&self) -> Place {
        Place { scope: self.scope.clone(), id: VerificationId::from_uuid(uuid_v4(&SystemEntropy)) }
    }

    pub(super) async fn generation(&self) -> Generation {
        self.store.look(&self.new_place()).await.unwrap().generation
    }

    pub(super) async fn seen(&self, place: &Place) -> Verification {
        self.store.look(place).await.unwrap().verification.unwrap()
    }

    /// A start of this code, funded, with the generation of now.
    pub(super) async fn start_order(&self, place: &Place, code: &str) -> Start {
        let sight = self.store.look(place).await.unwrap();
        let seen_sends = sight.verification.map_or(0, |seen| seen.sends);
        let content = tags("content");
        Start {
            request: request("start"),
            place: place.clone(),
            verification: Verification {
                content: content.active.clone(),
                counts_failures: self.counts_failures,
                generation: sight.generation,
                sends: 0,
                acknowledged: 0,
                ..fresh(self.now)
            },
            content,
            code: kept(code),
            charge: self.charge(seen_sends),
            answer_life: ANSWER_LIFE,
        }
    }

    pub(super) async fn start(&self, start: &Start) -> Dispatch {
        self.store.start(start, self.now).await.unwrap()
    }

    /// A verification with this code, its message acknowledged.
    pub(super) async fn started(&self, code: &str) -> Place {
        let place = self.new_place();
        let start = self.start_order(&place, code).await;
        let sending = charged(self.start(&start).await);
        self.acknowledge(&place, sending.number).await;
        place
    }

    pub(super) async fn acknowledge(&self, place: &Place, number: u32) {
        let generation = self.generation().await;
        self.store.acknowledge(place, number, &generation).await.unwrap();
    }

    /// A resend with a new code in case one is needed, funded.
    pub(super) async fn resend_order(&self, place: &Place, code: &str) -> Resend {
        let sight = self.store.look(place).await.unwrap();
        let seen = sight.verification.unwrap();
        Resend {
            request: request("resend"),
            place: place.clone(),
            charge: self.charge(seen.sends),
            seen,
            generation: sight.generation,
            code: kept(code),
            rotate: false,
            answer_life: ANSWER_LIFE,
        }
    }

    pub(super) async fn resend(&self, resend: &Resend) -> Dispatch {
        self.store.resend(resend, self.now).await.unwrap()
    }

    pub(super) async fn check_order(&self, place: &Place, typed: &str) -> Check {
        let Verification { purpose, subject, .. } = fresh(self.now);
        Check {
            request: request(typed),
            place: place.clone(),
            purpose,
            subject,
            generation: self.generation().await,
            typed: tags(typed),
            grant: GrantId::from_uuid(uuid_v4(&SystemEntropy)),
            failures: rule(),
            answer_life: ANSWER_LIFE,
        }
    }

    pub(super) async fn check(&self, place: &Place, typed: &str) -> Checked {
        let check = self.check_order(place, typed).await;
        self.store.check(&check, self.now).await.unwrap()
    }

    pub(super) async fn redeem_order(&self) -> Redeem {
        Redeem {
            request: request("grant"),
            scope: self.scope.clone(),
            grant: GrantId::from_uuid(uuid_v4(&SystemEntropy)),
            generation: self.generation().await,
            expires_at: self.now.plus(Duration::from_secs(300)),
            answer_life: ANSWER_LIFE,
        }
    }

    pub(super) async fn redeem(&self, redeem: &Redeem) -> Redeemed {
        self.store.redeem(redeem, self.now).await.unwrap()
    }

    fn charge(&self, seen_sends: u32) -> Charge {
        let ladder = Ladder::new([30, 60, 120, 240].map(Duration::from_secs).to_vec(), 5).unwrap();
        Charge {
            seen_sends,
            most_sends: ladder.sends(),
            next_send_at: ladder.next(seen_sends + 1, self.now),
            spends: self.spends.clone(),
            funded: true,
            failures: rule(),
        }
    }
}

pub(super) fn rule() -> FailureRule {
    FailureRule { pause_at: 10, pause_window: Duration::from_secs(86_400), stop_at: 100 }
}

pub(super) fn request(content: &str) -> Request {
    Request { id: RequestId::from_uuid(uuid_v4(&SystemEntropy)), content: tags(content) }
}

pub(super) fn tags(content: &str) -> Tags {
    Tags { active: Tag::new("today", &digest(&[content.as_bytes()])), others: Vec::new() }
}

pub(super) fn kept(code: &str) -> KeptCode {
    KeptCode { tag: tags(code).active, sealed: code.as_bytes().to_vec() }
}

#[track_caller]
pub(super) fn charged(dispatch: Dispatch) -> Sending {
    match dispatch {
        Dispatch::Charged(sending) => sending,
        other => panic!("a charge was expected: {other:?}"),
    }
}

#[track_caller]
pub(super) fn owed(dispatch: Dispatch) -> Sending {
    match dispatch {
        Dispatch::Owed(sending) => sending,
        other => panic!("an owed message was expected: {other:?}"),
    }
}

fn a_tenant() -> TenantId {
    TenantId::from_uuid(uuid_v4(&SystemEntropy))
}
