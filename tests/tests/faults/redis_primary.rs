//! The primary of Redis is killed while codes are typed: no verification passes twice, no limit is lifted, calls say when
//! to come again, and the replica serves on by itself. By Sentinel, and in a Cluster.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::stream::{self, StreamExt as _};
use rekey_client::{ClientSettings, Connection, Problem};
use rekey_testing::{RedisClusterReplicated, RedisSentinel};
use rekey_tests::person::request_id;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World};
use rekey_wire::verification::v1 as wire;
use rekey_wire::verification::v1::destination::Address;
use rekey_wire::verification::v1::verification_service_client::VerificationServiceClient;
use rekey_wire::verification::v1::{CheckOutcome, VerificationState};
use tokio::sync::watch;
use tonic::{Response, Status};

use crate::outage::assert_away;

const VERIFICATIONS: usize = 24;
/// Wrong codes typed for each, before the right one is typed twice at once.
const WRONG: usize = 2;
/// People who type at the same time.
const TYPISTS: usize = 6;
/// Attempts that a verification has.
const ATTEMPTS: usize = 5;
/// Messages that an address may get in an hour.
const DESTINATION_LIMIT: usize = 5;
/// Failures that pause a subject.
const PAUSE_AT: usize = 10;
const PURPOSE: &str = "sign_up";

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

/// A primary with whoever replaces it.
enum Servers {
    Sentinel(Box<RedisSentinel>),
    Cluster(Box<RedisClusterReplicated>),
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

/// A backend that tries each call once and repeats it under its request id.
struct Caller {
    client: VerificationServiceClient<Connection>,
    tenant_id: String,
    /// Calls that were told to come again.
    away: AtomicUsize,
    is_killed: AtomicBool,
    answers: watch::Sender<usize>,
}

async fn survives(mut servers: Servers) {
    let url = servers.url();
    let world = World::start_with(Stores::Embedded, &[("VERIFICATION__STORE__URL", &*url)]).await;
    let caller = Caller::of(&world);
    caller.fill_destination("full@acme.example").await;
    caller.pause_subject(&world, "paused").await;
    let mut started = Vec::new();
    for number in 0..VERIFICATIONS {
        started.push(caller.started(&world, &format!("typist-{number}")).await);
    }

    let typing = stream::iter(started).map(|verification| caller.type_codes(verification));
    let typing = typing.buffer_unordered(TYPISTS).collect::<Vec<Typed>>();
    let killing = async {
        let mut answers = caller.answers.subscribe();
        answers.wait_for(|answers| *answers >= VERIFICATIONS).await.unwrap();
        caller.is_killed.store(true, Ordering::SeqCst);
        servers.kill_primary(&world.tenant_id).await;
    };
    let (typed, ()) = tokio::join!(typing, killing);

    assert!(caller.away.load(Ordering::SeqCst) > 0, "the primary died between calls");
    assert!(typed.iter().any(|typed| typed.counted == WRONG), "it died before anybody was rejected");
    for typed in typed {
        caller.assert_passes_once(&world, typed).await;
    }
    let full = caller.start("another", "full@acme.example").await;
    let paused = caller.start("paused", "elsewhere@acme.example").await;
    assert_eq!(reason_of(full), "DESTINATION_LIMITED");
    assert_eq!(reason_of(paused), "SUBJECT_PAUSED");
    world.stop().await;
}

impl Servers {
    fn url(&self) -> String {
        match self {
            Self::Sentinel(watched) => {
                format!("redis-sentinel://127.0.0.1:{}/{}", watched.sentinel.port(), RedisSentinel::NAME)
            }
            Self::Cluster(servers) => {
                let nodes = servers.cluster.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port()));
                format!("redis-cluster://{}", nodes.collect::<Vec<_>>().join(","))
            }
        }
    }

    /// Kills the primary that holds a tenant's codes and waits until its replica has taken over.
    async fn kill_primary(&mut self, tenant_id: &str) {
        match self {
            Self::Sentinel(watched) => {
                watched.pair.primary.kill().unwrap();
                watched.failed_over().await;
            }
            Self::Cluster(servers) => {
                let place = servers.place_of(&format!("{{{tenant_id}}}"));
                servers.kill_primary(place);
                servers.failed_over(place).await;
            }
        }
    }
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
            is_killed: AtomicBool::new(false),
            answers: watch::Sender::new(0),
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
        self.answers.send_modify(|answers| *answers += 1);
        (answer.outcome() == CheckOutcome::Passed).then_some(answer.grant)
    }

    async fn fill_destination(&self, address: &str) {
        for number in 0..DESTINATION_LIMIT {
            self.start(&format!("filler-{number}"), address).await.unwrap();
        }
        assert_eq!(reason_of(self.start("filler", address).await), "DESTINATION_LIMITED");
    }

    async fn pause_subject(&self, world: &World, subject: &str) {
        for number in 0..PAUSE_AT / ATTEMPTS {
            let address = format!("{subject}-{number}@acme.example");
            let id = self.start(subject, &address).await.unwrap();
            let wrong = other_than(&world.code_for(&address).await);
            for _ in 0..ATTEMPTS {
                assert_eq!(self.check(&id, subject, &wrong).await, None);
            }
        }
        self.answers.send_replace(0);
    }

    /// Wrong codes, and then the right one twice at once.
    async fn type_codes(&self, verification: Started) -> Typed {
        let Started { id, code, .. } = &verification;
        let (subject, wrong) = (subject_of(&verification), other_than(code));
        let mut counted = 0;
        for _ in 0..WRONG {
            assert_eq!(self.check(id, &subject, &wrong).await, None);
            counted += usize::from(!self.is_killed.load(Ordering::SeqCst));
        }
        let (one, other) = tokio::join!(self.check(id, &subject, code), self.check(id, &subject, code));
        Typed { counted, grants: one.into_iter().chain(other).collect(), verification }
    }

    /// It passed once, or it did not and passes once with the next code; in all, one grant is redeemed at most.
    async fn assert_passes_once(&self, world: &World, typed: Typed) {
        let Typed { verification, counted, mut grants } = typed;
        let subject = subject_of(&verification);
        let resent = self.resend(&verification.id).await;
        if grants.is_empty() {
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
