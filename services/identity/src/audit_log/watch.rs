//! Events as they are sealed, in the order of their positions.
//!
//! A stream is a position. Positions are given and committed one after the other, so whoever has read up to one has missed
//! nothing, and goes on from there after any interruption.

use rekey_primitives::id::TenantId;
use rekey_primitives::secret::SecretString;
use serde::{Deserialize, Serialize};

use super::{AuditLog, WATCH};
use crate::domain::audit::SealedEvent;
use crate::domain::audit::filter::EventFilter;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::operation::{Administrator, Error};
use crate::tokens::SealedToken;

/// How many events one look reads, and one message holds at most.
const BATCH: u32 = 200;

/// Where a stream begins.
#[derive(Debug, Clone)]
pub(crate) enum WatchFrom {
    /// With the next event that is sealed.
    Now,
    /// With the oldest event there is.
    Beginning,
    /// Behind what this token stands for.
    Token(SecretString),
}

/// A stream under way.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    scope: TenantScope,
    filter: EventFilter,
    position: i64,
}

/// What one look found.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub events: Vec<SealedEvent>,
    /// Whether there was nothing more.
    pub caught_up: bool,
}

/// How far a stream has come. It does not age: what counts is whether the events behind it are still there.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ResumeToken {
    tenant_id: TenantId,
    position: i64,
}

impl SealedToken for ResumeToken {
    const KIND: &'static str = "stream of events";
    const VERSION: u8 = 1;
}

impl AuditLog {
    /// Begins a stream of the events that a filter asks for.
    pub(crate) async fn watch(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        filter: EventFilter,
        from: &WatchFrom,
    ) -> Result<Watch, Error> {
        let scope = self.judged(WATCH, administrator, tenant_id).await?.scope;
        let ends = self.store.chain_ends(&scope).await?;
        let position = match from {
            WatchFrom::Now => ends.last.position,
            WatchFrom::Beginning => ends.forgotten.position,
            WatchFrom::Token(shown) => {
                let token: Option<ResumeToken> = self.tokens.open(shown);
                let ours = token.filter(|token| token.tenant_id == tenant_id);
                ours.ok_or(Refusal::ResumeTokenInvalid)?.position
            }
        };
        if position < ends.forgotten.position {
            return Err(Refusal::EventsForgotten.into());
        }
        Ok(Watch { scope, filter, position })
    }

    /// Whether the administrator still may read what they watch.
    pub(crate) async fn may_still_watch(
        &self,
        administrator: &Administrator,
        watch: &Watch,
    ) -> Result<(), Error> {
        self.judged(WATCH, administrator, watch.scope.tenant_id()).await.map(drop)
    }

    /// Looks for what was sealed since the last look.
    pub(crate) async fn look(&self, watch: &mut Watch) -> Result<Seen, Error> {
        let rows = self.store.chain_behind(&watch.scope, watch.position, i64::MAX, BATCH).await?;
        let caught_up = rows.len() < BATCH as usize;
        watch.position = rows.last().map_or(watch.position, |row| row.position);
        let sealed = rows.into_iter().filter_map(|row| row.sealed);
        let events = sealed.filter(|sealed| watch.filter.matches(&sealed.event)).collect();
        Ok(Seen { events, caught_up })
    }

    /// The token that leads behind what was looked at.
    pub(crate) fn resume_token(&self, watch: &Watch) -> SecretString {
        let tenant_id = watch.scope.tenant_id();
        self.tokens.seal(&ResumeToken { tenant_id, position: watch.position })
    }
}
