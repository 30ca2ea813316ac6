//! Numbers that operators block, and numbers whose SIM was changed of late: nobody who asks for a code sees which they are.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use rekey_tests::{Stores, World, on_both_store_sets};

use crate::existence::logins::NOBODY;
use crate::existence::{all_alike, walk};

const FREE: &str = "+12125550100";
const BLOCKED: &str = "+12125550101";
const CHANGED: &str = "+12125550102";

on_both_store_sets!(a_blocked_number_and_one_of_a_changed_sim_are_not_told);

/// A gateway that knows one changed SIM.
async fn gateway() -> String {
    async fn answer(Path(number): Path<String>) -> String {
        let changed = number == CHANGED;
        format!(r#"{{"sim_swap": {{"last_sim_swap": {{"swapped_in_period": {changed}}}}}}}"#)
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v2/PhoneNumbers/{number}", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn a_blocked_number_and_one_of_a_changed_sim_are_not_told(stores: Stores) {
    let folder = tempfile::tempdir().unwrap();
    let policies = folder.path().join("policies.toml");
    let blocked = format!("[[destination]]\nmatch = \"{BLOCKED}\"\naction = \"block\"\n");
    std::fs::write(&policies, blocked).unwrap();
    let url = gateway().await;
    let changes = [
        ("VERIFICATION__POLICIES_FILE", policies.to_str().unwrap()),
        ("VERIFICATION__SIM_CHANGE__URL", &url),
        ("VERIFICATION__SIM_CHANGE__TIMEOUT_MS", "1500"),
    ];
    let world = World::start_with(stores, &changes).await;
    let mut logins = BTreeMap::from([("unknown", NOBODY.to_owned())]);
    for (who, number) in [("known", FREE), ("blocked", BLOCKED), ("changed", CHANGED)] {
        let person = world.person_with(who, |new| new.phone_numbers = vec![number.to_owned()]).await;
        logins.insert(who, person.login);
    }
    let mut walks = BTreeMap::new();

    for (who, login) in &logins {
        let token = world.start_reset(login).await.reset_token;
        walks.insert(*who, walk(&world, &token, "2").await);
    }

    all_alike(&walks);
    world.settled().await;
    let texts = [FREE, BLOCKED, CHANGED].map(|number| world.mail_to(number).len());
    assert_eq!(texts, [1, 0, 0]);
    world.stop().await;
}
