use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_stream::StreamExt;
use tonic::{Code, Request};

use super::protocol::health_check_response::ServingStatus;
use super::protocol::health_server::Health as HealthRpc;
use super::protocol::{HealthCheckRequest, HealthListRequest};
use super::{Health, HealthService, Serving};
use crate::shutdown::Shutdown;

const RESETS: &str = "rekey.identity.v1.PasswordResetService";
const SESSIONS: &str = "rekey.identity.v1.SessionService";

fn services() -> [String; 2] {
    [RESETS.to_owned(), SESSIONS.to_owned()]
}

fn asking(service: &str) -> Request<HealthCheckRequest> {
    Request::new(HealthCheckRequest { service: service.to_owned() })
}

#[test]
fn a_part_is_ready_when_everything_required_was_seen_once() {
    let health = Health::new();
    let part = health.part("identity", services());
    let postgres = part.store("postgres");
    part.require("keys");
    postgres.report(Err("connection refused by db:5432".to_owned()));
    assert_eq!(health.missing(), ["identity: keys", "identity: postgres: connection refused by db:5432"]);

    postgres.report(Ok(()));
    assert!(!health.is_ready());
    part.meet("keys");

    assert!(health.is_ready());
    assert_eq!(health.serving(RESETS), Serving::Yes);
}

#[test]
fn a_store_that_goes_away_later_shows_by_service_and_leaves_the_process_ready() {
    let health = Health::new();
    let part = health.part("identity", services());
    let sessions = part.store_of("redis", [SESSIONS.to_owned()]);
    sessions.report(Ok(()));

    sessions.report(Err("connection refused by codes:6379".to_owned()));

    assert_eq!(health.serving(SESSIONS), Serving::No);
    assert_eq!(health.serving(RESETS), Serving::Yes);
    assert_eq!(health.serving(""), Serving::Yes);
    sessions.report(Ok(()));
    assert_eq!(health.serving(SESSIONS), Serving::Yes);
}

#[test]
fn one_parts_missing_keys_do_not_close_another_part_of_the_process() {
    let health = Health::new();
    health.part("identity", services()).require("keys");
    health.part("verification", ["rekey.verification.v1.VerificationService".to_owned()]);

    assert_eq!(health.serving(RESETS), Serving::No);
    assert_eq!(health.serving("rekey.verification.v1.VerificationService"), Serving::Yes);
    assert_eq!(health.serving("readiness"), Serving::No);
    assert_eq!(health.serving("liveness"), Serving::Yes);
}

#[test]
fn draining_closes_everything_but_life_goes_on() {
    let health = Health::new();
    health.part("identity", services());

    health.drain();

    assert_eq!(health.serving(RESETS), Serving::No);
    assert_eq!(health.serving(""), Serving::No);
    assert_eq!(health.serving("liveness"), Serving::Yes);
}

#[tokio::test]
async fn checking_an_unknown_name_is_not_found() {
    let service = HealthService::new(Health::new());

    assert_eq!(service.check(asking("nobody")).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn another_process_is_asked_by_the_name_of_a_service() {
    let health = Health::new();
    let part = health.part("identity", services());
    part.require("schema");
    let ask = async |service: &str| super::ask(HealthService::server(health.clone()), service).await.unwrap();

    let before = ask(RESETS).await;
    part.meet("schema");
    let after = ask(RESETS).await;
    let unknown = ask("nobody").await;

    assert_eq!([before, after, unknown], [Serving::No, Serving::Yes, Serving::Unknown]);
}

#[tokio::test]
async fn listing_tells_of_every_service_and_of_the_process() {
    let health = Health::new();
    let part = health.part("identity", services());
    let redis = part.store_of("redis", [SESSIONS.to_owned()]);
    redis.report(Ok(()));
    redis.report(Err("away".to_owned()));
    let service = HealthService::new(health);

    let listed = service.list(Request::new(HealthListRequest {})).await.unwrap().into_inner().statuses;

    let mut listed: Vec<_> = listed.iter().map(|(name, is)| (name.as_str(), is.status())).collect();
    listed.sort_by_key(|(name, _)| *name);
    let (yes, no) = (ServingStatus::Serving, ServingStatus::NotServing);
    let expected = [("", yes), ("liveness", yes), ("readiness", yes), (RESETS, yes), (SESSIONS, no)];
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn watching_an_unknown_name_stays_open_until_it_is_known() {
    let health = Health::new();
    let service = HealthService::new(health.clone());
    let mut watched = service.watch(asking(RESETS)).await.unwrap().into_inner();
    let mut next = async || watched.next().await.unwrap().unwrap().status();

    assert_eq!(next().await, ServingStatus::ServiceUnknown);
    let part = health.part("identity", services());
    assert_eq!(next().await, ServingStatus::Serving);
    part.require("keys");
    assert_eq!(next().await, ServingStatus::NotServing);
}

#[tokio::test]
async fn one_peer_takes_its_share_of_watches_and_leaves_the_checks() {
    let service = HealthService::new(Health::new());
    let mut watched = Vec::new();

    let refused = loop {
        match service.watch(asking("")).await {
            Ok(stream) => watched.push(stream),
            Err(status) => break status,
        }
    };
    let checked = service.check(asking("")).await;
    watched.pop();
    let again = service.watch(asking("")).await;

    assert_eq!((watched.len(), refused.code()), (255, Code::ResourceExhausted));
    assert!(checked.is_ok() && again.is_ok());
}

/// The clock is stopped, and goes on to the next timer whenever everybody waits.
#[tokio::test(start_paused = true)]
async fn sockets_that_say_nothing_leave_the_health_port() {
    let port = crate::server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = port.local_addr().unwrap();
    let served = super::serve(
        port,
        Health::new(),
        crate::telemetry::Metrics::default(),
        axum::Router::new(),
        Shutdown::new(),
    );
    let _served = tokio::spawn(served);
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }

    for socket in &mut silent {
        let _closed = socket.read_to_end(&mut Vec::new()).await;
    }
    let answer = page(address, "/healthz").await;

    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

async fn page(address: SocketAddr, path: &str) -> String {
    let mut probe = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: probe\r\nconnection: close\r\n\r\n");
    probe.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    probe.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_page_tells_of_one_service_and_one_that_is_not_there_is_not_found() {
    let port = crate::server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = port.local_addr().unwrap();
    let health = Health::new();
    let part = health.part("identity", services());
    let redis = part.store_of("redis", [SESSIONS.to_owned()]);
    redis.report(Ok(()));
    redis.report(Err("connection refused by codes:6379".to_owned()));
    let metrics = crate::telemetry::Metrics::default();
    let served = super::serve(port, health, metrics, axum::Router::new(), Shutdown::new());
    let _served = tokio::spawn(served);

    let pages = [
        ("/readyz".to_owned(), "200"),
        (format!("/readyz/{RESETS}"), "200"),
        (format!("/readyz/{SESSIONS}"), "503"),
        ("/readyz/nobody".to_owned(), "404"),
        ("/".to_owned(), "404"),
        ("/debug/pprof".to_owned(), "404"),
    ];
    for (path, expected) in pages {
        let answer = page(address, &path).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{path}: {answer}");
    }
}
