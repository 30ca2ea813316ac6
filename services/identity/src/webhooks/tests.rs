//! Sending over a real store and real sockets, with a clock that is moved.

use std::collections::VecDeque;
use std::sync::Mutex;

use rekey_primitives::id::AuditWebhookId;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::audit_log::webhooks::{NewWebhook, WebhookName};
use crate::config::Webhooks as Settings;
use crate::domain::webhook::{Webhook, WebhookFilter};
use crate::testing::{World, new_account, service};
use crate::wiring::delivery;

/// Takes requests one after the other, and answers each as it is told, or else well.
struct Receiver {
    url: String,
    answers: Arc<Mutex<VecDeque<&'static str>>>,
    /// The ids of what came.
    ids: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (answers, ids): (Arc<Mutex<VecDeque<_>>>, Arc<Mutex<Vec<_>>>) = (Arc::default(), Arc::default());
        let (told, seen) = (Arc::clone(&answers), Arc::clone(&ids));
        let serving = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read(&mut stream).await;
                let id =
                    request.lines().find_map(|line| line.strip_prefix("webhook-id: ")).unwrap().to_owned();
                seen.lock().unwrap().push(id);
                let answer = told.lock().unwrap().pop_front().unwrap_or("204 No Content");
                let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n");
                // Whoever hung up needs no answer.
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, answers, ids, serving }
    }

    fn answers(&self, answers: &[&'static str]) {
        self.answers.lock().unwrap().extend(answers);
    }

    fn ids(&self) -> Vec<String> {
        self.ids.lock().unwrap().clone()
    }

    /// Waits until so many requests came.
    async fn seen(&self, count: usize) -> Vec<String> {
        while self.ids().len() < count {
            tokio::task::yield_now().await;
        }
        self.ids()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn read(stream: &mut tokio::net::TcpStream) -> String {
    let (mut request, mut bytes) = (String::new(), vec![0; 16 * 1024]);
    while !is_whole(&request) {
        let read = stream.read(&mut bytes).await.unwrap();
        assert!(read > 0, "hung up after {request}");
        request.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
    }
    request
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    body.len() >= length.parse().unwrap()
}

/// A world that lets events out to this machine, and does not wait for long.
async fn world() -> World {
    let mut world = World::new().await;
    world.adapt(|parts| {
        parts.settings.production = false;
        let settings: &mut Settings = &mut parts.settings.webhooks;
        settings.allow_networks = vec!["127.0.0.0/8".to_owned()];
        settings.poll_ms = 5;
    });
    world
}

async fn webhook(world: &World, url: &str, filter: WebhookFilter) -> Webhook {
    let new = NewWebhook {
        tenant_id: world.tenant.id,
        url: url.to_owned(),
        filter,
        since: None,
        request_id: world.request_id(),
    };
    world.webhooks.create(&service(world), &new).await.unwrap().webhook
}

async fn found(world: &World, webhook_id: AuditWebhookId) -> Webhook {
    let name = WebhookName { tenant_id: world.tenant.id, webhook_id };
    world.webhooks.get(&service(world), name).await.unwrap()
}

/// So many people are created, and what was written is sealed.
async fn people(world: &World, names: &[&str]) {
    for name in names {
        world.directory.create_account(&service(world), new_account(world, name)).await.unwrap();
    }
    world.seal().await;
}

/// The ids of the events of a kind, in the order of their positions.
async fn ids(world: &World, kind: &str) -> Vec<String> {
    let rows = world.parts.store.chain_behind(&world.scope, 0, i64::MAX, 1_000).await.unwrap();
    let sealed = rows.into_iter().filter_map(|row| row.sealed).filter(|sealed| sealed.event.kind == kind);
    sealed.map(|sealed| sealed.event.id.to_string()).collect()
}

fn created() -> WebhookFilter {
    WebhookFilter { kinds: vec!["account.created".to_owned()], outcome: None }
}

/// Waits until a webhook is as it is to be.
async fn becomes(world: &World, webhook: &Webhook, is: impl Fn(&Webhook) -> bool) -> Webhook {
    loop {
        let found = found(world, webhook.id).await;
        if is(&found) {
            return found;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn each_event_that_is_wanted_goes_out_once_and_in_order() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.seal().await;
    let webhook = webhook(&world, &receiver.url, created()).await;
    let stop = Shutdown::new();
    let running = tokio::spawn(delivery(&world.parts).unwrap().run(stop.clone()));

    people(&world, &["ada", "ben", "cem"]).await;
    receiver.seen(3).await;
    let caught_up = becomes(&world, &webhook, |webhook| webhook.position == webhook.sealed_position).await;
    people(&world, &["dan"]).await;
    let seen = receiver.seen(4).await;
    stop.begin();
    running.await.unwrap().unwrap();

    assert_eq!(seen, ids(&world, "account.created").await);
    assert_eq!((caught_up.failing_since, caught_up.last_failure), (None, None));
    assert_eq!(caught_up.last_success_at, Some(world.now()));
}

#[tokio::test]
async fn what_is_refused_is_tried_again_and_nothing_overtakes_it() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.seal().await;
    let webhook = webhook(&world, &receiver.url, created()).await;
    receiver.answers(&["204 No Content", "503 Service Unavailable", "503 Service Unavailable"]);
    let stop = Shutdown::new();
    let running = tokio::spawn(delivery(&world.parts).unwrap().run(stop.clone()));

    people(&world, &["ada", "ben", "cem"]).await;
    let failing = becomes(&world, &webhook, |webhook| webhook.failing_since.is_some()).await;
    let before = receiver.ids().len();
    world.pass(10);
    receiver.seen(3).await;
    becomes(&world, &webhook, |webhook| webhook.last_failure.is_some_and(|last| last.at == world.now()))
        .await;
    world.pass(20);
    let seen = receiver.seen(5).await;
    let well = becomes(&world, &webhook, |webhook| webhook.failing_since.is_none()).await;
    stop.begin();
    running.await.unwrap().unwrap();

    let events = ids(&world, "account.created").await;
    assert_eq!(before, 2);
    assert_eq!(failing.last_failure.unwrap().status, Some(503));
    assert_eq!(seen, [&events[0], &events[1], &events[1], &events[1], &events[2]].map(Clone::clone));
    assert_eq!(well.disabled, None);
}

#[tokio::test]
async fn a_receiver_that_is_gone_gets_no_more() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.seal().await;
    let webhook = webhook(&world, &receiver.url, created()).await;
    receiver.answers(&["410 Gone"]);
    let stop = Shutdown::new();
    let running = tokio::spawn(delivery(&world.parts).unwrap().run(stop.clone()));

    people(&world, &["ada", "ben"]).await;
    let ended = becomes(&world, &webhook, |webhook| webhook.disabled.is_some()).await;
    world.seal().await;
    stop.begin();
    running.await.unwrap().unwrap();

    assert_eq!(ended.disabled, Some(Disabling::Gone));
    assert_eq!(receiver.ids().len(), 1);
    assert_eq!(ids(&world, "audit_webhook.disabled").await.len(), 1);
}

#[tokio::test]
async fn a_loop_that_is_told_to_stop_lets_go_of_what_it_holds() {
    let world = world().await;
    world.seal().await;
    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    webhook(&world, &url, created()).await;
    let stop = Shutdown::new();
    let running = tokio::spawn(delivery(&world.parts).unwrap().run(stop.clone()));
    people(&world, &["ada"]).await;
    let (_stream, _) = silent.accept().await.unwrap();

    stop.begin();
    running.await.unwrap().unwrap();

    let now = world.now();
    let free = world.parts.store.claim_webhooks(1, now.plus(Duration::from_secs(60)), now).await.unwrap();
    assert_eq!(free.len(), 1);
}
