//! Sessions: rotating refresh tokens, ending sessions, and whether an access token is good at this moment.

mod access;
mod refresh;

pub(crate) use refresh::RefreshSession;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{RequestId, SessionId};
use serde::{Deserialize, Serialize};

use super::once::{Call, Settled};
use super::{Caller, Context, Error, Identity, Person};
use crate::domain::audit::{Actor, EventKind, Outcome};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::domain::session::{Ending, Session};
use crate::store::sign_ins::{EndSessions, SessionsEnded, Stale, Which};

/// Most sessions that are listed or ended by name at once.
pub(crate) const SESSIONS_MAX: usize = 100;

/// How many sessions a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Revoked {
    /// So many.
    pub sessions_revoked: u32,
}

impl Identity {
    /// Ends the session of the access token.
    pub(crate) async fn sign_out(
        &self,
        caller: &Caller,
        person: &Person,
        request_id: RequestId,
        context: &Context,
    ) -> Result<(), Error> {
        let which = Which::These(vec![person.session_id]);
        self.end_sessions(("SignOut", Ending::SignedOut), (caller, context), person, request_id, which)
            .await
            .map(drop)
    }

    /// The person's live sessions, newest first.
    pub(crate) async fn list_sessions(
        &self,
        caller: &Caller,
        person: &Person,
    ) -> Result<Vec<Session>, Error> {
        let scope = caller.scope(person.tenant_id)?;
        let limit = u32::try_from(SESSIONS_MAX).unwrap_or(u32::MAX);
        Ok(self.store.list_sessions(&scope, person.account_id, limit, self.now()).await?)
    }

    /// Ends these sessions of the person, or all but the one that asks where none are named.
    pub(crate) async fn revoke_sessions(
        &self,
        caller: &Caller,
        person: &Person,
        sessions: &[SessionId],
        request_id: RequestId,
        context: &Context,
    ) -> Result<Revoked, Error> {
        let which = if sessions.is_empty() {
            Which::Others
        } else {
            Which::These(sessions.iter().copied().take(SESSIONS_MAX).collect())
        };
        self.end_sessions(("RevokeSessions", Ending::Revoked), (caller, context), person, request_id, which)
            .await
    }

    /// Ends sessions from one of them. A repeat may come with the token of a session that this call has ended: it gets
    /// its first answer, and every other call with such a token is refused as if it had not passed the gate.
    async fn end_sessions(
        &self,
        (rpc, ending): (&'static str, Ending),
        (caller, context): (&Caller, &Context),
        person: &Person,
        request_id: RequestId,
        which: Which,
    ) -> Result<Revoked, Error> {
        let now = self.now();
        let scope = caller.scope(person.tenant_id)?;
        // Ids of its own session alone, so that a dead token cannot ask about others of the account.
        let who = person.session_id.to_string();
        let call = Call { rpc, who: &who, tenant_id: person.tenant_id, request_id };
        let call = self.repeatable(call, &[&content_of(&which)], now);
        let event = self.ended_event(&scope, (caller, context), person, ending, now);
        let ends = EndSessions { account_id: person.account_id, asking: person.session_id, which, event };
        let answer = |ended: &SessionsEnded| self.seal_answer(&call, &Revoked { sessions_revoked: ended.0 });
        let step = self.store.end_sessions(&scope, &ends, call.once(&answer)).await?;
        match self.settle::<SessionsEnded, Stale, Revoked>(&call, step)? {
            Settled::Done(ended) => Ok(Revoked { sessions_revoked: ended.0 }),
            Settled::Repeated(kept) => Ok(kept),
            Settled::Refused(Stale) => Err(Refusal::AccessTokenInvalid.into()),
        }
    }

    fn ended_event(
        &self,
        scope: &TenantScope,
        (caller, context): (&Caller, &Context),
        person: &Person,
        ending: Ending,
        now: Timestamp,
    ) -> crate::domain::audit::AuditEvent {
        self.event(scope.tenant_id(), EventKind::SessionRevoked, Outcome::Success, now)
            .on(person.account_id)
            .by(Actor::Account(person.account_id))
            .through(caller)
            .from(context)
            .because(ending.as_str())
            .done()
    }
}

/// What a repeat has to ask again.
fn content_of(which: &Which) -> Vec<u8> {
    match which {
        Which::These(sessions) => {
            let ids = sessions.iter().flat_map(|id| id.as_uuid().into_bytes());
            b"these".iter().copied().chain(ids).collect()
        }
        Which::Others => b"all but this".to_vec(),
    }
}
