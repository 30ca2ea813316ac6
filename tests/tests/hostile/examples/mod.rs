//! One right request for every RPC of the contract, in a world where each of them can work.
//!
//! What a request spends (a code, a token, a session) belongs to it alone, so the examples can be sent in any order
//! but that of this list, which is also the order in which acts on one account follow each other.

mod account_lifecycle;
mod accounts;
mod audit;
mod bulk_resets;
mod groups;
mod help_desk;
mod imports;
mod linked;
mod others;
mod passkeys;
mod people;
mod policy;
mod templates;
mod webhooks;

use std::time::Duration;

use prost::Message;
use rekey_tests::person::{Person, create_tenant, request_id};
use rekey_tests::{Stores, World};
use rekey_wire::identity::v1::{CreateAccountRequest, SessionTokens};
use rekey_wire::options::v1::Role;

/// What a right request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Well.
    Well,
    /// With this reason, since no state that would let it through can be had here.
    Refused(&'static str),
}

/// A right request.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    pub(crate) path: &'static str,
    pub(crate) body: Vec<u8>,
    /// The access token of the person in whose name it is sent.
    pub(crate) person: Option<String>,
    pub(crate) ends: Ends,
}

impl Example {
    fn new(path: &'static str, message: &impl Message) -> Self {
        Self { path, body: message.encode_to_vec(), person: None, ends: Ends::Well }
    }

    fn by(self, tokens: &SessionTokens) -> Self {
        Self { person: Some(tokens.access_token.clone()), ..self }
    }

    fn refused(self, reason: &'static str) -> Self {
        Self { ends: Ends::Refused(reason), ..self }
    }
}

/// Webhooks are looked for at the start and then no more: what is sent to them is none of the requests' doing.
const NOTHING_SENT: (&str, &str) = ("IDENTITY__WEBHOOKS__POLL_MS", "86400000");

/// A world, its examples, and strangers to try them with.
pub(crate) struct Prepared {
    pub(crate) world: World,
    pub(crate) examples: Vec<Example>,
    /// Somebody without a role, signed in.
    pub(crate) person: SessionTokens,
    /// A global administrator of another tenant, signed in.
    pub(crate) foreigner: SessionTokens,
    /// The other tenant, its administrator's account, and nothing at all.
    pub(crate) strangers: [String; 3],
}

impl Prepared {
    pub(crate) async fn start(stores: Stores) -> Self {
        Self::start_with(stores, &[]).await
    }

    /// The same with other settings.
    pub(crate) async fn start_with(stores: Stores, changes: &[(&str, &str)]) -> Self {
        let changes = [&rekey_tests::passkeys::SETTINGS[..], &[NOTHING_SENT], changes].concat();
        let world = World::start_with(stores, &changes).await;
        let prepared = Preparing::first(world).await;
        // Long enough for the second rung of every ladder, short enough for every code.
        prepared.world.clock.advance(Duration::from_secs(61));
        prepared.finish().await
    }
}

/// What has to be there before time moves on.
struct Preparing {
    world: World,
    zoe: Person,
    people: people::Before,
    others: others::Before,
}

impl Preparing {
    async fn first(world: World) -> Self {
        let zoe = world.person("zoe").await;
        let people = people::Before::prepare(&world, &zoe).await;
        let others = others::Before::prepare(&world).await;
        Self { world, zoe, people, others }
    }

    async fn finish(self) -> Prepared {
        let Self { world, zoe, people, others } = self;
        let (other_tenant, foreigner) = foreigner(&world).await;
        let person = world.signed_in(&zoe.login, &zoe.password).await;
        let mut examples = accounts::examples(&world, &zoe).await;
        examples.extend(account_lifecycle::examples(&world).await);
        examples.extend(account_lifecycle::of_tenants(&world).await);
        examples.extend(policy::expiry(&world).await);
        examples.extend(policy::examples(&world).await);
        examples.extend(groups::examples(&world).await);
        examples.extend(imports::examples(&world).await);
        examples.extend(help_desk::examples(&world).await);
        examples.extend(people::examples(&world, (&zoe, &person), people).await);
        examples.extend(linked::examples(&world).await);
        examples.extend(passkeys::examples(&world).await);
        examples.extend(audit::examples(&world).await);
        examples.extend(bulk_resets::examples(&world).await);
        examples.extend(webhooks::examples(&world).await);
        examples.extend(others::examples(&world, others).await);
        examples.extend(templates::examples(&world).await);
        let strangers = [other_tenant, foreigner.account_id.clone(), request_id()];
        world.settled().await;
        Prepared { world, examples, person, foreigner, strangers }
    }
}

/// Another tenant and its global administrator.
async fn foreigner(world: &World) -> (String, SessionTokens) {
    let tenant_id = create_tenant(&world.identity, "umbrella").await;
    let person = world.person_in(&tenant_id, "eve@umbrella.example", |_: &mut CreateAccountRequest| {}).await;
    world.grant_in(&tenant_id, &person, Role::GlobalAdministrator).await;
    let tokens = world.signed_in_at(&tenant_id, &person.login, &person.password).await;
    (tenant_id, tokens)
}
