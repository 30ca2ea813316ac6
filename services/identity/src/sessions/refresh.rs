//! Trading a refresh token for fresh ones.
//!
//! What a token was traded for is stored under the token: a client whose answer was lost, or two windows of one browser,
//! show the same token within seconds and get the same successor. Later it means that two parties hold it, and the
//! session ends; but for a repeat of the very call that consumed it, known by its request id.

use std::sync::OnceLock;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;
use rekey_primitives::secret::SecretString;
use rekey_sealing::digest;

use super::Sessions;
use crate::domain::account::Account;
use crate::domain::audit::{EventKind, Outcome, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::session::{Session, SessionOver};
use crate::operation::idempotency::{Answer, Idempotency, Request, Settled};
use crate::operation::{Caller, Context, Error, Operation, Origin, Repeatable, Rpc};
use crate::store::sign_ins::{NotRefreshed, Refresh};
use crate::tokens::{PresentedRefreshToken, SessionTokens};

const RPC: Rpc = Rpc { name: "RefreshSession", event: EventKind::SessionRevoked };

/// A refresh token.
#[derive(Debug)]
pub(crate) struct RefreshSession {
    /// The token; consumed by this call.
    pub refresh_token: SecretString,
    pub request_id: RequestId,
    pub context: Context,
}

impl Sessions {
    /// Rotates a refresh token.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn refresh(
        &self,
        caller: &Caller,
        request: &RefreshSession,
    ) -> Result<SessionTokens, Error> {
        let shown = self.tokens.read_refresh(&request.refresh_token).ok_or(Refusal::RefreshTokenInvalid)?;
        let scope = caller.scope(shown.tenant_id).map_err(|_| Refusal::RefreshTokenInvalid)?;
        let origin = Origin { caller, context: &request.context };
        let operation = Operation::new(RPC, scope, origin, self.clock.now());
        let who = caller.on_behalf_of(shown.session_id);
        let named = Request { who: &who, id: request.request_id, content: &[&shown.hash] };
        let operation = self.idempotency.named(operation, named);
        Idempotency::run_in_step(self.rotate(&operation, &shown, &request.refresh_token)).await
    }

    async fn rotate(
        &self,
        operation: &Repeatable<'_>,
        shown: &PresentedRefreshToken,
        presented: &SecretString,
    ) -> Result<Answer<SessionTokens>, Error> {
        let (scope, now) = (&operation.scope, operation.now);
        let policy = self.store.policy(scope).await?.ok_or(Refusal::RefreshTokenInvalid)?;
        let Some((found, account)) = self.store.find_session(scope, shown.session_id).await? else {
            self.audit.note_refused(operation, "unknown_session");
            return Err(Refusal::RefreshTokenInvalid.into());
        };
        // A token that another backend got hold of is of no use to it.
        let caller = operation.origin.caller.name();
        if !found.serves(caller) {
            self.audit.note_refused(operation, "other_backend");
            return Err(Refusal::RefreshTokenInvalid.into());
        }
        let successor = self.tokens.new_refresh(shown.tenant_id, shown.session_id);
        let reused = self.audit.event_of(operation, EventKind::RefreshReused).on(account.id);
        let refresh = Refresh {
            session_id: shown.session_id,
            presented: shown.hash,
            successor: successor.hash,
            backend: caller.to_owned(),
            rules: policy.policy.sessions,
            reused_event: reused.outcome(Outcome::Refused).done(),
            now,
        };
        // What the request id stands for is stored under the token. It is sealed in the step and given after it: one and the same tokens.
        let issued = OnceLock::new();
        let issue = |(session, account): &(Session, Account)| {
            let stays = session.refresh.is_current(&shown.hash);
            let token = if stays { presented } else { &successor.token };
            let issue = || self.tokens.of_session(session, account, token.clone(), now);
            issued.get_or_init(issue).clone()
        };
        let bound = self.idempotency.answering(operation.key, |(): &()| ());
        let trade = operation.key.keyed(digest(&[b"refresh answer", &shown.hash]));
        let trade = self.idempotency.answering(trade, issue);
        let step = self.store.refresh_session(scope, &refresh, bound.once(), trade.once()).await?;
        match trade.outcome(step)? {
            Settled::Done(traded) => Ok(trade.stored(&traded)),
            Settled::Repeated(answer) => Ok(answer.map(|tokens| self.living(tokens, &found, &account, now))),
            Settled::Refused(why) => {
                let operation = Operation::clone(operation).on(Subject::Account(account.id));
                self.audit.note_refused(&operation, word(why));
                Err(Refusal::RefreshTokenInvalid.into())
            }
        }
    }

    /// The same tokens with an access token that lives: a change of the password may have ended the stored one meanwhile.
    fn living(
        &self,
        tokens: SessionTokens,
        session: &Session,
        account: &Account,
        now: Timestamp,
    ) -> SessionTokens {
        let claims = self.tokens.read_access(&tokens.access_token, now);
        if claims.is_some_and(|claims| claims.epoch == session.epoch) {
            return tokens;
        }
        self.tokens.of_session(session, account, tokens.refresh_token, now)
    }
}

/// The name in audit events.
const fn word(why: NotRefreshed) -> &'static str {
    match why {
        NotRefreshed::Unknown => "unknown_session",
        NotRefreshed::FamilyEnded => "token_reused",
        NotRefreshed::Over(SessionOver::Ended(_)) => "session_ended",
        NotRefreshed::Over(SessionOver::Expired) => "session_expired",
        NotRefreshed::Over(SessionOver::OlderEpoch) => "credential_epoch_passed",
        NotRefreshed::Over(SessionOver::AccountClosed) => "account_closed",
        NotRefreshed::Over(SessionOver::NotTheirs) => "not_theirs",
    }
}
