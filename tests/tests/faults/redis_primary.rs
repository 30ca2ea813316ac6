//! The primary of Redis is killed while codes are typed: no verification passes twice, no limit is lifted, calls say when
//! to come again, and the replica serves on by itself. By Sentinel, and in a Cluster.
//!
//! The last two steps before it dies reach a limit each. Some type their right code only once it is dead: their codes are void by
//! then, and their attempts still count.

mod servers;

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::{self, StreamExt as _};
use rekey_client::{ClientSettings, Connection, Problem};
use rekey_tests::person::request_id;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World};
use rekey_wire::verification::v1 as wire;
use rekey_wire::verification::v1::destination::Address;
use rekey_wire::verification::v1::verification_service_client::VerificationServiceClient;
use rekey_wire::verification::v1::{CheckOutcome, VerificationState};
use tokio::sync::watch;
use tonic::{Response, Status};

use self::servers::Servers;
use crate::faults::outage::assert_away;

const VERIFICATIONS: usize = 24;
/// Wrong codes typed for each, before the right one is typed twice at once.
const WRONG: usize = 2;
/// People who type at the same time.
const TYPISTS: usize = 6;
/// Verifications whose right code is typed once the primary is dead. Fewer than type at the same time: others go on until then.
const LATE: usize = TYPISTS / 2;
/// Attempts that a verification has.
const ATTEMPTS: usize = 5;
/// Messages that an address may get in an hour.
const DESTINATION_LIMIT: usize = 5;
/// Failures that pause a subject.
const PAUSE_AT: usize = 10;
const PURPOSE: &str = "sign_up";
/// The address that gets its last message just before the primary dies.
const FULL: &str = "full@acme.example";
/// The subject that is paused by a failure just before the primary dies.
const PAUSED: &str = "paused";

