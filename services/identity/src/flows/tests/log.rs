//! Reading the audit log, which no flow does yet, and what it says of where people are.

use rekey_primitives::id::AccountId;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use uuid::Uuid;

use super::world::{OLD, World, context};
use crate::domain::tenant::Handle;
use crate::flows::security_info::Owner;
use crate::flows::tenants::{NewTenant, Reach};

/// An event as tests look at it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Logged {
    pub(super) kind: String,
    pub(super) outcome: String,
    pub(super) reason: Option<String>,
    pub(super) actor_id: Option<Uuid>,
    pub(super) subject_id: Option<Uuid>,
    pub(super) ip_address: Option<String>,
    pub(super) count: i64,
}

impl World {
    /// The events of this kind in the tenant's log, what waits included.
    pub(super) async fn log_of(&self, kind: &str) -> Vec<Logged> {
        self.identity.flush_audit().await.unwrap();
        let file = SqliteConnectOptions::new().filename(self.folder.path().join("identity.db"));
        let mut connection = SqliteConnection::connect_with(&file).await.unwrap();
        let events = "select * from audit_events where kind = $1 order by tenant_id, position";
        sqlx::query_as(events).bind(kind).fetch_all(&mut connection).await.unwrap()
    }

    /// From where the last event of this kind came.
    async fn place_of(&self, kind: &str) -> Option<String> {
        self.log_of(kind).await.pop().unwrap().ip_address
    }
}

pub(super) fn uuid_of(account: AccountId) -> Option<Uuid> {
    Some(account.as_uuid())
}

#[tokio::test]
async fn whatever_a_person_changes_is_logged_with_the_place_it_came_from() {
    let world = World::new().await;
    let (identity, caller) = (&world.identity, &world.caller);
    world.person("ada", &["ada@mail.example", "ada@work.example"]).await;
    let ada = world.live(&world.signed_in("ada", OLD).await).await.unwrap();
    let owner = Owner { caller: caller.clone(), person: ada.clone(), context: context("192.0.2.21") };
    let work = identity.list_security_info(&owner).await.unwrap()[1].security_info_id;
    let work = rekey_primitives::id::SecurityInfoId::from_uuid(work);
    let tenant = NewTenant {
        handle: Handle::parse("other").unwrap(),
        display_name: "Other".to_owned(),
        domains: Vec::new(),
        licensed_accounts: None,
        request_id: world.request_id(),
    };

    identity.set_default_security_info(&owner, work, world.request_id()).await.unwrap();
    let revoke = context("192.0.2.22");
    identity.revoke_sessions(caller, &ada, &[], world.request_id(), &revoke).await.unwrap();
    let revoked = world.place_of("session.revoked").await;
    let leave = context("192.0.2.23");
    identity.sign_out(caller, &ada, world.request_id(), &leave).await.unwrap();
    identity.create_tenant(caller, &Reach::Everywhere, tenant, &context("192.0.2.24")).await.unwrap();
    let service = super::administration::service(&world);
    let new = super::administration::new_account(&world, "grace");
    identity.create_account(&service, new).await.unwrap();

    let place = |ip: &str| Some(ip.to_owned());
    assert_eq!(world.place_of("security_info.changed").await, place("192.0.2.21"));
    assert_eq!(revoked, place("192.0.2.22"));
    assert_eq!(world.place_of("session.revoked").await, place("192.0.2.23"));
    let tenants = world.log_of("tenant.created").await;
    assert!(tenants.iter().any(|event| event.ip_address == place("192.0.2.24")));
    assert_eq!(world.place_of("account.created").await, place("192.0.2.9"));
}
