//! Sessions: rotating refresh tokens, ending sessions, whether an access token is good at this moment, and the links by which
//! a person moves between tenants.

mod access;
mod links;
mod refresh;

use rekey_primitives::clock::SharedClock;
use rekey_primitives::id::{AccountId, RequestId, SessionId};
use rekey_primitives::secret::SecretString;
use rekey_sealing::PublicKey;
use serde::{Deserialize, Serialize};

pub(crate) use access::CheckedToken;
pub(crate) use links::{MyTenant, MyTenantState};
pub(crate) use refresh::RefreshSession;

use crate::audit::Audit;
use crate::domain::audit::{Actor, EventKind, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::session::{Ending, Session, TokenState};
use crate::notices::Notices;
use crate::operation::idempotency::{Answer, Idempotency, Request};
use crate::operation::{Caller, Error, Operation, Origin, Owner, Person, Repeatable, Rpc};
use crate::policies::Policies;
use crate::store::Store;
use crate::store::sign_ins::{EndSessions, Ender, LiveSessions, SessionsEnded, Stale, WhichSessions};
use crate::tokens::{AskedPage, List, Page, Tokens};

/// Most sessions that are ended by name at once.
pub(crate) const SESSIONS_MAX: usize = 100;

const SIGN_OUT: Rpc = Rpc { name: "SignOut", event: EventKind::SessionRevoked };
const REVOKE: Rpc = Rpc { name: "RevokeSessions", event: EventKind::SessionRevoked };

/// The use case.
#[derive(Clone)]
pub(crate) struct Sessions {
    pub store: Store,
    pub clock: SharedClock,
    pub tokens: Tokens,
    pub policies: Policies,
    pub notices: Notices,
    pub audit: Audit,
    pub idempotency: Idempotency,
}

/// How many sessions a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Revoked {
    pub sessions_revoked: u32,
}

/// Sessions to end, and what the log calls it.
struct End {
    rpc: Rpc,
    ending: Ending,
    which: WhichSessions,
}

impl Sessions {
    /// Ends the session of the access token, also of an expired one.
    pub(crate) async fn sign_out(&self, owner: &Owner, request_id: RequestId) -> Result<(), Error> {
        let which = WhichSessions::These(vec![owner.person.session_id]);
        let end = End { rpc: SIGN_OUT, ending: Ending::SignedOut, which };
        self.end(owner, end, request_id).await.map(drop)
    }

    /// Ends the session of a refresh token, be it the last one or not: whoever has one could end the session by using it.
    pub(crate) async fn sign_out_by_refresh_token(
        &self,
        origin: Origin<'_>,
        refresh_token: &SecretString,
        request_id: RequestId,
    ) -> Result<(), Error> {
        let shown = self.tokens.read_refresh(refresh_token).ok_or(Refusal::RefreshTokenInvalid)?;
        let scope = origin.caller.scope(shown.tenant_id).map_err(|_| Refusal::RefreshTokenInvalid)?;
        let found = self.store.find_session(&scope, shown.session_id).await?;
        let (session, account) = found.ok_or(Refusal::RefreshTokenInvalid)?;
        if !session.serves(origin.caller.name()) {
            return Err(Refusal::RefreshTokenInvalid.into());
        }
        let operation = Operation::new(SIGN_OUT, scope, origin, self.clock.now())
            .by(Actor::Account(account.id))
            .on(Subject::Account(account.id));
        let who = origin.caller.on_behalf_of(session.id);
        let named = Request { who: &who, id: request_id, content: &[&shown.hash] };
        let operation = self.idempotency.named(operation, named);
        let which = WhichSessions::These(vec![session.id]);
        let end = End { rpc: SIGN_OUT, ending: Ending::SignedOut, which };
        let work = self.end_once(&operation, account.id, session.id, end);
        let ended = self.idempotency.run_unrecalled(&operation, work).await;
        ended.map(drop).map_err(|error| match error {
            Error::Refused(Refusal::AccessTokenInvalid) => Refusal::RefreshTokenInvalid.into(),
            other => other,
        })
    }

