//! Events in Redis: a list of a tenant's events, a set of ends of lives by their times, and a hash that says which replica has its
//! turn, all under the tenant's hash tag.

use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::{RedisStore, keys};
use crate::domain::event::EventText;
use crate::store::{EventOutbox, Failure, StepEvents, TakenEvents, Turn};

/// How often it is noted that a tenant has events, so that a Redis that forgot it learns it again.
pub(super) const NOTED_EVERY: Duration = Duration::from_secs(60);

#[async_trait]
impl EventOutbox for RedisStore {
    async fn note_listener(&self, tenant: TenantId, now: Timestamp) -> Result<(), Failure> {
        if !self.noted.is_due(tenant, now) {
            return Ok(());
        }
        let mut note = redis::cmd("ZADD");
        note.arg(keys::listened_tenants()).arg(now.unix_micros()).arg(tenant.to_string());
        let _added: i64 = note.query_async(&mut self.connection.clone()).await?;
        self.noted.note(tenant, now);
        Ok(())
    }

    async fn listened_tenants(&self) -> Result<Vec<(TenantId, Timestamp)>, Failure> {
        let mut list = redis::cmd("ZRANGE");
        list.arg(keys::listened_tenants()).arg(0).arg(-1).arg("WITHSCORES");
        let noted: Vec<(String, f64)> = list.query_async(&mut self.connection.clone()).await?;
        noted.iter().map(|(tenant, at)| listened(tenant, *at)).collect()
    }

    async fn forget_listener(&self, tenant: TenantId, noted_before: Timestamp) -> Result<(), Failure> {
        let _gone: i64 = self.run(&self.scripts.forget_listener(tenant, noted_before)).await?;
        Ok(())
    }

    async fn record(&self, tenant: TenantId, events: &StepEvents) -> Result<(), Failure> {
        if events.texts.is_empty() {
            return Ok(());
        }
        let _done: i64 = self.run(&self.scripts.record_event(tenant, events)).await?;
        Ok(())
    }

    async fn record_expired(
        &self,
        tenant: TenantId,
        most: u32,
        events: &StepEvents,
        now: Timestamp,
    ) -> Result<u32, Failure> {
        let ends = keys::ends(tenant);
        let mut list = redis::cmd("ZRANGEBYSCORE");
        list.arg(&ends).arg("-inf").arg(now.unix_micros()).arg("LIMIT").arg(0).arg(most);
        let ended: Vec<String> = list.query_async(&mut self.connection.clone()).await?;
        for text in &ended {
            let text = EventText::stored(text.clone());
            let Some(head) = text.head() else {
                let mut remove = redis::cmd("ZREM");
                remove.arg(&ends).arg(text.as_str());
                let _gone: i64 = remove.query_async(&mut self.connection.clone()).await?;
                continue;
            };
            let events = StepEvents { texts: vec![text], ..events.clone() };
            let _done: i64 = self.run(&self.scripts.record_expired(&head.verification, &events, now)).await?;
        }
        Ok(u32::try_from(ended.len()).unwrap_or(u32::MAX))
    }

    async fn take(&self, turn: &Turn, now: Timestamp) -> Result<TakenEvents, Failure> {
        let mut reply: Vec<String> = self.run(&self.scripts.take_events(turn, now)).await?;
        if reply.is_empty() {
            return Err(Failure::Unreadable("events"));
        }
        let waiting = reply.remove(0).parse().map_err(|_| Failure::Unreadable("events"))?;
        Ok(TakenEvents { texts: reply.into_iter().map(EventText::stored).collect(), waiting })
    }

    async fn confirm(&self, tenant: TenantId, handed_over: &[EventText]) -> Result<(), Failure> {
        if handed_over.is_empty() {
            return Ok(());
        }
        let _done: i64 = self.run(&self.scripts.confirm_events(tenant, handed_over)).await?;
        Ok(())
    }
}

/// Reads a tenant and when it was noted, in microseconds: a score holds them exactly until the year 2255.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a score that is no instant is only ever too old or too new"
)]
fn listened(tenant: &str, at: f64) -> Result<(TenantId, Timestamp), Failure> {
    let tenant = Uuid::parse_str(tenant).map_err(|_| Failure::Unreadable("tenant with events"))?;
    Ok((TenantId::from_uuid(tenant), Timestamp::from_unix_micros(at as i64)))
}
