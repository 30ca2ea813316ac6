//! The audit log as it lies in the database.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use uuid::Uuid;

use super::World;

/// An event as tests look at it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Logged {
    pub kind: String,
    pub outcome: String,
    pub reason: Option<String>,
    pub actor_id: Option<Uuid>,
    pub subject_id: Option<Uuid>,
    pub ip_address: Option<String>,
    pub count: i64,
}

impl World {
    /// Writes what waits in the buffer, and gives everything its place in the log.
    pub(crate) async fn seal(&self) {
        self.audit.flush().await.unwrap();
        let (store, sealer) = (self.parts.store.clone(), self.parts.sealer());
        crate::jobs::seal(store, sealer, std::sync::Arc::clone(&self.parts.clock)).await.unwrap();
    }

    /// The events of this kind in the tenant's log, what waits included.
    pub(crate) async fn log_of(&self, kind: &str) -> Vec<Logged> {
        self.seal().await;
        let file = SqliteConnectOptions::new().filename(self.folder.path().join("identity.db"));
        let mut connection = SqliteConnection::connect_with(&file).await.unwrap();
        let events = "select * from audit_events where kind = $1 order by tenant_id, position";
        sqlx::query_as(events).bind(kind).fetch_all(&mut connection).await.unwrap()
    }

    /// From where the last event of this kind came.
    pub(crate) async fn place_of(&self, kind: &str) -> Option<String> {
        self.log_of(kind).await.pop().unwrap().ip_address
    }
}