    /// The person's live sessions, newest first.
    pub(crate) async fn list(
        &self,
        caller: &Caller,
        person: &Person,
        asked: &AskedPage,
    ) -> Result<Page<Session>, Error> {
        let (scope, now) = (caller.scope(person.tenant_id)?, self.clock.now());
        let account = person.account_id.as_uuid();
        let list = List { name: "sessions", arguments: &[account.as_bytes()] };
        let before = self.tokens.page_begins_after(list, asked, now)?.map(SessionId::from_uuid);
        let live = LiveSessions { account_id: person.account_id, before, limit: asked.limit(), now };
        let read = self.store.list_sessions(&scope, &live).await?;
        Ok(self.tokens.page(list, asked, read, |session| session.id.as_uuid(), now))
    }

    /// Ends these sessions of the person, or all but the one that asks where none are named.
    pub(crate) async fn revoke(
        &self,
        owner: &Owner,
        sessions: &[SessionId],
        request_id: RequestId,
    ) -> Result<Revoked, Error> {
        let which = if sessions.is_empty() {
            WhichSessions::Others
        } else {
            WhichSessions::These(sessions.iter().copied().take(SESSIONS_MAX).collect())
        };
        self.end(owner, End { rpc: REVOKE, ending: Ending::Revoked, which }, request_id).await
    }

    /// The public keys that may have signed a live access token, or will soon.
    pub(crate) fn signing_keys(&self) -> Vec<PublicKey> {
        self.tokens.signing_keys()
    }

    /// Ends sessions from one of them. A repeat may come with the token of a session that this call has ended: it gets
    /// its first answer, and every other call with such a token is refused as if it had not passed the access check.
    async fn end(&self, owner: &Owner, end: End, request_id: RequestId) -> Result<Revoked, Error> {
        let person = &owner.person;
        let operation = Operation::new(end.rpc, owner.scope()?, owner.origin(), self.clock.now())
            .by(Actor::Account(person.account_id))
            .on(Subject::Account(person.account_id));
        // Ids of its own session alone, so that a dead token cannot ask about others of the account.
        let who = owner.caller.on_behalf_of(person.session_id);
        let content = content_of(&end.which);
        let named = Request { who: &who, id: request_id, content: &[&content] };
        let operation = self.idempotency.named(operation, named);
        let work = async {
            let may_end_its_own =
                end.ending == Ending::SignedOut && person.token_state == TokenState::Expired;
            if !may_end_its_own {
                person.live()?;
            }
            self.end_once(&operation, person.account_id, person.session_id, end).await
        };
        self.idempotency.run_unrecalled(&operation, work).await
    }

    /// Ends sessions for one of them.
    async fn end_once(
        &self,
        operation: &Repeatable<'_>,
        account_id: AccountId,
        asking: SessionId,
        end: End,
    ) -> Result<Answer<Revoked>, Error> {
        let ends = EndSessions {
            account_id,
            by: Ender::Session(asking),
            which: end.which,
            event: self.audit.event(operation).because(end.ending.as_str()).done(),
        };
        let answering = self
            .idempotency
            .answering(operation.key, |ended: &SessionsEnded| Revoked { sessions_revoked: ended.0 });
        let step = self.store.end_sessions(&operation.scope, &ends, answering.once()).await?;
        answering.settle(step)?.map_err(|Stale| Refusal::AccessTokenInvalid.into())
    }
}

/// What a repeat has to ask again.
fn content_of(which: &WhichSessions) -> Vec<u8> {
    match which {
        WhichSessions::These(sessions) => {
            let ids = sessions.iter().flat_map(|id| id.as_uuid().into_bytes());
            b"these".iter().copied().chain(ids).collect()
        }
        WhichSessions::Others => b"all but this".to_vec(),
    }
}

#[cfg(test)]
mod tests;
