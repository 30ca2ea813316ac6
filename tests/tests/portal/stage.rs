//! A suite with its people, on which programs are played. What these are told and have to say is held against what became of the people.

use std::path::PathBuf;
use std::time::Duration;

use rekey_client::Connection;
use rekey_servers::find;
use rekey_tests::person::{Person, request_id};
use rekey_tests::{Stores, World};
use rekey_wire::identity::v1::CreateTenantRequest;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use serde_json::{Map, Value, json};

use crate::portal::control;
use crate::portal::player::Player;

/// What passwords are changed to.
const NEW: &str = "a meadow full of rain";

/// Another organisation: its handle, and its name.
const ELSEWHERE: (&str, &str) = ("globex", "Globex");

/// Between two programs, which share one address: what it may do in an hour is as new for each.
const INTERVAL: Duration = Duration::from_secs(3600);

pub(crate) struct Stage {
    world: World,
    stores: Stores,
    /// Where programs read what was sent, and have things done.
    control: String,
    /// The tenant of the other organisation.
    elsewhere: String,
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
        let control = control::serve(&world).await;
        let elsewhere = create_elsewhere(&world.identity).await;
        Self { world, stores, control, elsewhere, besides: Map::default() }
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

    /// Plays programs in one browser, one after the other, since they move the clock; and stops the suite. The `variants` go through what
    /// others do in another way, to which stores make no difference: they are played on one set of them.
    pub(crate) async fn play(self, journeys: &[&str], variants: &[&str]) {
        let variants: &[&str] = if self.stores == Stores::Embedded { variants } else { &[] };
        let mut player = Player::begin();
        for journey in journeys.iter().chain(variants) {
            assert!(self.play_one(&mut player, journey).await, "{journey}: {}", player.end().await.stderr);
            self.world.clock.advance(INTERVAL);
        }
        let ended = player.end().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        self.world.stop().await;
    }

    /// Plays a program with two people of its own, and one of the other organisation; whether it came to its end. Afterwards its two are
    /// as it says that it left them: those with the new password, who are asked for more than that, who are shut out, and all others as
    /// they were.
    async fn play_one(&self, player: &mut Player, journey: &str) -> bool {
        let people = [self.world.person(journey).await, self.world.person(&format!("{journey}-too")).await];
        let told = self.told(journey, &people).await;

        let Some(report) = player.play(&told) else { return false };

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
        true
    }

    /// What a program is told. Pages look the same whatever the stores are, so they are looked at closely on one set.
    async fn told(&self, journey: &str, people: &[Person; 2]) -> Value {
        let login = format!("{journey}@{}.example", ELSEWHERE.0);
        let other = self.world.person_in(&self.elsewhere, &login, |_| {}).await;
        let is_close = self.stores == Stores::Embedded;
        let pictures = pictures().filter(|_| is_close);
        let mut told = json!({
            "journey": journey,
            "portal": self.world.addresses.portal_url(),
            "control": self.control,
            "people": people.each_ref().map(told_of),
            "elsewhere": { "handle": ELSEWHERE.0, "name": ELSEWHERE.1, "person": told_of(&other) },
            "newPassword": NEW,
            "chromium": find::chromium().expect("`cargo xtask tools` installs Chromium"),
            "tools": rekey_testing::tools(),
            "closely": is_close,
            "pictures": pictures,
        });
        told.as_object_mut().unwrap().extend(self.besides.clone());
        told
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

/// Where pictures go, when they are asked for.
#[expect(clippy::disallowed_methods, reason = "a test has no settings document")]
fn pictures() -> Option<PathBuf> {
    std::env::var_os("REKEY_TEST_PICTURES").map(PathBuf::from)
}
