//! Every key that rotates is rotated while people reset their passwords and sign in, at two replicas of each part, and none of them
//! is restarted: every call gets its answer, and what was issued before counts while its key is held.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use rekey::Part;
use rekey_tests::backend::Backend;
use rekey_tests::deployment::replicas::Replicas;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::post::code_to;
use rekey_tests::waiting::eventually;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{CheckAccessTokenRequest, GetSigningKeysRequest, ProofOutcome, SessionTokens};

use crate::deployment::resetting::{NEW, answered, reset};
use crate::deployment::rotating::{RELOADS, Rotation, keys};

const REPLICAS: usize = 2;
/// People at any moment, beside nine processes on a few cores.
const AT_ONCE: usize = 2;
/// Who bootstraps.
const ADMINISTRATOR: (&str, &str) = ("admin@acme.example", "seven quiet lanterns under snow");

/// What goes on beside the rotation.
#[derive(Default)]
struct Load {
    is_over: AtomicBool,
    /// How often each of them got through.
    rounds: [AtomicUsize; AT_ONCE],
    people: Mutex<Vec<String>>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_is_rotated_under_load_and_nothing_is_restarted() {
    let deployment = Deployment::prepare(Ground::new().await, &RELOADS);
    assert_eq!(deployment.migrate().await.code, Some(0));
    let tenant_id = deployment.bootstrap("acme").await.json()["tenant_id"].as_str().unwrap().to_owned();
    let replicas = Replicas::start(deployment, REPLICAS).await;
    let backend = replicas.backend(tenant_id);
    let load = Load::default();

    let rotating = async {
        rotate(&replicas, &backend, &load).await;
        load.is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(rotating, join_all((0..AT_ONCE).map(|number| go_on(&replicas, &backend, &load, number))));

    assert!(Part::GRPC.iter().all(|part| replicas.count(*part) == REPLICAS));
}

/// The life of a key, for all of them side by side.
async fn rotate(replicas: &Replicas, backend: &Backend, load: &Load) {
    let mail = &replicas.deployment().ground.mail;
    let zoe = backend.person("zoe").await;
    let started = backend.start(&zoe.login).await.unwrap();
    backend.send(&started.reset_token, "1").await.unwrap();
    let code = code_to(mail, &zoe.login, 1).await;
    let before = tokens(backend, &zoe.login, &zoe.password).await;

    let rotation = Rotation::add(replicas).await;
    goes_on(load).await;
    rotation.activate(replicas).await;
    goes_on(load).await;

    assert!(is_live(backend, &before).await, "an access token outlives the activity of its key");
    assert!(published(backend).await.iter().any(|key| key == rotation.next("access_token")));
    let proved = backend.prove(&started.reset_token, "1", &code).await.unwrap();
    assert_eq!(proved.outcome(), ProofOutcome::Accepted);
    backend.complete(&proved.reset_token, NEW).await.unwrap();
    let too_early = keys(replicas, &["remove", "pepper", rotation.old("pepper"), "--yes"]).await;
    assert_eq!(too_early.code, Some(1), "{too_early:?}");
    assert!(too_early.stderr.contains("still seals"), "{too_early:?}");
    // Who signs in is hashed under the new pepper.
    load.people.lock().unwrap().push(zoe.login);
    sign_all_in(backend, load).await;
    assert_eq!(passwords_under(replicas, rotation.old("pepper")).await, 0);

    rotation.remove(replicas, &[]).await;
    goes_on(load).await;
    assert!(!is_live(backend, &before).await, "a key that is gone verifies nothing");
    assert_eq!(published(backend).await, [rotation.next("access_token")]);
    sign_all_in(backend, load).await;
}

/// People reset their passwords, sign in and show their tokens, one after the other.
async fn go_on(replicas: &Replicas, backend: &Backend, load: &Load, number: usize) {
    let mail = &replicas.deployment().ground.mail;
    for round in 0.. {
        if load.is_over.load(Ordering::Relaxed) {
            return;
        }
        let name = format!("person{number}of{round}");
        reset(backend, mail, &name).await.unwrap_or_else(|status| panic!("{name}: {status:?}"));
        let login = format!("{name}@acme.example");
        let tokens = tokens(backend, &login, NEW).await;
        assert!(is_live(backend, &tokens).await, "{name}");
        load.people.lock().unwrap().push(login);
        load.rounds[number].fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits until whatever began before is over.
async fn goes_on(load: &Load) {
    let rounds = || load.rounds.each_ref().map(|rounds| rounds.load(Ordering::Relaxed));
    let before = rounds();
    let went_on = async || rounds().iter().zip(before).all(|(now, before)| *now >= before + 2).then_some(());
    eventually("people get through", went_on).await;
}

async fn passwords_under(replicas: &Replicas, id: &str) -> u64 {
    let listed = keys(replicas, &["list", "--count"]).await.json();
    let rows = listed["keys"].as_array().unwrap().iter();
    let held: Vec<&serde_json::Value> = rows.flat_map(|row| row["keys"].as_array().unwrap()).collect();
    let of_key = held.into_iter().find(|key| key["id"] == id).unwrap();
    of_key["still_seals"]["passwords"].as_u64().unwrap()
}

async fn tokens(backend: &Backend, login: &str, password: &str) -> SessionTokens {
    let request = backend.sign_in_with(login, password);
    let sessions = SessionServiceClient::new(backend.identity.clone());
    let signed_in = answered(async || sessions.clone().sign_in(request.clone()).await).await.unwrap();
    match signed_in.result {
        Some(SignInResult::Tokens(tokens)) => tokens,
        other => panic!("{login} is not signed in: {other:?}"),
    }
}

async fn is_live(backend: &Backend, tokens: &SessionTokens) -> bool {
    let request = CheckAccessTokenRequest { access_token: tokens.access_token.clone() };
    let mut sessions = SessionServiceClient::new(backend.identity.clone());
    sessions.check_access_token(request).await.unwrap().into_inner().active
}

async fn published(backend: &Backend) -> Vec<String> {
    let mut sessions = SessionServiceClient::new(backend.identity.clone());
    let keys = sessions.get_signing_keys(GetSigningKeysRequest {}).await.unwrap().into_inner().keys;
    keys.into_iter().map(|key| key.key_id).collect()
}

async fn sign_all_in(backend: &Backend, load: &Load) {
    let people = load.people.lock().unwrap().clone();
    for login in people {
        tokens(backend, &login, NEW).await;
    }
    let (login, password) = ADMINISTRATOR;
    tokens(backend, login, password).await;
}