#[tokio::test(flavor = "multi_thread")]
async fn a_sentinel_fails_over_under_checks_and_no_limit_is_lifted() {
    let servers = rekey_testing::redis_sentinel().await;
    survives(Servers::Sentinel(Box::new(servers))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_fails_over_under_checks_and_no_limit_is_lifted() {
    let servers = rekey_testing::redis_cluster_replicated().await;
    survives(Servers::Cluster(Box::new(servers))).await;
}

/// A verification and the code that was sent for it.
struct Started {
    id: String,
    address: String,
    code: String,
}

/// What came of the codes typed for one verification.
struct Typed {
    verification: Started,
    /// Rejections that were answered before the primary died.
    counted: usize,
    grants: Vec<String>,
}

/// How far the load is.
#[derive(Default)]
struct Progress {
    answers: usize,
    /// Those who are late and have typed their wrong codes.
    late: usize,
    /// The primary is dead.
    is_dead: bool,
}

/// A wrong code, and for which verification.
struct Guess {
    id: String,
    code: String,
}

/// A backend that tries each call once and repeats it under its request id.
struct Caller {
    client: VerificationServiceClient<Connection>,
    tenant_id: String,
    /// Calls that were told to come again.
    away: AtomicUsize,
    progress: watch::Sender<Progress>,
}

async fn survives(mut servers: Servers) {
    let url = servers.url();
    let world = World::start_with(Stores::Embedded, &[("VERIFICATION__STORE__URL", &*url)]).await;
    let caller = Caller::of(&world);
    let last_guess = caller.near_limits(&world).await;
    let mut started = Vec::new();
    for number in 0..VERIFICATIONS {
        started.push(caller.started(&world, &format!("typist-{number}")).await);
    }

    let typing = stream::iter(started.into_iter().enumerate());
    let typing = typing.map(|(number, verification)| caller.type_codes(verification, number < LATE));
    let typing = typing.buffer_unordered(TYPISTS).collect::<Vec<Typed>>();
    let killing = async {
        let mut progress = caller.progress.subscribe();
        let is_time = |progress: &Progress| progress.answers >= VERIFICATIONS && progress.late == LATE;
        progress.wait_for(is_time).await.unwrap();
        caller.reach_limits(&last_guess).await;
        servers.kill_primary(&world.tenant_id, || caller.told_of_death()).await;
    };
    let (typed, ()) = tokio::join!(typing, killing);

    assert!(caller.away.load(Ordering::SeqCst) > 0, "the primary died between calls");
    assert!(typed.iter().filter(|typed| typed.counted == WRONG).count() >= LATE, "it died too early");
    let mut void = 0;
    for typed in typed {
        void += usize::from(caller.assert_passes_once(&world, typed).await);
    }
    assert!(void >= LATE, "{void} codes were void");
    let full = caller.start("another", FULL).await;
    let paused = caller.start(PAUSED, "elsewhere@acme.example").await;
    assert_eq!(reason_of(full), "DESTINATION_LIMITED");
    assert_eq!(reason_of(paused), "SUBJECT_PAUSED");
    world.stop().await;
}

impl Caller {
    fn of(world: &World) -> Self {
        let endpoint = format!("http://{}", world.addresses.verification);
        let settings = ClientSettings::to(endpoint).with_token_file(world.folder.token("cli"));
        let connection = Connection::open(&ClientSettings { attempts: 1, ..settings }, || None).unwrap();
        Self {
            client: VerificationServiceClient::new(connection),
            tenant_id: world.tenant_id.clone(),
            away: AtomicUsize::new(0),
            progress: watch::Sender::new(Progress::default()),
        }
    }

    /// Repeats a call until it is answered or refused. Until then each answer says that it is to come again, and when.
    async fn settled<T>(
        &self,
        mut call: impl AsyncFnMut() -> Result<Response<T>, Status>,
    ) -> Result<T, Status> {
        let look = async || match call().await {
            Ok(answer) => Some(Ok(answer.into_inner())),
            Err(status) if status.code() == tonic::Code::Unavailable => {
                assert_away(&status);
                self.away.fetch_add(1, Ordering::SeqCst);
                None
            }
            Err(status) => Some(Err(status)),
        };
        eventually("a call is answered", look).await
    }

    async fn start(&self, subject: &str, address: &str) -> Result<String, Status> {
        let verification_id = request_id();
        let destination = wire::Destination { address: Some(Address::EmailAddress(address.to_owned())) };
        let request = wire::StartVerificationRequest {
            tenant_id: self.tenant_id.clone(),
            verification_id: verification_id.clone(),
            request_id: request_id(),
            purpose: PURPOSE.to_owned(),
            subject: subject.to_owned(),
            destinations: vec![destination],
            ..Default::default()
        };
        let start = async || self.client.clone().start_verification(request.clone()).await;
        self.settled(start).await.map(|_| verification_id)
    }

    async fn started(&self, world: &World, subject: &str) -> Started {
        let address = format!("{subject}@acme.example");
        let earlier = world.codes_to(&address);
        let id = self.start(subject, &address).await.unwrap();
        let code = world.code_after(&address, &earlier).await;
        Started { id, address, code }
    }

    /// The grant, where the code was right.
    async fn check(&self, id: &str, subject: &str, code: &str) -> Option<String> {
        let request = wire::CheckVerificationRequest {
            tenant_id: self.tenant_id.clone(),
            verification_id: id.to_owned(),
            code: code.to_owned(),
            request_id: request_id(),
            purpose: PURPOSE.to_owned(),
            subject: subject.to_owned(),
            ..Default::default()
        };
        let check = async || self.client.clone().check_verification(request.clone()).await;
        let answer = self.settled(check).await.unwrap();
        self.progress.send_modify(|progress| progress.answers += 1);
        (answer.outcome() == CheckOutcome::Passed).then_some(answer.grant)
    }

    /// Brings an address and a subject one step short of their limits. The guess will be the subject's last.
    async fn near_limits(&self, world: &World) -> Guess {
        for number in 1..DESTINATION_LIMIT {
            self.start(&format!("filler-{number}"), FULL).await.unwrap();
        }
        self.guessed(world, "paused-1@acme.example", ATTEMPTS).await;
        let guess = self.guessed(world, "paused-2@acme.example", PAUSE_AT - ATTEMPTS - 1).await;
        self.progress.send_replace(Progress::default());
        guess
    }

    async fn reach_limits(&self, last_guess: &Guess) {
        self.start("filler", FULL).await.unwrap();
        assert_eq!(self.check(&last_guess.id, PAUSED, &last_guess.code).await, None);
    }

    /// A verification of the subject that will be paused, and a wrong code that was typed for it so often.
    async fn guessed(&self, world: &World, address: &str, times: usize) -> Guess {
        let id = self.start(PAUSED, address).await.unwrap();
        let code = other_than(&world.code_for(address).await);
        for _ in 0..times {
            assert_eq!(self.check(&id, PAUSED, &code).await, None);
        }
        Guess { id, code }
    }

    fn told_of_death(&self) {
        self.progress.send_modify(|progress| progress.is_dead = true);
    }

    /// Wrong codes, and then the right one twice at once: when the primary is dead, by who is late.
    async fn type_codes(&self, verification: Started, is_late: bool) -> Typed {
        let Started { id, code, .. } = &verification;
        let (subject, wrong) = (subject_of(&verification), other_than(code));
        let mut counted = 0;
        for _ in 0..WRONG {
            assert_eq!(self.check(id, &subject, &wrong).await, None);
            counted += usize::from(!self.progress.borrow().is_dead);
        }
        if is_late {
            self.progress.send_modify(|progress| progress.late += 1);
            let mut progress = self.progress.subscribe();
            progress.wait_for(|progress| progress.is_dead).await.unwrap();
        }
        let (one, other) = tokio::join!(self.check(id, &subject, code), self.check(id, &subject, code));
        Typed { counted, grants: one.into_iter().chain(other).collect(), verification }
    }

    /// It passed once, or its code was void and it passes once with the next; in all, one grant is redeemed at most. Tells
    /// whether the code was void.
    async fn assert_passes_once(&self, world: &World, typed: Typed) -> bool {
        let Typed { verification, counted, mut grants } = typed;
        let subject = subject_of(&verification);
        let resent = self.resend(&verification.id).await;
        let was_void = grants.is_empty();
        if was_void {
            resent.unwrap();
            let remaining = usize::try_from(self.get(&verification.id).await.tries_remaining).unwrap();
            let code =
                world.code_after(&verification.address, std::slice::from_ref(&verification.code)).await;
            let (one, other) = tokio::join!(
                self.check(&verification.id, &subject, &code),
                self.check(&verification.id, &subject, &code)
            );
            assert!(ATTEMPTS - remaining >= counted, "{remaining} attempts left after {counted}");
            grants.extend(one.into_iter().chain(other));
            assert_eq!(self.redeemed(&grants[0]).await, 1);
        } else {
            assert_eq!(reason_of(resent), "VERIFICATION_OVER");
            assert!(self.redeemed(&grants[0]).await <= 1);
        }
        assert_eq!(grants.len(), 1, "passed {} times", grants.len());
        assert_eq!(self.get(&verification.id).await.state(), VerificationState::Passed);
        was_void
    }

    async fn resend(&self, id: &str) -> Result<(), Status> {
        let request = wire::ResendCodeRequest {
            tenant_id: self.tenant_id.clone(),
            verification_id: id.to_owned(),
            request_id: request_id(),
            context: None,
        };
        let resend = async || self.client.clone().resend_code(request.clone()).await;
        self.settled(resend).await.map(drop)
    }

    async fn get(&self, id: &str) -> wire::Verification {
        let request = wire::GetVerificationRequest {
            tenant_id: self.tenant_id.clone(),
            verification_id: id.to_owned(),
        };
        let get = async || self.client.clone().get_verification(request.clone()).await;
        self.settled(get).await.unwrap().verification.unwrap()
    }

    /// How many of two tries to redeem a grant count.
    async fn redeemed(&self, grant: &str) -> usize {
        let redeem = async || {
            let request = wire::RedeemGrantRequest {
                tenant_id: self.tenant_id.clone(),
                grant: grant.to_owned(),
                binding: Vec::new(),
                request_id: request_id(),
            };
            self.settled(async || self.client.clone().redeem_grant(request.clone()).await).await
        };
        let (one, other) = tokio::join!(redeem(), redeem());
        usize::from(one.is_ok()) + usize::from(other.is_ok())
    }
}

fn subject_of(verification: &Started) -> String {
    verification.address.split('@').next().unwrap().to_owned()
}

fn other_than(code: &str) -> String {
    if code == "000000" { "000001" } else { "000000" }.to_owned()
}

fn reason_of<T>(answer: Result<T, Status>) -> String {
    answer.err().map(|status| Problem::of(&status).reason).unwrap_or_default()
}
