//! Messages as they change, for who may see them.
//!
//! A stream is a position in the order of changes, see `store::watch`. Its token is sealed: it says how much a database writes,
//! and is bound to its tenant, its caller and its arguments. Every look reads anew what the caller may see.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::NotificationId;
use rekey_sealing::codec;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Error, Intake};
use crate::domain::notification::Notification;
use crate::domain::page::{ChangeFilter, ChangePosition};
use crate::domain::refusal::Refusal;
use crate::domain::scope::CallerScope;
use crate::store::Changes;

/// How many messages one look reads, and one answer holds at most.
const BATCH: usize = 200;

/// The layout of [`ResumeToken`].
const VERSION: u8 = 1;

/// A stream under way.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    scope: CallerScope,
    filter: ChangeFilter,
    position: ChangePosition,
    /// The one message that is watched, as it stood at the beginning.
    first: Option<Notification>,
}

/// What one look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) notifications: Vec<Notification>,
    /// Whether there was nothing more.
    pub(crate) caught_up: bool,
}

#[derive(Serialize, Deserialize)]
struct ResumeToken {
    number: i64,
    id: Uuid,
    made_at_micros: i64,
}

impl Intake {
    /// Begins a stream, behind a token or now. One message that is named is shown as it stands.
    ///
    /// # Errors
    /// A token that is not ours for these arguments or too old, a message that the caller may not see, or the store failed.
    pub(crate) async fn watch(
        &self,
        scope: CallerScope,
        filter: ChangeFilter,
        resume_token: &str,
    ) -> Result<Watch, Error> {
        if !resume_token.is_empty() {
            let position = self.read_resume_token(&scope, &filter, resume_token)?;
            return Ok(Watch { scope, filter, position, first: None });
        }
        // The position first: what changes between the two is shown twice and not never.
        let position = self.store.change_horizon().await?;
        let first = match filter.id {
            Some(id) => Some(self.get(&scope, id).await?),
            None => None,
        };
        let agrees = |found: &Notification| {
            filter.reference.as_ref().is_none_or(|reference| *reference == found.reference)
        };
        let first = first.filter(agrees);
        Ok(Watch { scope, filter, position, first })
    }

    /// Looks for what changed since the last look.
    ///
    /// # Errors
    /// The store failed; then the same is looked for again.
    pub(crate) async fn look(&self, watch: &mut Watch) -> Result<Seen, Error> {
        if let Some(first) = watch.first.take() {
            return Ok(Seen { notifications: vec![first], caught_up: false });
        }
        let looked = self.store.changes(&watch.scope, &watch.filter, watch.position, BATCH).await?;
        let Changes { notifications, position, caught_up } = looked;
        watch.position = position;
        Ok(Seen { notifications, caught_up })
    }

    /// The token that leads behind what was looked at.
    pub(crate) fn resume_token(&self, watch: &Watch) -> String {
        let ChangePosition { number, id } = watch.position;
        let made_at_micros = self.clock.now().unix_micros();
        let token = ResumeToken { number, id: id.as_uuid(), made_at_micros };
        let binding = binding(&watch.scope, &watch.filter);
        let sealed = self.keys.seal(self.entropy.as_ref(), &binding, &codec::encode(VERSION, &token));
        BASE64_URL_SAFE_NO_PAD.encode(sealed)
    }

    fn read_resume_token(
        &self,
        scope: &CallerScope,
        filter: &ChangeFilter,
        token: &str,
    ) -> Result<ChangePosition, Refusal> {
        let read = || -> Option<ResumeToken> {
            let sealed = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
            codec::decode(VERSION, &self.keys.open(&binding(scope, filter), &sealed).ok()?).ok()
        };
        let ResumeToken { number, id, made_at_micros } = read().ok_or(Refusal::ResumeTokenInvalid)?;
        let made_at = Timestamp::from_unix_micros(made_at_micros);
        // No message lives longer, and no journey is kept longer.
        if self.clock.now().has_reached(made_at.plus(self.rules.longest_life)) {
            return Err(Refusal::ChangesForgotten);
        }
        Ok(ChangePosition { number, id: NotificationId::from_uuid(id) })
    }
}

/// What a token is good for.
fn binding(scope: &CallerScope, filter: &ChangeFilter) -> Vec<u8> {
    let parts = (
        "notification watch",
        scope.tenant_id().as_uuid(),
        scope.caller(),
        filter.id.map(NotificationId::as_uuid),
        filter.reference.as_deref(),
    );
    codec::encode(VERSION, &parts).to_vec()
}
