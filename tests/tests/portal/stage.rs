//! A suite with its people, and the programs that are played on it: each in a process of its own, which is told on standard input where
//! everything is and ends with a report.

use std::path::{Path, PathBuf};
use std::process::Command;

use rekey_client::Connection;
use rekey_servers::find;
use rekey_tests::person::{Person, request_id};
use rekey_tests::processes::Conversation;
use rekey_tests::{Stores, World};
use rekey_wire::identity::v1::CreateTenantRequest;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use serde_json::{Map, Value, json};

use crate::prompter;

/// What passwords are changed to.
const NEW: &str = "a meadow full of rain";

/// Another organisation: its handle, and its name.
const ELSEWHERE: (&str, &str) = ("globex", "Globex");

pub(crate) struct Stage {
    world: World,
    /// Where programs read what was sent, and have things done.
    prompter: String,
    /// The tenant of the other organisation.
    elsewhere: String,
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

    /// The same where passkeys are taken.
    pub(crate) async fn taking_passkeys(stores: Stores) -> Self {
        Self::upon(World::start_with_passkeys(stores).await, stores).await
    }

    /// The same on a suite that has started.
    pub(crate) async fn upon(world: World, stores: Stores) -> Self {
        let prompter = prompter::serve(&world).await;
        let elsewhere = create_elsewhere(&world.identity).await;
        let pictures = (stores == Stores::Embedded).then(|| tests().join("../target/portal-pictures"));
        Self { world, prompter, elsewhere, pictures, besides: Map::default() }
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

    /// The same under another policy.
    pub(crate) async fn amending(self, amend: impl FnOnce(&mut Value)) -> Self {
        self.world.amend_policy(amend).await;
        self
    }

    /// Plays programs, one after the other, since they move the clock; and stops the suite.
    pub(crate) async fn play(self, journeys: &[&str]) {
        for journey in journeys {
            self.play_one(journey).await;
        }
        self.world.stop().await;
    }

    /// Plays a program with two people of its own, and one of the other organisation. Afterwards its two are as it says that it left them:
    /// those with the new password, who are asked for more than that, who are shut out, and all others as they were.
    async fn play_one(&self, journey: &str) {
        let people = [self.world.person(journey).await, self.world.person(&format!("{journey}-too")).await];
        let login = format!("{journey}@{}.example", ELSEWHERE.0);
        let other = self.world.person_in(&self.elsewhere, &login, |_| {}).await;
        let mut told = json!({
            "portal": self.world.addresses.portal_url(),
            "prompter": self.prompter,
            "people": people.each_ref().map(told_of),
            "elsewhere": { "handle": ELSEWHERE.0, "name": ELSEWHERE.1, "person": told_of(&other) },
            "newPassword": NEW,
            "chromium": find::chromium().expect("`cargo xtask tools` installs Chromium"),
            "tools": rekey_testing::tools(),
            "pictures": self.pictures,
        });
        told.as_object_mut().unwrap().extend(self.besides.clone());

        let report = play_in_browser(journey, &told).await;

        assert!(report["pages"].as_u64() > Some(0), "{journey}: {report}");
        for person in &people {
            let is_among = |list: &str| {
                let logins = report[list].as_array().unwrap();
                logins.iter().any(|login| login.as_str() == Some(person.login.as_str()))
            };
            let password = if is_among("changed") { NEW } else { person.password.as_str() };
            let found = self.state_of(&person.login, password).await;
            let said = ["asked", "shutOut"].into_iter().find(|list| is_among(list)).unwrap_or("signed in");
            assert_eq!(found, said, "{journey}: {}", person.login);
        }
    }

    /// What a password of somebody leads to, as reports have it.
    async fn state_of(&self, login: &str, password: &str) -> &'static str {
        match self.world.sign_in(login, password).await {
            SignInResult::Tokens(_) => "signed in",
            SignInResult::Challenge(_) => "asked",
            SignInResult::Rejection(_) => "shutOut",
        }
    }
}

/// What a program knows of somebody.
/// Creates the other organisation; its tenant.
async fn create_elsewhere(identity: &Connection) -> String {
    let (handle, name) = ELSEWHERE;
    let request = CreateTenantRequest {
        handle: handle.to_owned(),
        display_name: name.to_owned(),
        domains: vec![format!("{handle}.example")],
        request_id: request_id(),
        ..CreateTenantRequest::default()
    };
    let created = TenantServiceClient::new(identity.clone()).create_tenant(request).await.unwrap();
    created.into_inner().tenant.unwrap().tenant_id
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

/// The package of the tests.
fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
