//! A suite with its people, and the programs that are played on it: each in a process of its own, which is told on standard input where
//! everything is and ends with a report.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::extract::{self, State};
use axum::routing::post;
use rekey_notification::inbox;
use rekey_primitives::clock::{Clock as _, ManualClock};
use rekey_servers::find;
use rekey_tests::person::Person;
use rekey_tests::processes::Conversation;
use rekey_tests::{Stores, World};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

/// What passwords are changed to.
const NEW: &str = "a meadow full of rain";

pub(crate) struct Stage {
    world: World,
    /// Where programs read what was sent, and move the clock.
    prompter: String,
    /// Where pictures go. What is in the stores does not show in them, so they are made on one set.
    pictures: Option<PathBuf>,
    /// What programs are told besides.
    besides: Map<String, Value>,
}

/// Somebody whom a program is told of.
pub(crate) fn told_of(person: &Person) -> Value {
    json!({ "login": person.login, "password": person.password })
}

impl Stage {
    pub(crate) async fn set(stores: Stores) -> Self {
        Self::upon(World::start(stores).await, stores).await
    }

    /// The same on a suite that has started.
    pub(crate) async fn upon(world: World, stores: Stores) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let prompter = format!("http://{}", listener.local_addr().unwrap());
        let clock = Router::new().route("/clock/{seconds}", post(advance)).with_state(world.clock.clone());
        let router = inbox::routes(world.inbox()).merge(clock);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let pictures = (stores == Stores::Embedded).then(|| tests().join("../target/portal-pictures"));
        Self { world, prompter, pictures, besides: Map::default() }
    }

    /// For what has to be there before programs are played.
    pub(crate) const fn world(&self) -> &World {
        &self.world
    }

    /// Tells every program something more.
    pub(crate) fn telling(mut self, name: &str, value: Value) -> Self {
        self.besides.insert(name.to_owned(), value);
        self
    }

    /// Plays programs, one after the other, since they move the clock; and stops the suite.
    pub(crate) async fn play(self, journeys: &[&str]) {
        for journey in journeys {
            self.play_one(journey).await;
        }
        self.world.stop().await;
    }

    /// Plays a program with two people of its own. Afterwards those whose password it changed, and they alone, have the new one.
    async fn play_one(&self, journey: &str) {
        let people = [self.world.person(journey).await, self.world.person(&format!("{journey}-too")).await];
        let mut told = json!({
            "portal": format!("http://{}", self.world.addresses.portal),
            "prompter": self.prompter,
            "people": people.each_ref().map(told_of),
            "newPassword": NEW,
            "chromium": find::chromium().expect("`cargo xtask tools` installs Chromium"),
            "tools": rekey_testing::tools(),
            "pictures": self.pictures,
        });
        told.as_object_mut().unwrap().extend(self.besides.clone());

        let report = play_in_browser(journey, &told).await;

        assert!(report["pages"].as_u64() > Some(0), "{journey}: {report}");
        let changed: Vec<&str> =
            report["changed"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for person in &people {
            let is_changed = changed.contains(&person.login.as_str());
            let password = if is_changed { NEW } else { person.password.as_str() };
            self.world.signed_in(&person.login, password).await;
        }
    }
}

/// Runs a program and gives its report. A failure shows what stood on its pages.
async fn play_in_browser(journey: &str, told: &Value) -> Value {
    let mut node = Command::new("node");
    node.arg(tests().join("tests/portal/browser/journey.mjs")).arg(journey);
    let mut program = Conversation::begin(node);
    program.type_line(&told.to_string());
    let outcome = program.end().await;
    assert_eq!(outcome.code, Some(0), "{journey}\n{}\n{}", outcome.stdout, outcome.stderr);
    outcome.json()
}

/// Moves the clock of the suite and says what it shows, in seconds since 1970.
async fn advance(State(clock): State<ManualClock>, extract::Path(seconds): extract::Path<u64>) -> String {
    clock.advance(Duration::from_secs(seconds));
    clock.now().unix_seconds().to_string()
}

/// The package of the tests.
fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
